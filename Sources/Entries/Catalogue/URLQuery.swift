private import Bytes

/// Reads the query of a request target (RFC 3986 §3.4) the way HTML forms write it.
package enum URLQuery {
  /// Most parameters read; a target with more is no honest one.
  static let maxParameters = 256

  /// Parameters of the target after its `?`, percent-decoded, in the order of their first
  /// appearance; values of a repeated name are joined with commas.
  package static func parameters(of target: String) -> [HeaderBlock.Field] {
    guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return [] }
    var query = target[target.utf8.index(after: mark)...].utf8
    if let fragment = query.firstIndex(of: UInt8(ascii: "#")) { query = query[..<fragment] }
    var result: [HeaderBlock.Field] = []
    var places: [String: Int] = [:]
    for part in query.split(separator: UInt8(ascii: "&")) {
      let pieces = part.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let name = decoded(pieces[0])
      let value = pieces.count > 1 ? decoded(pieces[1]) : ""
      if let place = places[name] {
        result[place].value += "," + value
      } else if result.count < maxParameters {
        places[name] = result.count
        result.append(.init(name: name, value: value))
      }
    }
    return result
  }

  /// Text without percent encoding (RFC 3986 §2.1), blanks for plus signs. A percent sign without
  /// two digits stands for itself.
  private static func decoded(_ text: Substring.UTF8View) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var at = text.startIndex
    while at < text.endIndex {
      let byte = text[at]
      at = text.index(after: at)
      switch byte {
      case UInt8(ascii: "+"): bytes.append(0x20)
      case UInt8(ascii: "%"):
        let two = text[at...].prefix(2)
        if two.count == 2, let value = UInt8(String(decoding: two, as: UTF8.self), radix: 16),
          two.first != UInt8(ascii: "+")
        {
          bytes.append(value)
          at = two.endIndex
        } else {
          bytes.append(byte)
        }
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
