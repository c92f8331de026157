import Bytes
import Dispatch
import Packets
import Testing

@testable import Pipeline

@Suite struct ChunkQueueTests {
  private func chunk(_ number: UInt64, bytes: Int) -> PacketChunk {
    PacketChunk(
      store: ByteStore([UInt8](repeating: 0, count: bytes)),
      packets: [
        Packet(
          number: number, timestamp: Timestamp(nanoseconds: 0), range: 0..<bytes,
          originalLength: bytes, linkType: .ethernet, interface: 0)
      ])
  }

  @Test func chunksComeInOrderAndNoneIsWaitedForLong() {
    let queue = ChunkQueue(bytes: 1 << 20)
    #expect(queue.take(until: .now()) == nil)
    for number in 1...100 as ClosedRange<UInt64> { #expect(queue.put(chunk(number, bytes: 10))) }
    for number in 1...100 as ClosedRange<UInt64> {
      #expect(queue.take(until: .now())?.packets[0].number == number)
    }
    #expect(queue.take(until: .now()) == nil)
  }

  @Test func beyondItsBytesItRefusesUntilSomeLeft() {
    let queue = ChunkQueue(bytes: 3_000)
    #expect(queue.put(chunk(1, bytes: 1_000)) && queue.put(chunk(2, bytes: 1_000)))
    #expect(!queue.put(chunk(3, bytes: 1_000)), "the list of packets counts as well")
    #expect(queue.take(until: .now())?.packets[0].number == 1)
    #expect(queue.put(chunk(4, bytes: 1_000)))
    #expect(queue.take(until: .now())?.packets[0].number == 2)
    #expect(queue.take(until: .now())?.packets[0].number == 4)
  }

  @Test func oneChunkAlwaysHasRoom() {
    let queue = ChunkQueue(bytes: 10)
    #expect(queue.put(chunk(1, bytes: 1_000)) && !queue.put(chunk(2, bytes: 1)))
  }
}
