import Entries
import Query
import Snapshots
import ToolKit

extension PacketNotes {
  /// Calls that are noted in one file.
  static let maxCalls = Query.maxLimit

  /// Where calls begin and end among the packets they were found in.
  init(_ calls: [EntryView], _ redactor: Redactor) {
    self.init()
    for view in calls {
      let row = CallRow(view, redactor)
      guard let first = view.int(.firstPacket), first > 0 else { continue }
      let request = row.hasRequest ? Shown.text(row.requestLine, limit: 200) : "reply alone"
      texts[UInt64(first), default: []].append("\(row.id) \(view.kind?.name ?? "") \(request)")
      guard row.hasResponse, let last = view.int(.lastPacket), last > first else { continue }
      let time = row.elapsed.map { ", \(Shown.milliseconds($0)) ms" } ?? ""
      texts[UInt64(last), default: []].append(
        "\(row.id) \(Shown.text(row.statusLine, limit: 200))\(time)")
    }
  }
}

extension SnapshotLibrary {
  /// What is noted on the packets of an export; nil when it names no dissection.
  func notes(
    _ request: ExportRequest, _ snapshot: Snapshot
  ) async throws(ToolError) -> (notes: PacketNotes, leftOut: Int)? {
    guard let name = request.comments else { return nil }
    let traffic = try await traffic(snapshot, name)
    let query = Query(families: .calls, order: .oldest, limit: PacketNotes.maxCalls)
    let page = try await traffic.ask { (source) throws(QueryError) in
      try await source.query(query)
    }
    return (PacketNotes(page.rows, traffic.redactor), max(0, page.total - page.rows.count))
  }
}
