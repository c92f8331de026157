import Bytes
import Dispatch
import Packets
import Synchronization

/// Chunks on their way from the threads that capture to the one that hands them out.
///
/// Nobody who brings one waits: beyond its limit the queue refuses.
final class ChunkQueue: Sendable {
  private struct State {
    var chunks: [PacketChunk] = []
    /// The first of them that was not taken yet.
    var first = 0
    var bytes = 0
  }

  private let limit: Int
  private let state = Mutex(State())
  private let filled = DispatchSemaphore(value: 0)

  /// - Parameter bytes: how much may wait.
  init(bytes: Int) { limit = bytes }

  /// False when there is no room: the chunk was not taken.
  func put(_ chunk: PacketChunk) -> Bool {
    let isTaken = state.withLock { state in
      let size = Self.size(chunk)
      guard state.bytes + size <= limit || state.bytes == 0 else { return false }
      state.chunks.append(chunk)
      state.bytes += size
      return true
    }
    if isTaken { filled.signal() }
    return isTaken
  }

  /// How full it is, from 0 to 1.
  var fill: Double { state.withLock { Double($0.bytes) / Double(max(1, limit)) } }

  /// The oldest chunk, or nil when none comes before `deadline`.
  func take(until deadline: DispatchTime) -> PacketChunk? {
    guard filled.wait(timeout: deadline) == .success else { return nil }
    return state.withLock { state in
      let chunk = state.chunks[state.first]
      state.first += 1
      state.bytes -= Self.size(chunk)
      // The places before are given free now and then, so that each is moved once at most.
      if state.first * 2 >= state.chunks.count {
        state.chunks.removeFirst(state.first)
        state.first = 0
      }
      return chunk
    }
  }

  /// Memory of a chunk and its list of packets.
  private static func size(_ chunk: PacketChunk) -> Int {
    chunk.store.count + chunk.packets.count * MemoryLayout<Packet>.stride
  }
}
