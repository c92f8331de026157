import Bytes

extension JSONReader {
  /// The value that the beginning of a JSON text holds, as far as it goes: of a text that is cut,
  /// what is whole in it; nil when it is no JSON even so.
  ///
  /// A number or word that the cut may have shortened is left out, and so is a member whose value
  /// is not whole; what contains it stays.
  package static func value(ofCut bytes: [UInt8]) -> JSONValue? {
    if let value = try? value(of: bytes) { return value }
    guard let closed = closed(bytes) else { return nil }
    return try? value(of: closed)
  }

  /// `bytes` up to the last place where something was whole, with everything closed that is open.
  private static func closed(_ bytes: [UInt8]) -> [UInt8]? {
    /// Closing marks of what is open.
    var open: [UInt8] = []
    /// Where the text may end, and how much is open there.
    var end = 0
    var openAtEnd: [UInt8] = []
    var isInText = false
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      if isInText {
        if byte == 0x5c { at += 1 } else if byte == 0x22 { isInText = false }
      } else {
        switch byte {
        case 0x22: isInText = true
        case 0x7b, 0x5b:
          guard open.count < maxDepth else { return nil }
          open.append(byte == 0x7b ? 0x7d : 0x5d)
          (end, openAtEnd) = (at + 1, open)
        case 0x7d, 0x5d:
          guard open.popLast() == byte else { return nil }
          if open.isEmpty { return nil }
          (end, openAtEnd) = (at + 1, open)
        case 0x2c:
          // What stands before a comma is whole.
          (end, openAtEnd) = (at, open)
        default: break
        }
      }
      at += 1
    }
    if openAtEnd.isEmpty { return nil }
    return bytes[..<end] + openAtEnd.reversed()
  }
}
