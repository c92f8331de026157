package import Bytes
import Entries
package import Flows
import Layers

/// DNS (RFC 1035, RFC 7766, RFC 6891) over UDP and TCP; mDNS (RFC 6762) and LLMNR (RFC 4795) have
/// the same messages and are marked.
///
/// A reply answers the question with the same transaction id and the same words. The first reply
/// completes the entry, further ones are counted; the messages of a zone transfer are one reply.
package struct DNS: Dissector {
  package static let row = DissectorRow(
    DNS.self, name: "dns", kinds: [.dns], transports: [.udp, .tcp], ports: [53, 5353, 5355],
    protocols: ["dot"], priority: 4)

  /// Questions remembered, to answer replies that do not repeat theirs, and to know repeated
  /// replies.
  static let maxAsked = 256

  /// A question that was seen.
  private struct Asked: Sendable {
    var id: UInt16
    var key: UInt64
    /// Inverse queries have none; their replies do (RFC 1035 §6.4).
    var hasQuestion: Bool
    var isAnswered: Bool
    /// It asks for a zone.
    var wish: DNSTransfer.Wish?
  }

  private let isStream: Bool
  private let family: DNSFamily
  /// Whether what a side sends goes to a group of hosts.
  private let isToGroup: BySide<Bool>
  private var asked: [Asked] = []
  /// Some bits of the keys in `asked`: nearly every question is new, and need not be looked for.
  private var marks: [UInt64] = []
  private var scratch = DNSMessage.Scratch()
  /// Bytes are missing: only what is surely a message is taken for one.
  private var isSearching = BySide(client: false, server: false)
  /// Zone transfers that are being answered.
  private var transfers: [DNSTransfer] = []
  /// Those that the last break has cut.
  private var parting: [DNSTransfer] = []

  package init(_ opening: Opening) {
    isStream = opening.transport == .tcp
    family = DNSFamily(opening)
    isToGroup = BySide(
      client: opening.server.address.isMulticast, server: opening.client.address.isMulticast)
    isSearching = BySide(client: isStream && opening.isMidway, server: isStream && opening.isMidway)
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if !isStream {
      let message = try message(bytes, side)
      return .message(message, length: bytes.byteCount)
    }
    // RFC 7766 §8: two bytes of length before each message.
    if bytes.byteCount < 2 { return .needs(2) }
    let length = Int(bytes.big16(0))
    if isSearching[side], !DNSMessage.isPlausible(bytes.suffix(from: 2), length: length) {
      return .skip(bytes.byteCount)
    }
    if length < DNSHeader.length { throw WireError(.invalid) }
    if bytes.byteCount < length + 2 { return .needs(length + 2) }
    if !transfers.isEmpty, let step = goOn(bytes.slice(2..<length + 2), side) { return step }
    let message = try message(bytes.slice(2..<length + 2), side)
    isSearching[side] = false
    return .message(message, length: length + 2)
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    parting = cause == .error ? [] : transfers.filter { $0.side == side }
    transfers.removeAll { $0.side == side }
    if cause == .end { return .stop }
    isSearching[side] = true
    return .resynchronise
  }

  package mutating func parted(_ side: Side) -> (key: UInt64, ending: Ending)? {
    parting.popLast().map { ($0.key, $0.ending) }
  }

  /// A datagram or message whose end was not captured still tells its question.
  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    let start = isStream ? 2 : 0
    guard bytes.byteCount >= start + DNSHeader.length else { return nil }
    let known = transfers.count
    var message = try? message(bytes.suffix(from: start), side)
    // Nothing follows it.
    if transfers.count > known { transfers.removeLast() }
    // It is cut, not malformed.
    message?.fault = nil
    return message
  }

  package static func details(of facts: RawSpan) -> [UInt8] { DNSDetails.json(facts) }

  private mutating func message(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Message {
    guard bytes.byteCount >= DNSHeader.length else {
      throw WireError(.truncated, at: bytes.byteCount)
    }
    let parsed = DNSMessage(bytes, family, &scratch)
    return parsed.header.isResponse
      ? response(Message(.response, .dns, key: parsed.key), bytes, parsed, side)
      : request(Message(.request, .dns, key: parsed.key), bytes, parsed, side)
  }

  private mutating func request(
    _ message: consuming Message, _ bytes: RawSpan, _ parsed: DNSMessage, _ side: Side
  ) -> Message {
    if let fault = parsed.fault { message.fault = fault }
    message.fields = fields(ofRequest: bytes, parsed)
    parsed.addOperation(to: &message.fields)
    if parsed.header.isUpdate {
      message.fields.add(.dnsRecords, int: Int64(parsed.header.authorities))
    }
    if isToGroup[side] || parsed.header.isStateful && parsed.header.id == 0 {
      // Anybody may answer, from an address of their own; or nobody does (RFC 8490 §5.4).
      message.partner = .none
    } else {
      ask(parsed, isStream ? DNSTransfer.wish(parsed, bytes) : nil)
    }
    return consume message
  }

  private mutating func response(
    _ message: consuming Message, _ bytes: RawSpan, _ parsed: DNSMessage, _ side: Side
  ) -> Message {
    if let fault = parsed.fault { message.fault = fault }
    let question = answer(parsed, &message)
    message.fields = fields(ofResponse: bytes, parsed)
    if question?.hasQuestion != true {
      parsed.addQuestions(bytes, to: &message.fields)
      parsed.addOperation(to: &message.fields)
    }
    message.failed = parsed.rcode != 0
    if isStream, message.role == .response,
      let wish = question?.wish ?? DNSTransfer.wish(parsed, bytes)
    {
      follow(wish, parsed, bytes, side, &message)
    }
    return consume message
  }

  /// The facts of a request and its questions. The fields of the reply will be put behind them, for
  /// which there is room mostly.
  private func fields(ofRequest bytes: RawSpan, _ parsed: DNSMessage) -> FieldValues {
    var isComplete = false
    let room = parsed.name.map { parsed.room(for: $0) } ?? 0
    var fields = FieldValues(room: bytes.byteCount + room + 272) { fields in
      fields.add(.requestFacts, .bytes) { DNSDetails.add(bytes, family, to: &$0) }
      if let name = parsed.name { isComplete = parsed.addQuestion(bytes, name, to: &fields) }
    }
    if !isComplete { parsed.addQuestions(bytes, to: &fields) }
    return fields
  }

  /// The facts of a reply, and what it says.
  private func fields(ofResponse bytes: RawSpan, _ parsed: DNSMessage) -> FieldValues {
    let rcode = DNSTable.knownRcode(parsed.rcode)
    let answers = scratch.answers.rawSpan
    var fields = FieldValues(room: bytes.byteCount + answers.byteCount + 80) { fields in
      fields.add(.responseFacts, .bytes) { DNSDetails.add(bytes, family, to: &$0) }
      if !parsed.header.isUpdate {
        // The sections of a reply to an UPDATE only repeat those of the request, if they are there.
        fields.add(.dnsAnswers, .texts, packed: answers)
        fields.add(.dnsRecords, int: Int64(parsed.header.answers))
      }
      fields.add(.statusCode, int: Int64(parsed.rcode))
      if let rcode { fields.add(.dnsRcode, text: rcode) }
    }
    if rcode == nil { fields.add(.dnsRcode, .text(DNSTable.rcode(parsed.rcode))) }
    return fields
  }

  // MARK: Zone transfers

  /// Leaves the reply open where more messages of it are to come.
  private mutating func follow(
    _ wish: DNSTransfer.Wish, _ parsed: DNSMessage, _ bytes: RawSpan, _ side: Side,
    _ message: inout Message
  ) {
    guard transfers.count < DNSTransfer.maxOpen,
      let transfer = DNSTransfer(
        wish, parsed, bytes, scratch.answers, key: message.key, from: side, family)
    else { return }
    transfers.append(transfer)
    message.extent = .open
    message.isTimedByItsEnd = true
  }

  /// The next message of a transfer; nil when it is of none.
  private mutating func goOn(_ bytes: RawSpan, _ side: Side) -> Step? {
    let header = DNSHeader(bytes)
    guard header.isResponse,
      let at = transfers.firstIndex(where: { $0.id == header.id && $0.side == side })
    else { return nil }
    let parsed = DNSMessage(bytes, family, &scratch, room: transfers[at].room)
    guard transfers[at].holds(parsed) else { return nil }
    transfers[at].add(parsed, bytes, scratch.answers)
    let key = transfers[at].key
    guard transfers[at].isDone else {
      return .content([], of: key, length: bytes.byteCount + 2)
    }
    let transfer = transfers.remove(at: at)
    return .end(of: key, transfer.ending, length: bytes.byteCount + 2)
  }

  /// Bits of all keys, as words.
  private static let markWords = 128
  /// Questions from which on a look at the bits is cheaper than one at all keys.
  private static let markedFrom = 16

  /// Whether the key may be among those asked; else it is not.
  private func mayHaveAsked(_ key: UInt64) -> Bool {
    if marks.isEmpty { return true }
    let bit = Self.bit(of: key)
    return marks[bit >> 6] >> UInt64(bit & 63) & 1 == 1
  }

  private mutating func mark(_ key: UInt64) {
    let bit = Self.bit(of: key)
    marks[bit >> 6] |= 1 << UInt64(bit & 63)
  }

  /// Id and words of a question lie in different bits of the key.
  private static func bit(of key: UInt64) -> Int {
    Int((key &* 0x9e37_79b9_7f4a_7c15) >> 51) & (markWords * 64 - 1)
  }

  /// Remembers a question.
  private mutating func ask(_ parsed: DNSMessage, _ wish: DNSTransfer.Wish?) {
    let key = parsed.key
    if mayHaveAsked(key), let at = asked.firstIndex(where: { $0.key == key }) {
      asked[at].isAnswered = false
      asked[at].wish = wish
      return
    }
    if asked.count >= Self.maxAsked {
      asked.removeFirst(Self.maxAsked / 2)
      marks = []
    }
    if marks.isEmpty, asked.count >= Self.markedFrom {
      marks = [UInt64](repeating: 0, count: Self.markWords)
      for question in asked { mark(question.key) }
    }
    if !marks.isEmpty { mark(key) }
    let hasQuestion = parsed.header.questions > 0
    asked.append(
      Asked(
        id: parsed.header.id, key: key, hasQuestion: hasQuestion, isAnswered: false, wish: wish))
  }

  /// Finds the question of a reply and says so in `message`; gives the question.
  private mutating func answer(_ parsed: DNSMessage, _ message: inout Message) -> Asked? {
    let key = parsed.key
    let id = parsed.header.id
    let hasQuestion = parsed.header.questions > 0 && !parsed.questionsAreDamaged
    // Mostly one of the newest.
    let exact = asked.lastIndex { $0.key == key }
    let alike =
      exact == nil ? asked.firstIndex { $0.id == id && !($0.hasQuestion && hasQuestion) } : nil
    guard let at = exact ?? alike else {
      if family != .dns { message.partner = .none }
      return nil
    }
    message.key = asked[at].key
    if asked[at].isAnswered {
      message.role = .interim
    } else {
      asked[at].isAnswered = true
    }
    return asked[at]
  }
}

/// Which of the protocols with DNS messages a conversation speaks.
enum DNSFamily: UInt8, Sendable {
  case dns, mdns, llmnr

  init(_ opening: Opening) {
    let ports = [opening.client.port, opening.server.port]
    self = ports.contains(5353) ? .mdns : ports.contains(5355) ? .llmnr : .dns
  }
}
