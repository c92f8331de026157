import Bytes
import Dissectors
import Entries
import Store
import Testing

@testable import Pipeline

/// Where more comes than can be dissected, less is done with it, step by step.
@Suite struct EffortTests {
  @Test func aQueueThatFillsMakesThePacketsCheaper() {
    #expect(LivePipeline.effort(atFill: 0) == .whole)
    #expect(LivePipeline.effort(atFill: 0.49) == .whole)
    #expect(LivePipeline.effort(atFill: 0.5) == .withoutBodies)
    #expect(LivePipeline.effort(atFill: 0.74) == .withoutBodies)
    #expect(LivePipeline.effort(atFill: 0.75) == .flowsOnly)
    #expect(LivePipeline.effort(atFill: 1) == .flowsOnly)
  }
}
