import Testing

@testable import Bytes

@Suite struct BytePoolTests {
  private func store(_ pool: BytePool, _ capacity: Int, _ byte: UInt8) -> ByteStore {
    ByteStore(capacity: capacity, from: pool) { target in
      for index in 0..<capacity { target[index] = byte }
      return capacity
    }
  }

  @Test func memoryComesBackAndIsLentAgain() {
    let pool = BytePool(blockSize: 4_096, keeping: 1)
    for round in 0..<8 as Range<UInt8> {
      let (a, b) = (store(pool, 4_096, round), store(pool, 100, round &+ 100))
      // Two at once never share a block.
      #expect(a.bytes.array().allSatisfy { $0 == round })
      #expect(b.bytes.array().allSatisfy { $0 == round &+ 100 })
      #expect(pool.spare <= 1)
    }
    #expect(pool.spare == 1)
  }

  @Test func whatIsLargerThanABlockHasMemoryOfItsOwn() {
    let pool = BytePool(blockSize: 16, keeping: 4)
    do {
      let large = store(pool, 17, 9)
      #expect(large.count == 17)
    }
    #expect(pool.spare == 0)
  }

  @Test func whatFailsToFillGivesItsBlockBack() {
    struct Full: Error {}
    let pool = BytePool(blockSize: 16, keeping: 4)
    #expect(throws: Full.self) {
      _ = try ByteStore(capacity: 16, from: pool) {
        (_: UnsafeMutableRawBufferPointer) throws(Full) in
        throw Full()
      }
    }
    #expect(pool.spare == 1)
  }
}
