import JSON
import Pipeline
import Synchronization

/// The coverage of the last answer, as data and in words: of files that have been read it is that
/// of the next answer, too.
final class CoverageShelf: Sendable {
  private struct Last {
    var statistics: Statistics
    var notes: [String]
    var hidesTotals: Bool
    var rendered: (json: JSONObject, text: String)

    func isOf(_ coverage: Coverage) -> Bool {
      statistics == coverage.statistics && notes == coverage.notes
        && hidesTotals == coverage.hidesTotals
    }
  }

  private let last = Mutex<Last?>(nil)

  func rendered(_ coverage: Coverage) -> (json: JSONObject, text: String) {
    last.withLock { last in
      if let last, last.isOf(coverage) { return last.rendered }
      let rendered = (coverage.json, coverage.text)
      last = Last(
        statistics: coverage.statistics, notes: coverage.notes, hidesTotals: coverage.hidesTotals,
        rendered: rendered)
      return rendered
    }
  }
}
