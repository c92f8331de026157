/// Paths with what identifies a single thing taken out, so that calls of one route fall together:
/// `/users/42/orders/7f3c…` becomes `/users/{id}/orders/{id}`.
///
/// A text without a slash is no path but a name, of a user, a cipher suite, a collection: it stays.
package enum PathTemplate {
  /// Longest path looked at, in bytes; the rest stands as `…`.
  static let maxLength = 512

  package static func template(of path: String) -> String {
    guard path.utf8.count <= maxLength else {
      return template(of: String(decoding: path.utf8.prefix(maxLength), as: UTF8.self)) + "…"
    }
    // Most paths have nothing to take out.
    guard path.utf8.contains(UInt8(ascii: "/")), path.utf8.contains(where: isDigit) else {
      return path
    }
    return path.split(separator: "/", omittingEmptySubsequences: false)
      .map { isIdentifier($0.utf8) ? "{id}" : String($0) }
      .joined(separator: "/")
  }

  /// Whether a segment names one thing: a number, a UUID or another run of hexadecimal digits, or
  /// a long mix of letters and digits.
  private static func isIdentifier(_ segment: Substring.UTF8View) -> Bool {
    var (digits, hex, letters, marks) = (0, 0, 0, 0)
    for byte in segment {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): hex += 1
      case UInt8(ascii: "g")...UInt8(ascii: "z"), UInt8(ascii: "G")...UInt8(ascii: "Z"):
        letters += 1
      case UInt8(ascii: "-"), UInt8(ascii: "_"): marks += 1
      default: return false
      }
    }
    if digits == 0 { return false }
    if hex + letters == 0 { return true }
    if letters == 0 { return digits + hex >= 8 }
    return digits >= 4 && segment.count >= 16
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }
}
