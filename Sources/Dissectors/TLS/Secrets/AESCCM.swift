import Crypto
import CryptoExtras

/// AES-CCM (RFC 3610) with nonces of twelve bytes, made of AES in counter mode and of CBC-MAC.
enum AESCCM {
  private static let block = 16
  /// Bytes of the length in the first block, less one.
  private static let lengthCode: UInt8 = 2

  /// What `sealed` holds: nonce, encrypted bytes, tag. Throws when the tag is another.
  static func open(
    _ sealed: [UInt8], tag: Int, _ key: SymmetricKey, _ authentic: [UInt8]
  ) throws -> [UInt8] {
    let nonce = Array(sealed.prefix(12))
    let content = Array(sealed[12..<sealed.count - tag])
    let plain = Array(
      try AES._CTR.decrypt(content, using: key, nonce: counter(nonce, from: 1)))
    let expected = try code(plain, nonce, authentic, tag, key)
    let sent = Array(sealed.suffix(tag))
    // The tag is encrypted with the block that the counter gives for zero.
    let received = Array(try AES._CTR.decrypt(sent, using: key, nonce: counter(nonce, from: 0)))
    guard received == Array(expected.prefix(tag)) else {
      throw CryptoKitError.authenticationFailure
    }
    return plain
  }

  private static func counter(_ nonce: [UInt8], from first: UInt8) throws -> AES._CTR.Nonce {
    try AES._CTR.Nonce(nonceBytes: [lengthCode] + nonce + [0, 0, first])
  }

  /// The last block of everything in CBC mode.
  private static func code(
    _ plain: [UInt8], _ nonce: [UInt8], _ authentic: [UInt8], _ tag: Int, _ key: SymmetricKey
  ) throws -> [UInt8] {
    var bytes: [UInt8] = [0x40 | UInt8((tag - 2) / 2) << 3 | lengthCode] + nonce
    for shift in [16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: plain.count >> shift)) }
    bytes += [UInt8(truncatingIfNeeded: authentic.count >> 8)]
    bytes += [UInt8(truncatingIfNeeded: authentic.count)]
    bytes += authentic
    pad(&bytes)
    bytes += plain
    pad(&bytes)
    let zero = try AES._CBC.IV(ivBytes: [UInt8](repeating: 0, count: block))
    let chained = try AES._CBC.encrypt(bytes, using: key, iv: zero, noPadding: true)
    return Array(chained.suffix(block))
  }

  private static func pad(_ bytes: inout [UInt8]) {
    bytes += [UInt8](repeating: 0, count: (block - bytes.count % block) % block)
  }
}
