import Testing
import ToolKit

@testable import Cluster

struct LinkStateTests {
  private let fault = ToolError(status: 503, code: "cluster_unreachable", message: "no")

  private enum Seen: Equatable {
    case use(String)
    case wait
    case open
    case fail(String)
  }

  private func next(_ state: inout LinkState<String>, _ seconds: Double) -> Seen {
    switch state.next(.seconds(seconds)) {
    case .use(let link): .use(link)
    case .wait: .wait
    case .open: .open
    case .fail(let error, _): .fail(error.message)
    }
  }

  @Test func oneOpensAndTheOthersWait() {
    var state = LinkState<String>()
    #expect(next(&state, 0) == .open)
    #expect(next(&state, 0) == .wait)
    state.opened("a", .seconds(1))
    #expect(next(&state, 1) == .use("a"))
  }

  @Test func pausesGrowWhileItFails() {
    var state = LinkState<String>()
    var now = 0.0
    for pause in [1.0, 2, 4, 8, 15, 15] {
      #expect(next(&state, now) == .open)
      state.failed(fault, .seconds(now))
      #expect(next(&state, now + pause - 0.01) == .fail("no"))
      now += pause
    }
    #expect(next(&state, now) == .open)
    state.failed(fault, .seconds(now))
    state.forgive()
    #expect(next(&state, now) == .open)
  }

  @Test func anAttemptFromBeforeSaysNothingToWhoAsksHowItIsNow() {
    var state = LinkState<String>()
    #expect(next(&state, 0) == .open)
    state.forgive()
    #expect(next(&state, 1) == .wait)
    // Meanwhile something was installed that the attempt has not seen.
    state.failed(fault, .seconds(2))
    #expect(next(&state, 2) == .open)
    state.failed(fault, .seconds(3))
    #expect(next(&state, 3) == .fail("no"))
  }

  @Test func whoGivesUpSaysNothingAboutTheCluster() {
    var state = LinkState<String>()
    #expect(next(&state, 0) == .open)
    state.failed(nil, .seconds(0))
    #expect(next(&state, 0) == .open)
  }

  @Test func aLinkThatLastedIsRebuiltAtOnce() {
    var state = LinkState<String>()
    #expect(next(&state, 0) == .open)
    let number = state.current
    state.opened("a", .seconds(0))
    #expect(state.lost(number, because: fault, .seconds(60)) == "a")
    #expect(state.lost(number, because: fault, .seconds(60)) == nil)
    #expect(next(&state, 60) == .open)
    #expect(state.current != number)
  }

  @Test func linksThatBreakAtOnceArePausedFor() {
    var state = LinkState<String>()
    var now = 0.0
    for (pause, life) in [(0.0, 6.0), (0, 1), (2, 1), (4, 1), (0, 6), (0, 1)] {
      #expect(next(&state, now) == .open)
      state.opened("a", .seconds(now))
      now += life
      #expect(state.lost(state.current, because: fault, .seconds(now)) == "a")
      if pause > 0 { #expect(next(&state, now + pause - 0.01) == .fail("no")) }
      now += pause
    }
  }

  @Test func anOldLinkCannotLoseTheNewOne() {
    var state = LinkState<String>()
    #expect(next(&state, 0) == .open)
    let old = state.current
    state.opened("a", .seconds(0))
    _ = state.lost(old, because: fault, .seconds(60))
    #expect(next(&state, 60) == .open)
    state.opened("b", .seconds(60))
    #expect(state.lost(old, because: fault, .seconds(61)) == nil)
    #expect(next(&state, 61) == .use("b"))
  }

  @Test func whatWasGivenUpWhileItWasOpenedIsOpenedAnew() {
    var state = LinkState<String>()
    #expect(next(&state, 0) == .open)
    let given = state.dropped()
    var isOpen = state.opened("a", .seconds(1))
    #expect(given == nil && !isOpen)
    #expect(next(&state, 1) == .open)
    isOpen = state.opened("b", .seconds(2))
    #expect(isOpen && next(&state, 3) == .use("b"))
  }
}
