import Testing

@testable import Store

struct SectionCacheTests {
  private static let bytes = [UInt8](repeating: 7, count: 1_000)
  /// Room for 100 sections of that size.
  private let cache = SectionCache(limit: 100 * 1_128)

  private func key(_ block: Int, _ section: Int = 0) -> SectionCache.Key {
    SectionCache.Key(block: Int64(block), section: section)
  }

  /// Asks for these, as a query does, and says how many were there.
  private func ask(_ blocks: Range<Int>) -> Int {
    blocks.count { block in
      if cache[key(block)] != nil { return true }
      cache.insert(Self.bytes, for: key(block))
      return false
    }
  }

  @Test func keepsWhatFits() {
    #expect(ask(0..<100) == 0)
    #expect(ask(0..<100) == 100)
    #expect(cache.byteCount == 100 * 1_128)
  }

  @Test func aScanOfTwiceWhatFitsFindsMostOfIt() {
    _ = ask(0..<200)
    let found = (0..<20).map { _ in
      let found = ask(0..<200)
      #expect(cache.byteCount <= 100 * 1_128)
      return found
    }
    // The latest hundred would never be those that are asked for next.
    #expect(found.reduce(0, +) / 20 >= 70)
  }

  @Test func whatIsAskedForAgainAndAgainComesIn() {
    _ = ask(0..<100)
    for _ in 0..<200 { _ = ask(500..<510) }
    #expect(ask(500..<510) >= 8)
  }

  @Test func whatIsTooLargeForItIsNotKept() {
    cache.insert([UInt8](repeating: 0, count: 30 * 1_128), for: key(1))
    #expect(cache[key(1)] == nil)
    #expect(cache.byteCount == 0)
  }

  @Test func blocksThatAreGoneMakeRoom() {
    for block in 0..<10 {
      for section in 0..<10 { cache.insert(Self.bytes, for: key(block, section)) }
    }
    cache.remove(blocks: [0, 4, 9])
    #expect(cache.byteCount == 70 * 1_128)
    for block in 0..<10 {
      for section in 0..<10 {
        #expect((cache[key(block, section)] == nil) == [0, 4, 9].contains(block))
      }
    }
  }
}
