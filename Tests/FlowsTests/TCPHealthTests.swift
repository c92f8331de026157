import Bytes
import Flows
import Layers
import Testing

/// The figures that packet analysers give, each in the smallest connection that shows it.
@Suite struct TCPHealthTests {
  @Test func aPlainExchangeIsHealthy() throws {
    var script = Script()
    script.connect(scale: 2)
    script.send(at: 0, "GET /", flags: [.ack, .psh], after: 700)
    script.send(.server, at: 0, ack: 5, after: 300)
    script.send(.server, at: 0, "200", ack: 5, after: 1000)
    script.send(at: 5, ack: 3, after: 400)
    script.send(at: 5, flags: [.ack, .fin], ack: 3)
    script.send(.server, at: 3, flags: [.ack, .fin], ack: 6)
    script.send(at: 6, ack: 4)
    let health = try script.health()
    #expect(health.completeness == 31)
    #expect(health.fins == 2)
    #expect(health.resets == 0)
    #expect(health.synToSynAck == 100)
    #expect(health.synAckToAck == 100)
    #expect(health.synToAck == 200)
    #expect(health.connectionTime == 900)
    #expect(health.timeToFirstByte == 2200)
    #expect(health.windowScale == BySide(client: 2, server: 2))
    #expect(health.averageReceiveWindow == 4000)
    #expect(health.goodput == 8)
    // SYN, SYN-ACK, both data segments, both FINs: 100, 100, 300, 400, 100, 100.
    #expect(health.rttSamples == 6)
    #expect(health.rttMinimum == 100)
    #expect(health.rttMaximum == 400)
    #expect(health.rttAverage == 183)
    #expect(health.jitter == 121)
    #expect(health.retransmissions == 0)
    #expect(health.outOfOrder == 0)
    #expect(health.duplicateACKs == 0)
    #expect(health.missingSegments == 0)
    #expect(!health.isOffloaded)
  }

  @Test func whatCouldNotBeMeasuredIsNil() throws {
    var script = Script()
    script.send(at: 0, "only one direction")
    script.send(at: 18, "was captured")
    let health = try script.health()
    #expect(health.synToSynAck == nil)
    #expect(health.synAckToAck == nil)
    #expect(health.synToAck == nil)
    #expect(health.connectionTime == nil)
    #expect(health.timeToFirstByte == nil)
    #expect(health.rttMinimum == nil)
    #expect(health.jitter == nil)
    #expect(health.rttSamples == 0)
    #expect(health.completeness == 8)
  }

  @Test func aSegmentSentAgainLaterIsARetransmission() throws {
    var script = Script()
    script.connect()
    script.send(at: 0, "abc")
    script.send(at: 0, "abc", after: 200_000)
    script.send(.server, at: 0, ack: 3, after: 500)
    let health = try script.health()
    #expect(health.retransmissions == 1)
    #expect(health.spuriousRetransmissions == 0)
    #expect(health.rttSamples == 2, "an acknowledgment of repeated bytes times nothing")
    #expect(health.goodput == 3)
  }

  @Test func bytesAcknowledgedBeforeAreSentAgainForNothing() throws {
    var script = Script()
    script.connect()
    script.send(at: 0, "abc")
    script.send(.server, at: 0, ack: 3)
    script.send(at: 0, "abc", after: 200_000)
    let health = try script.health()
    #expect(health.spuriousRetransmissions == 1)
    #expect(health.retransmissions == 1)
    #expect(health.bySide.client.spuriousRetransmissions == 1)
    #expect(health.bySide.server.spuriousRetransmissions == 0)
  }

  @Test func aSegmentOvertakenWithinARoundTripIsOutOfOrder() throws {
    var script = Script()
    script.connect()
    script.send(at: 3, "def")
    script.send(at: 0, "abc", after: 20)
    let health = try script.health()
    #expect(health.outOfOrder == 1)
    #expect(health.retransmissions == 0)
    #expect(health.bySide.client.missingSegments == 1, "as it looked when the later one came")
    #expect(health.missingSegments == 0, "the hole was filled")
  }

  @Test func aHoleThatIsNeverFilledIsAMissingSegment() throws {
    var script = Script()
    script.connect()
    script.send(at: 3, "def")
    script.send(.server, at: 0, ack: 6)
    script.send(at: 9, "jkl")
    let health = try script.health()
    #expect(health.missingSegments == 2)
  }

  @Test func aClosedWindowIsOneEventHoweverOftenItIsSaid() throws {
    var script = Script()
    script.connect()
    script.send(at: 0, "abc")
    script.send(.server, at: 0, ack: 3, window: 0)
    script.send(at: 3, "d", after: 5_000_000)  // a probe
    script.send(.server, at: 0, ack: 3, window: 0)
    script.send(.server, at: 0, ack: 4, window: 500)
    script.send(.server, at: 0, ack: 4, window: 0)
    let health = try script.health()
    #expect(health.zeroWindowEvents == 2)
    #expect(health.bySide.server.zeroWindows == 3)
    #expect(health.retransmissions == 0)
    #expect(script.sink.text[.client] == "abcd")
  }

  @Test func aSegmentUpToTheWindowsEdgeFillsIt() throws {
    var script = Script()
    script.connect(scale: 1)
    script.send(.server, at: 0, window: 3)
    script.send(at: 0, "abc")
    script.send(at: 3, "def")
    let health = try script.health()
    #expect(health.windowFullEvents == 1)
    #expect(health.bySide.client.windowFull == 1)
  }

  /// A snapshot length of 68 leaves out the last options of most SYNs, the window's scale among them.
  @Test(arguments: [false, true])
  func whatTheOptionsOfASYNLackNobodyKnowsWhenTheyAreCut(isCut: Bool) throws {
    var script = Script()
    script.send(at: -1, flags: .syn, optionsCut: isCut)
    script.send(.server, at: -1, flags: [.syn, .ack], optionsCut: isCut)
    script.send(at: 0)
    script.send(.server, at: 0, window: 3)
    script.send(at: 0, "abc")
    let health = try script.health()
    #expect(health.windowFullEvents == (isCut ? 0 : 1))
  }

  @Test func keepAlivesAreCountedAndTheirAnswersAreNoDuplicates() throws {
    var script = Script()
    script.connect()
    script.send(at: 0, "abc")
    script.send(.server, at: 0, ack: 3)
    for _ in 0..<3 {
      script.send(at: 2, "\0", after: 10_000_000)
      script.send(.server, at: 0, ack: 3)
    }
    let health = try script.health()
    #expect(health.keepAlives == 3)
    #expect(health.duplicateACKs == 0)
    #expect(health.retransmissions == 0)
  }

  /// Joined in the middle: a single byte towards a side that was not seen yet is data, not a probe of
  /// a window that nobody closed.
  @Test func aByteTowardsAnUnseenSideIsNoProbe() throws {
    var script = Script()
    script.send(.server, at: 0, "hello")
    script.send(.server, at: 5, "!")
    script.send(.server, at: 5)
    script.send(.server, at: 6, "more")
    let health = try script.health()
    #expect(health.keepAlives == 1)
    #expect(health.bySide.client.missingSegments + health.bySide.server.missingSegments == 0)
    #expect(health.retransmissions == 0)
  }

  @Test func threeDuplicateACKsAndThenTheSegmentIsAFastRetransmission() throws {
    var script = Script()
    script.connect()
    script.send(at: 0, "abc")
    script.send(at: 3, "def")
    for _ in 0..<4 { script.send(.server, at: 0, ack: 0, window: 1000, after: 50) }
    script.send(at: 0, "abc", after: 50)
    let health = try script.health()
    #expect(health.fastRetransmissions == 1)
    #expect(health.retransmissions == 1)
    #expect(health.duplicateACKs == 4, "the first repeats the SYN-ACK's")
  }

  @Test func halvesOfALifeShowInTheCompleteness() throws {
    var unanswered = Script()
    unanswered.send(at: -1, flags: .syn)
    let alone = try unanswered.health()
    #expect(alone.completeness == 1)
    // A scanner's nonsense.
    var absurd = Script()
    absurd.send(at: -1, flags: [.syn, .rst])
    #expect(try absurd.health().completeness == 33)

    var middle = Script()
    middle.send(at: 0, "abc")
    middle.send(.server, at: 0, "x", flags: [.ack, .fin], ack: 3)
    let joined = try middle.health()
    #expect(joined.completeness == 24)

    var aborted = Script()
    aborted.connect()
    aborted.send(at: 0, "abc")
    aborted.send(.server, at: 0, flags: [.ack, .rst], ack: 3)
    let cut = try aborted.health()
    #expect(cut.completeness == 47)
  }

  @Test func timesTooLongToHoldAreHeldAtTheMost() throws {
    var script = Script()
    script.table.limits.tcpIdle = .max
    script.send(at: -1, flags: .syn)
    script.send(.server, at: -1, flags: [.syn, .ack], after: 5_000_000_000_000)
    script.send(at: 0)
    let health = try script.health()
    #expect(health.synToSynAck == .max)
  }
}
