package import Bytes
import Dispatch
package import Ring
package import Shipping
package import Snapshots
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Raw packets of a Hub's agents: they stay on their nodes, and are asked from there when a snapshot
/// is cut.
///
/// Each agent sends the packets of a window as one capture file into a folder of ours, from which the
/// snapshot takes it; merging them by time is the snapshot's work already.
package final class Gatherer: RawCapture {
  /// Bytes that one agent may send for one snapshot.
  package static let maxBytes: UInt64 = 4 << 30
  /// Nanoseconds until an agent must have begun to send, and longest silence while it does.
  package static let standardPatience: Int64 = 30_000_000_000
  /// Nanoseconds until an agent that has not begun is asked again: the answer may have been lost.
  private static let again: Int64 = 5_000_000_000

  /// Why bytes of an agent are not taken.
  package enum Refusal: Error, Hashable, Sendable {
    /// Nobody asked for them, or not any more.
    case unknown
    case tooLarge
    case cannotWrite
  }

  private struct Part {
    var node: String
    var gathering: AgentOrders.Gathering
    var asked: Timestamp
    var moved: Timestamp
    var file: OpenFile?
    var bytes: UInt64 = 0
    var isOver = false
    /// Why there is nothing, or not all.
    var problem: String?
  }

  private let registry: AgentRegistry
  private let folder: String
  private let patience: Int64
  private let parts = Mutex<[String: Part]>([:])
  private let lacking = Mutex<[String]>([])
  /// Bytes that may come for a snapshot that is begun now, and that may still come for the one that
  /// is being cut.
  private let budget = Mutex<Budget>(Budget())

  private struct Budget {
    var room: (@Sendable () -> UInt64)?
    var left = UInt64.max
  }

  /// - Parameters:
  ///   - folder: where files come; on the file system of the snapshots, so that they need not be
  ///     copied.
  ///   - patience: nanoseconds without a byte after which an agent is given up.
  package init(
    _ registry: AgentRegistry, folder: String, patience: Int64 = standardPatience
  ) throws(RingError) {
    (self.registry, self.folder, self.patience) = (registry, folder, patience)
    FileSystem.removeFolder(folder)
    try FileSystem.makeFolder(folder)
  }

  /// What all agents together send for one snapshot stays within what is given here: without a bound
  /// the packets of many nodes fill the disk.
  package func keepWithin(_ room: @escaping @Sendable () -> UInt64) {
    budget.withLock { $0.room = room }
  }

  // MARK: What snapshots ask

  package var isLive: Bool { true }
  package let session = Gatherer.newSession()

  /// Nodes whose packets the latest `files` could not get, with why.
  package var missing: [String] { lacking.withLock { $0 } }

  package func nodes() -> [RawNode] {
    registry.agents(at: .now).filter { $0.condition != .left }.map { agent in
      let raw = agent.report.raw
      return RawNode(
        name: agent.node, times: raw.times, bytes: raw.bytes, packets: raw.packets,
        segments: Int(clamping: raw.segments), dropped: raw.dropped, lost: raw.lost,
        failure: agent.condition == .silent ? "its agent is silent" : nil)
    }
  }

  package func files(
    in window: Range<Timestamp>, nodes: Set<String>?, rolls: Bool
  ) throws(SnapshotError) -> [RawFile] {
    // What agents still write is asked when the window is over, all of it at once.
    guard rolls else { return [] }
    // The snapshot before has taken what it needs.
    FileSystem.removeFolder(folder)
    do throws(RingError) { try FileSystem.makeFolder(folder) } catch { throw SnapshotError(error) }
    let room = budget.withLock { $0.room }
    let left = room.map { $0() } ?? .max
    budget.withLock { $0.left = left }
    let ids = ask(window, nodes)
    while !isOver(ids) { DispatchSemaphore(value: 0).wait(milliseconds: 50) }
    return take(ids)
  }

  package func extras() -> CaptureExtras { CaptureExtras() }

  /// Asks every agent that may have something; gives the ids of what was asked.
  private func ask(_ window: Range<Timestamp>, _ nodes: Set<String>?) -> [String] {
    var ids: [String] = []
    var problems: [String] = []
    let now = Timestamp.now
    for agent in registry.agents(at: now)
    where agent.condition != .left && nodes?.contains(agent.node) ?? true {
      guard agent.condition != .silent else {
        problems.append("\(agent.node): its agent is silent")
        continue
      }
      let id = hex((0..<8).map { _ in UInt8.random(in: 0 ... .max) })
      let gathering = AgentOrders.Gathering(id: id, window: window)
      parts.withLock {
        $0[id] = Part(node: agent.node, gathering: gathering, asked: now, moved: now)
      }
      registry.want(gathering, of: agent.node)
      ids.append(id)
    }
    lacking.withLock { $0 = problems }
    return ids
  }

  /// Whether nothing more is to be waited for. Who does not move is given up.
  private func isOver(_ ids: [String]) -> Bool {
    let now = Timestamp.now
    var again: [(AgentOrders.Gathering, String)] = []
    let isOver = parts.withLock { parts in
      var isOver = true
      for id in ids {
        guard var part = parts[id], !part.isOver else { continue }
        let quiet = now.nanoseconds(since: part.moved)
        if quiet > patience {
          (part.isOver, part.problem) = (true, "its agent does not send them")
        } else if part.file == nil, now.nanoseconds(since: part.asked) > Self.again {
          part.asked = now
          again.append((part.gathering, part.node))
        }
        parts[id] = part
        if !part.isOver { isOver = false }
      }
      return isOver
    }
    for (gathering, node) in again { registry.want(gathering, of: node) }
    return isOver
  }

  private func take(_ ids: [String]) -> [RawFile] {
    var files: [RawFile] = []
    for id in ids {
      guard let part = parts.withLock({ $0.removeValue(forKey: id) }) else { continue }
      if let problem = part.problem { lacking.withLock { $0.append("\(part.node): \(problem)") } }
      guard part.bytes > 0 else { continue }
      // Also of what was cut off the beginning can be read.
      if let index = try? CaptureIndex.of(path(id)).index, index.packets > 0 {
        files.append(RawFile(node: part.node, path: path(id), index: index))
      }
    }
    return files.sorted { $0.node < $1.node }
  }

  private func path(_ id: String) -> String { folder + "/" + id + ".pcapng" }

  // MARK: What agents send

  /// An agent begins to send, anew if it has begun before.
  package func begin(_ id: String, from node: String) throws(Refusal) {
    let refusal: Refusal? = parts.withLock { parts in
      guard var part = parts[id], part.node == node, !part.isOver else { return .unknown }
      guard let file = OpenFile(path(id), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC) else {
        return .cannotWrite
      }
      let again = part.bytes
      budget.withLock { $0.left += again }
      (part.file, part.bytes, part.moved) = (file, 0, .now)
      parts[id] = part
      return nil
    }
    if let refusal { throw refusal }
  }

  /// The next bytes of it.
  package func add(_ bytes: [UInt8], to id: String) throws(Refusal) {
    let file: Result<OpenFile, Refusal> = parts.withLock { parts in
      guard let part = parts[id], let file = part.file, !part.isOver else {
        return .failure(.unknown)
      }
      guard part.bytes + UInt64(bytes.count) <= Self.maxBytes else {
        parts[id]?.problem = "there are more than \(Self.maxBytes >> 30) GiB of them"
        parts[id]?.isOver = true
        return .failure(.tooLarge)
      }
      let fits = budget.withLock { budget in
        guard UInt64(bytes.count) <= budget.left else { return false }
        budget.left -= UInt64(bytes.count)
        return true
      }
      guard fits else {
        parts[id]?.problem = "there is no room for them among the snapshots"
        parts[id]?.isOver = true
        return .failure(.cannotWrite)
      }
      parts[id]?.bytes += UInt64(bytes.count)
      parts[id]?.moved = .now
      return .success(file)
    }
    guard try file.get().write(bytes.rawSpan) == 0 else {
      end(id, problem: "there is no room for them here")
      throw .cannotWrite
    }
  }

  /// That was all.
  package func end(_ id: String, problem: String? = nil) {
    parts.withLock { parts in
      parts[id]?.isOver = true
      if let problem { parts[id]?.problem = problem }
    }
  }
}
