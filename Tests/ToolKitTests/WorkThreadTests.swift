import Synchronization
import Testing

@testable import ToolKit

struct WorkThreadTests {
  private final class Tally: Sendable {
    let done = Mutex<[Int]>([])
    let busy = Atomic(0)
    let most = Atomic(0)
  }

  @Test(arguments: [ThreadEagerness.ordinary, .modest, .low])
  func workIsDoneWhenRunReturns(eagerness: ThreadEagerness) async {
    let thread = WorkThread(eagerness)
    let tally = Tally()
    for number in 0..<20 {
      thread.run { tally.done.withLock { $0.append(number) } }
      #expect(tally.done.withLock { $0.last } == number)
    }
    #expect(tally.done.withLock { $0 } == Array(0..<20))
  }

  /// What is given by several at once is done one after the other.
  @Test func oneIsDoneAtATime() async {
    let thread = WorkThread(.modest)
    let tally = Tally()
    await withTaskGroup { group in
      for number in 0..<8 {
        group.addTask {
          thread.run {
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
      thread.run { _ = own }
    }
    // What it was given is let go.
    let limit = ContinuousClock.now.advanced(by: .seconds(60))
    while held != nil, .now < limit { try? await Task.sleep(for: .milliseconds(5)) }
    #expect(held == nil)
  }
}
