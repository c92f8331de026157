import Synchronization
import Testing

@testable import Pipeline

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct WorkBoardTests {
  /// What the jobs of some lanes saw.
  private final class Record: Sendable {
    struct Lane {
      var done: [Int] = []
      var isBusy = false
      var overlaps = 0
    }

    let lanes: Mutex<[Lane]>

    init(_ count: Int) { lanes = Mutex(Array(repeating: Lane(), count: count)) }

    func job(_ lane: Int, _ number: Int, microseconds: UInt32) -> WorkBoard.Job {
      { [self] in
        lanes.withLock {
          if $0[lane].isBusy { $0[lane].overlaps += 1 }
          $0[lane].isBusy = true
        }
        if microseconds > 0 { usleep(microseconds) }
        lanes.withLock {
          $0[lane].isBusy = false
          $0[lane].done.append(number)
        }
      }
    }

    var done: [[Int]] { lanes.withLock { $0.map(\.done) } }
  }

  /// Jobs that wait, by lane.
  private final class Counts: Sendable {
    private let counts: Mutex<[Int]>

    init(_ lanes: Int) { counts = Mutex(Array(repeating: 0, count: lanes)) }

    func add(_ difference: Int, to lanes: Range<Int>) {
      counts.withLock { counts in for lane in lanes { counts[lane] += difference } }
    }

    var largest: Int { counts.withLock { $0.max() ?? 0 } }
  }

  @Test(arguments: [(1, 0), (2, 1), (2, 2), (5, 4), (3, 0)])
  func jobsOfALaneAreDoneInTheirOrderAndNeverTwoAtATime(lanes: Int, threads: Int) {
    let record = Record(lanes)
    let board = WorkBoard(lanes: lanes, threads: threads, enough: 4, limit: 16)
    for number in 0..<300 {
      // Now one lane is slow, now another, as when a block is closed.
      board.add(
        (0..<lanes).map { lane in
          record.job(lane, number, microseconds: number / 20 % lanes == lane ? 200 : 0)
        })
      board.makeRoom()
    }
    board.finish()
    #expect(record.done == Array(repeating: Array(0..<300), count: lanes))
    #expect(record.lanes.withLock { $0.allSatisfy { $0.overlaps == 0 } })
  }

  @Test func noMoreJobsWaitThanTheLimit() {
    let slow = Record(2)
    let waiting = Counts(2)
    let board = WorkBoard(lanes: 2, threads: 1, enough: 4, limit: 16)
    var most = 0
    for number in 0..<200 {
      waiting.add(1, to: 0..<2)
      board.add(
        (0..<2).map { lane in
          let job = slow.job(lane, number, microseconds: lane == 0 ? 500 : 0)
          return {
            waiting.add(-1, to: lane..<lane + 1)
            job()
          }
        })
      most = max(most, waiting.largest)
      board.makeRoom()
    }
    board.finish()
    // And the one that was taken, and has not begun to say so.
    #expect(most <= 16 + 1)
    #expect(slow.done.allSatisfy { $0.count == 200 })
  }

  /// The caller may be kept for long by a capture that gives nothing.
  @Test func withoutThreadsNothingIsLeftForTheNextCall() {
    let record = Record(1)
    let board = WorkBoard(lanes: 1, threads: 0, enough: 4, limit: 16)
    board.add([record.job(0, 0, microseconds: 0)])
    board.makeRoom()
    #expect(record.done == [[0]])
  }

  @Test func threadsDoWhatTheCallerDoesNotWaitFor() {
    let record = Record(2)
    let board = WorkBoard(lanes: 2, threads: 2, enough: 4, limit: 16)
    for number in 0..<3 {
      board.add((0..<2).map { record.job($0, number, microseconds: 0) })
    }
    for _ in 0..<2_000 where record.done.contains(where: { $0.count < 3 }) { usleep(5_000) }
    #expect(record.done == [[0, 1, 2], [0, 1, 2]])
  }

  /// The other thread found nothing while the caller was at the last lane with jobs, and went.
  @Test func whatTheCallerLeavesIsDoneByOthers() {
    let record = Record(2)
    let board = WorkBoard(lanes: 2, threads: 1, enough: 2, limit: 3)
    for number in 0..<3 {
      board.add([
        record.job(0, number, microseconds: 100_000), record.job(1, number, microseconds: 0),
      ])
    }
    board.makeRoom()
    for _ in 0..<2_000 where record.done.contains(where: { $0.count < 3 }) { usleep(5_000) }
    #expect(record.done == [[0, 1, 2], [0, 1, 2]])
  }
}
