import Entries
import JSON

/// What ailed a connection, of all its figures those that somebody looks for first.
struct TCPTrouble {
  /// Figures with the names they have in `tcp_metrics`, and in words.
  private static let figures: [(id: FieldID, name: String, words: String)] = [
    (.metricResets, "rst_count", "RST"),
    (.metricRetransmissions, "retransmissions", "retransmitted"),
    (.metricMissingSegments, "missing_segments", "missing"),
    (.metricZeroWindows, "zero_window_events", "zero windows"),
  ]

  static let fields: [FieldID] = figures.map(\.id) + [.metricCompleteness]

  /// Figures that are not zero.
  private let found: [(name: String, words: String, count: Int64)]
  /// Which of SYN, SYN-ACK, ACK, data, FIN and RST were seen, a bit each.
  private let completeness: Int64

  init(_ row: some FieldRow) {
    found = Self.figures.compactMap { (figure) -> (name: String, words: String, count: Int64)? in
      guard let count = row.int(figure.id), count > 0 else { return nil }
      return (figure.name, figure.words, count)
    }
    completeness = row.int(.metricCompleteness) ?? 0
  }

  /// `refused`, `5 RST`, `1 retransmitted`.
  var words: [String] {
    var words: [String] = []
    if completeness & 3 == 1 { words.append(completeness & 32 != 0 ? "refused" : "unanswered") }
    return words + found.map { "\(Shown.count($0.count)) \($0.words)" }
  }

  /// The same as members of `tcp_metrics`; what is not there is zero.
  var json: JSONObject {
    var object = JSONObject()
    for figure in found { object[figure.name] = .int(figure.count) }
    if completeness > 0 { object["connection_completeness"] = .int(completeness) }
    return object
  }
}
