package import Bytes
import Entries
package import Flows
import JSON
import Layers

/// LDAP version 3 (RFC 4511) over TCP, and over UDP as Active Directory uses it (CLDAP).
///
/// Messages find each other by their number. A search is answered by entries and references up to
/// searchResultDone, all of which are one reply. Credentials and values of attributes that hold
/// passwords are never kept; of entries only their number and the first names are.
package struct LDAP: Dissector {
  package static let row = DissectorRow(
    LDAP.self, name: "ldap", kinds: [.ldap], transports: [.tcp, .udp], ports: [389, 3268, 636],
    priority: 9)

  /// Bytes of a message that may wait for its end; longer ones are passed over.
  static let maxHeld = 512 << 10
  /// Longest message, in bytes (servers commonly accept 16 MiB from those who have bound).
  static let maxMessage = 64 << 20
  /// Results of other requests behind which a search with a hole has ended in it, most likely.
  static let patience = 8
  /// Searches whose entries are counted at once.
  static let maxSearches = 1024

  private struct Way: Sendable {
    var searches = false
    /// Bytes of a message that is too long to be read.
    var oversize = 0
    /// Bytes left of a buffer of a SASL security layer, behind a message in it.
    var buffered = 0
    /// A message in that buffer is malformed: the rest of it is passed over.
    var isDamaged = false
  }

  private var ways = BySide(client: Way(), server: Way())
  /// Searches that are being answered, by message number.
  private var searches: [UInt64: LDAPSearchAnswer] = [:]
  /// Those of which all entries that came were cut: their replies have not begun.
  private var cutSearches: [UInt64: LDAPSearchAnswer] = [:]
  /// A search in whose answer there is a hole is being answered.
  private var hasHoles = false
  /// Such a search was given up before the message at hand.
  private var hasGivenUp = false
  /// Who answers, as far as messages told.
  private var answerer: Side?
  /// The end of a search, of which the beginning came.
  private var cutEnd: (key: UInt64, ending: Ending)?
  /// Numbers of requests that were abandoned: what still answers them crossed the wish on its way.
  private var abandoned: Set<UInt64> = []
  /// The request has ended that the message at hand abandons.
  private var hasEnded = false
  /// Number of the request to go on in TLS; nil when there is none.
  private var startTLS: UInt64?
  private var isEncrypted = false
  /// Times a message number was used again: numbers may repeat once they are answered.
  private var alone: UInt64 = 0

  package init(_ opening: Opening) {
    if opening.isMidway { for side in Side.allCases { ways[side].searches = true } }
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if isEncrypted { return .become(Successor(), length: 0) }
    if ways[side].oversize > 0 {
      defer { ways[side].oversize = 0 }
      return .skip(ways[side].oversize)
    }
    if ways[side].buffered > 0 {
      if ways[side].isDamaged {
        defer { ways[side] = Way() }
        return .skip(ways[side].buffered)
      }
      guard bytes.byteCount >= ways[side].buffered else { return .needs(ways[side].buffered) }
      return try unwrap(bytes.prefix(ways[side].buffered), from: 0, side)
    }
    if ways[side].searches {
      guard LDAPMessage.isPlausible(bytes) else {
        return LDAPMessage.needsMore(bytes)
          ? .needs(bytes.byteCount + 1) : .skip(bytes.byteCount)
      }
      ways[side].searches = false
    }
    if bytes.byte(0) == 0 { return try protected(bytes, side) }
    guard bytes.byte(0) == BER.sequence else { throw WireError(.invalid) }
    guard let head = try BER.head(bytes, 0) else { return .needs(min(bytes.byteCount + 1, 6)) }
    let length = head.start + head.length
    guard length <= Self.maxMessage else { throw WireError(.tooLarge) }
    try check(length, side)
    guard bytes.byteCount >= length else { return .needs(length) }
    return try read(bytes.slice(head.start..<length), length, side)
  }

  /// Longer messages are not held, however many of their bytes came at once.
  private mutating func check(_ length: Int, _ side: Side) throws(WireError) {
    if length <= Self.maxHeld { return }
    ways[side].oversize = length
    throw WireError(.tooLarge)
  }

  /// A buffer of a SASL security layer, its length in front (RFC 4422 §3.7). What is only signed can
  /// be read.
  private mutating func protected(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    guard bytes.byteCount >= 4 else { return .needs(4) }
    let length = 4 + Int(bytes.big32(0))
    try check(length, side)
    guard bytes.byteCount >= length else { return .needs(length) }
    guard let start = Self.clearText(bytes.prefix(length)),
      Self.message(in: bytes.prefix(length), at: start) != nil
    else { return .skip(length) }
    return try unwrap(bytes.prefix(length), from: start, side)
  }

  /// The message at `start` of what is left of a buffer. The last one takes what is behind it along.
  private mutating func unwrap(
    _ bytes: RawSpan, from start: Int, _ side: Side
  ) throws(WireError) -> Step {
    guard let content = Self.message(in: bytes, at: start) else {
      ways[side].buffered = 0
      return .skip(bytes.byteCount)
    }
    let isLast = Self.message(in: bytes, at: content.upperBound) == nil
    let length = isLast ? bytes.byteCount : content.upperBound
    let step = try read(bytes.slice(content), length, side)
    // Of a message that takes two steps, the first uses nothing.
    if step.usesBytes { ways[side].buffered = bytes.byteCount - length }
    return step
  }

  /// The content of a whole message that begins at `start`; nil where none does.
  private static func message(in bytes: RawSpan, at start: Int) -> Range<Int>? {
    guard start < bytes.byteCount, LDAPMessage.isPlausible(bytes.suffix(from: start)),
      let head = try? BER.head(bytes, start), head.length <= bytes.byteCount - head.start
    else { return nil }
    return head.start..<head.start + head.length
  }

  /// Where the text of a token of Kerberos begins that is signed and not sealed (RFC 1964 §1.2.2,
  /// RFC 4121 §4.2.6.2).
  private static func clearText(_ bytes: RawSpan) -> Int? {
    var at = 4
    if at < bytes.byteCount, bytes.byte(at) == 0x60, let head = try? BER.head(bytes, at),
      head.start + 2 <= bytes.byteCount
    {
      // The mechanism, with its length in front.
      at = head.start + 2 + Int(bytes.byte(head.start + 1))
    }
    guard at + 33 <= bytes.byteCount else { return nil }
    switch bytes.big16(at) {
    case 0x0201: return bytes.big16(at + 4) == 0xffff ? at + 32 : nil
    case 0x0504: return bytes.byte(at + 2) & 2 == 0 && bytes.big16(at + 6) == 0 ? at + 16 : nil
    default: return nil
    }
  }

  /// The content of a message, which `length` bytes carry.
  private mutating func read(
    _ content: RawSpan, _ length: Int, _ side: Side
  ) throws(WireError) -> Step {
    let message = try LDAPMessage(content)
    if message.operation.isRequest { return try ask(message, content, length) }
    answerer = side
    return try answer(message, content, length)
  }

  /// The beginning of a request tells what it is about, that of a result how it ended.
  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    let way = ways[side]
    guard !isEncrypted, !way.searches, way.oversize == 0, way.buffered == 0,
      bytes.byte(0) == BER.sequence, let head = try? BER.head(bytes, 0)
    else { return nil }
    let content = bytes.suffix(from: head.start)
    guard let message = try? LDAPMessage(beginning: content) else { return nil }
    if message.operation.isRequest { return cut(message, content) }
    answerer = side
    return cutAnswer(message, content)
  }

  private mutating func cut(_ message: LDAPMessage, _ bytes: RawSpan) -> Message {
    let content = LDAPRequest(beginning: message, bytes)
    var request = Message(.request, .ldap, key: message.number)
    request.fields.add(.ldapType, .text(message.operation.name))
    request.fields.add(.ldapSummary, text: content.summary.rawSpan)
    request.details = content.details
    abandoned.remove(message.number)
    if !message.operation.isAnswered {
      alone += 1
      request.key = .max - alone
      request.partner = .none
    }
    return request
  }

  /// Entries are counted; of a search more may have come before.
  private mutating func cutAnswer(_ message: LDAPMessage, _ bytes: RawSpan) -> Message? {
    guard message.number > 0, !abandoned.contains(message.number) else { return nil }
    switch message.operation {
    case .searchEntry, .searchReference, .intermediate:
      if searches[message.number] != nil {
        searches[message.number]?.add(beginning: message, bytes)
      } else if cutSearches.count < Self.maxSearches {
        cutSearches[message.number, default: LDAPSearchAnswer()].add(beginning: message, bytes)
      }
      return nil
    default: break
    }
    guard let result = try? LDAPResult(beginning: message, bytes) else { return nil }
    if let search = searches.removeValue(forKey: message.number) {
      cutEnd = (message.number, ending(result, search))
      return nil
    }
    var response = Message(.response, .ldap, key: message.number)
    let entries = cutSearches.removeValue(forKey: message.number)
    let ending = ending(result, entries)
    (response.fields, response.details) = (ending.fields, ending.details)
    response.failed = ending.failed
    return response
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    if cause == .end { return .stop }
    // Only this one message is not read.
    if cause == .error, ways[side].oversize > 0 { return .resume }
    hasEnded = false
    if cause == .error, ways[side].buffered > 0 {
      ways[side].isDamaged = true
    } else {
      ways[side] = Way(searches: true)
    }
    // The entries behind a hole, and the result, go on with the search.
    guard case .gap = cause, cutEnd == nil else { return .resynchronise }
    guard side == answerer else { return .resume }
    for number in searches.keys { searches[number]?.noteHole() }
    for number in cutSearches.keys { cutSearches[number]?.noteHole() }
    hasHoles = !searches.isEmpty
    return .resume
  }

  package mutating func parted(_ side: Side) -> (key: UInt64, ending: Ending)? {
    defer { cutEnd = nil }
    return cutEnd
  }

  /// A search that has not ended though bytes of its answer were lost and others were answered since:
  /// of several the one with the least number, the same in every run.
  private mutating func takeStale() -> UInt64? {
    if hasGivenUp || !hasHoles {
      hasGivenUp = false
      return nil
    }
    let stale = searches.filter { $0.value.hasHole && $0.value.silence >= Self.patience }.keys.min()
    if let stale {
      searches[stale] = nil
      return stale
    }
    for (number, search) in searches where search.hasHole {
      searches[number]?.silence = search.silence + 1
    }
    hasHoles = searches.values.contains(where: \.hasHole)
    return nil
  }

  private mutating func ask(
    _ message: LDAPMessage, _ bytes: RawSpan, _ length: Int
  ) throws(WireError) -> Step {
    var request = Message(.request, .ldap, key: message.number)
    let content = try LDAPRequest(message, bytes)
    request.fields.add(.ldapType, .text(message.operation.name))
    request.fields.add(.ldapSummary, text: content.summary.rawSpan)
    request.details = content.details
    if let number = content.abandons {
      if !hasEnded {
        hasEnded = true
        return .finish(of: number, abandonment(of: number), length: 0)
      }
      hasEnded = false
    } else {
      abandoned.remove(message.number)
    }
    if !message.operation.isAnswered {
      alone += 1
      request.key = .max - alone
      request.partner = .none
    }
    if content.startsTLS { startTLS = message.number }
    return .message(request, length: length)
  }

  /// The end of a request that is abandoned (RFC 4511 §4.11).
  private mutating func abandonment(of number: UInt64) -> Ending {
    if abandoned.count >= Self.maxSearches { abandoned.removeAll() }
    abandoned.insert(number)
    var ending = Ending()
    ending.fields.add(.statusText, text: "abandoned")
    guard let search = searches.removeValue(forKey: number) else { return ending }
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("messageId")
    writer.write(Int64(clamping: number))
    search.write(&writer)
    writer.endObject()
    ending.details = writer.bytes
    return ending
  }

  private mutating func answer(
    _ message: LDAPMessage, _ bytes: RawSpan, _ length: Int
  ) throws(WireError) -> Step {
    if message.number == 0 { return try notice(message, bytes, length) }
    if abandoned.contains(message.number) {
      return .message(Message(.interim, .ldap, key: message.number), length: length)
    }
    switch message.operation {
    case .searchEntry, .searchReference, .intermediate:
      guard searches[message.number] != nil else { return open(message) }
      try searches[message.number]?.add(message, bytes)
      return .content([], of: message.number, length: length)
    default: break
    }
    let result = try LDAPResult(message, bytes)
    if searches[message.number] == nil, let stale = takeStale() {
      hasGivenUp = true
      return .abandon(stale...stale, because: Self.hole, length: 0)
    }
    if message.operation == .extendedResponse, message.number == startTLS {
      startTLS = nil
      isEncrypted = result.code == 0
    }
    if let search = searches.removeValue(forKey: message.number) {
      return .end(of: message.number, ending(result, search), length: length)
    }
    var response = Message(.response, .ldap, key: message.number)
    let entries = cutSearches.removeValue(forKey: message.number)
    let ending = ending(
      result, message.operation == .searchDone ? entries ?? LDAPSearchAnswer() : nil)
    (response.fields, response.details) = (ending.fields, ending.details)
    response.failed = ending.failed
    response.fault = ending.fault
    return .message(response, length: length)
  }

  /// Begins the answer to a search, with no bytes yet.
  private mutating func open(_ message: LDAPMessage) -> Step {
    if searches.count >= Self.maxSearches { searches.removeAll() }
    searches[message.number] =
      cutSearches.removeValue(forKey: message.number) ?? LDAPSearchAnswer()
    var response = Message(.response, .ldap, key: message.number)
    response.extent = .open
    return .message(response, length: 0)
  }

  private func ending(_ result: LDAPResult, _ search: LDAPSearchAnswer?) -> Ending {
    var ending = Ending()
    ending.failed = result.isFailure
    ending.fields.add(.statusText, .text(result.name))
    var writer = JSONWriter()
    writer.beginObject()
    result.write(&writer, continuations: search?.continuations ?? [])
    search?.write(&writer)
    writer.endObject()
    ending.details = writer.bytes
    if search?.hasHole == true { ending.fault = Self.hole }
    return ending
  }

  private static let hole = Entry.Fault(
    .dissection, "bytes were not captured while it was sent")

  /// An unsolicited notification (RFC 4511 §4.4).
  private mutating func notice(
    _ message: LDAPMessage, _ bytes: RawSpan, _ length: Int
  ) throws(WireError) -> Step {
    let result = try LDAPResult(message, bytes)
    alone += 1
    var notice = Message(.notice, .ldap, key: .max - alone)
    notice.partner = .none
    notice.fields.add(.ldapType, text: "extended")
    notice.fields.add(.ldapSummary, .text(result.responseName))
    notice.fields.add(.statusText, .text(result.name))
    notice.failed = result.isFailure
    var writer = JSONWriter()
    writer.beginObject()
    result.write(&writer)
    writer.endObject()
    notice.details = writer.bytes
    return .message(notice, length: length)
  }
}

extension Step {
  /// Whether it uses any of the bytes shown, as far as `LDAP` answers.
  fileprivate var usesBytes: Bool {
    switch self {
    case .message(_, let length), .content(_, _, let length), .end(_, _, let length),
      .finish(_, _, let length), .skip(let length):
      length > 0
    default: false
    }
  }
}

extension LDAP {
  /// A sequence of a number and an operation that is known.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    let straight = judge(client, opening)
    let isLone = client.isEmpty && opening.isFinal
    guard opening.isMidway || opening.transport != .tcp || isLone, straight == .no else {
      return straight
    }
    return judge(server, opening)
  }

  private static func judge(_ bytes: RawSpan, _ opening: Opening) -> Recognition {
    guard !bytes.isEmpty, bytes.byte(0) == BER.sequence else { return .no }
    let isHome = row.ports.contains(opening.server.port) || row.ports.contains(opening.client.port)
    guard bytes.byteCount >= 16 else {
      if bytes.byteCount >= 7, LDAPMessage.isPlausible(bytes) {
        return .yes(isHome ? .certain : .likely)
      }
      return opening.isFinal || !LDAPMessage.mayBegin(bytes) ? .no : .needs(bytes.byteCount + 1)
    }
    guard LDAPMessage.isPlausible(bytes) else { return .no }
    return .yes(isHome ? .certain : .likely)
  }
}
