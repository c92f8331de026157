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

  @Test func theSystemTellsWhatIsUsed() {
    #if os(Linux)
      #expect(MemoryWatch.used > 100_000)
    #endif
  }
}
