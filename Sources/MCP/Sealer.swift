import Crypto
import JSON

/// Closes what a client keeps for us so that nobody can change it unseen, and makes names that
/// nobody can guess.
package struct Sealer: Sendable {
  private let key: SymmetricKey

  /// A key of this process; what others sealed does not open.
  package init() { key = SymmetricKey(size: .bits256) }

  package init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

  /// The object with a mark (HMAC-SHA256) that only we can make.
  func seal(_ object: JSONObject) -> String {
    let text = JSONValue.object(object).text
    return text + "." + mark(text)
  }

  /// What was sealed, or nil when it is not ours or was changed.
  func open(_ sealed: String) -> JSONObject? {
    guard let dot = sealed.lastIndex(of: ".") else { return nil }
    let text = String(sealed[..<dot])
    guard let theirs = bytes(ofHex: sealed[sealed.index(after: dot)...]),
      HMAC<SHA256>.isValidAuthenticationCode(
        theirs, authenticating: Array(text.utf8), using: key)
    else { return nil }
    do throws(JSONError) { return try JSONReader.value(of: text).object } catch { return nil }
  }

  /// The n-th name of a kind: 128 bits that say nothing to others.
  func name(_ kind: String, _ number: Int) -> String {
    String(mark("\(kind) \(number)").prefix(32))
  }

  /// A fingerprint of a value.
  static func digest(_ value: JSONValue) -> String {
    hex(SHA256.hash(data: Array(value.text.utf8)))
  }

  private func mark(_ text: String) -> String {
    Self.hex(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
  }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
  }

  private func bytes(ofHex text: Substring) -> [UInt8]? {
    let digits = text.utf8.map { UInt8(String(UnicodeScalar($0)), radix: 16) }
    guard digits.count == 64, !digits.contains(nil) else { return nil }
    return stride(from: 0, to: 64, by: 2).map { (digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0) }
  }
}
