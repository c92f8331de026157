import Bytes
import Crypto
import CryptoExtras

/// Records of TLS 1.2 and before in AES-CBC with a MAC: inside the encryption (RFC 5246 §6.2.3.2), or
/// outside of it (RFC 7366).
struct TLSBlockMode: Sendable {
  private static let block = 16

  let hash: TLSHash
  /// Of the MAC.
  let key: SymmetricKey
  /// The MAC covers what is encrypted.
  let macsLast: Bool
  /// Of TLS 1.0 and before: the last block of the record before, which is the next one's IV.
  var chain: [UInt8]?

  /// Appends what a record says; false, and nothing, when it does not fit the keys.
  mutating func open(
    _ record: RawSpan, _ number: UInt64, _ cipher: SymmetricKey, into clear: inout [UInt8]
  ) -> Bool {
    let fragment = record.suffix(from: TLSRecordKey.head)
    let outside = macsLast ? hash.count : 0
    let own = chain == nil ? Self.block : 0
    let count = fragment.byteCount - outside - own
    guard count >= Self.block, count % Self.block == 0 else { return false }
    if macsLast {
      let covered = fragment.prefix(own + count)
      let mac = authenticate(record, number, covered.array())
      guard mac == fragment.suffix(from: own + count).array() else { return false }
    }
    let bytes = fragment.slice(own..<own + count).array()
    guard let iv = try? AES._CBC.IV(ivBytes: chain ?? fragment.prefix(Self.block).array()),
      let text = try? AES._CBC.decrypt(bytes, using: cipher, iv: iv, noPadding: true)
    else { return false }
    var plain = Array(text)
    guard unpad(&plain) else { return false }
    if !macsLast {
      guard plain.count >= hash.count else { return false }
      let mac = Array(plain.suffix(hash.count))
      plain.removeLast(hash.count)
      guard mac == authenticate(record, number, plain) else { return false }
    }
    if chain != nil { chain = Array(bytes.suffix(Self.block)) }
    clear += plain
    return true
  }

  private func authenticate(_ record: RawSpan, _ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    var covered: [UInt8] = []
    covered.reserveCapacity(13 + bytes.count)
    TLSRecordKey.authenticate(record, number, bytes.count, &covered)
    covered += bytes
    return hash.authenticate(covered, with: key)
  }

  /// Takes the padding off: its last byte says how many of the same come before it.
  private func unpad(_ plain: inout [UInt8]) -> Bool {
    guard let length = plain.last, Int(length) < plain.count else { return false }
    guard plain.suffix(Int(length) + 1).allSatisfy({ $0 == length }) else { return false }
    plain.removeLast(Int(length) + 1)
    return true
  }
}
