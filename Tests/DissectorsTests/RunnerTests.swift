import Bytes
import Entries
import Flows
import Layers
import Testing

@testable import Dissectors

/// The runner's side of the contract, tried with a made-up protocol of frames: one byte what, one
/// byte key, one byte length, then so many bytes.
@Suite struct RunnerTests {
  private let rows = [Frames.row, Echo.row]

  @Test func interleavedMessagesAreKeptApartByTheirKeys() {
    var talk = Talk()
    talk.client("q1\u{0}q2\u{0}D1\u{3}abcD2\u{2}xyD1\u{1}dE1\u{0}E2\u{0}")
    talk.server("r2\u{0}D2\u{3}XXXr1\u{0}C1\u{3}abcE1\u{0}D2\u{1}YE2\u{1}!")
    let calls = talk.calls(rows)
    #expect(calls.map(\.index) == [0, 1])
    #expect(calls.map { $0.request?.text } == ["abcd", "xy"])
    #expect(calls.map { $0.response?.text } == ["ABC", "XXXY"])
    #expect(calls.map { $0.text(.method) } == ["end", "end!"])
    // Frames of the message, body included: 3 + 3 + 3 + 3 + 1 + 3.
    #expect(calls.first?.requestSize == 16)
    Laws.split(talk, rows: rows)
    Laws.truncation(talk, rows: rows)
  }

  @Test func repliesOutOfOrderFindTheirRequests() {
    var talk = Talk()
    talk.client("Q1\u{1}aQ2\u{1}bQ3\u{1}c")
    talk.server("R3\u{1}CR1\u{1}AR2\u{1}B")
    let calls = talk.calls(rows)
    #expect(calls.map { $0.request?.text } == ["c", "a", "b"])
    #expect(calls.map { $0.response?.text } == ["C", "A", "B"])
    #expect(calls.map(\.index) == [2, 0, 1])
  }

  @Test func noticesStandAloneAndInterimRepliesAreCounted() {
    var talk = Talk()
    talk.client("Q1\u{0}")
    talk.server("I1\u{0}N9\u{2}hiR1\u{0}")
    let dissection = Dissection(switches: .everything, rows: rows)
    talk.play(to: dissection)
    let calls = dissection.drain().filter(\.kind.isCall)
    #expect(calls.map { $0.request?.text } == ["hi", nil])
    #expect(calls.map { $0.source.port } == [80, 40_000])
    #expect(calls.allSatisfy { $0.fault == nil })
    #expect(dissection.counters.protocols["frames"]?.interim == 1)
    #expect(dissection.counters.protocols["frames"]?.pairs == 1)
  }

  @Test func bothSidesMayAskWithTheSameKeys() {
    var talk = Talk()
    talk.client("Q1\u{1}a")
    talk.server("Q1\u{1}b")
    talk.client("R1\u{1}B")
    talk.server("R1\u{1}A")
    let calls = talk.calls(rows).sorted { $0.index < $1.index }
    #expect(calls.map { $0.request?.text } == ["a", "b"])
    #expect(calls.map { $0.response?.text } == ["A", "B"])
    #expect(calls.map { $0.source.port } == [40_000, 80])
  }

  @Test func malformedBytesMarkOpenMessagesAndReadingGoesOn() {
    var talk = Talk()
    talk.client("q1\u{0}D1\u{1}aX0\u{0}Q2\u{1}b")
    talk.server("R1\u{0}R2\u{0}")
    let dissection = Dissection(switches: .everything, rows: rows)
    talk.play(to: dissection)
    let calls = dissection.drain().filter(\.kind.isCall)
    #expect(calls.map { $0.fault?.kind } == [.dissection, nil])
    #expect(dissection.counters.protocols["frames"]?.errors(of: .invalid) == 1)
  }

  @Test func aWrongGuessIsWithdrawnAndTheNextOneTried() {
    var talk = Talk()
    talk.client("F0\u{0}\n")
    talk.server("F0\u{0}\n")
    let dissection = Dissection(switches: .everything, rows: rows)
    talk.play(to: dissection)
    let calls = dissection.drain().filter(\.kind.isCall)
    #expect(calls.map { $0.request?.text } == ["F0\u{0}\n"])
    #expect(calls.map { $0.response?.text } == ["F0\u{0}\n"])
    #expect(dissection.counters.protocols["frames"]?.withdrawn == 1)
    #expect(dissection.counters.protocols["echo"]?.pairs == 1)
  }

  @Test func theRestIsHandedToAnotherReader() {
    var talk = Talk()
    talk.client("Q1\u{0}")
    talk.server("R1\u{0}U0\u{0}")
    talk.client("hello\n")
    talk.server("hello\n")
    let calls = talk.calls(rows)
    #expect(calls.map { $0.request?.text } == [nil, "hello\n"])
    #expect(calls.last?.response?.text == "hello\n")
    Laws.split(talk, rows: rows)
  }

  @Test func stepsThatUseNothingOrTooMuchEndTheReading() {
    for what in ["Z", "L"] {
      var talk = Talk()
      talk.client("\(what)0\u{0}Q1\u{0}")
      let dissection = Dissection(switches: .everything, rows: rows)
      talk.play(to: dissection)
      #expect(dissection.counters.misbehaved == 1)
      #expect(dissection.isIdle)
    }
  }

  @Test func aGapInsideABodyIsCountedAndBeyondItEndsTheMessage() {
    var talk = Talk()
    talk.client("q1\u{0}D1\u{8}ab")
    talk.lost(.client, 4)
    talk.client("cdE1\u{0}q2\u{0}D2\u{8}ab")
    talk.lost(.client, 40)
    talk.client("Q3\u{0}")
    talk.server("R1\u{0}R2\u{0}R3\u{0}")
    let calls = talk.calls(rows)
    #expect(calls.map { $0.request?.bodyLength } == [8, 8, nil])
    #expect(calls[0].fault == Entry.Fault(.dissection, "4 bytes were not captured"))
    #expect(calls[1].fault == Entry.Fault(.dissection, "34 bytes were not captured"))
    #expect(calls[2].fault == nil)
  }

  // MARK: Limits

  /// A message of which only the beginning is there: the capture lost the rest, or nobody sent it.
  @Test func whyARestNeverCameIsTold() {
    let host = DiameterTests.text(264, "a.example.test")
    let whole = DiameterTests.message(280, application: 0, hop: 2, host)
    var talk = Talk(serverPort: 3868)
    talk.says(.client, DiameterTests.message(257, application: 0, DiameterTests.text(264, "a")))
    talk.says(.client, Array(whole.dropLast(8)))
    func fault(_ reason: Conversation.CloseReason, _ change: (inout Talk) -> Void = { _ in })
      -> Entry.Fault?
    {
      var talk = talk
      change(&talk)
      talk.closeReason = reason
      return talk.calls().first { $0.text(.diameterMethod) == "Device-Watchdog" }?.fault
    }
    let ended = Entry.Fault(.connection, "the connection ended inside the message")
    #expect(fault(.finished) == ended)
    let finished = fault(.finished) { $0.finishes(.client) }
    #expect(finished == ended)
    // The reset of a connection whose client had finished before says nothing of the message.
    let resetLater = fault(.reset) { $0.finishes(.client) }
    #expect(resetLater == ended)
    #expect(
      fault(.reset) == Entry.Fault(.connection, "the connection was reset inside the message"))
    #expect(
      fault(.idle) == Entry.Fault(.connection, "the connection fell silent inside the message"))
    #expect(
      fault(.endOfCapture)
        == Entry.Fault(.dissection, "the capture ended inside the message"))
    let lost = Entry.Fault(.dissection, "only the beginning of it was captured")
    let cut = fault(.finished) { $0.lost(.client, 8) }
    let cutAndReset = fault(.reset) { $0.lost(.client, 100) }
    #expect(cut == lost && cutAndReset == lost)
  }

  @Test func bodiesAreCutAndStillCounted() {
    var limits = DissectionLimits()
    limits.bodyKept = 4
    let dissection = Dissection(limits: limits, switches: .everything, rows: rows)
    var talk = Talk()
    talk.client("Q1\u{6}abcdefq2\u{0}D2\u{3}abcD2\u{3}defE2\u{0}")
    talk.server("R1\u{0}R2\u{0}")
    talk.play(to: dissection)
    let calls = dissection.drain().filter(\.kind.isCall)
    #expect(calls.map { $0.request?.text } == ["abcd", "abcd"])
    #expect(calls.map { $0.request?.bodyLength } == [6, 6])
    #expect(calls.allSatisfy { $0.request?.isCut == true })
    #expect(dissection.counters.bodyBytesCut == 4)
    #expect(dissection.isIdle)
  }

  @Test func tooManyUnfinishedExchangesLetTheOldestGo() {
    var limits = DissectionLimits()
    limits.pendingPerConversation = 3
    let dissection = Dissection(limits: limits, switches: .everything, rows: rows)
    var talk = Talk()
    for key in 1...5 { talk.client("Q\(key)\u{0}") }
    for key in 1...5 { talk.server("R\(key)\u{0}") }
    talk.play(to: dissection)
    let calls = dissection.drain().filter(\.kind.isCall)
    #expect(calls.count { $0.hasRequest && $0.hasResponse } == 3)
    #expect(dissection.counters.pendingEvicted == 2)
    #expect(dissection.isIdle)
  }

  @Test func unfinishedMessagesAreBoundedInMemory() {
    var limits = DissectionLimits()
    limits.messagesInAll = 4 * (Half.overhead + 6) - 1
    let dissection = Dissection(limits: limits, switches: .everything, rows: rows)
    var talk = Talk()
    for key in 1...9 { talk.client("Q\(key)\u{0}") }
    talk.play(to: dissection)
    #expect(dissection.counters.pendingEvicted == 6)
    #expect(dissection.drain().count(where: \.kind.isCall) == 9)
    #expect(dissection.isIdle)
    // One that is too large alone leaves at once.
    limits.messagesInAll = 100
    let narrow = Dissection(limits: limits, switches: .everything, rows: rows)
    talk.play(to: narrow)
    #expect(narrow.counters.pendingEvicted == 9)
    #expect(narrow.isIdle)
  }

  @Test func aMessageLongerThanMayWaitEndsItsSide() {
    var limits = DissectionLimits()
    limits.waitingPerSide = 100
    let dissection = Dissection(limits: limits, switches: .everything, rows: rows)
    var talk = Talk()
    talk.client("Q1\u{7f}")
    talk.client(String(repeating: "x", count: 90))
    talk.client("Q2\u{0}")
    talk.server("R1\u{0}")
    talk.play(to: dissection)
    #expect(dissection.counters.protocols["frames"]?.errors(of: .tooLarge) == 1)
    #expect(dissection.isIdle)
  }

  // MARK: Time

  @Test func halvesAreGivenUpAfterTheLateTimeoutAndNotBefore() {
    let dissection = Dissection(switches: .everything, rows: [Frames.row])
    var talk = Talk()
    talk.client("Q1\u{0}Q2\u{0}")
    talk.pause(30_000)
    talk.server("R1\u{0}")
    talk.pause(40_000)
    talk.server("R2\u{0}")
    talk.play(to: dissection)
    let calls = dissection.drain().filter(\.kind.isCall)
    #expect(calls.map(\.index) == [0, 1, 2])
    #expect(calls.map { $0.fault?.kind } == [nil, .timeout, .pairNotFound])
    #expect(dissection.counters.protocols["frames"]?.late == 1)
  }

  @Test func entriesTellWhatNobodyRecognised() throws {
    let dissection = Dissection(switches: .everything, rows: rows)
    var talk = Talk(serverPort: 6000)
    talk.client(String(repeating: "?", count: 100))
    talk.server("!")
    talk.play(to: dissection)
    let entries = dissection.drain()
    let entry = try #require(entries.first)
    #expect(entries.count == 1)
    #expect(entry.kind == .tcpConn)
    #expect(entry.request?.body.count == 64)
    #expect(entry.request?.bodyLength == 100)
    #expect(entry.response?.text == "!")
    #expect(entry.text(.connState) == "closed")
    #expect(entry.text(.connCloseReason) == "finished")
    #expect(entry.int(.connLocalPkts) == 1)
    #expect(dissection.counters.unrecognised == [6000: 1])
  }

  @Test func onlyWhatIsSwitchedOnIsMade() throws {
    let switches = try #require(DissectorSwitches(names: ["http", "udp-conn"]))
    let dissection = Dissection(switches: switches)
    HTTP1Tests.pipeline.play(to: dissection)
    DNSTests.stream.play(to: dissection, on: 3)
    #expect(dissection.drain().map(\.kind) == [.http, .http, .http])
    #expect(DissectorSwitches(names: ["htttp"]) == nil)
  }
}

/// The made-up protocol. Capital letters are whole messages, small ones open them.
private struct Frames: Dissector {
  static let row = DissectorRow(
    Frames.self, name: "frames", kinds: [.tcp], transports: [.tcp], priority: 0)

  static func recognise(client: RawSpan, server: RawSpan, _ opening: Opening) -> Recognition {
    let bytes = client.isEmpty ? server : client
    if bytes.isEmpty { return .no }
    guard known.contains(bytes.byte(0)) else { return .no }
    return bytes.byteCount < 3 ? (opening.isFinal ? .no : .needs(3)) : .yes(.likely)
  }

  private static let known = Array("QqRrDCEINSUXFZL".utf8)
  /// Body bytes that come next, and whose.
  private var body = BySide<(count: Int, key: UInt64)?>(client: nil, server: nil)
  /// The next frame is malformed.
  private var skips = BySide(client: false, server: false)

  init(_ opening: Opening) {}

  mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if let (count, key) = body[side] {
      body[side] = nil
      return .body(count, of: key)
    }
    if bytes.byteCount < 3 { return .needs(3) }
    if skips[side] {
      skips[side] = false
      return .skip(3)
    }
    let what = bytes.byte(0)
    let key = UInt64(bytes.byte(1))
    let count = Int(bytes.byte(2))
    let whole = 3 + count
    switch UnicodeScalar(what) {
    case "D":
      body[side] = (count, key)
      return .content([], of: key, length: 3)
    case "F": throw WireError(.foreign)
    case "X": throw WireError(.invalid)
    case "Z": return .skip(0)
    case "L": return .end(of: key, length: bytes.byteCount + 1)
    case "S": return .skip(whole)
    case "U": return .become(Successor(name: "echo"), length: 3)
    default: break
    }
    if bytes.byteCount < whole { return .needs(whole) }
    let content = bytes.slice(3..<whole)
    switch UnicodeScalar(what) {
    case "Q", "q": return message(.request, key, content, isOpen: what == 0x71, whole)
    case "R", "r": return message(.response, key, content, isOpen: what == 0x72, whole)
    case "I": return message(.interim, key, content, isOpen: false, whole)
    case "N": return message(.notice, key, content, isOpen: false, whole, .none)
    case "C": return .content(content.text().uppercased().utf8.map(\.self), of: key, length: whole)
    case "E":
      var ending = Ending()
      ending.fields.add(.method, .text("end" + content.text()))
      return .end(of: key, ending, length: whole)
    default: throw WireError(.invalid)
    }
  }

  private func message(
    _ role: Message.Role, _ key: UInt64, _ content: RawSpan, isOpen: Bool, _ length: Int,
    _ partner: Message.Partner = .expected
  ) -> Step {
    var message = Message(role, .tcp, key: key)
    message.body = content.array()
    message.partner = partner
    if isOpen { message.extent = .open }
    return .message(message, length: length)
  }

  mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    body[side] = nil
    skips[side] = cause == .error
    return .resynchronise
  }
}
