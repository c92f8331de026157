package import Bytes
package import Store
import Synchronization

/// The blocks of an agent that have not arrived at its Hub: a store from which they go when they have.
///
/// It is on disk, so that nothing is lost when the agent is killed, and bounded: beyond the store's
/// limit the oldest leave, and are counted.
package final class Outbox: Sendable {
  /// Blocks on their way.
  package struct Batch: Sendable {
    /// Of each block: its number in the outbox, how many entries it has, its bytes.
    package var blocks: [(sequence: Int64, rows: Int, bytes: [UInt8])] = []
    /// Whether more wait.
    package var isFull = false
    /// What is still open, as of the latest settlement: all of it that there is room for.
    package var open: [EncodedBlock] = []
    /// Records that found no room.
    package var openLeftOut: UInt64 = 0

    package init() {}
    package var bytes: Int { blocks.reduce(0) { $0 + $1.bytes.count + 4 } }
  }

  /// What is open may take this part of a shipment.
  private static let openShare = 4

  package let store: EntryStore
  /// Entries that the Hub refused or that could not be read any more.
  private let refused = Mutex<UInt64>(0)

  package init(_ store: EntryStore) { self.store = store }

  /// The oldest blocks, as many as fit; one that is larger goes alone. With them, all that is open.
  package func batch(bytes limit: Int, blocks most: Int) -> Batch {
    var batch = Batch()
    var (bytes, unreadable) = (0, Set<Int64>())
    let (blocks, open) = store.outgoing()
    batch.take(open: open, bytes: limit / Self.openShare)
    for block in blocks {
      let fits = bytes + block.byteCount + 4 <= limit && batch.blocks.count < most
      guard batch.blocks.isEmpty || fits else {
        batch.isFull = true
        break
      }
      do throws(StoreError) {
        let encoded = try store.encoded(block)
        batch.blocks.append((block.sequence, block.rows, encoded.bytes))
        bytes += encoded.bytes.count + 4
      } catch {
        // What the disk has damaged must not keep what follows from being sent.
        unreadable.insert(block.sequence)
        refused.withLock { $0 += UInt64(block.rows) }
      }
    }
    try? store.remove(unreadable)
    return batch
  }

  /// All of a batch has arrived, but for what the Hub refused.
  package func arrived(_ batch: Batch, refused indexes: Set<Int>) throws(StoreError) {
    for index in indexes where batch.blocks.indices.contains(index) {
      refused.withLock { $0 += UInt64(batch.blocks[index].rows) }
    }
    try store.remove(Set(batch.blocks.map(\.sequence)))
  }

  /// What waits, and what had to leave.
  package func backlog(at now: Timestamp) -> AgentReport.Backlog {
    let blocks = store.arrived()
    var backlog = AgentReport.Backlog()
    backlog.blocks = UInt64(blocks.count)
    backlog.bytes = blocks.reduce(0) { $0 + UInt64($1.byteCount) }
    backlog.entries = blocks.reduce(0) { $0 + UInt64($1.rows) }
    if let oldest = blocks.map(\.last).min() {
      backlog.age = max(0, now.nanoseconds(since: oldest))
    }
    let counters = store.counters
    backlog.dropped =
      UInt64(max(0, counters.rowsExpired + counters.entriesLost)) + refused.withLock { $0 }
    return backlog
  }

  /// Whether nothing waits.
  package var isEmpty: Bool { store.arrived().isEmpty }
}

extension Outbox.Batch {
  /// Takes what is open as far as there is room. A record that is left out is shown when it is over.
  mutating func take(open blocks: [EncodedBlock], bytes limit: Int) {
    var bytes = 0
    for block in blocks {
      if open.count < AgentReport.Open.maxBlocks, bytes + block.bytes.count <= limit {
        bytes += block.bytes.count
        open.append(block)
      } else {
        openLeftOut += UInt64(block.header.rows)
      }
    }
  }
}
