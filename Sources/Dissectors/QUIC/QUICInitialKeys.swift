import Bytes
import Crypto
import CryptoExtras
import Flows

/// What Initial packets are protected with: everybody who sees the first of them can derive it, from
/// the client's first Destination Connection ID (RFC 9001 §5.2).
struct QUICInitialKeys: Sendable {
  /// One side's keys.
  private struct Way: Sendable {
    let key: SymmetricKey
    let iv: [UInt8]
    /// Of header protection.
    let mask: SymmetricKey

    init(_ version: QUICVersion, _ secret: [UInt8]) {
      let hash = TLSHash.sha256
      key = SymmetricKey(data: hash.expand(secret, version.label + "key", 16))
      iv = hash.expand(secret, version.label + "iv", 12)
      mask = SymmetricKey(data: hash.expand(secret, version.label + "hp", 16))
    }
  }

  /// Bytes of a tag, and of the sample that the mask is made of.
  private static let tag = 16
  /// Bytes between the beginning of the packet number and the sample (RFC 9001 §5.4.2).
  private static let beforeSample = 4

  private let ways: BySide<Way>

  init(_ version: QUICVersion, _ destination: [UInt8]) {
    let hash = TLSHash.sha256
    let secret = hash.authenticate(destination, with: version.salt)
    ways = BySide(
      client: Way(version, hash.expand(secret, "client in", 32)),
      server: Way(version, hash.expand(secret, "server in", 32)))
  }

  /// What an Initial packet says, and its number; nil when it does not fit the keys.
  ///
  /// - Parameters:
  ///   - bytes: begin with the packet.
  ///   - largest: the largest number of a packet of that side so far.
  func open(
    _ packet: QUICPacket, _ bytes: RawSpan, from side: Side, after largest: UInt64? = nil
  ) -> (clear: [UInt8], number: UInt64)? {
    let start = packet.payload
    guard packet.end - start >= Self.beforeSample + Self.tag else { return nil }
    let way = ways[side]
    let sample = start + Self.beforeSample
    var mask = bytes.slice(sample..<sample + Self.tag).array()
    guard (try? AES.permute(&mask, key: way.mask)) != nil else { return nil }
    let first = bytes.byte(0) ^ mask[0] & 0x0f
    let length = Int(first & 3) + 1
    guard packet.end - start - length >= Self.tag else { return nil }
    var header = bytes.prefix(start + length).array()
    header[0] = first
    var sent: UInt64 = 0
    for place in 0..<length {
      header[start + place] ^= mask[1 + place]
      sent = sent << 8 | UInt64(header[start + place])
    }
    let number = Self.number(sent, length, after: largest)
    var sealed = way.iv
    for place in 0..<8 {
      sealed[11 - place] ^= UInt8(truncatingIfNeeded: number >> (8 * UInt64(place)))
    }
    sealed.append(bytes.slice(start + length..<packet.end))
    guard let box = try? AES.GCM.SealedBox(combined: sealed),
      let clear = try? AES.GCM.open(box, using: way.key, authenticating: header)
    else { return nil }
    return (Array(clear), number)
  }

  /// The whole of a packet number of which the lowest bytes are sent: the one closest to the next
  /// that is expected (RFC 9000 §A.3).
  static func number(_ sent: UInt64, _ length: Int, after largest: UInt64?) -> UInt64 {
    guard let largest else { return sent }
    let window = UInt64(1) << UInt64(8 * length)
    let expected = largest &+ 1
    let candidate = expected & ~(window - 1) | sent
    if candidate &+ window / 2 <= expected, candidate < (1 << 62) - window {
      return candidate + window
    }
    if candidate > expected &+ window / 2, candidate >= window { return candidate - window }
    return candidate
  }

  /// Whether a Retry packet answers an Initial packet with that Destination Connection ID
  /// (RFC 9001 §5.8).
  static func isGenuine(_ packet: QUICPacket, _ bytes: RawSpan, to destination: [UInt8]) -> Bool {
    let (key, nonce) = packet.version.retry
    let covered = packet.end - QUICPacket.retryTag
    var pseudo = [UInt8(truncatingIfNeeded: destination.count)] + destination
    pseudo.append(bytes.prefix(covered))
    let sealed = nonce + bytes.slice(covered..<packet.end).array()
    guard let box = try? AES.GCM.SealedBox(combined: sealed),
      (try? AES.GCM.open(box, using: key, authenticating: pseudo)) != nil
    else { return false }
    return true
  }
}
