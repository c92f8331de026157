import Entries
import Synchronization

/// The blocks that one writer fills.
///
/// Each writer has its own, as far as there are enough: what two of them fill in turns, each column and
/// each dictionary, one has to fetch from the other's cache, and gives back memory that the other took.
final class OpenBlocks: Sendable {
  private struct Builders: ~Copyable {
    var calls: BlockBuilder
    var connections: BlockBuilder

    /// Takes entries in from `next` on, up to one that fills a block, which is given.
    mutating func fill(_ entries: [Entry], from next: inout Int) -> BlockBuilder? {
      while next < entries.count {
        let place = next
        next += 1
        if entries[place].kind.isCall {
          calls.append(entries, at: place)
          if calls.isFull { return calls.taken() }
        } else {
          connections.append(entries, at: place)
          if connections.isFull { return connections.taken() }
        }
      }
      return nil
    }
  }

  private let builders: Mutex<Builders>

  init(_ limits: StoreLimits) {
    builders = Mutex(
      Builders(
        calls: BlockBuilder(.calls, limits: limits),
        connections: BlockBuilder(.connections, limits: limits)))
  }

  /// Takes entries in from `next` on, up to one that fills a block, which is put into `full`.
  ///
  /// - Parameter waits: whether to wait for others who are at it.
  /// - Returns: whether it was done.
  func fill(
    _ entries: [Entry], from next: inout Int, waits: Bool, _ full: inout BlockBuilder?
  ) -> Bool {
    if waits {
      full = builders.withLock { $0.fill(entries, from: &next) }
      return true
    }
    guard let found = builders.withLockIfAvailable({ $0.fill(entries, from: &next) }) else {
      return false
    }
    full = found
    return true
  }

  /// The open block of that family, if it has so many rows; an empty one takes its place.
  func taken(_ family: BlockFamily, atLeast rows: Int) -> BlockBuilder? {
    builders.withLock { builders in
      switch family {
      case .calls: builders.calls.rows < rows ? nil : builders.calls.taken()
      case .connections: builders.connections.rows < rows ? nil : builders.connections.taken()
      }
    }
  }

  /// Entries that wait in them.
  var rows: Int { builders.withLock { $0.calls.rows + $0.connections.rows } }

  /// What was cut or left out of them.
  var counters: [BlockBuilder.Counters] {
    builders.withLock { [$0.calls.counters, $0.connections.counters] }
  }
}
