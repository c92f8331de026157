package import Bytes
package import Decompression
package import Entries
package import Flows
import Layers

/// Handshakes of DTLS 1.0 to 1.3 over UDP (RFC 4347, RFC 6347, RFC 9147): TLS in datagrams.
///
/// One handshake is one entry, as over TCP. Before its hello a server may ask the client to show that
/// it gets what is sent to it (HelloVerifyRequest): then the client says its hello again, which is no
/// other entry. What is encrypted is passed over.
///
///     type    version   epoch   number   length    fragment
///     +-------+---------+-------+--------+---------+---------
///     | 1     | 2       | 2     | 6      | 2       |
package struct DTLS: CompletingDissector {
  package static let row = DissectorRow(
    completing: DTLS.self, name: "dtls", kinds: [.tlsx], transports: [.udp], ports: [443, 4433, 5349, 5684],
    priority: 5)

  static let headLength = 13
  /// Where the random number of a hello lies behind the head of its fragment.
  private static let random = DTLSFlight.headLength + 2..<DTLSFlight.headLength + 34

  private var flights: BySide<DTLSFlight>
  /// The side that said the first hello.
  private var requester: Side?
  /// Pairs both halves of the handshake.
  private var key: UInt64 = 0
  /// The client's hello has begun; it has come in full.
  private var isAsking = false
  private var hasHello = false
  private var isNamed = false
  /// Of the newest hello.
  private var number: [UInt8] = []
  /// The server wanted to see that the client gets what is sent to it.
  private var isVerified = false
  /// The server's hello has begun.
  private var isAnswering = false
  private var answer: TLSAnswer?
  /// The handshake has its entry.
  private var isOver = false
  /// What is left to say of the record at hand.
  private var steps: [Result<Step, WireError>] = []

  package init(_ opening: Opening) {
    flights = Self.flights(isMidway: opening.isMidway)
  }

  private static func flights(isMidway: Bool) -> BySide<DTLSFlight> {
    BySide(client: DTLSFlight(isMidway: isMidway), server: DTLSFlight(isMidway: isMidway))
  }

  package var spansDatagrams: Bool { true }

  package private(set) var heldBytes = 0

  package mutating func dropHeld() {
    flights.client.dropHeld()
    flights.server.dropHeld()
    heldBytes = 0
  }

  package var inside: Inside? { isAsking || isAnswering ? Inside(secrecy: .dtls) : nil }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery { .resume }

  package static func complete(
    _ entry: inout Entry, _ decompressions: inout DecompressionCounters
  ) {
    TLS.complete(&entry, &decompressions)
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if steps.isEmpty {
      // Encrypted records of DTLS 1.3 have a head of their own (RFC 9147 §4).
      guard bytes.byteCount >= Self.headLength, 20...26 ~= bytes.byte(0), bytes.byte(1) == 0xfe
      else { return .skip(bytes.byteCount) }
      let whole = Self.headLength + Int(bytes.big16(11))
      guard bytes.byteCount >= whole else { throw WireError(.truncated) }
      let isEncrypted = bytes.big16(3) != 0
      if isEncrypted { return .skip(whole) }
      do throws(WireError) {
        try read(bytes.byte(0), bytes.slice(Self.headLength..<whole), side)
        if steps.isEmpty { say(isOpen(side) ? .content([], of: key, length: 0) : .skip(0)) }
        steps.append(steps.removeLast().map { $0.using(whole) })
      } catch {
        // What was read before is said first, and uses nothing.
        steps.append(.failure(error))
      }
    }
    return try steps.removeFirst().get()
  }

  private mutating func say(_ step: Step) { steps.append(.success(step)) }

  private mutating func read(
    _ type: UInt8, _ content: RawSpan, _ side: Side
  ) throws(WireError) {
    switch type {
    case TLS.Record.handshake: try handshake(content, side)
    case TLS.Record.changeCipherSpec where side != requester:
      // What still waits has something missing before it.
      settle(isComplete: heldBytes == 0)
    case TLS.Record.alert where content.byteCount == 2 && content.byte(0) == 2:
      alert(TLSNames.alert(content.byte(1)), side)
    default: break
    }
  }

  /// The side's hello has begun and is not over.
  private func isOpen(_ side: Side) -> Bool {
    if isOver { return false }
    return side == requester ? isAsking && !hasHello : isAnswering
  }

  // MARK: Handshake messages

  private mutating func handshake(_ content: RawSpan, _ side: Side) throws(WireError) {
    if beginsAgain(content, side) { restart() }
    if isOver { return }
    defer { heldBytes = flights.client.heldBytes + flights.server.heldBytes }
    try flights[side].add(content)
    let type = content.isEmpty ? 0 : content.byte(0)
    if type == 1, !isAsking, side != requester?.other { ask(side) }
    if type == 2, side != requester { reply(side) }
    while let message = flights[side].take() {
      if side == requester {
        if message.type == 1, !hasHello { try clientHello(message.body) }
      } else {
        try serverMessage(message)
      }
    }
  }

  /// Whether the client begins another handshake: its first message has another random number.
  private func beginsAgain(_ content: RawSpan, _ side: Side) -> Bool {
    guard side == requester, hasHello, content.byteCount >= Self.random.upperBound,
      content.byte(0) == 1, content.big16(4) == 0, content.big24(6) == 0
    else { return false }
    return content.slice(Self.random).array() != number
  }

  private mutating func restart() {
    flights = Self.flights(isMidway: false)
    key += 1
    (isAsking, hasHello, isNamed, isVerified) = (false, false, false, false)
    (isAnswering, answer, isOver) = (false, nil, false)
  }

  private mutating func ask(_ side: Side) {
    (requester, isAsking) = (side, true)
    begin(.request, partner: .expected)
  }

  private mutating func reply(_ side: Side) {
    if isAnswering { return }
    if requester == nil { requester = side.other }
    isAnswering = true
    begin(.response, partner: isAsking ? .expected : .lost)
  }

  private mutating func begin(_ role: Message.Role, partner: Message.Partner) {
    var message = Message(role, .tlsx, key: key)
    message.extent = .open
    message.partner = partner
    say(.message(message, length: 0))
  }

  private mutating func clientHello(_ body: [UInt8]) throws(WireError) {
    hasHello = true
    do throws(WireError) {
      let hello = try TLSClientHello(body.rawSpan, hasCookie: true)
      isNamed = !hello.serverName.isEmpty
      number = Array(body[2..<34])
      var message = Message(.request, .tlsx, key: key)
      hello.describe(&message, over: .datagrams(isVerified: false))
      say(.end(of: key, Ending(of: message), length: 0))
    } catch {
      var ending = Ending()
      ending.fault = Entry.Fault(.dissection, error.reason)
      say(.end(of: key, ending, length: 0))
      throw error
    }
  }

  private mutating func serverMessage(_ message: TLSMessage) throws(WireError) {
    switch message.type {
    case 2 where answer == nil:
      let hello = try TLSServerHello(message.body.rawSpan)
      if hello.isRetryRequest { return }
      answer = TLSAnswer(
        hello, retried: false, isNamed: isNamed, over: .datagrams(isVerified: isVerified))
      if hello.isVersion13 { settle(isComplete: true) }
    case 3: isVerified = true
    case 11: answer?.readCertificates(message.body.rawSpan)
    case 12: answer?.readKeyExchange(message.body.rawSpan)
    case 22: answer?.hasStaple = true
    default: break
    }
  }

  /// The server's part in clear is over.
  private mutating func settle(isComplete: Bool) {
    guard !isOver, let answer else { return }
    isOver = true
    dropHeld()
    say(.end(of: key, answer.ending(isComplete: isComplete), length: 0))
  }

  // MARK: Alerts

  private mutating func alert(_ name: String, _ side: Side) {
    if isOver || requester == nil { return }
    if side == requester {
      isOver = true
      say(.finish(of: key, TLSRefusal.ofClient(name, behind: answer), length: 0))
      return
    }
    if answer != nil {
      answer?.alert = name
      settle(isComplete: false)
      return
    }
    reply(side)
    isOver = true
    let refusal = TLSRefusal.reply(name, key: key, over: .datagrams(isVerified: isVerified))
    say(.end(of: key, Ending(of: refusal), length: 0))
  }
}

extension DTLS {
  /// A record in clear that fits its datagram, with the first fragment of a hello.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    if isHello(client, [1]) || isHello(server, [1]) { return .yes(.certain) }
    guard opening.isMidway || client.isEmpty else { return .no }
    return isHello(server, [2, 3]) || isHello(client, [2, 3]) ? .yes(.likely) : .no
  }

  private static func isHello(_ bytes: RawSpan, _ types: [UInt8]) -> Bool {
    let least = headLength + DTLSFlight.headLength
    guard bytes.byteCount >= least, bytes.byte(0) == TLS.Record.handshake,
      [0xfeff, 0xfefd].contains(bytes.big16(1)), bytes.big16(3) == 0
    else { return false }
    let end = headLength + Int(bytes.big16(11))
    guard end >= least, end <= bytes.byteCount, types.contains(bytes.byte(headLength)) else {
      return false
    }
    // The fragment begins the message, is part of it, and lies within the record.
    let length = Int(bytes.big24(headLength + 1))
    let count = Int(bytes.big24(headLength + 9))
    return bytes.big24(headLength + 6) == 0 && count <= length && least + count <= end
  }
}

extension Step {
  /// The same with so many bytes.
  fileprivate func using(_ length: Int) -> Step {
    switch self {
    case .message(let message, _): .message(message, length: length)
    case .content(let content, let key, _): .content(content, of: key, length: length)
    case .end(let key, let ending, _): .end(of: key, ending, length: length)
    case .finish(let key, let ending, _): .finish(of: key, ending, length: length)
    case .skip: .skip(length)
    case .needs, .body, .abandon, .withdraw, .sealed, .become: self
    }
  }
}
