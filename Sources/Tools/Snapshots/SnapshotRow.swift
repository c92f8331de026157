import Bytes
import JSON
import Snapshots
import ToolKit

/// A snapshot as answers show it (`hub-api.md` names of fields).
struct SnapshotRow {
  var snapshot: Snapshot
  var jobs: [DissectionJob.View]
  var location: Location
  /// Whether its size is left out, for it is one of more traffic than whoever asks may see.
  var hidesTotals = false

  /// Where a snapshot is kept.
  enum Location: String { case local, cloud, both }

  static let schema = JSONObject.schema(
    [
      "id": .text(), "name": .text(), "status": .text("pending, in_progress, completed or failed"),
      "size_bytes": .integer(), "start_ts": .integer("Unix ms"), "end_ts": .integer(),
      "packet_count": .integer(), "nodes": .texts, "bpf_filter": .text(),
      "location": .text("local, cloud or both"), "error": .text(), "dissections": .list([:]),
    ], required: ["id", "name", "status"])

  /// The members that every row of a list has.
  static let brief = JSONObject.schema(
    [
      "id": .text(), "name": .text(), "status": .text(), "start_ts": .integer(),
      "end_ts": .integer(), "packet_count": .integer(),
    ], required: ["id", "name", "status"])

  var json: JSONObject {
    let (start, end) = (snapshot.window.lowerBound, snapshot.window.upperBound)
    var object: JSONObject = [
      "id": .string(snapshot.id), "name": .string(snapshot.name),
      "status": .string(snapshot.status.rawValue),
      "created_at": .string(snapshot.created.rfc3339),
      "duration": .string(Self.duration(end.nanoseconds(since: start))),
      "start_ts": .int(start.milliseconds), "end_ts": .int(end.milliseconds),
      "node_count": JSONValue(snapshot.nodesSeen.count),
      "nodes": .array(snapshot.nodesSeen.map { .string($0) }),
      "location": .string(location.rawValue),
      "dissections": .array(
        jobs.map { ["name": .string($0.name), "status": .string($0.status.rawValue)] }),
    ]
    if !hidesTotals {
      object["size_bytes"] = JSONValue(snapshot.bytes)
      object["packet_count"] = JSONValue(snapshot.packets)
      if snapshot.status == .completed, !snapshot.isCounted {
        object["packet_count_is_upper_bound"] = true
      }
    }
    if let filter = snapshot.filter { object["bpf_filter"] = .string(filter) }
    if !snapshot.missing.isEmpty {
      object["missing"] = .array(snapshot.missing.map { .string($0) })
    }
    if let error = snapshot.error { object["error"] = .string(error) }
    return object
  }

  static let table = Table([
    .init("name", limit: 40), .init("id"), .init("status"), .init("from (UTC)"),
    .init("duration", right: true), .init("packets", right: true), .init("size", right: true),
    .init("nodes", limit: 30), .init("kept"), .init("dissections", limit: 40),
  ])

  var cells: [String] {
    let upTo = snapshot.status == .completed && !snapshot.isCounted ? "≤ " : ""
    return [
      snapshot.name, snapshot.id, snapshot.status.rawValue,
      Shown.date(snapshot.window.lowerBound),
      Self.duration(snapshot.window.upperBound.nanoseconds(since: snapshot.window.lowerBound)),
      hidesTotals ? "-" : upTo + Shown.count(Int64(clamping: snapshot.packets)),
      hidesTotals ? "-" : Shown.bytes(Int64(clamping: snapshot.bytes)),
      snapshot.nodesSeen.joined(separator: ","),
      location.rawValue,
      jobs.isEmpty ? "-" : jobs.map { "\($0.name) \($0.status.rawValue)" }.joined(separator: ", "),
    ]
  }

  /// `1h30m`, `45s`, `1.5s`, `20ms`: as the argument `duration` takes it.
  static func duration(_ nanoseconds: Int64) -> String {
    let milliseconds = nanoseconds / 1_000_000
    guard milliseconds >= 1_000 else { return "\(milliseconds)ms" }
    let seconds = milliseconds / 1_000
    guard seconds >= 60 else {
      return Shown.decimals(Double(milliseconds) / 1_000, 3) + "s"
    }
    var text = ""
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] as [(String, Int64)] {
      let count = (unit == "d" ? seconds : seconds % (length * (unit == "h" ? 24 : 60))) / length
      if count > 0 { text += "\(count)\(unit)" }
    }
    return text
  }
}

extension Parameter {
  /// Which snapshot a tool is about.
  static let snapshotKey = Parameter(
    "id", .text, "Id or name of the snapshot", required: true,
    aliases: ["name", "snapshot_id", "snapshot"])
  static let nodes = Parameter("nodes", .names, "Only these nodes")
  static let bpf = Parameter(
    "bpf_filter", .text, "As for tcpdump: tcp port 80 and host 10.0.0.1")
}
