package import Bytes
package import Packets
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Raw packets on disk: the last so many bytes or hours of each node.
///
/// A folder for each node holds its segments, pcapng files that any tool reads, each with its time
/// index beside it. The oldest segment leaves first. The folder belongs to one process at a time.
package final class Ring: Sendable {
  package let folder: String
  package let limits: RingLimits
  private let clock: @Sendable () -> Timestamp
  private let lock: OpenFile
  private let nodes: Mutex<[String: Member]>

  private struct Member {
    var node: RingNode
    var writer: RingWriter?
  }

  /// Opens the folder, or makes it. Segments that a crash left open are repaired.
  ///
  /// - Parameter clock: the time of day, by which packets age.
  /// - Throws: `RingError` `.locked` when another process has it.
  package init(
    _ folder: String, limits: RingLimits = RingLimits(),
    clock: @escaping @Sendable () -> Timestamp = { Timestamp.now }
  ) throws(RingError) {
    try FileSystem.makeFolder(folder)
    guard let lock = OpenFile(folder + "/lock", O_RDWR | O_CREAT | O_CLOEXEC) else {
      throw RingError("opening \(folder)", errno: errno)
    }
    guard lock.lock() else {
      throw RingError(
        .locked, "opening \(folder)", problem: "another process keeps its packets there",
        advice: "Name another folder, or end that process")
    }
    (self.folder, self.limits, self.clock, self.lock) = (folder, limits, clock, lock)
    var found: [String: Member] = [:]
    for name in FileSystem.names(in: folder) where FileSystem.isFolder(folder + "/" + name) {
      let node = RingNode(name: name, folder: folder + "/" + name)
      node.enforce(limits, now: clock())
      found[name] = Member(node: node)
    }
    nodes = Mutex(found)
  }

  /// The writer of a node's packets; the same one for the same node.
  ///
  /// - Parameters:
  ///   - node: what `isNodeName` says of it: it names a folder.
  ///   - interfaces: in the order of `Packet.interface`; more can be added later. Of the node's
  ///     first call, later ones are added.
  package func writer(
    node name: String, interfaces: [CaptureInterface] = []
  ) throws(RingError) -> RingWriter {
    guard Self.isNodeName(name) else {
      throw RingError(
        .badName, "keeping packets of the node \(name.debugDescription)",
        problem: "a node's name has \(Self.nodeNameRule)",
        advice: "Give the node another name")
    }
    let path = folder + "/" + name
    try FileSystem.makeFolder(path)
    return nodes.withLock { nodes in
      let member = nodes[name] ?? Member(node: RingNode(name: name, folder: path))
      if let writer = member.writer {
        for interface in interfaces { _ = writer.add(interface) }
        return writer
      }
      let writer = RingWriter(
        member.node, interfaces: interfaces, limits: limits, clock: clock)
      nodes[name] = Member(node: member.node, writer: writer)
      return writer
    }
  }

  /// Longest name of a snapshot, in characters.
  package static let maxName = 128
  /// Longest name of a node, in characters: what Kubernetes allows (a DNS subdomain, RFC 1123 §2.1),
  /// which file systems, where names have up to 255 bytes, take as it is.
  package static let maxNodeName = 253

  /// What `isNodeName` asks for, in words.
  package static let nodeNameRule =
    "1 to \(maxNodeName) letters, digits, '.', '_' and '-', and does not begin with '.'"

  /// Whether a name can be that of a snapshot: it becomes the name of a folder.
  package static func isName(_ name: String) -> Bool { isName(name, limit: maxName) }

  /// Whether a name can be that of a node: it becomes the name of a folder, and part of ids.
  package static func isNodeName(_ name: String) -> Bool { isName(name, limit: maxNodeName) }

  private static func isName(_ name: String, limit: Int) -> Bool {
    let bytes = name.utf8
    return (1...limit).contains(bytes.count) && bytes.first != UInt8(ascii: ".")
      && bytes.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// What each node's part holds, by name.
  package var status: [RingNodeStatus] {
    nodes.withLock { $0.values.map(\.node) }.map(\.status).sorted { $0.node < $1.node }
  }

  /// The segments with packets in `window`, which never change any more: what is being written is
  /// ended first. Oldest first, node by node.
  ///
  /// A segment may leave the ring at any moment; a link to its file keeps it.
  /// - Parameters:
  ///   - names: of the nodes; nil means all.
  ///   - rolls: whether what is being written is ended; else it is left out.
  package func segments(
    in window: Range<Timestamp>, nodes names: Set<String>? = nil, rolls: Bool = true
  ) -> [Segment] {
    let members = nodes.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
    return members.filter { names?.contains($0.node.name) ?? true }.flatMap { member in
      if rolls { member.writer?.roll() }
      return member.node.segments(in: window)
    }
  }

  /// Ends all segments that are being written.
  package func close() {
    for member in nodes.withLock({ Array($0.values) }) { member.writer?.close() }
  }
}
