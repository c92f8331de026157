import Bytes
import Crypto
import Dissectors
import Entries
import Flows
import Layers

/// Conversations over TLS 1.3 with known secrets: each turn of an input is the content of a record.
///
/// What is inside gives the entries that it gives by itself; secrets that are late or wrong, and
/// limits, leave nothing behind.
enum SealedTarget {
  static let target = FuzzTarget(
    "sealed", "a conversation whose turns are sealed in records of TLS", maxLength: 4 << 10
  ) { bytes throws(BrokenLaw) in
    var conversing = Conversing(bytes)
    conversing.transport = .tcp
    var sealer = Sealer()
    let sealed = sealer.seal(conversing)
    for (text, isGrowing) in [(Sealer.keyLog, false), (Sealer.wrongKeyLog, false), ("", true)] {
      try survive(sealed, known(text, isGrowing: isGrowing))
    }
    // Inside of TLS the secrets are those of what is inside as well, and none turns to TLS in its middle,
    // as any may by itself (STARTTLS).
    guard conversing.isSound, !hasHello(conversing) else { return }
    let plain = try calls(conversing, nil)
    guard !plain.contains(where: { $0.kind == .tlsx }) else { return }
    let inside = try calls(sealed, known(Sealer.keyLog, isGrowing: false))
      .filter(\.decrypted).map { entry in
        var entry = entry
        // The handshake has the first number.
        entry.index -= 1
        return entry
      }
    let (sealedEssences, plainEssences) = (inside.map(\.essence), plain.map(\.essence))
    guard sealedEssences != plainEssences else { return }
    let at = zip(sealedEssences, plainEssences).prefix { $0 == $1 }.count
    let found = [sealedEssences, plainEssences].map { at < $0.count ? $0[at] : "-" }
    throw BrokenLaw("inside TLS entry \(at) is\n\(found[0])\nand by itself it is\n\(found[1])")
  }

  /// Whether something looks like the first message of TLS of a side (RFC 8446 §4, §5.1).
  private static func hasHello(_ conversing: Conversing) -> Bool {
    for side in Side.allCases {
      var bytes: [UInt8] = []
      for case .says(side, let said) in conversing.turns { bytes += said }
      for at in bytes.indices.dropLast(5) where bytes[at] == 22 && bytes[at + 1] == 3 {
        if bytes[at + 5] == 1 || bytes[at + 5] == 2 { return true }
      }
    }
    return false
  }

  private static func known(_ text: String, isGrowing: Bool) -> TLSSecrets {
    let secrets = TLSSecrets()
    secrets.expect()
    secrets.mayGrow(isGrowing)
    var log = KeyLog()
    log.take(Array(text.utf8).rawSpan, into: secrets)
    log.finish(into: secrets)
    return secrets
  }

  private static func survive(
    _ conversing: Conversing, _ secrets: TLSSecrets
  ) throws(BrokenLaw) {
    var limits = DissectionLimits()
    limits.sealedPerConversation = 600
    limits.sealedInAll = 800
    limits.waitingPerSide = 2_000
    let dissection = Dissection(
      limits: limits, switches: DissectionTarget.everything, secrets: secrets)
    try conversing.play(to: dissection) { () throws(BrokenLaw) in
      let held = dissection.held
      try hold(held.sealedBytes <= limits.sealedInAll, "\(held.sealedBytes) sealed bytes wait")
      try hold(held.sealedBytes >= 0 && held.pending >= 0, "\(held) is held")
    }
    dissection.finish()
    try hold(dissection.counters.misbehaved == 0, "a dissector broke its contract")
    try hold(dissection.isIdle, "\(dissection.held) is left behind")
    let connections = dissection.drain().count { !$0.kind.isCall }
    try hold(connections == 1, "\(connections) entries of the conversation itself")
  }

  private static func calls(
    _ conversing: Conversing, _ secrets: TLSSecrets?
  ) throws(BrokenLaw) -> [Entry] {
    let dissection = Dissection(switches: DissectionTarget.everything, secrets: secrets)
    try conversing.play(to: dissection)
    return dissection.drain().filter(\.kind.isCall)
  }
}

/// Seals what is said with the secrets of `keyLog` in TLS_AES_128_GCM_SHA256 (RFC 8446 §5.2). The
/// handshake is two hellos: whoever has no secrets of the rest of it passes it over.
private struct Sealer {
  private static let random = [UInt8](repeating: 7, count: 32)
  private static let secrets = BySide(
    client: [UInt8](repeating: 4, count: 32), server: [UInt8](repeating: 5, count: 32))
  /// Bytes of content in one record.
  private static let longest = 1 << 14

  static let keyLog = keyLog(secrets)
  static let wrongKeyLog = keyLog(BySide(client: secrets.server, server: secrets.client))

  private static func keyLog(_ secrets: BySide<[UInt8]>) -> String {
    """
    CLIENT_TRAFFIC_SECRET_0 \(hex(random)) \(hex(secrets.client))
    SERVER_TRAFFIC_SECRET_0 \(hex(random)) \(hex(secrets.server))

    """
  }

  private var sequences = BySide(client: UInt64(0), server: UInt64(0))

  /// The conversation as it is sent; what is lost of it are bytes of records.
  mutating func seal(_ conversing: Conversing) -> Conversing {
    var sealed = conversing
    sealed.turns = conversing.turns.map { turn in
      guard case .says(let side, let bytes) = turn else { return turn }
      return .says(
        side,
        stride(from: 0, to: bytes.count, by: Self.longest).flatMap {
          record(side, Array(bytes[$0..<min($0 + Self.longest, bytes.count)]))
        })
    }
    sealed.turns.insert(contentsOf: [.says(.client, Self.clientHello)], at: 0)
    sealed.turns.insert(contentsOf: [.says(.server, Self.serverHello)], at: 1)
    return sealed
  }

  private mutating func record(_ side: Side, _ content: [UInt8]) -> [UInt8] {
    let key = SymmetricKey(data: expandLabel(Self.secrets[side], "key", 16))
    var nonce = expandLabel(Self.secrets[side], "iv", 12)
    for place in 0..<8 {
      nonce[11 - place] ^= UInt8(truncatingIfNeeded: sequences[side] >> (8 * UInt64(place)))
    }
    sequences[side] += 1
    let length = content.count + 1 + 16
    let head: [UInt8] = [23, 3, 3, UInt8(length >> 8), UInt8(length & 255)]
    guard let nonce = try? AES.GCM.Nonce(data: nonce),
      let box = try? AES.GCM.seal(content + [23], using: key, nonce: nonce, authenticating: head)
    else { return [] }
    return head + Array(box.ciphertext) + Array(box.tag)
  }

  private static func hello(_ type: UInt8, _ rest: [UInt8]) -> [UInt8] {
    let body = [3, 3] + random + [0] + rest
    let message = [type, 0, 0, UInt8(body.count)] + body
    return [22, 3, 3, 0, UInt8(message.count)] + message
  }

  private static let clientHello = hello(1, [0, 2, 0x13, 1, 1, 0, 0, 7, 0, 43, 0, 3, 2, 3, 4])
  private static let serverHello = hello(2, [0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4])
}

/// HKDF-Expand-Label (RFC 8446 §7.1) with SHA-256.
func expandLabel(_ secret: [UInt8], _ label: String, _ count: Int) -> [UInt8] {
  let label = Array("tls13 \(label)".utf8)
  let info = [0, UInt8(count), UInt8(label.count)] + label + [0, 1]
  let block = HMAC<SHA256>.authenticationCode(for: info, using: SymmetricKey(data: secret))
  return Array(block.prefix(count))
}
