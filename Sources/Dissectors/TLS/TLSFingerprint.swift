import Bytes
import Crypto

/// Digests that fingerprints are made of. They identify; nothing is secured by them.
enum TLSFingerprint {
  static func md5(_ text: String) -> String { hex(Insecure.MD5.hash(data: Array(text.utf8))) }

  /// The first twelve digits of SHA-256; zeros for no text, as JA4 has it.
  static func short(_ text: String) -> String {
    text.isEmpty ? "000000000000" : String(hex(SHA256.hash(data: Array(text.utf8))).prefix(12))
  }

  /// A number with four hexadecimal digits.
  static func hex4(_ value: UInt16) -> String {
    hex([UInt8(value >> 8), UInt8(value & 0xff)])
  }
}
