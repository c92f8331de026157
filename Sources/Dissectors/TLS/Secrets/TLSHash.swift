import Crypto

/// The hash functions of TLS, as HMAC and as what keys are derived with.
enum TLSHash: Sendable, Equatable {
  case md5, sha1, sha256, sha384

  /// Bytes of a digest.
  var count: Int {
    switch self {
    case .md5: 16
    case .sha1: 20
    case .sha256: 32
    case .sha384: 48
    }
  }

  /// HMAC (RFC 2104).
  func authenticate(_ message: [UInt8], with key: SymmetricKey) -> [UInt8] {
    switch self {
    case .md5: Array(HMAC<Insecure.MD5>.authenticationCode(for: message, using: key))
    case .sha1: Array(HMAC<Insecure.SHA1>.authenticationCode(for: message, using: key))
    case .sha256: Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
    case .sha384: Array(HMAC<SHA384>.authenticationCode(for: message, using: key))
    }
  }

  /// HKDF-Expand-Label with an empty context (RFC 8446 §7.1), for at most one digest's bytes: all
  /// that TLS asks for.
  func expand(_ secret: [UInt8], _ label: String, _ count: Int) -> [UInt8] {
    let label = Array("tls13 ".utf8) + Array(label.utf8)
    let info =
      [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
      + [UInt8(truncatingIfNeeded: label.count)] + label + [0]
    let block = authenticate(info + [1], with: SymmetricKey(data: secret))
    return Array(block.prefix(count))
  }

  /// P_hash (RFC 5246 §5).
  private func stretch(_ secret: [UInt8], _ seed: [UInt8], _ count: Int) -> [UInt8] {
    let key = SymmetricKey(data: secret)
    var block = seed
    var bytes: [UInt8] = []
    while bytes.count < count {
      block = authenticate(block, with: key)
      bytes += authenticate(block + seed, with: key)
    }
    return Array(bytes.prefix(count))
  }

  /// The pseudorandom function of TLS 1.2 (RFC 5246 §5).
  func derive(_ secret: [UInt8], _ label: String, _ seed: [UInt8], _ count: Int) -> [UInt8] {
    stretch(secret, Array(label.utf8) + seed, count)
  }

  /// The pseudorandom function of TLS 1.0 and 1.1: both hashes, each with half of the secret
  /// (RFC 2246 §5).
  static func deriveOlder(
    _ secret: [UInt8], _ label: String, _ seed: [UInt8], _ count: Int
  ) -> [UInt8] {
    let half = (secret.count + 1) / 2
    let seed = Array(label.utf8) + seed
    let first = TLSHash.md5.stretch(Array(secret.prefix(half)), seed, count)
    let second = TLSHash.sha1.stretch(Array(secret.suffix(half)), seed, count)
    return zip(first, second).map { $0 ^ $1 }
  }
}
