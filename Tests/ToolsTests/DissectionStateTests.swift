import Bytes
import JSON
import Testing
import ToolKit

@testable import Tools

@Suite struct DissectionStateTests {
  private func at(_ seconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: 1_000_000_000_000 + seconds * 1_000_000_000)
  }

  @Test func itPausesWhenNobodyAsksAndWakesWhenSomebodyDoes() {
    var state = DissectionState(stopAfter: 300_000_000_000, now: at(0))
    state.pass(to: at(299))
    #expect(state.mode == .active)
    state.ask(at: at(299))
    state.pass(to: at(598))
    #expect(state.mode == .active && state.since == at(0))
    state.pass(to: at(599))
    #expect(state.mode == .pausedIdle && state.since == at(599) && state.asked == at(299))
    state.ask(at: at(700))
    #expect(state.mode == .active && state.since == at(700))
  }

  @Test func whatWasSwitchedOffStaysOff() {
    var state = DissectionState(stopAfter: 1_000_000_000, now: at(0))
    state.set(false, at: at(1))
    state.ask(at: at(5))
    state.pass(to: at(100))
    #expect(state.mode == .disabled && state.since == at(1))
    state.set(false, at: at(101))
    #expect(state.since == at(1), "nothing changed")
    state.set(true, at: at(102))
    #expect(state.mode == .active && state.since == at(102))
  }

  @Test func withoutALimitItNeverPauses() {
    var state = DissectionState(stopAfter: nil, now: at(0))
    state.pass(to: at(1_000_000))
    #expect(state.mode == .active)
  }

  @Test(arguments: [
    (300_000_000_000, "5m"), (5_400_000_000_000, "1h30m"), (1_500_000_000, "1.5s"), (0, "0s"),
    (90_061_000_000_000, "1d1h1m1s"),
  ])
  func lengthsOfTimeAreShownAsArgumentsTakeThem(nanoseconds: Int64, text: String) {
    #expect(Shown.duration(nanoseconds) == text)
  }

  @Test func filesAreAlwaysDissected() async throws {
    let status = try await ShopHub.ask("get_dissection_status")
    #expect(status.structured["enabled"] == true && status.structured["live"] == false)
    #expect(status.structured["protocols"]?.array?.contains("http") == true)
    let off = try await ShopHub.ask("disable_dissection")
    #expect(off.structured["success"] == false && off.structured["enabled"] == true)
    #expect(off.text.contains("always dissected"))
    let on = try await ShopHub.ask("enable_dissection")
    #expect(on.structured["success"] == true && on.structured["enabled"] == true)
  }
}
