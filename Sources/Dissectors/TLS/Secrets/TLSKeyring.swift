import Bytes
import Flows

/// Opens the records of one connection with the secrets that are known of its handshake.
///
/// It is told what the handshake said in clear, and is then shown each protected record in order. A
/// secret that is not there yet makes a record wait; without hope, or when a record does not fit its
/// key, the side is given up and `secrecy` says why.
///
/// `.client` is the side that sent the ClientHello.
struct TLSKeyring: Sendable {
  private let secrets: TLSSecrets?
  private var random: TLSRandom?
  private var serverRandom: TLSRandom?
  private var session: TLSRandom?
  private var version: UInt16 = 0
  private var isVersion13 = false
  private var suite: TLSSuite?
  private var macsLast = false
  private var offersEarly = false
  /// Whether the server takes early data; nil until it has said so.
  private var acceptsEarly: Bool?
  private var found: TLSHandshakeSecrets?
  /// Generation of the secrets when they were last asked for.
  private var asked = -1
  private var ways = BySide(client: TLSWay(), server: TLSWay())
  /// Records that brought content.
  private var opened: UInt64 = 0
  /// A record was opened, be it of the handshake.
  private var hasOpened = false
  /// Protected records were sent.
  private var isInUse = false
  private var reason: Secrecy?
  private(set) var alpn = ""
  /// What a handshake of TLS 1.3 says is of interest.
  var isWatched = true
  private var sights: [(Side, TLSSight)] = []

  init(_ secrets: TLSSecrets?) { self.secrets = secrets }

  /// Whether it could be read; nil while nothing was encrypted.
  var secrecy: Secrecy? {
    guard isInUse else { return nil }
    // Where nothing but the handshake was sent, it is all there was to open.
    guard let reason else { return hasOpened ? .decrypted : .noKeys }
    if opened > 0 { return .partlyDecrypted }
    guard reason == .keysTooLate, let random else { return reason }
    return secrets?.secrets(of: random) == nil ? .noKeys : reason
  }

  // MARK: What the handshake says

  mutating func begin(_ hello: TLSClientHello) {
    random = hello.random
    offersEarly = hello.offersEarlyData
    found = nil
    asked = -1
  }

  mutating func answer(_ hello: TLSServerHello) {
    serverRandom = hello.random
    session = hello.session
    (version, isVersion13) = (hello.version, hello.isVersion13)
    macsLast = hello.macsLast
    if let name = hello.alpn { alpn = name }
    suite = TLSSuite(hello.suite)
    if suite?.fits(version) != true || version < 0x0301 || hello.isCompressed {
      suite = nil
      reason = reason ?? .unsupportedCipher
      for side in Side.allCases { ways[side].isGivenUp = true }
    }
  }

  /// What `side` sends from here on has other keys (TLS 1.2 and before).
  mutating func changeCipherSpec(_ side: Side) { ways[side].key = nil }

  /// `count` bytes of `side` are missing, or were passed over in search of the next record.
  mutating func lose(_ count: Int, of side: Side) { ways[side].lost += count }

  /// Whether a protected record of `side` can be of use. If not, the reason is noted.
  mutating func wants(_ side: Side) -> Bool {
    isInUse = true
    if ways[inPlace: side].isGivenUp { return false }
    if ways[inPlace: side].key != nil { return true }
    guard let secrets, secrets.isExpected else { return giveUp(side, .noKeyLog) }
    if random == nil { return giveUp(side, .handshakeNotSeen) }
    if side == .server, version == 0 { return giveUp(side, .handshakeNotSeen) }
    return true
  }

  /// Records of `side` are being opened, or will be when their secrets come.
  func isOpening(_ side: Side) -> Bool {
    !ways[side].isGivenUp && random != nil && suite != nil && secrets?.isExpected == true
  }

  @discardableResult
  mutating func giveUp(_ side: Side, _ cause: Secrecy) -> Bool {
    reason = reason ?? cause
    ways[side] = TLSWay()
    ways[side].isGivenUp = true
    return false
  }

  // MARK: Records

  /// Appends what a whole record of `side` says to `clear`.
  mutating func open(_ record: RawSpan, from side: Side, into clear: inout [UInt8]) -> Unsealed {
    if ways[inPlace: side].isGivenUp { return .never }
    // Early data, before anybody knows how the server will answer.
    if version == 0 { return .later }
    // With the last key of TLS 1.3 there is nothing more to ask for.
    let isReady = ways[inPlace: side].stage == .traffic && ways[inPlace: side].key != nil
    if !isReady, let missing = look() { return settle(missing, side) }
    return isVersion13 ? openNewer(record, side, &clear) : openOlder(record, side, &clear)
  }

  /// Asks for the secrets, unless they are here or no new ones came; says why there are none.
  private mutating func look() -> Secrecy? {
    if found != nil && !isLacking { return nil }
    guard let secrets, let random else { return .noKeys }
    let generation = secrets.generation
    if generation != asked {
      asked = generation
      found = secrets.secrets(of: random)
      if found == nil, let session, let known = secrets.secrets(of: session),
        !known[.session].isEmpty
      {
        found = known
      }
    }
    return found == nil ? .noKeys : nil
  }

  /// Some secrets of the handshake have not come.
  private var isLacking: Bool {
    guard isVersion13, let found else { return false }
    return found[.serverTraffic].isEmpty || found[.clientTraffic].isEmpty
      || found[.serverHandshake].isEmpty || found[.clientHandshake].isEmpty
  }

  /// A record whose secret is missing waits where it may still come.
  private mutating func settle(_ cause: Secrecy, _ side: Side) -> Unsealed {
    if secrets?.isGrowing == true { return .later }
    giveUp(side, cause)
    return .never
  }

  private mutating func watch(_ sight: TLSSight, _ side: Side) {
    if isWatched { sights.append((side, sight)) }
  }

  /// What records opened since the last call told of the handshake (TLS 1.3).
  mutating func takeSights() -> [(Side, TLSSight)] {
    if sights.isEmpty { return [] }
    var taken: [(Side, TLSSight)] = []
    swap(&taken, &sights)
    return taken
  }

  private mutating func noteContent(_ count: Int) { if count > 0 { opened += 1 } }
}

// TLS 1.2 and before (RFC 5246).
extension TLSKeyring {
  private mutating func openOlder(
    _ record: RawSpan, _ side: Side, _ clear: inout [UInt8]
  ) -> Unsealed {
    if ways[inPlace: side].key == nil { ways[side].key = olderKey(side) }
    let start = clear.count
    guard let skipped = ways[side].open(record, into: &clear) else {
      return misfit(record, side, because: .wrongKeys)
    }
    let lost = ways[side].settleLoss(skipped)
    hasOpened = true
    switch record.byte(0) {
    case TLS.Record.applicationData:
      noteContent(clear.count - start)
      return .clear(lost: lost)
    case TLS.Record.alert:
      let isEnd = clear.count == start + 2 && clear[start + 1] == 0
      clear.removeLast(clear.count - start)
      return isEnd ? .end : .clear(lost: lost)
    case TLS.Record.handshake:
      ways[side].messages.take(clear.rawSpan.suffix(from: start))
      clear.removeLast(clear.count - start)
      while let message = ways[side].messages.next() { renegotiate(message) }
      return .clear(lost: lost)
    case TLS.Record.changeCipherSpec: changeCipherSpec(side)
    default: break
    }
    clear.removeLast(clear.count - start)
    return .clear(lost: lost)
  }

  /// The key that the master secret gives to one side (RFC 5246 §6.3).
  private func olderKey(_ side: Side) -> TLSRecordKey? {
    guard let suite, let found, let random, let serverRandom else { return nil }
    let master = found[.master].isEmpty ? found[.session] : found[.master]
    guard !master.isEmpty else { return nil }
    let seed = serverRandom.bytes + random.bytes
    let count = suite.blockCount(version)
    let block =
      version >= 0x0303
      ? suite.hash.derive(master, "key expansion", seed, count)
      : TLSHash.deriveOlder(master, "key expansion", seed, count)
    return TLSRecordKey(
      suite, block: block, isClient: side == .client, version: version, macsLast: macsLast)
  }

  /// A handshake inside the connection: its keys come with the next ChangeCipherSpec.
  private mutating func renegotiate(_ message: TLSMessage) {
    switch message.type {
    case 1: if let hello = try? TLSClientHello(message.body.rawSpan) { begin(hello) }
    case 2: if let hello = try? TLSServerHello(message.body.rawSpan) { answer(hello) }
    default: break
    }
  }
}

// TLS 1.3 (RFC 8446).
extension TLSKeyring {
  private mutating func openNewer(
    _ record: RawSpan, _ side: Side, _ clear: inout [UInt8]
  ) -> Unsealed {
    // ChangeCipherSpec for old middleboxes, hellos and alerts in clear.
    guard record.byte(0) == TLS.Record.applicationData else { return .clear(lost: 0) }
    if side == .client, ways.client.stage == .early {
      if offersEarly, acceptsEarly == nil {
        // With the server's flight unreadable, the records themselves will tell.
        guard found?[.serverHandshake].isEmpty == true, secrets?.isGrowing != true else {
          return .later
        }
        acceptsEarly = true
      }
      if !offersEarly || acceptsEarly == false { ways.client.stage = .handshake }
    } else if side == .server, ways.server.stage == .early {
      ways.server.stage = .handshake
    }
    let start = clear.count
    var stage = ways[inPlace: side].stage
    var lacksSecret = false
    while true {
      if stage != ways[inPlace: side].stage || ways[inPlace: side].key == nil {
        var way = ways[side]
        way.secret = found?[stage.label(side)] ?? []
        way.key = suite.flatMap {
          way.secret.isEmpty ? nil : TLSRecordKey($0, secret: way.secret)
        }
        lacksSecret = lacksSecret || way.key == nil
        if let skipped = way.open(record, into: &clear) {
          way.stage = stage
          ways[side] = way
          return digest(side, start, skipped, &clear)
        }
      } else if let skipped = ways[side].open(record, into: &clear) {
        return digest(side, start, skipped, &clear)
      }
      guard let next = stage.next else { break }
      stage = next
    }
    if lacksSecret, secrets?.isGrowing == true { return .later }
    // Early data that the server turned away, and what has no secret before the application's.
    if ways[side].stage != .traffic, lacksSecret || side == .client && offersEarly {
      if lacksSecret { watch(.unreadable, side) }
      return .clear(lost: 0)
    }
    return misfit(record, side, because: lacksSecret ? .noKeys : .wrongKeys)
  }

  /// What an opened record holds: content, a type, and zeros (RFC 8446 §5.2).
  private mutating func digest(
    _ side: Side, _ start: Int, _ skipped: Int, _ clear: inout [UInt8]
  ) -> Unsealed {
    let lost = ways[side].settleLoss(skipped)
    hasOpened = true
    while clear.count > start, clear.last == 0 { clear.removeLast() }
    guard clear.count > start, let type = clear.popLast() else { return .clear(lost: lost) }
    if type == TLS.Record.applicationData {
      noteContent(clear.count - start)
      if ways[inPlace: side].stage == .early { return .early }
      watch(.content, side)
      return .clear(lost: lost)
    }
    var isEnd = false
    if type == TLS.Record.handshake {
      ways[side].messages.take(clear.rawSpan.suffix(from: start))
    } else if type == TLS.Record.alert, clear.count == start + 2 {
      let code = clear[start + 1]
      isEnd = code == 0
      // All but these end the connection, whatever their level says (RFC 8446 §6).
      if code != 0, code != 90 { watch(.alert(code), side) }
    }
    clear.removeLast(clear.count - start)
    while let message = ways[side].messages.next() { obey(message, side) }
    return isEnd ? .end : .clear(lost: lost)
  }

  /// What a message of the handshake changes.
  private mutating func obey(_ message: TLSMessage, _ side: Side) {
    watch(.message(message), side)
    switch message.type {
    case 5 where side == .client: ways.client.turn(to: .handshake)
    case 8 where side == .server: readExtensions(message.body.rawSpan)
    case 20: ways[side].turn(to: .traffic)
    case 24:
      guard let suite, !ways[side].secret.isEmpty else { return }
      let next = suite.hash.expand(ways[side].secret, "traffic upd", suite.hash.count)
      ways[side].secret = next
      ways[side].key = TLSRecordKey(suite, secret: next)
    default: break
    }
  }

  /// EncryptedExtensions (RFC 8446 §4.3.1).
  private mutating func readExtensions(_ body: RawSpan) {
    var isAccepted = false
    var at = 2
    while at + 4 <= body.byteCount {
      let end = at + 4 + Int(body.big16(at + 2))
      guard end <= body.byteCount else { break }
      switch body.big16(at) {
      case 16 where end > at + 7: alpn = body.text(at + 7..<end)
      case 42: isAccepted = true
      default: break
      }
      at = end
    }
    acceptsEarly = isAccepted
  }
}

extension TLSKeyring {
  /// A record does not fit its key. After a gap that may be a false beginning; the next may fit.
  private mutating func misfit(
    _ record: RawSpan, _ side: Side, because cause: Secrecy
  ) -> Unsealed {
    let isUnsure = ways[side].isUnsure
    if isUnsure, ways[side].misfits < TLSWay.maxMisfits {
      ways[side].misfits += 1
      ways[side].lost += record.byteCount
      return .clear(lost: 0)
    }
    giveUp(side, isUnsure ? .recordsLost : cause)
    return .never
  }
}
