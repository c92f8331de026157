import Synchronization
import Testing

@testable import ToolKit

struct WorkThreadTests {
  private final class Tally: Sendable {
    let done = Mutex<[Int]>([])
    let busy = Atomic(0)
    let most = Atomic(0)
  }

  /// Returns when the work has been done.
  private func run(on thread: WorkThread, _ work: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { done in
      thread.begin {
        work()
        done.resume()
      }
    }
  }

  @Test(arguments: [ThreadEagerness.ordinary, .modest, .low])
  func workIsDoneInItsOrder(eagerness: ThreadEagerness) async {
    let thread = WorkThread(eagerness)
    let tally = Tally()
    for number in 0..<20 {
      thread.begin { tally.done.withLock { $0.append(number) } }
    }
    await run(on: thread) {}
    #expect(tally.done.withLock { $0 } == Array(0..<20))
  }

  /// What is given by several at once is done one after the other.
  @Test func oneIsDoneAtATime() async {
    let thread = WorkThread(.modest)
    let tally = Tally()
    await withTaskGroup { group in
      for number in 0..<8 {
        group.addTask {
          await run(on: thread) {
            let now = tally.busy.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
            if now > tally.most.load(ordering: .relaxed) {
              tally.most.store(now, ordering: .relaxed)
            }
            tally.done.withLock { $0.append(number) }
            tally.busy.wrappingSubtract(1, ordering: .sequentiallyConsistent)
          }
        }
      }
    }
    #expect(tally.most.load(ordering: .relaxed) == 1)
    #expect(tally.done.withLock { $0.sorted() } == Array(0..<8))
  }

  @Test func theThreadEndsWithWhoHoldsIt() async {
    final class Held: Sendable {}
    weak var held: Held?
    do {
      let thread = WorkThread(.ordinary)
      let own = Held()
      held = own
      thread.begin { _ = own }
    }
    // What it was given is let go.
    let limit = ContinuousClock.now.advanced(by: .seconds(60))
    while held != nil, .now < limit { try? await Task.sleep(for: .milliseconds(5)) }
    #expect(held == nil)
  }
}
