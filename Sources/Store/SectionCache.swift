import Bytes
import Synchronization

/// Sections read from a file, kept for the next query within a limit of bytes.
///
/// Queries about everything read all sections again and again in the same order. Where these are
/// more than fit, keeping the latest would mean that each is gone when it is asked for again. So a
/// full cache takes in one of `turns` sections that it does not have, in place of others picked at
/// random: most of what it holds stays and is found the next time.
final class SectionCache: Sendable {
  struct Key: Hashable, Sendable {
    var block: Int64
    var section: Int
  }

  private struct State {
    var places: [Key: Int] = [:]
    var kept: [(key: Key, bytes: [UInt8])] = []
    var bytes = 0
    /// Sections turned away since the last that took the place of others.
    var turnedAway = 0
    /// Bytes that have left since the allocator was told to give freed memory back.
    var left = 0
    var random = SystemRandomNumberGenerator()

    mutating func add(_ bytes: [UInt8], _ key: Key) {
      places[key] = kept.count
      kept.append((key, bytes))
      self.bytes += Self.cost(bytes)
    }

    /// The last one moves to its place.
    mutating func remove(at place: Int) {
      let gone = kept[place]
      places[gone.key] = nil
      let last = kept.removeLast()
      if place < kept.count {
        kept[place] = last
        places[last.key] = place
      }
      bytes -= Self.cost(gone.bytes)
      left += Self.cost(gone.bytes)
    }

    /// With its place in the tables and what an array has before its bytes.
    static func cost(_ bytes: [UInt8]) -> Int { bytes.count + 128 }
  }

  /// Of the sections that find no room, one in so many is taken in all the same.
  static let turns = 8
  private let limit: Int
  private let state = Mutex(State())

  /// - Parameter limit: bytes of all sections together.
  init(limit: Int) { self.limit = limit }

  /// Bytes that are kept at the moment.
  var byteCount: Int { state.withLock { $0.bytes } }

  subscript(key: Key) -> [UInt8]? {
    state.withLock { state in state.places[key].map { state.kept[$0].bytes } }
  }

  func insert(_ bytes: [UInt8], for key: Key) {
    let cost = State.cost(bytes)
    guard cost <= limit / 4 else { return }
    let isTrimDue = state.withLock { state in
      guard state.places[key] == nil else { return false }
      if state.bytes + cost > limit {
        state.turnedAway += 1
        guard state.turnedAway >= Self.turns else { return false }
        state.turnedAway = 0
        while state.bytes + cost > limit {
          state.remove(at: Int.random(in: state.kept.indices, using: &state.random))
        }
      }
      state.add(bytes, key)
      return takeTrim(&state)
    }
    if isTrimDue { giveBackFreedMemory() }
  }

  /// Forgets the sections of blocks that are gone.
  func remove(blocks: [Int64]) {
    let gone = Set(blocks)
    let isTrimDue = state.withLock { state in
      // From the end: what moves to a freed place has been looked at.
      for place in state.kept.indices.reversed() where gone.contains(state.kept[place].key.block) {
        state.remove(at: place)
      }
      return takeTrim(&state)
    }
    if isTrimDue { giveBackFreedMemory() }
  }

  /// Sections of all sizes come and go between what lives long: the holes they leave would add up.
  private func takeTrim(_ state: inout State) -> Bool {
    guard state.left >= max(limit / 4, 1 << 20) else { return false }
    state.left = 0
    return true
  }
}
