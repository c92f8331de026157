package import Bytes
import Entries
package import Flows
import Layers

/// Handshakes of QUIC (RFC 9000, RFC 9001): the ClientHello and the ServerHello of TLS 1.3 in its
/// Initial packets, be they of version 1, of version 2 (RFC 9369) or of the last drafts.
///
/// Initial packets are protected with keys that everybody can derive who has seen the first. What
/// comes behind the two hellos is encrypted for the ends alone, and passed over. One handshake is one
/// entry, as over TCP: a hello may take several packets, and a conversation may have several
/// handshakes, told apart by their connection IDs.
///
///     client   Initial: CRYPTO (ClientHello)
///     server                                 Retry, or Version Negotiation: once more
///     server   Initial: CRYPTO (ServerHello), Handshake: encrypted
///     both     Handshake and packets with short headers: encrypted
package struct QUIC: Dissector {
  package static let row = DissectorRow(
    QUIC.self, name: "quic", kinds: [.tlsx], transports: [.udp], ports: [443, 8443, 4433, 853],
    priority: 5)

  /// Packets of one datagram that are looked at; real ones have four at the most.
  static let maxPackets = 16
  /// Handshakes of one conversation that are followed; the oldest makes room.
  static let maxHandshakes = 4
  /// Initial packets of one conversation that fit no key; no more of those that are new are tried.
  static let maxMisfits = 64

  /// The newest last.
  private var handshakes: [QUICHandshake] = []
  private var ordinal: UInt64 = 0
  package private(set) var heldBytes = 0
  private var misfits = 0
  /// What is left to say of the datagram at hand.
  private var steps: [Result<Step, WireError>] = []

  package init(_ opening: Opening) {}

  package var spansDatagrams: Bool { true }

  package var inside: Inside? { handshakes.isEmpty ? nil : Inside(secrecy: .quic) }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if steps.isEmpty {
      // Nearly all packets: the header is short, and the rest is encrypted.
      if bytes.byte(0) & 0x80 == 0 { return .skip(bytes.byteCount) }
      read(bytes, from: side)
      heldBytes = handshakes.reduce(0) { $0 + $1.heldBytes }
    }
    return try steps.removeFirst().get()
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery { .resume }

  package mutating func dropHeld() {
    for place in handshakes.indices { handshakes[place].dropHeld() }
    heldBytes = 0
  }

  package mutating func settled(isEnding: Bool, isCut: Bool) -> (key: UInt64, ending: Ending)? {
    guard isEnding, let place = handshakes.firstIndex(where: \.isTurnedAway) else { return nil }
    return (handshakes[place].key, handshakes[place].turnAway())
  }

  // MARK: One datagram

  /// Notes the steps of all its packets. What is wrong with one ends it, before the bytes are used.
  private mutating func read(_ bytes: RawSpan, from side: Side) {
    var at = 0
    var count = 0
    var destination: [UInt8] = []
    do throws(WireError) {
      while at < bytes.byteCount, bytes.byte(at) & 0x80 != 0 {
        let rest = bytes.suffix(from: at)
        let packet = try QUICPacket(rest)
        if count == 0 { destination = packet.destination }
        // Others than of one connection do not share a datagram (RFC 9000 §12.2).
        if packet.destination != destination { break }
        count += 1
        guard count <= Self.maxPackets else { throw WireError(.tooLarge, at: at) }
        try take(packet, rest, from: side)
        at += packet.end
      }
    } catch {
      steps.append(.failure(error))
      return
    }
    if at < bytes.byteCount { steps.append(.success(.skip(bytes.byteCount - at))) }
  }

  /// - Parameter bytes: begin with the packet.
  private mutating func take(
    _ packet: QUICPacket, _ bytes: RawSpan, from side: Side
  ) throws(WireError) {
    if packet.kind == .initial { return try initial(packet, bytes, from: side) }
    let place = handshakes.lastIndex { !$0.isOver && $0.concerns(packet, from: side) }
    if let place {
      let isServer = side != handshakes[place].client
      switch packet.kind {
      case .retry where isServer: handshakes[place].retry(packet, bytes)
      case .negotiation where isServer: handshakes[place].negotiate(packet, bytes)
      case .zeroRTT where !isServer: handshakes[place].noteEarlyData()
      case .initial, .handshake, .retry, .negotiation, .zeroRTT: break
      }
    }
    steps.append(.success(.skip(packet.end)))
  }

  // MARK: Initial packets

  private mutating func initial(
    _ packet: QUICPacket, _ bytes: RawSpan, from side: Side
  ) throws(WireError) {
    for place in handshakes.indices.reversed() where handshakes[place].concerns(packet, from: side)
    {
      if handshakes[place].isOver || handshakes[place].isPast(packet, from: side) {
        guard handshakes[place].owns(packet, from: side) else { continue }
        // Acknowledgments, and what is sent again.
        steps.append(.success(.skip(packet.end)))
        return
      }
      let role: Side = side == handshakes[place].client ? .client : .server
      if let clear = handshakes[place].open(packet, bytes, from: role) {
        return try take(clear, packet, from: role, at: place)
      }
    }
    guard misfits < Self.maxMisfits else { throw WireError(.tooLarge) }
    let keys = QUICInitialKeys(packet.version, packet.destination)
    guard keys.open(packet, bytes, from: .client) != nil else {
      misfits += 1
      throw WireError(.invalid)
    }
    let place = begin(packet, keys, from: side)
    guard let clear = handshakes[place].open(packet, bytes, from: .client) else {
      throw WireError(.invalid)
    }
    try take(clear, packet, from: .client, at: place)
  }

  private mutating func take(
    _ clear: [UInt8], _ packet: QUICPacket, from role: Side, at place: Int
  ) throws(WireError) {
    let taken = handshakes[place].take(clear, packet, from: role)
    for step in taken.steps { steps.append(.success(step)) }
    if let failure = taken.failure { throw failure }
  }

  /// Another handshake, or another beginning of one. Gives its place.
  private mutating func begin(
    _ packet: QUICPacket, _ keys: QUICInitialKeys, from side: Side
  ) -> Int {
    if let place = handshakes.lastIndex(where: { $0.isBegunAgain(by: packet, from: side) }) {
      handshakes[place].beginAgain(packet, keys)
      return place
    }
    if handshakes.count == Self.maxHandshakes {
      let oldest = handshakes.removeFirst()
      if !oldest.isOver {
        let fault = Entry.Fault(.pairNotFound, "too many handshakes were unfinished")
        steps.append(.success(.abandon(oldest.key...oldest.key, because: fault, length: 0)))
      }
    }
    ordinal += 1
    handshakes.append(QUICHandshake(packet, keys, key: ordinal, client: side))
    var message = Message(.request, .tlsx, key: ordinal)
    message.extent = .open
    steps.append(.success(.message(message, length: 0)))
    return handshakes.count - 1
  }
}

extension QUIC {
  /// An Initial packet of a client that opens with the keys its own header gives: nothing else does.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    isBeginning(client) || isBeginning(server) ? .yes(.certain) : .no
  }

  private static func isBeginning(_ bytes: RawSpan) -> Bool {
    guard !bytes.isEmpty, bytes.byte(0) & 0xc0 == 0xc0, let packet = try? QUICPacket(bytes),
      packet.kind == .initial
    else { return false }
    return QUICInitialKeys(packet.version, packet.destination)
      .open(packet, bytes, from: .client) != nil
  }
}
