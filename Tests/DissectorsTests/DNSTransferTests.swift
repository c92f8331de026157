import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Testing

/// Zone transfers: replies in many messages.
@Suite struct DNSTransferTests {
  @Test func allMessagesOfATransferAreOneReply() throws {
    let calls = Self.zone.calls()
    let call = try #require(calls.first)
    #expect(calls.count == 2 && calls.allSatisfy { $0.fault == nil })
    #expect(call.texts(.dnsQuestionTypes) == ["AXFR"])
    #expect(call.int(.dnsRecords) == 6)
    #expect(call.texts(.dnsAnswers) == ["ns.example", "10.0.0.1", "10.0.0.2", "10.0.0.3"])
    #expect(call.responseSize == Self.zoneSize)
    // From the question to the last message, three turns later.
    #expect(call.elapsed == 3000)
    let response = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    #expect(response?["transfer"] == ["messages": 3, "records": 6])
    #expect(
      response?["answers"]?.array?.compactMap { $0["name"]?.string } == [
        "example", "example", "a.example", "b.example", "c.example", "example",
      ])
    // The connection goes on to be used.
    #expect(calls[1].texts(.dnsAnswers) == ["10.0.0.9"])
  }

  @Test func theLawsHold() {
    Laws.split(Self.zone)
    Laws.truncation(Self.zone)
    Laws.mutation(Self.zone)
    Laws.reordering(Self.zone)
    Laws.split(Self.changes)
    Laws.truncation(Self.changes)
  }

  /// RFC 1995 §7: a host has got another address, in two steps.
  @Test func changesEndWithTheNewVersion() throws {
    let calls = Self.changes.calls()
    #expect(calls.count == 1 && calls.first?.fault == nil)
    #expect(calls.first?.texts(.dnsQuestionTypes) == ["IXFR"])
    #expect(calls.first?.int(.dnsRecords) == 9)
  }

  /// Who is up to date gets one record, and no more follows.
  @Test func nothingNewIsOneRecord() {
    var talk = Talk(serverPort: 53)
    talk.says(.client, Self.changesQuestion(since: 3))
    talk.says(.server, Self.reply(id: 1, 251).start(3).framed)
    talk.says(.client, DNSWire(id: 1).asking("x.example", 1).framed)
    talk.says(.server, DNSWire(id: 1, flags: 0x8180).asking("x.example", 1).framed)
    let calls = talk.calls()
    #expect(calls.map(\.hasResponse) == [true, true])
    #expect(calls.map(\.fault) == [nil, nil])
    #expect(calls.first?.int(.dnsRecords) == 1)
  }

  /// Servers may put each record into a message of its own.
  @Test func changesMayComeRecordByRecord() {
    var talk = Talk(serverPort: 53)
    talk.says(.client, Self.changesQuestion(since: 2))
    for serial: UInt32 in [3, 2, 3, 3] {
      talk.says(.server, DNSWire(id: 1, flags: 0x8400).start(serial).framed)
    }
    let calls = talk.calls()
    #expect(calls.count == 1 && calls.first?.fault == nil)
    #expect(calls.first?.int(.dnsRecords) == 4)
  }

  @Test func transfersMayInterleave() {
    var talk = Talk(serverPort: 53)
    talk.says(.client, DNSWire(id: 1).asking("a", 252).framed)
    talk.says(.client, DNSWire(id: 2).asking("b", 252).framed)
    for id: UInt16 in [1, 2, 2, 1] {
      talk.says(.server, DNSWire(id: id, flags: 0x8400).start(UInt32(id)).framed)
    }
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.texts(.dnsQuestions) } == [["a"], ["b"]])
    #expect(calls.map { $0.int(.dnsRecords) } == [2, 2])
    #expect(calls.map(\.fault) == [nil, nil])
  }

  @Test func aTransferThatIsCutTellsWhatCame() throws {
    for cause in ["end", "gap", "capture"] {
      var talk = Self.zone
      talk.turns.removeSubrange(3...)
      if cause == "gap" { talk.lost(.server, 400) }
      if cause == "end" { talk.finishes(.server) }
      if cause == "capture" { talk.closeReason = .endOfCapture }
      let call = try #require(talk.calls().first)
      // The capture lacks bytes, or the connection ended before they came.
      #expect(call.fault?.kind == (cause == "end" ? .connection : .dissection), "\(cause)")
      #expect(call.hasRequest && call.hasResponse)
      #expect(call.int(.dnsRecords) == 4)
      #expect(call.text(.details)?.contains(#""messages":2,"records":4"#) == true)
    }
  }

  /// The side that asks may have said all it has to say.
  @Test func theQuestionersEndDoesNotCutIt() {
    var talk = Self.zone
    talk.turns.removeSubrange(4...)
    talk.turns.insert(.finishes(.client), at: 1)
    #expect(talk.calls().map(\.fault) == [nil])
    #expect(talk.calls().map { $0.int(.dnsRecords) } == [6])
  }

  @Test func aFailureInTheMiddleEndsIt() {
    var talk = Self.zone
    talk.turns[3] = .says(.server, DNSWire(id: 1, flags: 0x8402).framed)
    let call = talk.calls().first
    #expect(call?.text(.dnsRcode) == "SERVFAIL")
    #expect(call?.failed == true && call?.fault == nil)
    #expect(call?.int(.dnsRecords) == 4)
  }

  @Test func whatIsBeyondTheLimitIsCounted() throws {
    var talk = Talk(serverPort: 53)
    talk.says(.client, DNSWire(id: 1).asking("example", 252).framed)
    talk.says(.server, Self.reply(id: 1, 252).start(7).framed)
    for number in 0..<40 {
      var message = DNSWire(id: 1, flags: 0x8400)
      for place in 0..<10 {
        message = message.answering("h\(number)x\(place).example", 1, 60, [10, 0, 0, 1])
      }
      talk.says(.server, message.framed)
    }
    talk.says(.server, DNSWire(id: 1, flags: 0x8400).start(7).framed)
    let call = try #require(talk.calls().first)
    #expect(call.fault == nil)
    #expect(call.int(.dnsRecords) == 402)
    #expect(call.texts(.dnsAnswers)?.count == 255)
    let response = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    #expect(response?["answers"]?.array?.count == 256)
    #expect(
      response?["transfer"] == ["messages": 42, "records": 402, "recordsLeftOut": 146])
  }

  /// The reply alone: what it is about stands in it.
  @Test func aTransferWhoseQuestionWasNotSeenIsWhole() {
    var talk = Self.zone
    talk.turns.removeFirst()
    let call = talk.calls().min { $0.index < $1.index }
    #expect(call?.int(.dnsRecords) == 6)
    #expect(call?.fault?.message == "no request was captured")
  }

  // MARK: What is said

  private static func reply(id: UInt16, _ type: UInt16) -> DNSWire {
    DNSWire(id: id, flags: 0x8400).asking("example", type)
  }

  private static func changesQuestion(since serial: UInt32) -> [UInt8] {
    DNSWire(id: 1).asking("example", 251)
      .updating("example", 6, 0, DNSWire.start(serial)).framed
  }

  /// A zone in three messages, of which the first alone repeats the question; then a query.
  private static let zone = {
    var talk = Talk(serverPort: 53)
    talk.says(.client, DNSWire(id: 1).asking("example", 252).framed)
    talk.says(
      .server,
      reply(id: 1, 252).start(7).answering("example", 2, 60, DNSWire.name("ns.example")).framed)
    talk.says(
      .server,
      DNSWire(id: 1, flags: 0x8400).answering("a.example", 1, 60, [10, 0, 0, 1])
        .answering("b.example", 1, 60, [10, 0, 0, 2]).framed)
    talk.says(
      .server,
      DNSWire(id: 1, flags: 0x8400).answering("c.example", 1, 60, [10, 0, 0, 3])
        .start(7).framed)
    talk.says(.client, DNSWire(id: 2).asking("x.example", 1).framed)
    talk.says(
      .server,
      DNSWire(id: 2, flags: 0x8180).asking("x.example", 1)
        .answering("x.example", 1, 60, [10, 0, 0, 9]).framed)
    return talk
  }()

  private static let zoneSize = zone.turns[1...3].reduce(Int64(0)) { sum, turn in
    if case .says(_, let bytes) = turn { sum + Int64(bytes.count) } else { sum }
  }

  private static let changes = {
    var talk = Talk(serverPort: 53)
    talk.says(.client, changesQuestion(since: 1))
    talk.says(
      .server,
      reply(id: 1, 251).start(3).start(1).answering("a.example", 1, 60, [10, 0, 0, 1])
        .start(2).framed)
    talk.says(
      .server,
      DNSWire(id: 1, flags: 0x8400).answering("a.example", 1, 60, [10, 0, 0, 2]).start(2)
        .start(3).answering("a.example", 1, 60, [10, 0, 0, 3]).start(3).framed)
    return talk
  }()
}

extension DNSWire {
  /// An SOA record of the zone.
  fileprivate func start(_ serial: UInt32) -> DNSWire {
    answering("example", 6, 60, DNSWire.start(serial))
  }
}
