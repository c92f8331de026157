import Entries
import TestSupport
import Testing

@testable import Store

@Suite struct BlockQueueTests {
  private func block(_ number: Int64) throws -> Block {
    var random = RandomEntries(seed: 1)
    var builder = BlockBuilder(.calls)
    builder.append(random.entries(1, kinds: [.http])[0])
    let made = try builder.finish()
    let encoded = try #require(made)
    return Block(
      summary: BlockSummary(sequence: number, header: encoded.header), source: .memory(encoded),
      damage: DamageLog())
  }

  /// Anything done to a queue gives what it gives on an array.
  @Test func behavesAsAnArrayDoes() throws {
    let blocks = try (0..<40).map { try block(Int64($0)) }
    var random = SeededGenerator(seed: 5)
    var (queue, array) = (BlockQueue(), [Block]())
    for _ in 0..<3_000 {
      let block = blocks[Int.random(in: 0..<40, using: &random)]
      switch Int.random(in: 0..<16, using: &random) {
      case 0..<4:
        queue.append(block)
        array.append(block)
      case 4..<7:
        let place = Int.random(in: 0...array.count, using: &random)
        queue.insert(block, at: place)
        array.insert(block, at: place)
      case 7..<14 where !array.isEmpty:
        queue.removeFirst()
        array.removeFirst()
      case 14: #expect(queue.popLast() === array.popLast())
      case 15:
        let odd = Int64.random(in: 0..<40, using: &random)
        queue.keep { $0.sequence != odd }
        array.removeAll { $0.sequence == odd }
      default: break
      }
      #expect(queue.map(\.sequence) == array.map(\.sequence))
    }
  }

  /// Retention can remove a block from the file only when nothing holds it.
  @Test func holdsNothingThatHasLeft() throws {
    var queue = BlockQueue()
    weak var first: Block?
    do {
      let block = try block(1)
      first = block
      queue.append(block)
    }
    for number in 2..<10 as Range<Int64> { queue.append(try block(number)) }
    #expect(first != nil)
    queue.removeFirst()
    #expect(first == nil && queue.count == 8)
  }
}
