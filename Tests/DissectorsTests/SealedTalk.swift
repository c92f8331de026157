import Bytes
import Crypto
import Flows

@testable import Dissectors

/// A conversation over TLS as a test writes it down, with secrets of its own: AES-128-GCM, the
/// handshake cut down to what a reader needs.
///
/// What it seals with is what it is opened with; that both are right is told by the captures of real
/// servers in `Samples/tls`.
struct SealedTalk {
  static let random = [UInt8](repeating: 7, count: 32)

  var talk = Talk(serverPort: 443)
  let isVersion13: Bool
  private var secrets = BySide(client: [UInt8](), server: [UInt8]())
  private var sequences = BySide(client: UInt64(0), server: UInt64(0))

  /// Up to the end of the handshake.
  ///
  /// - Parameters:
  ///   - flight: what the server says between EncryptedExtensions and Finished (TLS 1.3).
  ///   - alpn: the protocol it chooses there.
  ///   - refusal: the alert that the client sends in the place of its Finished.
  init(
    isVersion13: Bool = true, early: String = "", flight: [UInt8] = [], alpn: String = "",
    refusal: UInt8? = nil
  ) {
    self.isVersion13 = isVersion13
    talk.says(.client, TLSTests.hello(early: !early.isEmpty))
    if !early.isEmpty {
      secrets.client = Self.secret(1)
      says(.client, early)
    }
    talk.says(.server, TLSTests.record(22, TLSTests.serverHello(newer: isVersion13)))
    guard isVersion13 else {
      for side in [Side.client, .server] {
        talk.says(side, TLSTests.record(20, [1]))
        seal(side, [20, 0, 0, 1, 9], type: 22)
      }
      return
    }
    secrets.server = Self.secret(3)
    sequences.server = 0
    var extensions: [UInt8] = early.isEmpty ? [] : [0, 42, 0, 0]
    if !alpn.isEmpty {
      let count = UInt8(alpn.utf8.count)
      extensions += [0, 16, 0, count + 3, 0, count + 1, count] + Array(alpn.utf8)
    }
    extensions = [0, UInt8(extensions.count)] + extensions
    let hidden: [UInt8] = [8, 0, 0, UInt8(extensions.count)] + extensions + flight
    seal(.server, hidden + [20, 0, 0, 1, 9], type: 22)
    if !early.isEmpty { seal(.client, [5, 0, 0, 0], type: 22) }
    secrets.client = Self.secret(2)
    sequences.client = 0
    if let refusal {
      seal(.client, [2, refusal], type: 21)
    } else {
      seal(.client, [20, 0, 0, 1, 9], type: 22)
    }
    secrets = BySide(client: Self.secret(4), server: Self.secret(5))
    sequences = BySide(client: 0, server: 0)
  }

  /// A request with its reply.
  mutating func asks(_ path: String, gets status: Int = 200, _ body: String = "") {
    says(.client, "GET \(path) HTTP/1.1\r\nHost: shop\r\n\r\n")
    says(.server, "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  mutating func says(_ side: Side, _ text: String) { seal(side, Array(text.utf8), type: 23) }

  /// The side changes its key (RFC 8446 §4.6.3).
  mutating func updatesKey(_ side: Side) {
    seal(side, [24, 0, 0, 1, 0], type: 22)
    secrets[side] = TLSHash.sha256.expand(secrets[side], "traffic upd", 32)
    sequences[side] = 0
  }

  mutating func closes(_ side: Side) { seal(side, [1, 0], type: 21) }

  mutating func refuses(_ side: Side, _ alert: UInt8) { seal(side, [2, alert], type: 21) }

  /// The next record of the side is not captured. Gives its length.
  @discardableResult
  mutating func loses(_ side: Side, _ text: String) -> Int {
    let count = sealed(side, Array(text.utf8), type: 23).count
    talk.lost(side, count)
    return count
  }

  private mutating func seal(_ side: Side, _ content: [UInt8], type: UInt8) {
    talk.says(side, sealed(side, content, type: type))
  }

  mutating func sealed(_ side: Side, _ content: [UInt8], type: UInt8) -> [UInt8] {
    defer { sequences[side] += 1 }
    let number = (0..<8).map { UInt8(truncatingIfNeeded: sequences[side] >> (56 - 8 * UInt64($0))) }
    guard isVersion13 else {
      let (key, salt) = older(side)
      let head: [UInt8] = number + [type, 3, 3, 0, UInt8(content.count)]
      let sealed = Self.gcm(content, key, salt + number, head)
      return TLSTests.record(type, number + sealed)
    }
    let key = TLSHash.sha256.expand(secrets[side], "key", 16)
    var nonce = TLSHash.sha256.expand(secrets[side], "iv", 12)
    for (place, byte) in number.enumerated() { nonce[4 + place] ^= byte }
    let plain = content + [type]
    let head: [UInt8] = [23, 3, 3, UInt8((plain.count + 16) >> 8), UInt8((plain.count + 16) & 255)]
    return TLSTests.record(23, Self.gcm(plain, key, nonce, head))
  }

  /// Key and salt that the master secret gives.
  private func older(_ side: Side) -> (key: [UInt8], salt: [UInt8]) {
    let block = TLSHash.sha256.derive(Self.master, "key expansion", Self.random + Self.random, 40)
    let place = side == .client ? 0 : 1
    return (
      Array(block[16 * place..<16 * place + 16]), Array(block[32 + 4 * place..<36 + 4 * place])
    )
  }

  private static func gcm(
    _ plain: [UInt8], _ key: [UInt8], _ nonce: [UInt8], _ head: [UInt8]
  ) -> [UInt8] {
    guard let nonce = try? AES.GCM.Nonce(data: nonce),
      let box = try? AES.GCM.seal(
        plain, using: SymmetricKey(data: key), nonce: nonce, authenticating: head)
    else { return [] }
    return Array(box.ciphertext) + Array(box.tag)
  }

  // MARK: Secrets

  private static let master = [UInt8](repeating: 0x42, count: 48)

  private static func secret(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: 32) }

  /// What the client logs.
  var keyLog: String {
    let lines =
      isVersion13
      ? [
        ("CLIENT_EARLY_TRAFFIC_SECRET", Self.secret(1)),
        ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", Self.secret(2)),
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", Self.secret(3)),
        ("CLIENT_TRAFFIC_SECRET_0", Self.secret(4)), ("SERVER_TRAFFIC_SECRET_0", Self.secret(5)),
        ("EXPORTER_SECRET", Self.secret(6)),
      ] : [("CLIENT_RANDOM", Self.master)]
    return lines.map { "\($0.0) \(hex(Self.random)) \(hex($0.1))\n" }.joined()
  }

  /// The talk with its secrets known.
  var opened: Talk {
    var opened = talk
    opened.secrets = Self.known(keyLog)
    return opened
  }

  static func known(_ text: String) -> TLSSecrets {
    let secrets = TLSSecrets()
    secrets.expect()
    var log = KeyLog()
    log.take(Array(text.utf8).rawSpan, into: secrets)
    log.finish(into: secrets)
    return secrets
  }
}
