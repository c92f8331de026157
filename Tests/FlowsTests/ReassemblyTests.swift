import Bytes
import Flows
import Layers
import TestSupport
import Testing

/// Timelines: what arrives above, what is delivered below.
@Suite struct ReassemblyTests {
  @Test func segmentsInOrderPassAtOnce() {
    #expect(timeline("0:abcd 4:efgh 8:ij") == "abcd efgh ij")
  }

  @Test func aGapHoldsBackUntilItClosesAndALateOverlapChangesNothing() {
    #expect(timeline("0:abcd 8:ij 4:efgh 2:CD") == "abcd - efghij -")
  }

  @Test func repeatedSegmentsAreDeliveredOnce() {
    #expect(timeline("0:abcd 0:abcd 2:cdef 0:abcdef") == "abcd - ef -")
  }

  @Test func bytesSeenFirstWinWhereSegmentsOverlap() {
    #expect(timeline("0:ab 4:EF 2:cdefgh") == "ab - cdEFgh")
    #expect(timeline("0:ab 4:EF 3:DxyG 2:c") == "ab - - cDEFG")
    #expect(timeline("2:CD 6:GH 0:abcdefghij") == "- - abCDefGHij")
  }

  @Test func aGapThatTheOtherSideConfirmsIsLostAtOnce() {
    #expect(timeline("0:ab 4:ef ack4 6:gh") == "ab - [2]ef gh")
    #expect(timeline("0:ab 4:ef ack3 2:cd") == "ab - - cdef")
  }

  @Test func anAcknowledgmentBeforeTheDataBehindTheGapCountsToo() {
    #expect(timeline("0:ab ack6 6:gh") == "ab - [4]gh")
  }

  @Test func theNextSegmentMayComeLaterThanItsAcknowledgment() {
    #expect(timeline("0:ab ack4 2:cd 4:ef") == "ab - cd ef")
  }

  @Test func whatStillWaitsAtTheEndIsDeliveredWithItsGaps() {
    #expect(timeline("0:ab 4:ef 8:ij end") == "ab - - [2]ef[2]ij")
    #expect(timeline("0:ab ack9 end") == "ab - [7]")
  }

  @Test func theCutTailOfAPacketIsLost() {
    #expect(timeline("0:ab+2 4:ef") == "ab[2] ef")
    #expect(timeline("4:ef+2 8:ij 0:abcd") == "- - abcdef[2]ij")
    #expect(timeline("0:ab+4 3:DEFG") == "ab[4] G")
  }

  @Test func theEndOfAStreamWaitsForItsLastByte() {
    #expect(timeline("0:ab fin4 2:cd") == "ab - cd.")
    #expect(timeline("0:ab fin2 fin2") == "ab . -")
    #expect(timeline("0:ab fin4 end") == "ab - -")
    #expect(timeline("0:ab fin4 ack5 end") == "ab - - [2].")
  }

  @Test func nothingFollowsTheEndOfAStream() {
    #expect(timeline("0:ab fin2 2:x 3:yz end") == "ab . - - -")
    #expect(timeline("0:ab 6:gh fin4 2:cd end") == "ab - - cd. -")
    #expect(
      timeline("0:ab fin2 900000000:uv 900000002:wx 900000004:yz end") == "ab . - - - -")
  }

  @Test func keepAlivesDeliverNothing() {
    #expect(timeline("0:abcd 3:X 4:ef") == "abcd - ef")
  }

  @Test func sequenceNumbersMayWrap() {
    #expect(timeline("0:abcd 8:ij 4:efgh", isn: .max - 5) == "abcd - efghij")
    #expect(timeline("0:abcd 4:efgh", isn: .max) == "abcd efgh")
  }

  @Test func aSegmentFromElsewhereIsLeftOutUntilItsStreamGoesOn() {
    #expect(timeline("0:ab 900000000:zz 2:cd") == "ab - cd")
    #expect(
      timeline("0:ab 900000000:uv 900000002:wx 900000004:yz 900000006:!")
        == "ab - - [900000002]yz !")
  }

  @Test func waitingBytesAreBoundedForOneSide() {
    var limits = FlowLimits()
    limits.pendingBytesPerSide = 200
    #expect(timeline("0:a 2:c 4:e 6:g 8:i", limits: limits) == "a - - - [1]c")
  }

  @Test func waitingBytesAreBoundedInAll() {
    var limits = FlowLimits()
    limits.pendingBytes = 0
    #expect(timeline("0:a 2:c 4:e", limits: limits) == "a [1]c [1]e")
  }

  @Test func aLossIsDatedByTheAcknowledgmentThatProvedIt() {
    var script = Script()
    script.connect()
    script.send(at: 0, "ab")
    script.send(.server, at: 0, "x", ack: 6)  // packet 5: it had four bytes nobody captured
    script.send(at: 6, "gh", ack: 1)
    #expect(script.sink.lostMoments.map(\.packet) == [5])
    #expect(script.sink.text[.client] == "ab[4]gh")
  }

  @Test func whatAReplyAcknowledgesIsSettledBeforeTheReply() {
    var script = Script()
    script.connect()
    _ = script.sink.news()
    script.send(at: 0, "GE")
    script.send(at: 4, "/1")
    script.send(.server, at: 0, "OK", ack: 6)
    #expect(script.sink.news() == "GE[2]/1<OK")
  }

  @Test func aStreamJoinedInTheMiddleBeginsWithItsFirstSegment() {
    var script = Script()
    script.send(at: 700, "abc")
    script.send(at: 703, "def")
    script.send(.server, at: 90, "x", ack: 706)
    #expect(script.sink.text[.client] == "abcdef")
    #expect(script.sink.text[.server] == "x")
    #expect(script.sink.opened.first?.state == .inProgress)
  }

  @Test func aKeepAliveDoesNotBeginAStream() {
    var script = Script()
    script.send(.server, at: 0, "x", ack: 700)
    script.send(.client, at: 699, "\0", ack: 1)
    script.send(.client, at: 700, "abc", ack: 1)
    #expect(script.sink.text == [.client: "x", .server: "abc"], "the first sender is the client")
  }

  @Test func withOneDirectionOnlyGapsAreGivenUpAfterAWhile() {
    var script = Script()
    script.send(at: 0, "ab")
    script.send(at: 4, "ef")
    script.send(at: 8, "ij", after: 2_000_000)
    #expect(script.sink.text[.client] == "ab")
    script.send(at: 10, "kl", after: 2_000_000)
    #expect(script.sink.text[.client] == "ab[2]ef")
  }

  /// The reordering law: whatever the network does to the segments inside the window, the same
  /// bytes come out.
  @Test(arguments: 0..<60) func anyOrderGivesTheSameBytes(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let stream = (0..<5000).map { _ in UInt8.random(in: 33...126, using: &random) }
    var segments: [(Int, Int)] = []
    var at = 0
    while at < stream.count {
      let end = min(stream.count, at + Int.random(in: 1...300, using: &random))
      // Some reach back into the one before, or ahead into the next; some come twice.
      let from = max(
        0, at - (Bool.random(using: &random) ? Int.random(in: 0...80, using: &random) : 0))
      let until = min(
        stream.count,
        end + (Bool.random(using: &random) ? Int.random(in: 0...80, using: &random) : 0))
      segments.append((from, until))
      if Int.random(in: 0..<4, using: &random) == 0 { segments.append((at, end)) }
      at = end
    }
    segments.shuffle(using: &random)
    var script = Script()
    script.clientISN = UInt32.random(in: 0 ... .max, using: &random)
    script.connect()
    for (from, until) in segments {
      script.send(at: from, String(decoding: stream[from..<until], as: UTF8.self))
    }
    #expect(script.sink.bytes[.client] == stream)
    #expect(script.table.counters.bytesLost == 0)
    #expect(script.table.counters.gapsLost == 0)
  }
}
