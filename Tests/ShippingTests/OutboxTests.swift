import Bytes
import Foundation
import Store
import Testing

@testable import Shipping

struct OutboxTests {
  @Test func blocksGoInOrderAndLeaveWhenTheyHaveArrived() throws {
    let outbox = Outbox(try store(calls: 7))
    let first = outbox.batch(bytes: 1 << 20, blocks: 2)
    #expect(first.blocks.map(\.rows) == [2, 2] && first.isFull)
    #expect(
      outbox.batch(bytes: 1 << 20, blocks: 2).blocks.map(\.sequence) == first.blocks.map(\.sequence)
    )
    try outbox.arrived(first, refused: [])
    let rest = outbox.batch(bytes: 1 << 20, blocks: 9)
    #expect(rest.blocks.map(\.rows) == [2, 1] && !rest.isFull)
    #expect(outbox.backlog(at: .now).entries == 3)
    try outbox.arrived(rest, refused: [1])
    #expect(outbox.isEmpty && outbox.backlog(at: .now).dropped == 1)
  }

  @Test func aBlockThatIsTooLargeGoesAlone() throws {
    let outbox = Outbox(try store(calls: 4))
    let batch = outbox.batch(bytes: 1, blocks: 9)
    #expect(batch.blocks.count == 1 && batch.isFull)
  }

  @Test func whatWaitsIsThereAfterTheNextStart() throws {
    let path = NSTemporaryDirectory() + "outbox-\(UInt64.random(in: .min ... .max)).sqlite"
    defer {
      for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
    }
    let before = try store(.file(path: path), calls: 5)
    let bytes = Outbox(before).batch(bytes: 1 << 20, blocks: 9).blocks.map(\.bytes)
    try before.close()
    let after = Outbox(try EntryStore(.file(path: path)))
    let batch = after.batch(bytes: 1 << 20, blocks: 9)
    #expect(batch.blocks.map(\.bytes) == bytes && bytes.count == 3)
    try after.arrived(batch, refused: [])
    try after.store.close()
    // Numbers of streams are not used twice, though nothing is left of them.
    let last = try EntryStore(.file(path: path))
    #expect(Outbox(last).isEmpty)
    #expect(try last.lastStream() == 5)
    try last.close()
  }

  @Test func theOldestLeaveWhenTooMuchWaits() throws {
    let size = Int64(try store(calls: 2).arrived()[0].byteCount)
    let outbox = Outbox(try store(calls: 20, bytes: size * 4))
    let backlog = outbox.backlog(at: .now)
    #expect(backlog.dropped > 0 && backlog.dropped + backlog.entries == 20)
    #expect(backlog.bytes <= UInt64(size * 4))
  }
}
