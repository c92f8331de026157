import Dissectors
import Flows
import Testing

@testable import Pipeline

@Suite struct PipelineSettingsTests {
  /// A flood does not take more memory on a machine with more cores.
  @Test func workersShareTheLargestLimits() {
    let alone = PipelineSettings(workers: 1)
    #expect(alone.flows.conversations == FlowLimits().conversations)
    #expect(alone.dissection.messagesInAll == DissectionLimits().messagesInAll)
    let four = PipelineSettings(workers: 4)
    #expect(four.flows.conversations * 4 == alone.flows.conversations)
    #expect(four.dissection.messagesInAll * 4 == alone.dissection.messagesInAll)
    #expect(PipelineSettings(workers: 64).dissection.messagesInAll == 32 << 20)
  }
}
