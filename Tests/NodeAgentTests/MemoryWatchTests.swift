import Bytes
import Testing

@testable import NodeAgent
@testable import Pipeline

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

  /// What waits in the middle, for packets that are shed, holds its memory until it is let go.
  @Test func whatSheddingDoesNotCureIsLetGo() {
    var watch = MemoryWatch(limit: 1_000)
    #expect(watch.look(760, at: start) == .shed)
    #expect(watch.look(700, at: start.advanced(by: 9_999_999_999)) == .shed)
    #expect(watch.look(700, at: start.advanced(by: 10_000_000_000)) == .startAfresh)
    #expect(watch.look(700, at: start.advanced(by: 19_999_999_999)) == .shed)
    #expect(watch.look(700, at: start.advanced(by: 20_000_000_000)) == .startAfresh)
    #expect(watch.look(640, at: start.advanced(by: 20_100_000_000)) == .nothing)
    #expect(watch.look(760, at: start.advanced(by: 25_000_000_000)) == .shed)
    #expect(watch.look(760, at: start.advanced(by: 34_999_999_999)) == .shed)
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

  /// The limit of a pod is the same on a node of two cores and on one of a hundred.
  @Test func thereAreNoMoreWorkersThanMemoryForThem() {
    let memory = 768 << 20
    #expect(NodeCapture.workers(cores: 2, memory: memory) == 2)
    #expect(NodeCapture.workers(cores: 96, memory: memory) == 12)
    #expect(NodeCapture.workers(cores: 96, memory: 48 << 20) == 2)
    #expect(NodeCapture.workers(cores: 1, memory: 48 << 20) == 1)
    #expect(NodeCapture.workers(cores: 96, memory: nil) == 96)
    #expect(NodeCapture.workers(cores: 0, memory: nil) == 1)
  }

  @Test func withLittleMemoryLittleWaits() {
    func waiting(_ memory: Int?) -> Int {
      NodeCapture.settings(Guide(), node: "a", workers: 2, memory: memory).mostWaitingChunks
    }
    #expect(waiting(nil) == 16)
    #expect(waiting(1 << 30) == 16)
    #expect(waiting(96 << 20) == 6)
    #expect(waiting(16 << 20) == 4)
  }
}
