import JSON

/// A watch as it comes over the wire: an object for each line, in pieces of any length
/// (Kubernetes API Concepts, "Efficient detection of changes").
struct WatchStream {
  /// Longest line, in bytes: an object is at most 1.5 MiB in etcd, and somewhat longer as JSON.
  static let maxLine = 16 << 20

  /// What happened in a cluster.
  enum Event {
    /// An object is there, new or changed.
    case put(JSONValue)
    /// An object is gone.
    case removed(JSONValue)
    /// Nothing happened up to this version.
    case bookmark(String)
    /// The watch cannot go on, with a status as in HTTP: 410 means that its version is too old.
    case failed(status: Int64, message: String)
  }

  /// Why the stream cannot be read on.
  struct Malformed: Error {
    var problem: String
  }

  private var rest: [UInt8] = []

  /// The events that are whole with these bytes.
  mutating func events(adding bytes: some Collection<UInt8>) throws -> [Event] {
    var events: [Event] = []
    var start = bytes.startIndex
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      rest += bytes[start..<end]
      if let event = try Self.event(rest) { events.append(event) }
      rest.removeAll(keepingCapacity: true)
      start = bytes.index(after: end)
    }
    rest += bytes[start...]
    guard rest.count <= Self.maxLine else {
      throw Malformed(problem: "a line is longer than \(Self.maxLine) bytes")
    }
    return events
  }

  private static func event(_ line: [UInt8]) throws -> Event? {
    guard line.contains(where: { $0 > 0x20 }) else { return nil }
    let value = try JSONReader.value(of: line)
    guard let type = value["type"]?.string, let object = value["object"] else {
      throw Malformed(problem: "a line is no event")
    }
    switch type {
    case "ADDED", "MODIFIED": return .put(object)
    case "DELETED": return .removed(object)
    case "BOOKMARK":
      return object["metadata"]?["resourceVersion"]?.string.map(Event.bookmark)
    case "ERROR":
      return .failed(
        status: object["code"]?.int ?? 500, message: object["message"]?.string ?? "no reason given")
    default: return nil
    }
  }
}
