package import Bytes
import JSON
package import Packets
import Ring

/// A window of raw packets that stays: files that are linked, not copied, and what to see of them.
package struct Snapshot: Hashable, Sendable {
  package enum Status: String, Hashable, Sendable {
    case pending
    case inProgress = "in_progress"
    case completed
    case failed
  }

  /// One file of it.
  package struct File: Hashable, Sendable {
    /// In the snapshot's folder; a path from the root for one that is only referred to.
    var name: String
    var node: String
    /// Bytes it takes from the store's limit.
    package var bytes: UInt64
    var packets: UInt64
    var times: ClosedRange<Timestamp>
    package var linkTypes: [LinkType]
    /// Of a file that others may write to: what it must still look like.
    var stamp: FileSystem.Stamp?

    var isReference: Bool { name.hasPrefix("/") }
  }

  package let id: String
  package var name: String
  package var status = Status.pending
  /// Why it failed.
  package var error: String?
  package var created: Timestamp
  package var window: Range<Timestamp>
  /// Names of the nodes asked for; empty means all.
  package var nodes: [String]
  /// In libpcap's language; what does not match is not part of the snapshot.
  package var filter: String?
  package internal(set) var files: [File] = []
  /// Packets in the window that match; an upper bound until they were counted.
  package internal(set) var packets: UInt64 = 0
  package internal(set) var isCounted = false
  /// Nodes whose packets could not be had, with why; the snapshot is complete without them.
  package internal(set) var missing: [String] = []

  /// Bytes of its files.
  package var bytes: UInt64 { files.reduce(0) { $0 + $1.bytes } }
  /// Nodes there are packets of, by name.
  package var nodesSeen: [String] { Set(files.map(\.node)).sorted() }
  package var linkTypes: Set<LinkType> { Set(files.flatMap(\.linkTypes)) }
}

// MARK: Its file

extension Snapshot {
  var json: JSONObject {
    var object: JSONObject = [
      "id": .string(id), "name": .string(name), "status": .string(status.rawValue),
      "created": .int(created.nanoseconds), "start": .int(window.lowerBound.nanoseconds),
      "end": .int(window.upperBound.nanoseconds), "nodes": .array(nodes.map { .string($0) }),
      "packets": JSONValue(packets), "isCounted": .bool(isCounted),
      "files": .array(files.map { .object($0.json) }),
    ]
    if let error { object["error"] = .string(error) }
    if let filter { object["filter"] = .string(filter) }
    if !missing.isEmpty { object["missing"] = .array(missing.map { .string($0) }) }
    return object
  }

  init?(json: JSONObject) {
    guard let id = json["id"]?.string, let name = json["name"]?.string,
      let status = json["status"]?.string.flatMap(Status.init(rawValue:)),
      let created = json["created"]?.int, let start = json["start"]?.int,
      let end = json["end"]?.int, start <= end,
      let nodes = json["nodes"]?.array?.compactMap(\.string),
      let packets = json["packets"]?.int.flatMap({ UInt64(exactly: $0) }),
      let files = json["files"]?.array?.compactMap({ $0.object.flatMap(File.init(json:)) })
    else { return nil }
    (self.id, self.name, self.status) = (id, name, status)
    self.created = Timestamp(nanoseconds: created)
    window = Timestamp(nanoseconds: start)..<Timestamp(nanoseconds: end)
    (self.nodes, self.packets, self.files) = (nodes, packets, files)
    error = json["error"]?.string
    filter = json["filter"]?.string
    missing = json["missing"]?.array?.compactMap(\.string) ?? []
    isCounted = json["isCounted"]?.bool ?? false
  }
}

extension Snapshot.File {
  var json: JSONObject {
    var object: JSONObject = [
      "name": .string(name), "node": .string(node), "bytes": JSONValue(bytes),
      "packets": JSONValue(packets), "first": .int(times.lowerBound.nanoseconds),
      "last": .int(times.upperBound.nanoseconds),
      "linkTypes": .array(linkTypes.map { .int(Int64($0.rawValue)) }),
    ]
    if let stamp {
      object["stamp"] = [JSONValue(stamp.bytes), .int(stamp.changed)]
    }
    return object
  }

  init?(json: JSONObject) {
    func count(_ name: String) -> UInt64? { json[name]?.int.flatMap { UInt64(exactly: $0) } }
    guard let name = json["name"]?.string, let node = json["node"]?.string,
      let bytes = count("bytes"), let packets = count("packets"),
      let first = json["first"]?.int, let last = json["last"]?.int, first <= last,
      let links = json["linkTypes"]?.array?.compactMap({ $0.int.flatMap(UInt16.init(exactly:)) })
    else { return nil }
    (self.name, self.node, self.bytes, self.packets) = (name, node, bytes, packets)
    times = Timestamp(nanoseconds: first)...Timestamp(nanoseconds: last)
    linkTypes = links.map(LinkType.init(rawValue:))
    if let stamp = json["stamp"]?.array, stamp.count == 2,
      let bytes = stamp[0].int.flatMap({ UInt64(exactly: $0) }), let changed = stamp[1].int
    {
      self.stamp = FileSystem.Stamp(bytes: bytes, changed: changed)
    }
  }
}
