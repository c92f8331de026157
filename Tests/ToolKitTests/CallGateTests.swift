import Testing
import ToolKit

@Suite struct CallGateTests {
  @Test func whoFindsNoPlaceIsSentAway() async {
    let gate = CallGate(width: 2, waiting: 0)
    #expect(await gate.enter() == .taken)
    #expect(await gate.enter() == .taken)
    #expect(await gate.enter() == .full)
    #expect(await gate.pass { 1 } == nil)
    gate.leave()
    #expect(await gate.pass { 1 } == 1)
    #expect(await gate.enter() == .taken)
  }

  @Test func whoGivesUpLetsOthersThrough() async {
    let gate = CallGate(width: 1)
    #expect(await gate.enter() == .taken)
    let impatient = Task { await gate.enter() }
    let patient = Task { await gate.enter() }
    impatient.cancel()
    #expect(await impatient.value == .givenUp)
    gate.leave()
    #expect(await patient.value == .taken)
  }
}
