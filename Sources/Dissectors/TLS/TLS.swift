package import Bytes
import Entries
package import Flows
import Layers

/// TLS handshakes as they are seen on the wire: SSL 3.0 to TLS 1.3 (RFC 5246, RFC 8446), be it that
/// the client begins in the format of SSL 2.0 (RFC 5246 appendix E.2).
///
/// One handshake is one entry: the ClientHello is the request, the ServerHello with what follows it
/// in clear is the reply. Of TLS 1.2 and before that reaches to the server's ChangeCipherSpec, with
/// its certificates; in TLS 1.3 everything behind the ServerHello is encrypted, and belongs to it where
/// it can be opened. An alert that ends a handshake makes it fail. What is encrypted is opened where its
/// secrets are known, and read by the protocol inside; else it is passed over.
///
///     type    version   length    fragment
///     +-------+---------+---------+-------------
///     | 1     | 2       | 2       | up to 2^14 + 2048
///     +-------+---------+---------+-------------
package struct TLS: CompletingDissector {
  package static let row = DissectorRow(
    completing: TLS.self, name: "tlsx", kinds: [.tlsx], transports: [.tcp],
    ports: [443, 8443, 6443, 636, 853, 993, 995, 465], priority: 5)

  static let headLength = 5
  /// Longest record, in bytes.
  static let maxRecord = (1 << 14) + 2048
  /// Bytes of handshake messages that belong together; long chains of certificates have some 20 KB.
  static let maxFlight = 128 << 10

  enum Record {
    static let changeCipherSpec: UInt8 = 20
    static let alert: UInt8 = 21
    static let handshake: UInt8 = 22
    static let applicationData: UInt8 = 23
    static let heartbeat: UInt8 = 24
  }

  /// What was sent is encrypted from here on.
  var isProtected = BySide(client: false, server: false)
  var requester: Side?
  var hasHello = false
  /// What the server has said of it so far, while more is to come.
  var answer: TLSAnswer?
  /// The server asked for another ClientHello.
  private var retries = false
  /// The handshake has its entry, and no other can be seen.
  var isOver = false

  /// The server has chosen TLS 1.3: only records of application data are encrypted.
  var isVersion13 = false
  var keyring: TLSKeyring
  /// What is encrypted of a handshake of TLS 1.3, and how it ended there.
  var hidden = TLSHiddenHandshake()
  var conclusion: Ending?
  /// The last record of a side waits for its secrets.
  var waits = BySide(client: false, server: false)
  /// Where the next record begins, after bytes that were not captured.
  var searches = BySide(client: TLSSearch(), server: TLSSearch())
  /// The server speaks no TLS.
  private var isPlain = false
  /// Where a reply comes first, its hello was not captured.
  private let isMidway: Bool

  package init(_ opening: Opening) {
    keyring = TLSKeyring(opening.secrets)
    isMidway = opening.isMidway
    if !opening.isMidway { requester = .client }
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if searches[side].isOn, let step = search(bytes, side) { return step }
    if let step = plainReply(bytes, side) { return step }
    if !hasHello, side != requester?.other, let count = TLSClientHello.version2(bytes) {
      guard bytes.byteCount >= count else { return .needs(count) }
      let hello = try TLSClientHello(version2: bytes.slice(2..<count))
      return .message(begin(hello, side), length: count)
    }
    guard bytes.byteCount >= Self.headLength else { return .needs(Self.headLength) }
    let length = Int(bytes.big16(3))
    guard bytes.byte(0) >= Record.changeCipherSpec, bytes.byte(0) <= Record.heartbeat,
      bytes.byte(1) == 3, length <= Self.maxRecord
    else { throw WireError(.invalid) }
    let whole = Self.headLength + length
    if isProtected[side] || bytes.byte(0) == Record.applicationData {
      return protected(bytes, whole, side)
    }
    switch bytes.byte(0) {
    case Record.changeCipherSpec:
      // In TLS 1.3 it is there for old middleboxes only.
      if isVersion13 || retries { return .skip(whole) }
      guard bytes.byteCount >= whole else { return .needs(whole) }
      isProtected[side] = true
      keyring.changeCipherSpec(role(side))
      guard side != requester, let answer else { return .skip(whole) }
      self.answer = nil
      isOver = true
      return .end(of: 0, answer.ending(isComplete: true), length: whole)
    case Record.alert:
      guard bytes.byteCount >= whole else { return .needs(whole) }
      guard length == 2 else { return .skip(whole) }
      return alert(level: bytes.byte(5), TLSNames.alert(bytes.byte(6)), side, whole)
    case Record.handshake: return try handshake(bytes, side)
    // A heartbeat (RFC 6520) in clear, as scanners send them: the handshake goes on.
    default: return .skip(whole)
    }
  }

  // MARK: Handshake messages

  /// Messages in one record or several, to the end of the first record that ends with a message.
  private mutating func handshake(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    var content: [UInt8] = []
    var at = 0
    repeat {
      guard bytes.byteCount >= at + Self.headLength else { return .needs(at + Self.headLength) }
      let length = Int(bytes.big16(at + 3))
      guard bytes.byte(at) == Record.handshake, length > 0, length <= Self.maxRecord,
        content.count <= Self.maxFlight
      else { throw WireError(.invalid, at: at) }
      guard bytes.byteCount >= at + Self.headLength + length else {
        return .needs(at + Self.headLength + length)
      }
      content.append(bytes.slice(at + Self.headLength..<at + Self.headLength + length))
      at += Self.headLength + length
    } while !Self.isWhole(content.rawSpan)
    return try flight(content.rawSpan, length: at, side)
  }

  /// Whether the last message ends with the bytes.
  private static func isWhole(_ bytes: RawSpan) -> Bool {
    var at = 0
    while at + 4 <= bytes.byteCount { at += 4 + Int(bytes.big24(at + 1)) }
    return at == bytes.byteCount
  }

  mutating func flight(
    _ bytes: RawSpan, length: Int, _ side: Side
  ) throws(WireError) -> Step {
    var opened: Message?
    var at = 0
    while at + 4 <= bytes.byteCount {
      let body = bytes.slice(at + 4..<at + 4 + Int(bytes.big24(at + 1)))
      switch bytes.byte(at) {
      case 1: opened = try clientHello(body, side) ?? opened
      case 2: opened = try serverHello(body, side) ?? opened
      case 11 where side != requester: answer?.readCertificates(body)
      case 12: answer?.readKeyExchange(body)
      case 22 where side != requester: answer?.hasStaple = true
      default: break
      }
      at += 4 + body.byteCount
    }
    guard var opened else {
      return answer != nil && side != requester
        ? .content([], of: 0, length: length) : .skip(length)
    }
    if opened.role == .response, let answer {
      let ending = answer.ending(isComplete: answer.isVersion13)
      (opened.fields, opened.details) = (ending.fields, ending.details)
      opened.failed = ending.failed
      if answer.isVersion13, !keyring.isOpening(.server) {
        self.answer = nil
        isOver = true
      } else {
        opened.extent = .open
      }
    }
    return .message(opened, length: length)
  }

  private mutating func clientHello(
    _ body: RawSpan, _ side: Side
  ) throws(WireError) -> Message? {
    // The second one, after a HelloRetryRequest, says the same with another key.
    if hasHello { return nil }
    return begin(try TLSClientHello(body), side)
  }

  mutating func begin(_ hello: TLSClientHello, _ side: Side) -> Message {
    requester = side
    hasHello = true
    keyring.begin(hello)
    summary = hello.serverName.isEmpty ? "" : hello.serverName
    var message = Message(.request, .tlsx, key: 0)
    hello.describe(&message)
    return message
  }

  /// Server name of the ClientHello.
  private var summary = ""

  private mutating func serverHello(
    _ body: RawSpan, _ side: Side
  ) throws(WireError) -> Message? {
    if isOver || answer != nil { return nil }
    let hello = try TLSServerHello(body)
    if hello.isRetryRequest {
      retries = true
      return nil
    }
    if requester == nil { requester = side.other }
    keyring.answer(hello)
    isVersion13 = hello.isVersion13
    answer = TLSAnswer(hello, retried: retries, isNamed: !summary.isEmpty)
    var message = Message(.response, .tlsx, key: 0)
    if !hasHello, isMidway { message.partner = .lost }
    return message
  }

  // MARK: Refusals

  /// What a server of HTTP without TLS makes of a ClientHello: a request that it cannot read, which it
  /// answers in HTTP. Nil where there is no such reply.
  private mutating func plainReply(_ bytes: RawSpan, _ side: Side) -> Step? {
    if isPlain { return side == requester ? nil : .skip(.max) }
    guard hasHello, !isOver, answer == nil, side != requester, bytes.byte(0) == 0x48 else {
      return nil
    }
    let version: StaticString = "HTTP/1."
    guard bytes.starts(with: version) else {
      return bytes.isBeginning(of: version) ? .needs(version.utf8CodeUnitCount) : nil
    }
    guard let end = bytes.firstOffset(of: 0x0a) else {
      return bytes.byteCount > HTTP1.maxHead ? nil : .needs(bytes.byteCount + 1)
    }
    guard case .response(let status, let reason, _)? = HTTP1StartLine(bytes, 0..<end) else {
      return nil
    }
    (isPlain, isOver) = (true, true)
    return .message(TLSRefusal.inHTTP(status, bytes.slice(reason)), length: end + 1)
  }

  private mutating func alert(level: UInt8, _ name: String, _ side: Side, _ length: Int) -> Step {
    // Warnings, and the end of a connection that nobody used.
    guard level == 2, !isOver else { return .skip(length) }
    isOver = true
    if side == requester { return .finish(of: 0, refusal(name), length: length) }
    if var answer {
      self.answer = nil
      answer.alert = name
      return .end(of: 0, answer.ending(isComplete: false), length: length)
    }
    var message = TLSRefusal.reply(name, key: 0)
    if !hasHello, isMidway { message.partner = .lost }
    return .message(message, length: length)
  }

  /// The end of a handshake that the client gives up.
  mutating func refusal(_ name: String) -> Ending {
    defer { answer = nil }
    return TLSRefusal.ofClient(name, behind: answer)
  }
}
