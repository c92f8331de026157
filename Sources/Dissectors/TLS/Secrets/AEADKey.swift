import Bytes
import CAEAD
import Crypto

/// AES-GCM or ChaCha20-Poly1305 with one key: made ready once, used for every record.
///
/// `@unchecked Sendable`: nothing of it changes once it is made.
final class AEADKey: @unchecked Sendable {
  /// Bytes of a nonce, and of a tag.
  static let nonce = 12
  static let tag = 16

  private let context: OpaquePointer

  /// - Parameter key: 16 or 32 bytes; of ChaCha20-Poly1305 32. Nil for another length.
  init?(_ key: SymmetricKey, isChaCha: Bool) {
    let context = key.withUnsafeBytes { bytes in
      let first = bytes.bindMemory(to: UInt8.self).baseAddress
      return isChaCha
        ? CAEAD_new_chacha20_poly1305(first, bytes.count) : CAEAD_new_aes_gcm(first, bytes.count)
    }
    guard let context else { return nil }
    self.context = context
  }

  deinit { CAEAD_free(context) }

  /// Appends what `sealed`, which ends with its tag, says; false, and nothing, where the tag does not fit
  /// it and what is `authentic` beside it. The nonce has `number` mixed into its last bytes.
  func open(
    _ sealed: RawSpan, nonce: RawSpan, number: UInt64 = 0, authentic: RawSpan,
    into clear: inout [UInt8]
  ) -> Bool {
    let count = sealed.byteCount - Self.tag
    guard count >= 0, nonce.byteCount == Self.nonce else { return false }
    var isOpen = false
    clear.append(addingCapacity: count) { output in
      output.withUnsafeMutableBufferPointer { target, filled in
        let outcome = sealed.withUnsafeBytes { sealed in
          nonce.withUnsafeBytes { nonce in
            authentic.withUnsafeBytes { authentic in
              let first = sealed.bindMemory(to: UInt8.self).baseAddress
              return CAEAD_open(
                context, target.baseAddress, nonce.bindMemory(to: UInt8.self).baseAddress, number,
                first, count, first.map { $0 + count },
                authentic.bindMemory(to: UInt8.self).baseAddress,
                authentic.count)
            }
          }
        }
        isOpen = outcome == 1
        if isOpen { filled = count }
      }
    }
    return isOpen
  }
}
