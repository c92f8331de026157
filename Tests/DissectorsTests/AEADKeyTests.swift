import Bytes
import Crypto
import Testing

@testable import Dissectors

@Suite struct AEADKeyTests {
  private static let nonce = [UInt8](1...12)
  private static let authentic: [UInt8] = [23, 3, 3, 0, 21]

  /// What `Crypto` has sealed: encrypted bytes, then the tag.
  private static func sealed(_ text: [UInt8], _ key: SymmetricKey, isChaCha: Bool) throws -> [UInt8] {
    if isChaCha {
      let box = try ChaChaPoly.seal(
        text, using: key, nonce: ChaChaPoly.Nonce(data: nonce), authenticating: authentic)
      return Array(box.ciphertext) + Array(box.tag)
    }
    let box = try AES.GCM.seal(
      text, using: key, nonce: AES.GCM.Nonce(data: nonce), authenticating: authentic)
    return Array(box.ciphertext) + Array(box.tag)
  }

  @Test(arguments: [(16, false), (32, false), (32, true)], [0, 1, 5, 16, 1000, 16_384])
  func opensWhatWasSealed(_ cipher: (key: Int, isChaCha: Bool), length: Int) throws {
    let key = SymmetricKey(data: [UInt8](0..<UInt8(cipher.key)))
    let text = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
    let sealed = try Self.sealed(text, key, isChaCha: cipher.isChaCha)
    let aead = try #require(AEADKey(key, isChaCha: cipher.isChaCha))
    #expect(opened(aead, sealed) == text)
    // What was made ready once serves again.
    #expect(opened(aead, sealed) == text)
  }

  @Test(arguments: [false, true]) func givesNothingWhereTheTagDoesNotFit(_ isChaCha: Bool) throws {
    let key = SymmetricKey(data: [UInt8](repeating: 3, count: 32))
    let sealed = try Self.sealed(Array("hello".utf8), key, isChaCha: isChaCha)
    let aead = try #require(AEADKey(key, isChaCha: isChaCha))
    for place in sealed.indices {
      var changed = sealed
      changed[place] ^= 1
      #expect(opened(aead, changed) == nil)
    }
    #expect(opened(aead, Array(sealed.prefix(15))) == nil)
  }

  /// The number of a record goes into the last eight bytes (RFC 8446 §5.3).
  @Test func theNumberIsMixedIntoTheNonce() throws {
    let key = SymmetricKey(data: [UInt8](repeating: 3, count: 16))
    let sealed = try Self.sealed(Array("hello".utf8), key, isChaCha: false)
    let aead = try #require(AEADKey(key, isChaCha: false))
    let number: UInt64 = 0x0102_0304_0506_0708
    var nonce = Self.nonce
    for place in 0..<8 { nonce[4 + place] ^= UInt8(place + 1) }
    var clear: [UInt8] = []
    let isOpen = aead.open(
      sealed.rawSpan, nonce: nonce.rawSpan, number: number, authentic: Self.authentic.rawSpan,
      into: &clear)
    #expect(isOpen && clear == Array("hello".utf8))
  }

  @Test func takesNoKeysOfOtherLengths() {
    for count in [1, 15, 17, 24, 31, 33, 64] {
      let key = SymmetricKey(data: [UInt8](repeating: 1, count: count))
      #expect(AEADKey(key, isChaCha: false) == nil)
      #expect(AEADKey(key, isChaCha: true) == nil)
    }
    #expect(AEADKey(SymmetricKey(data: [UInt8](repeating: 1, count: 16)), isChaCha: true) == nil)
  }

  /// What was appended; nil where the tag does not fit and nothing was.
  private func opened(_ aead: AEADKey, _ sealed: [UInt8]) -> [UInt8]? {
    var clear: [UInt8] = [7, 7]
    let isOpen = aead.open(
      sealed.rawSpan, nonce: Self.nonce.rawSpan, authentic: Self.authentic.rawSpan, into: &clear)
    if !isOpen, clear != [7, 7] { return [] }
    return isOpen ? Array(clear.dropFirst(2)) : nil
  }
}
