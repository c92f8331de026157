import Testing

@testable import Tools

/// How sure a hop is that nothing but time speaks for.
@Suite struct TraceTreeTests {
  private func confidence(others: Int = 0, alike: Int, unserved: Int = 0) -> Double {
    TraceTree.Inference(others: others, alike: alike, unserved: unserved).confidence
  }

  @Test func timeAloneProvesNothing() {
    // One call says little of what makes such calls, and no number of them says all.
    #expect(confidence(alike: 1) == 0.75)
    #expect(confidence(alike: 9) == 0.95)
    #expect(confidence(alike: 100_000) == TraceTree.Inference.most)
  }

  @Test func otherRequestsAndOtherReasonsSpeakAgainstIt() {
    #expect(confidence(others: 3, alike: 9) == 0.95 / 4)
    // As often outside of requests as inside.
    #expect(confidence(alike: 100, unserved: 50) == 0.5)
    #expect(confidence(alike: 100, unserved: 100) < 0.01)
    #expect(confidence(alike: 0) == 0.5)
  }
}
