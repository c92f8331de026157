import Bytes
import Testing

@testable import NodeAgent

struct MemoryWatchTests {
  private let start = Timestamp(nanoseconds: 0)

  @Test func sheddingBeginsAndEndsAtDifferentPlaces() {
    var watch = MemoryWatch(limit: 1_000)
    #expect(watch.look(740, at: start) == .nothing)
    #expect(watch.look(750, at: start) == .shed)
    #expect(watch.look(700, at: start) == .shed)
    #expect(watch.look(640, at: start) == .nothing)
    #expect(watch.look(700, at: start) == .nothing)
  }

  @Test func everythingIsLetGoNowAndThenOnly() {
    var watch = MemoryWatch(limit: 1_000)
    #expect(watch.look(900, at: start) == .startAfresh)
    #expect(watch.look(900, at: start.advanced(by: 9_999_999_999)) == .shed)
    #expect(watch.look(900, at: start.advanced(by: 10_000_000_000)) == .startAfresh)
  }

  @Test func inAGroupThereIsRoomForWhatIsUnderWay() {
    let mebibyte = 1 << 20
    for (group, limit) in [(64, 32), (96, 48), (128, 80), (192, 144), (512, 384), (4_096, 3_072)] {
      #expect(MemoryWatch.limit(inGroupOf: group * mebibyte) == limit * mebibyte)
    }
  }

  @Test func theSystemTellsWhatIsUsed() {
    #if os(Linux)
      #expect(MemoryWatch.used > 100_000)
    #endif
  }
}
