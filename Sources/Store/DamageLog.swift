import Synchronization

/// Notes which blocks could not be read. Shared by a store, its snapshots and its blocks.
final class DamageLog: Sendable {
  /// Blocks that are named; more are only counted.
  static let limit = 1_000

  private struct State {
    var damage: [Int64: BlockDamage] = [:]
    var turnedAway = 0
  }
  private let state = Mutex(State())

  /// The first failure of each block stays.
  func note(_ damage: BlockDamage) {
    state.withLock { state in
      guard state.damage[damage.sequence] == nil else { return }
      if state.damage.count < Self.limit {
        state.damage[damage.sequence] = damage
      } else {
        state.turnedAway += 1
      }
    }
  }

  /// In order of arrival of the blocks.
  var all: [BlockDamage] {
    state.withLock { $0.damage.values.sorted { $0.sequence < $1.sequence } }
  }

  var count: Int { state.withLock { $0.damage.count + $0.turnedAway } }
}
