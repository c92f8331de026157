import Bytes
import Crypto
import CryptoExtras
import Flows

@testable import Dissectors

/// Seals Initial packets as tests write them down.
///
/// What it seals with is what they are opened with; that both are right is told by the packets that
/// the documents print (`QUICVectors`).
struct QUICSealer {
  var version = QUICVersion.v1
  /// What the keys are made of.
  var original = QUICVectors.destination
  var client: [UInt8] = [0xc1, 0xc2, 0xc3]
  var server = QUICVectors.server
  /// Bytes of a packet number.
  var numberLength = 2
  /// Where the client sends to; its first Destination Connection ID until it knows the server's.
  var destination: [UInt8]?
  var token: [UInt8] = []

  /// An Initial packet with those frames, padded to `count` bytes of payload.
  func initial(
    _ role: Side, _ frames: [UInt8], number: UInt64 = 0, paddedTo count: Int = 20
  ) -> [UInt8] {
    let payload = frames + [UInt8](repeating: 0, count: max(0, count - frames.count))
    let length = numberLength + payload.count + 16
    var header = head(role, type: version == .v2 ? 1 : 0)
    header[0] |= UInt8(numberLength - 1)
    header += Self.varint(role == .client ? token.count : 0) + (role == .client ? token : [])
    header += [0x40 | UInt8(length >> 8), UInt8(length & 255)]
    let start = header.count
    for place in (0..<numberLength).reversed() {
      header.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * place)))
    }
    return seal(role, header, start, payload, number)
  }

  /// A packet of another type that nobody opens.
  func sealed(_ role: Side, type: UInt8, _ content: [UInt8]) -> [UInt8] {
    head(role, type: type) + [0x40 | UInt8(content.count >> 8), UInt8(content.count & 255)]
      + content
  }

  /// Version Negotiation (RFC 9000 §17.2.1).
  func negotiation(_ versions: [UInt32]) -> [UInt8] {
    [0x80, 0, 0, 0, 0] + Self.counted(client) + Self.counted(original)
      + versions.flatMap(Self.big)
  }

  /// Retry (RFC 9000 §17.2.5) that gives the client a token and `server` to send to.
  func retry(_ token: [UInt8]) throws -> [UInt8] {
    let packet = head(.server, type: version == .v2 ? 0 : 3) + token
    let (key, nonce) = version.retry
    let box = try AES.GCM.seal(
      [UInt8](), using: key, nonce: AES.GCM.Nonce(data: nonce),
      authenticating: Self.counted(original) + packet)
    return packet + Array(box.tag)
  }

  private func head(_ role: Side, type: UInt8) -> [UInt8] {
    let (target, source) =
      role == .client ? (destination ?? original, client) : (client, server)
    return [0xc0 | type << 4] + Self.big(version.rawValue) + Self.counted(target)
      + Self.counted(source)
  }

  private func seal(
    _ role: Side, _ header: [UInt8], _ start: Int, _ payload: [UInt8], _ number: UInt64
  ) -> [UInt8] {
    let hash = TLSHash.sha256
    let secret = hash.expand(
      hash.authenticate(original, with: version.salt),
      role == .client ? "client in" : "server in", 32)
    let key = SymmetricKey(data: hash.expand(secret, version.label + "key", 16))
    var nonce = hash.expand(secret, version.label + "iv", 12)
    for place in 0..<8 {
      nonce[11 - place] ^= UInt8(truncatingIfNeeded: number >> UInt64(8 * place))
    }
    guard let nonce = try? AES.GCM.Nonce(data: nonce),
      let box = try? AES.GCM.seal(payload, using: key, nonce: nonce, authenticating: header)
    else { return [] }
    let sealed = Array(box.ciphertext) + Array(box.tag)
    var mask = Array(sealed[4 - numberLength..<20 - numberLength])
    let masking = SymmetricKey(data: hash.expand(secret, version.label + "hp", 16))
    guard (try? AES.permute(&mask, key: masking)) != nil else { return [] }
    var header = header
    header[0] ^= mask[0] & 0x0f
    for place in 0..<numberLength { header[start + place] ^= mask[1 + place] }
    return header + sealed
  }

  // MARK: Frames

  static func crypto(_ bytes: [UInt8], at offset: Int = 0) -> [UInt8] {
    [6] + varint(offset) + varint(bytes.count) + bytes
  }

  /// A part of a message.
  static func crypto(_ message: [UInt8], _ range: Range<Int>) -> [UInt8] {
    crypto(Array(message[range]), at: range.lowerBound)
  }

  static func close(_ code: Int, _ reason: String = "") -> [UInt8] {
    [0x1c] + varint(code) + [6] + varint(reason.utf8.count) + Array(reason.utf8)
  }

  static let ack: [UInt8] = [2, 0, 0, 0, 0]

  /// A number of variable length (RFC 9000 §16).
  static func varint(_ value: Int) -> [UInt8] {
    let (count, mark): (Int, UInt8) =
      switch value {
      case ..<0x40: (1, 0)
      case ..<0x4000: (2, 0x40)
      case ..<0x4000_0000: (4, 0x80)
      default: (8, 0xc0)
      }
    var bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
    bytes[0] |= mark
    return bytes
  }

  private static func counted(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count)] + bytes }

  private static func big(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
  }
}
