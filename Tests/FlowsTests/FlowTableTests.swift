import Bytes
import Flows
import Layers
import TestSupport
import Testing

@Suite struct FlowTableTests {
  @Test func theSenderOfTheSYNIsTheClient() throws {
    var script = Script()
    script.connect()
    let opened = try #require(script.sink.opened.first)
    #expect(opened.client.port == 40000)
    #expect(opened.clientKnownBy == .syn)
    #expect(opened.state == .open)
    #expect(opened.stream == 1)
  }

  @Test func theReceiverOfASYNACKIsTheClient() throws {
    var script = Script()
    script.send(.server, at: -1, flags: [.syn, .ack])
    let opened = try #require(script.sink.opened.first)
    #expect(opened.client.port == 40000)
    #expect(opened.clientKnownBy == .synAck)
  }

  @Test func withoutAHandshakeTheFirstSenderIsTheClient() throws {
    var script = Script()
    script.send(.server, at: 10, "x")
    let opened = try #require(script.sink.opened.first)
    #expect(opened.client.port == 80)
    #expect(opened.clientKnownBy == .firstPacket)
  }

  @Test func aKnownPortTellsTheServerWhenPortsAreTrusted() throws {
    var script = Script()
    script.table = FlowTable(trustsPorts: true)
    script.send(.server, at: 10, "x")
    script.send(.client, at: 10, "y")
    script.datagram("answer", from: .server)
    #expect(script.sink.opened.map(\.client.port) == [40000, 40000])
    #expect(script.sink.opened.map(\.clientKnownBy) == [.portHint, .portHint])
    #expect(script.sink.news() == "<xy<answer")
  }

  @Test func aTCPPacketWithoutItsHeaderIsCountedOnly() {
    var script = Script()
    script.connect()
    script.datagram("?", transport: .tcp)
    #expect(script.table.counters.unfollowed == 1)
    #expect(script.sink.opened.count == 1)
  }

  @Test func packetsAndBytesAreCountedForEachSide() throws {
    var script = Script()
    script.connect()
    script.send(at: 0, "hello")
    script.send(at: 0, "hello")
    let conversation = try script.result()
    #expect(conversation.sent.client.packets == 4)
    #expect(conversation.sent.client.bytes == 4 * 54 + 10)
    #expect(conversation.sent.client.payload == 10)
    #expect(conversation.sent.server.packets == 1)
    #expect(conversation.closeReason == .endOfCapture)
    #expect(conversation.state == .open, "its ends did not close it")
  }

  @Test func finFromBothSidesFinishesAConnection() throws {
    var script = Script()
    script.connect()
    script.send(at: 0, "bye", flags: [.ack, .fin])
    script.send(.server, at: 0, flags: [.ack, .fin], ack: 4)
    script.send(at: 4, ack: 1)
    let open = try #require(script.table.conversation(in: 0))
    #expect(open.state == .closed)
    #expect(script.sink.closed.isEmpty, "kept for late packets")
    let conversation = try script.result()
    #expect(conversation.closeReason == .finished)
    #expect(conversation.sent.client.packets == 4)
  }

  @Test func aResetThatFitsEndsAConnectionAndAForgedOneDoesNot() throws {
    var script = Script()
    script.connect()
    script.send(.server, at: 70_000_000, flags: .rst)
    #expect(script.table.conversation(in: 0)?.state == .open)
    script.send(.server, at: 0, flags: .rst)
    #expect(script.table.conversation(in: 0)?.state == .closed)
    let conversation = try script.result()
    #expect(conversation.closeReason == .reset)
    #expect(conversation.health?.resets == 2)
  }

  @Test func aResetBehindALostStretchEndsItsConnection() throws {
    var script = Script()
    script.connect()
    script.send(.server, at: 0, "hello")
    script.send(at: 0, ack: 200_000)
    script.send(.server, at: 300_000, flags: .rst)
    #expect(script.table.conversation(in: 0)?.state == .open, "nobody is there yet")
    script.send(.server, at: 200_000, flags: .rst)
    #expect(script.table.conversation(in: 0)?.closeReason == .reset)
    #expect(try script.result().state == .closed)
  }

  @Test func aRefusedConnectionIsReset() throws {
    var script = Script()
    script.send(at: -1, flags: .syn)
    script.send(.server, at: -1, flags: [.rst, .ack])
    let conversation = try script.result()
    #expect(conversation.closeReason == .reset)
    #expect(conversation.health?.completeness == 37)
  }

  @Test func whatAResetCarriesIsNotPartOfTheStream() {
    var script = Script()
    script.connect()
    script.send(.server, at: 0, "No, thank you.", flags: [.rst, .ack])
    #expect(script.sink.text[.server] == nil)
  }

  @Test func aNewSYNOnPortsInUseBeginsAnotherConversation() {
    var script = Script()
    script.connect()
    script.send(at: 0, "one")
    script.clientISN = 77_000
    script.serverISN = 99_000
    script.connect()
    script.send(at: 0, "two")
    #expect(script.sink.closed.map(\.closeReason) == [.portReuse])
    #expect(script.sink.opened.map(\.stream) == [1, 5])
    #expect(script.sink.text[.client] == "onetwo")
  }

  @Test func theSameSYNAgainIsARetransmission() throws {
    var script = Script()
    script.send(at: -1, flags: .syn)
    script.send(at: -1, flags: .syn, after: 1_000_000)
    #expect(script.sink.opened.count == 1)
    let health = try script.health()
    #expect(health.retransmissions == 1)
    #expect(health.bySide.client.retransmissions == 1)
  }

  @Test func bothEndsMayOpenAtOnce() {
    var script = Script()
    script.send(.client, at: -1, flags: .syn)
    script.send(.server, at: -1, flags: .syn)
    script.send(.client, at: -1, flags: [.syn, .ack])
    script.send(.server, at: -1, flags: [.syn, .ack])
    script.send(.client, at: 0, "hi")
    script.send(.server, at: 0, "ho", ack: 2)
    #expect(script.sink.opened.count == 1)
    #expect(script.sink.text == [.client: "hi", .server: "ho"])
  }

  @Test func dataInTheSYNIsDelivered() {
    var script = Script()
    script.send(at: -1, "GET", flags: .syn)
    script.send(.server, at: -1, flags: [.syn, .ack], ack: 3)
    script.send(at: 3, " /")
    #expect(script.sink.text[.client] == "GET /")
  }

  @Test func datagramsAreDeliveredOneByOne() throws {
    var script = Script()
    script.datagram("question")
    script.datagram("answer", from: .server)
    script.datagram("question")
    #expect(script.sink.news() == "question<answerquestion")
    let conversation = try script.result()
    #expect(conversation.transport == .udp)
    #expect(conversation.sent.client.payload == 16)
    #expect(conversation.health == nil)
  }

  @Test func transportsDoNotMix() {
    var script = Script()
    script.datagram("a", transport: .udp)
    script.datagram("a", transport: .sctp)
    script.datagram("a", transport: .icmp)
    script.datagram("a", transport: .other)
    #expect(script.sink.opened.map(\.transport) == [.udp, .sctp, .icmp])
    #expect(script.table.counters.unfollowed == 1)
    #expect(script.table.counters.packets == 4)
  }

  @Test func idleConversationsEndAndTheirSlotsAreUsedAgain() {
    var limits = FlowLimits()
    limits.udpIdle = 5_000_000_000
    var script = Script(limits)
    script.datagram("a")
    script.clientPort = 40001
    script.datagram("b", after: 3_000_000)
    script.clientPort = 40000
    script.datagram("c", after: 3_000_000)
    script.clientPort = 40002
    script.datagram("d", after: 4_000_000)
    script.datagram("e", after: 100)
    #expect(script.sink.closed.map(\.client.port) == [40001])
    #expect(script.sink.closed.map(\.closeReason) == [.idle])
    #expect(script.table.openCount == 2)
    script.clientPort = 40003
    script.datagram("f")
    #expect(script.table.conversation(in: 1)?.client.port == 40003)
  }

  @Test func oneWrongTimeStampEndsNothing() {
    var script = Script()
    script.connect()
    script.time += 9_000_000_000
    script.send(at: 0, "a", after: 0)
    script.time -= 9_000_000_000
    script.send(at: 1, "b")
    script.send(at: 2, "c")
    #expect(script.sink.closed.isEmpty)
    #expect(script.sink.text[.client] == "abc")
  }

  @Test func theOwnersClockEndsIdleConversationsToo() {
    var script = Script()
    script.connect()
    script.table.expire(at: Timestamp(microseconds: script.time + 1_199_000_000), into: script.sink)
    #expect(script.table.openCount == 1)
    script.table.expire(at: Timestamp(microseconds: script.time + 1_201_000_000), into: script.sink)
    #expect(script.table.openCount == 0)
  }

  @Test func finishedConnectionsGoAfterTheirLinger() {
    var script = Script()
    script.connect()
    script.send(at: 0, flags: [.fin, .ack])
    script.send(.server, at: 0, flags: [.fin, .ack], ack: 1)
    script.table.expire(at: Timestamp(microseconds: script.time + 61_000_000), into: script.sink)
    #expect(script.sink.closed.map(\.closeReason) == [.finished])
  }

  /// A flood of SYNs or datagrams that nobody answers leaves those alone that somebody did.
  @Test func tooManyUnansweredConversationsGoEarlyAndAreCounted() {
    var limits = FlowLimits()
    limits.unansweredConversations = 2
    var script = Script(limits)
    script.connect()
    script.clientPort = 40001
    script.send(at: -1, flags: .syn)
    script.send(at: 0, "of one direction only")
    script.clientPort = 40002
    script.datagram("?")
    script.datagram("!", from: .server)
    for port in 1...5 as ClosedRange<UInt16> {
      script.clientPort = port
      if port == 2 { script.datagram("x") } else { script.send(at: -1, flags: .syn) }
    }
    script.clientPort = 40002
    script.datagram("again")
    #expect(script.table.counters.unansweredEarly == 3)
    #expect(script.table.counters.evicted == 0)
    #expect(script.sink.closed.map(\.client.port) == [1, 2, 3])
    #expect(script.sink.closed.allSatisfy { $0.closeReason == .evicted })
    script.clientPort = 4
    script.send(.server, at: -1, flags: [.syn, .ack])
    script.clientPort = 6
    script.send(at: -1, flags: .syn)
    script.clientPort = 40000
    script.send(at: 0, "a")
    #expect(script.sink.closed.count == 3, "one that was answered gave its place")
    script.finish()
    #expect(script.sink.closed.map(\.client.port) == [1, 2, 3, 40000, 40001, 40002, 4, 5, 6])
    #expect(script.table.openCount == 0)
  }

  @Test func tooManyFinishedConnectionsGoEarlyAndAreCounted() {
    var limits = FlowLimits()
    limits.closedConversations = 2
    var script = Script(limits)
    for port in 1...5 as ClosedRange<UInt16> {
      script.clientPort = port
      script.send(at: -1, flags: .syn)
      script.send(.server, at: -1, flags: [.rst, .ack])
    }
    script.clientPort = 9
    script.datagram("x")
    #expect(script.table.counters.closedEarly == 3)
    #expect(script.sink.closed.map(\.client.port) == [1, 2, 3])
    #expect(script.sink.closed.allSatisfy { $0.closeReason == .reset })
  }

  @Test func aFullTableMakesRoomByItsLongestIdle() {
    var limits = FlowLimits()
    limits.conversations = 2
    var script = Script(limits)
    for port in [40000, 40001, 40000, 40002] as [UInt16] {
      script.clientPort = port
      script.datagram("x", after: 2_000_000)
    }
    #expect(script.sink.closed.map(\.client.port) == [40001])
    #expect(script.sink.closed.map(\.closeReason) == [.evicted])
    #expect(script.table.counters.evicted == 1)
    #expect(script.table.openCount == 2)
  }

  @Test func theEndOfTheCaptureClosesInTheOrderOfStreams() {
    var script = Script()
    for port in (1...50).reversed() as ReversedCollection<ClosedRange<UInt16>> {
      script.clientPort = port
      script.datagram("x")
    }
    script.finish()
    #expect(script.sink.closed.map(\.stream) == Array(1...50))
    #expect(script.table.openCount == 0)
  }

  @Test func openConversationsCanBeListed() {
    var script = Script()
    script.connect()
    script.send(at: 0, "hello")
    script.clientPort = 5
    script.datagram("x")
    var seen: [(Int, UInt64)] = []
    script.table.forEachOpen { seen.append(($0, $1.sent.client.payload)) }
    #expect(seen.map(\.0) == [0, 1])
    #expect(seen.map(\.1) == [5, 1])
    #expect(script.table.conversation(in: 7) == nil)
  }

  // MARK: Packets captured twice

  @Test func aCopyFromAnotherInterfaceIsCountedOnly() throws {
    var script = Script()
    script.send(at: -1, flags: .syn)
    script.send(at: -1, flags: .syn, after: 5, interface: 1)
    script.send(.server, at: -1, flags: [.syn, .ack])
    script.send(.server, at: -1, flags: [.syn, .ack], after: 5, interface: 1)
    script.datagram("q")
    script.datagram("q", after: 5, interface: 1)
    #expect(script.table.counters.duplicates == 3)
    #expect(script.sink.text[.client] == "q")
    script.finish()
    #expect(script.sink.closed.map(\.health?.retransmissions) == [0, nil])
  }

  /// IPv6 has no identification, and Linux gives 0 to SYN-ACKs and replies over UDP. Where a packet
  /// begins, its checksum is not finished yet: the two ends of a connection show different ones.
  @Test func aCopyNeedNotHaveTheSameChecksum() throws {
    var script = Script()
    script.send(at: -1, flags: .syn, checksum: 0x1111)
    script.send(at: -1, flags: .syn, after: 5, interface: 1, checksum: 0x2222)
    script.send(.server, at: -1, flags: [.syn, .ack], checksum: 0x3333)
    script.send(.server, at: -1, flags: [.syn, .ack], after: 5, interface: 1, checksum: 0x4444)
    script.send(at: 0, "abc", checksum: 0x5555)
    // Sent again by a sender whose clock went on, and seen on both interfaces.
    script.send(at: 0, "abc", after: 50, checksum: 0x5556)
    script.send(at: 0, "abc", after: 5, interface: 1, checksum: 0x7777)
    #expect(script.table.counters.duplicates == 3)
    let conversation = try script.result()
    #expect(conversation.copies == BySide(client: 2, server: 1))
    #expect(conversation.health?.retransmissions == 1)
  }

  @Test func aConnectionCapturedTwiceOnOneInterfaceIsRecognised() throws {
    var script = Script()
    for (side, at, flags, text) in [
      (Side.client, -1, TCPFlags.syn, ""), (.server, -1, [.syn, .ack], ""),
      (.client, 0, .ack, ""), (.client, 0, [.ack, .psh], "GET"),
    ] as [(Side, Int, TCPFlags, String)] {
      script.send(side, at: at, text, flags: flags)
      script.send(side, at: at, text, flags: flags, after: 3)
    }
    let conversation = try script.result()
    #expect(script.table.counters.duplicates == 4)
    #expect(conversation.copies == BySide(client: 3, server: 1))
    #expect(conversation.sent.client.packets == 3)
    #expect(conversation.health?.retransmissions == 0)
    #expect(conversation.health?.duplicateACKs == 0)
  }

  @Test func retransmissionsAndDuplicateACKsAreNoCopies() throws {
    var script = Script()
    script.connect()
    script.send(at: 0, "abc")
    script.send(.server, at: 0, ack: 0, after: 10)
    script.send(.server, at: 0, ack: 0, after: 10)
    script.send(.server, at: 0, ack: 0, after: 10)
    script.send(at: 0, "abc", after: 10)
    #expect(script.table.counters.duplicates == 0)
    let health = try script.health()
    #expect(health.duplicateACKs == 3)
    #expect(health.fastRetransmissions == 1)
  }

  /// Captured twice on one interface, every packet but the first of the data, which came once, and
  /// a real retransmission and repeated acknowledgments amid them.
  @Test func whatIsSentAgainIsNewsInADoubledCaptureToo() throws {
    var script = Script()
    var id: UInt16 = 100
    func twice(_ side: Side, at: Int, _ text: String, ack: Int, after: Int64) {
      id += 1
      for delay in [after, 3] {
        script.send(side, at: at, text, ack: ack, after: delay, id: id)
      }
    }
    for (side, flags) in [(Side.client, TCPFlags.syn), (.server, [.syn, .ack])] {
      script.send(side, at: -1, flags: flags)
      script.send(side, at: -1, flags: flags, after: 3)
    }
    script.send(at: 0, id: 9)
    script.send(at: 0, "abc", id: 10)
    script.send(at: 0, "abc", after: 4, id: 10)
    twice(.client, at: 3, "def", ack: 0, after: 100)
    for _ in 0..<3 { twice(.server, at: 0, "", ack: 0, after: 100) }
    twice(.client, at: 0, "abc", ack: 0, after: 100)
    twice(.server, at: 0, "", ack: 6, after: 100)
    let conversation = try script.result()
    #expect(conversation.copies.sum == 9)
    #expect(conversation.sent.client.packets == 5)
    #expect(conversation.sent.server.packets == 5)
    #expect(conversation.health?.duplicateACKs == 3)
    #expect(conversation.health?.retransmissions == 1)
    #expect(conversation.health?.fastRetransmissions == 1)
    #expect(script.sink.text[.client] == "abcdef")
  }

  /// A log or a tap that doubles some packets does not make a doubled capture.
  @Test func aFewEqualPacketsAreCountedAsTheyCame() throws {
    var script = Script()
    script.send(at: -1, flags: .syn, id: 7)
    script.send(at: -1, flags: .syn, after: 1, id: 7)
    script.send(.server, at: -1, flags: [.syn, .ack])
    script.send(at: 0)
    for offset in 0..<4 { script.send(at: offset, "x", id: UInt16(8 + offset)) }
    let conversation = try script.result()
    #expect(script.table.counters.duplicates == 0)
    #expect(conversation.copies == BySide(client: 0, server: 0))
    #expect(conversation.sent.client.packets == 7)
    #expect(conversation.health?.retransmissions == 1)
  }

  @Test func anotherIdentificationIsAnotherPacket() throws {
    var script = Script()
    script.connect()
    script.send(at: 0, "abc", id: 1)
    script.send(at: 0, "abc", after: 5, interface: 1, id: 2)
    #expect(script.table.counters.duplicates == 0)
    #expect(try script.health().retransmissions == 1)
  }

  /// An identification and a length that differ in one bit each do not make up for each other.
  @Test(arguments: 0..<8) func aSegmentIsNoCopyOfTheAcknowledgmentBeforeIt(bit: Int) throws {
    var script = Script()
    let text = String(repeating: "x", count: 1 << bit)
    script.send(at: 0, id: 0x4000)
    script.send(at: 0, text, after: 5, interface: 1, id: 0x4000 | 1 << UInt16(bit))
    #expect(script.table.counters.duplicates == 0)
    #expect(try script.result().sent.client.packets == 2)
    #expect(script.sink.text[.client] == text)
  }

  @Test func aDatagramThatComesTwiceAtOnceIsOne() throws {
    var script = Script()
    script.datagram("q", id: 5)
    script.datagram("q", after: 20, id: 5)
    script.datagram("q", after: 20, id: 6)
    script.datagram("r")
    script.datagram("r", after: 20)
    #expect(script.sink.text[.client] == "qqrr")
    let conversation = try script.result()
    #expect(script.table.counters.duplicates == 1)
    #expect(conversation.copies.client == 1)
  }

  /// Captured where it enters a tunnel and where the tunnel leaves.
  @Test func aPacketInsideATunnelIsACopyOfThePlainOne() throws {
    var script = Script()
    script.datagram("q")
    script.datagram("q", after: 5, marks: .tunnelled)
    #expect(script.sink.text[.client] == "q")
    #expect(try script.result().copies.client == 1)
  }

  @Test func beyondTheLimitOnSuspectsRepetitionsCountAsTheyCame() throws {
    var limits = FlowLimits()
    limits.suspectedConnections = 0
    var script = Script(limits)
    script.send(at: -1, flags: .syn, id: 3)
    script.send(at: -1, flags: .syn, after: 2, id: 3)
    #expect(script.table.counters.unsuspected == 1)
    #expect(try script.result().sent.client.packets == 2)
  }

  @Test func withoutAWindowEveryPacketStandsForItself() {
    var limits = FlowLimits()
    limits.duplicateWindow = 0
    var script = Script(limits)
    script.send(at: -1, flags: .syn)
    script.send(at: -1, flags: .syn, after: 5, interface: 1)
    #expect(script.table.counters.duplicates == 0)
  }

  // MARK: Hostile packets

  @Test func aFalseLengthDoesNotReachRoundTheSequenceSpace() {
    var script = Script()
    script.connect()
    script.send(at: 50, "x", cut: 1 << 33)
    script.send(at: 60, "y", cut: 1 << 33)
    script.send(at: 0, "a", cut: 1 << 40)
    script.finish()
    #expect(script.sink.text[.client]?.first == "a")
  }

  @Test func ofADatagramThatWasCutTheLossIsToldFirst() {
    var script = Script()
    script.datagram("begin", cut: 7)
    script.datagram("whole")
    #expect(script.sink.news() == "[7]beginwhole")
    #expect(script.table.counters.bytesLost == 7)
  }

  @Test func timesAtTheEdgesOfTheClockDoNoHarm() throws {
    var script = Script()
    for (index, time) in [0, Int64.min, .max, -1, .min, .max].enumerated() {
      var packet = Decoded(
        number: UInt64(index), timestamp: Timestamp(nanoseconds: time), source: IPAddress(v4: 1),
        destination: IPAddress(v4: 2), sourcePort: 1, destinationPort: 2, transport: .tcp,
        payload: 0..<0, declaredPayload: 0, frameLength: 54)
      packet.tcp = TCPFields(
        sequence: 9, acknowledgment: UInt32(index), flags: index % 2 == 0 ? .syn : [.syn, .ack],
        window: 1)
      script.table.receive(packet, payload: [UInt8]().rawSpan, into: script.sink)
    }
    script.finish()
    #expect(script.sink.opened.count == script.sink.closed.count)
  }

  @Test func whatBothSidesLostIsToldInTheOrderItWasSent() throws {
    var script = Script()
    script.connect()
    script.send(at: 0, "ask")
    // Its answer and the next question are lost.
    script.send(.server, at: 4, "next", ack: 8)
    _ = script.sink.news()
    script.send(at: 8, ack: 8)
    #expect(script.sink.news() == "[5]<[4]<next")
    script.send(at: 8, "more", ack: 8)
    #expect(script.sink.news() == "more")
  }

  /// Of bytes that were not captured it is known at once that the other side has them, and it goes on.
  @Test func whatASideHasHeardIsToldBeforeWhatItSays() {
    var limits = FlowLimits()
    limits.earlyWait = 0
    var script = Script(limits)
    script.connect()
    script.send(at: 0, "one")
    // The answer is lost.
    script.send(at: 3, "two", ack: 4)
    #expect(script.sink.heard == [4])
    script.send(at: 6, "three", ack: 4)
    script.send(at: 11, ack: 6)
    #expect(script.sink.heard == [4])
    script.send(at: 11, "four", ack: 6)
    #expect(script.sink.heard == [4, 6])
    _ = script.sink.news()
    script.send(.server, at: 6, "end", ack: 15)
    #expect(script.sink.news() == "<[6]<end")
    script.send(at: 15, "five", ack: 9)
    // The server has what comes only now.
    script.send(.server, at: 9, "yes", ack: 22)
    script.send(at: 19, "six", ack: 9)
    #expect(script.sink.heard == [4, 6, 3])
  }

  // MARK: Packets captured before what they answer

  @Test func aReplyThatWasCapturedBeforeItsRequestComesBehindIt() {
    var script = Script()
    script.connect()
    _ = script.sink.news()
    script.send(.server, at: 0, "reply", ack: 7)
    script.send(.server, at: 5, "more", ack: 7, after: 5)
    #expect(script.sink.news() == "-")
    script.send(at: 0, "req", after: 5)
    #expect(script.sink.news() == "req")
    script.send(at: 3, "uest", after: 5)
    #expect(script.sink.news() == "uest<reply<more")
    #expect(script.sink.heard.isEmpty)
    let counters = script.table.counters
    #expect(counters.earlyPackets == 2 && counters.earlyInVain == 0 && counters.gapsLost == 0)
  }

  /// One direction is ahead by more than a question and its answer: each answer goes when its question
  /// has come, for the next question acknowledges it.
  @Test func answersThatWaitGoEachBehindItsQuestion() {
    var script = Script()
    script.connect()
    _ = script.sink.news()
    for number in 0..<3 {
      script.send(.server, at: 2 * number, "a\(number)", ack: 3 * number + 3, after: 50)
    }
    #expect(script.sink.news() == "-")
    for number in 0..<3 {
      script.send(at: 3 * number, "ask", ack: 2 * number, after: 50)
      #expect(script.sink.news() == "ask<a\(number)")
    }
    #expect(script.sink.heard.isEmpty)
    #expect(script.table.counters.earlyInVain == 0 && script.table.counters.gapsLost == 0)
  }

  /// Acknowledgments take no room, and what was waited for on one side in vain says nothing of the other.
  @Test func whatWaitedInVainOnOneSideSaysNothingOfTheOther() {
    var script = Script()
    // The numbers of the server are ahead of the client's.
    script.send(at: 0, "hello")
    script.send(.server, at: 0, "welcome", ack: 5, after: 20)
    #expect(script.table.counters.earlyInVain == 1)
    _ = script.sink.news()
    script.send(.server, at: 7, "a0", ack: 8, after: 20)
    for heard in 9..<20 { script.send(.server, at: 9, ack: heard, after: 1) }
    script.send(.server, at: 9, "a1", ack: 20, after: 20)
    script.send(at: 5, "ask", ack: 7, after: 20)
    script.send(at: 8, "and once more", ack: 9, after: 20)
    #expect(script.sink.news() == "ask<a0and once more<a1")
    #expect(script.table.counters.earlyOverflows == 0)
  }

  /// What is left has its own time, behind those that have gone.
  @Test func whatIsLeftOfThoseThatWaitHasItsGrace() {
    var script = Script()
    script.connect()
    script.send(.server, at: 0, "a0", ack: 3)
    script.send(.server, at: 2, "a1", ack: 6, after: 2_000)
    script.send(at: 0, "ask", after: 500)
    #expect(script.sink.news() == "ask<a0")
    script.table.pass(to: Timestamp(microseconds: script.time + 2_000), into: script.sink)
    #expect(script.sink.news() == "-")
    script.table.pass(to: Timestamp(microseconds: script.time + 2_600), into: script.sink)
    #expect(script.sink.news() == "<a1" && script.table.counters.earlyInVain == 1)
  }

  /// An acknowledgment of what came before was sent before the question: it says nothing of it.
  @Test func acknowledgmentsThatWereSentBeforeSayNothingOfWhatIsAwaited() {
    var script = Script()
    script.connect()
    script.send(.server, at: 0, "hello")
    _ = script.sink.news()
    script.send(.server, at: 5, "reply", ack: 7)
    script.send(at: 0, ack: 5, after: 5)
    #expect(script.sink.news() == "-")
    script.send(at: 0, "request", ack: 5, after: 5)
    #expect(script.sink.news() == "request<reply")
    // One that was sent behind the next question says that it is lost.
    script.send(.server, at: 10, "again", ack: 14)
    script.send(at: 14, ack: 10, after: 5)
    #expect(script.sink.news() == "<again")
    #expect(script.table.counters.earlyInVain == 1)
  }

  /// The server's side is ahead by the handshake as well.
  @Test func aReplyBeforeTheHandshakeComesBehindItsRequest() {
    var script = Script()
    script.send(.server, at: -1, flags: [.syn, .ack])
    script.send(.server, at: 0, ack: 7)
    script.send(.server, at: 0, "reply", ack: 7)
    script.send(at: -1, flags: .syn)
    script.send(at: 0)
    #expect(script.sink.news() == "-")
    script.send(at: 0, "request")
    #expect(script.sink.news() == "request<reply" && script.sink.heard.isEmpty)
  }

  /// Nobody knows where the other side is, but what is acknowledged.
  @Test func aConnectionJoinedInTheMiddleMayBeginWithAReply() {
    var script = Script()
    script.send(.server, at: 500, "reply", ack: 907)
    script.send(at: 900, ack: 500)
    #expect(script.sink.news() == "-")
    script.send(at: 900, "re", ack: 500)
    script.send(at: 902, "quest", ack: 500)
    // Whoever is seen first is taken for the client.
    #expect(script.sink.news() == "<re<questreply")
    script.clientPort = 40_001
    script.send(.server, at: 500, "reply", ack: 907)
    // It was sent behind the reply.
    script.send(at: 907, "next", ack: 505)
    #expect(script.sink.news() == "reply<next")
  }

  /// Where one side alone was captured only its beginning waits.
  @Test func ofOneSideAloneNothingWaitsTwice() {
    var script = Script()
    script.send(at: -1, flags: .syn)
    for number in 0..<20 {
      script.send(at: number, "x", ack: 9 * number, after: 2_000)
    }
    #expect(script.table.counters.earlyPackets == 2)
    script.finish()
    #expect(script.sink.text[.client] == String(repeating: "x", count: 20))
    #expect(script.table.counters.earlyInVain == 1)
  }

  /// The first packet of the other side that is not the next one says that the next one is lost.
  @Test(arguments: [0, 3_000_000] as [Int64])
  func whatIsLostIsToldInTheOrderItWasWithoutWaiting(wait: Int64) {
    var limits = FlowLimits()
    limits.earlyWait = wait
    var script = Script(limits)
    script.connect()
    _ = script.sink.news()
    script.send(.server, at: 0, "reply", ack: 7)
    script.send(at: 7, "next", ack: 5)
    #expect(script.sink.news() == "<reply[7]next")
    #expect(script.sink.heard == [7])
    script.send(.server, at: 5, "again", ack: 11)
    #expect(script.sink.news() == "<again")
    #expect(script.table.counters.earlyInVain == (wait == 0 ? 0 : 1))
  }

  @Test func nothingWaitsLongerThanItsGrace() {
    func held(_ limits: FlowLimits = FlowLimits()) -> Script {
      var script = Script(limits)
      script.connect()
      _ = script.sink.news()
      script.send(.server, at: 0, "reply", ack: 7)
      return script
    }
    // Time passes with the packets of others.
    var others = held()
    others.clientPort = 40_001
    others.send(at: -1, flags: .syn, after: 2_000)
    #expect(others.sink.news() == "-")
    others.send(at: 0, after: 2_000)
    #expect(others.sink.news() == "<reply" && others.sink.heard == [7])
    var idle = held()
    idle.table.expire(at: Timestamp(microseconds: idle.time + 4_000), into: idle.sink)
    #expect(idle.sink.news() == "<reply")
    var over = held()
    over.finish()
    #expect(over.sink.news() == "<reply[7]")
    var reset = held()
    reset.send(.server, at: 5, flags: .rst, after: 1)
    #expect(reset.sink.news() == "<reply")
    // It has waited once: what follows goes on at once.
    var download = held()
    for number in 1..<20 {
      download.send(.server, at: 5 * number, "reply", ack: 7, after: 1)
    }
    #expect(download.sink.news() == String(repeating: "<reply", count: 20))
    #expect(download.table.counters.earlyPackets == 8)
    #expect(download.table.counters.earlyOverflows == 1)
    var limits = FlowLimits()
    limits.earlyBytes = 100
    var small = held(limits)
    small.send(.server, at: 5, String(repeating: "x", count: 100), ack: 7, after: 1)
    #expect(small.sink.news().hasPrefix("<reply<x") && small.table.counters.earlyOverflows == 1)
    limits.earlyConnections = 0
    small = held(limits)
    #expect(small.sink.news() == "<reply" && small.table.counters.earlyOverflows == 1)
  }

  /// Two queues, one for each direction, of which either may be ahead: what comes out is the talk.
  @Test(arguments: 0..<10) func directionsOutOfTurnAreTheSameTalk(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    var (inTurn, outOfTurn) = (Script(), Script())
    inTurn.connect()
    outOfTurn.connect()
    var (client, server) = (0, 0)
    for number in 0..<200 {
      let (asked, said) = ("question\(number)", "answer\(number)")
      let heard = client + asked.utf8.count
      inTurn.send(at: client, asked, ack: server, after: 5_000)
      inTurn.send(.server, at: server, said, ack: heard, after: 10)
      if Bool.random(using: &random) {
        outOfTurn.send(.server, at: server, said, ack: heard, after: 5_000)
        outOfTurn.send(at: client, asked, ack: server, after: 10)
      } else {
        outOfTurn.send(at: client, asked, ack: server, after: 5_000)
        outOfTurn.send(.server, at: server, said, ack: heard, after: 10)
      }
      (client, server) = (heard, server + said.utf8.count)
    }
    #expect(inTurn.sink.news() == outOfTurn.sink.news())
    #expect(outOfTurn.sink.heard.isEmpty && outOfTurn.table.counters.gapsLost == 0)
  }

  /// Whatever the capture loses, the bytes of each side and what is lost of them are the same.
  @Test(arguments: 0..<20) func waitingChangesNoStream(seed: Int) {
    func run(wait: Int64) -> (text: [Side: String], counters: FlowCounters) {
      var random = SeededGenerator(seed: UInt64(seed))
      var limits = FlowLimits()
      limits.earlyWait = wait
      var script = Script(limits)
      script.connect()
      var sent = BySide(client: 0, server: 0)
      for _ in 0..<400 {
        let side: Side = Bool.random(using: &random) ? .client : .server
        let count = Int.random(in: 1...9, using: &random)
        let text = String(repeating: side == .client ? "q" : "a", count: count)
        let pause = Int64.random(in: 1...2_000, using: &random)
        if Int.random(in: 0..<4, using: &random) > 0 {
          script.send(side, at: sent[side], text, ack: sent[side.other], after: pause)
        }
        sent[side] += text.utf8.count
      }
      script.finish()
      return (script.sink.text, script.table.counters)
    }
    let (with, without) = (run(wait: 3_000_000), run(wait: 0))
    #expect(with.text == without.text)
    #expect(with.counters.bytesLost == without.counters.bytesLost)
    #expect(with.counters.gapsLost == without.counters.gapsLost)
    #expect(with.counters.earlyPackets > 0)
  }

  /// Random headers on few ports: nothing traps, and what goes in is accounted for.
  @Test(arguments: 0..<20) func randomPacketsDoNoHarm(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    var limits = FlowLimits()
    limits.conversations = 8
    limits.pendingBytesPerSide = 2000
    var script = Script(limits)
    let edges: [Int] = [0, 1, -1, 0x7fff_ffff, -0x8000_0000, 1 << 26, -(1 << 26), 70000]
    for _ in 0..<4000 {
      script.clientPort = UInt16.random(in: 1...12, using: &random)
      let base = edges.randomElement(using: &random) ?? 0
      script.send(
        Bool.random(using: &random) ? .client : .server,
        at: base &+ Int.random(in: -40...40, using: &random),
        String(repeating: "x", count: Int.random(in: 0...30, using: &random)),
        flags: TCPFlags(rawValue: UInt16.random(in: 0...255, using: &random)),
        ack: (edges.randomElement(using: &random) ?? 0) &+ Int.random(in: -40...40, using: &random),
        window: UInt16.random(in: 0...3, using: &random),
        scale: Bool.random(using: &random) ? UInt8.random(in: 0...255, using: &random) : nil,
        cut: Int.random(in: 0...2, using: &random) == 0 ? 5 : 0,
        after: Int64.random(in: -1000...2_000_000, using: &random))
      #expect(script.table.openCount <= 8)
    }
    script.finish()
    #expect(script.table.openCount == 0)
    #expect(script.sink.opened.count == script.sink.closed.count)
    #expect(UInt64(script.sink.closed.count) == script.table.counters.conversations)
  }

  // MARK: VLANs

  @Test func theFirstTagsAreThoseOfTheConversation() throws {
    var script = Script()
    // The interface of the VLAN sees the packet before it gets its tag.
    script.datagram("q", id: 3)
    script.datagram("q", after: 5, interface: 1, id: 3, vlan: 42)
    script.datagram("r", from: .server, vlan: 43)
    #expect(script.sink.tagged.map(\.outer) == [42])
    let conversation = try script.result()
    #expect(conversation.tags.outer == 42)
    #expect(conversation.copies.client == 1)
    var tagged = Script()
    tagged.datagram("q", vlan: 7)
    #expect(tagged.sink.opened.first?.tags.outer == 7)
    #expect(tagged.sink.tagged.isEmpty)
  }
}
