/// Reads the inside of text and bytes literals.
struct TextLiteral {
  let bytes: [UInt8]
  let token: Token

  /// The bytes a literal stands for: UTF-8 for text.
  func value() throws(Problem) -> [UInt8] {
    var start = Int(token.start)
    while bytes[start] != UInt8(ascii: "\""), bytes[start] != UInt8(ascii: "'") { start += 1 }
    let quote = bytes[start]
    let end = Int(token.end)
    let isTriple =
      end - start >= 6 && bytes[start + 1] == quote && bytes[start + 2] == quote
    let inside = isTriple ? start + 3..<end - 3 : start + 1..<end - 1
    let isRaw =
      token.kind == .rawText || token.kind == .regexText || token.kind == .rawBytes
    guard !isRaw, bytes[inside].contains(UInt8(ascii: "\\")) else { return Array(bytes[inside]) }
    return try unescaped(inside)
  }

  private func unescaped(_ range: Range<Int>) throws(Problem) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(range.count)
    var at = range.lowerBound
    while at < range.upperBound {
      guard bytes[at] == UInt8(ascii: "\\") else {
        result.append(bytes[at])
        at += 1
        continue
      }
      guard at + 1 < range.upperBound else { throw .badEscape(at..<range.upperBound) }
      let mark = bytes[at + 1]
      if let simple = TextLiteral.simpleEscapes[mark] {
        result.append(simple)
        at += 2
      } else {
        at = try numeric(mark, at: at, end: range.upperBound, into: &result)
      }
    }
    return result
  }

  /// `\xHH`, `\uHHHH`, `\UHHHHHHHH`, `\ooo`. Gives the offset behind it.
  private func numeric(
    _ mark: UInt8, at start: Int, end: Int, into result: inout [UInt8]
  ) throws(Problem) -> Int {
    let isBytes = token.kind == .bytes
    let (skip, count, radix): (Int, Int, Int)
    switch Character(UnicodeScalar(mark)) {
    case "x", "X": (skip, count, radix) = (2, 2, 16)
    case "u" where !isBytes: (skip, count, radix) = (2, 4, 16)
    case "U" where !isBytes: (skip, count, radix) = (2, 8, 16)
    case "0", "1", "2", "3": (skip, count, radix) = (1, 3, 8)
    default: throw .badEscape(start..<min(start + 2, end))
    }
    let stop = start + skip + count
    guard stop <= end else { throw .badEscape(start..<end) }
    let digits = bytes[start + skip..<stop]
    guard digits.allSatisfy(\.isHexDigit),
      let code = UInt32(String(decoding: digits, as: UTF8.self), radix: radix)
    else { throw .badEscape(start..<stop) }
    if isBytes {
      guard code <= 255 else { throw .badEscape(start..<stop) }
      result.append(UInt8(code))
    } else {
      guard let scalar = Unicode.Scalar(code) else { throw .badEscape(start..<stop) }
      result += Array(String(scalar).utf8)
    }
    return stop
  }

  private static let simpleEscapes: [UInt8: UInt8] = [
    UInt8(ascii: "\\"): 0x5c, UInt8(ascii: "\""): 0x22, UInt8(ascii: "'"): 0x27,
    UInt8(ascii: "`"): 0x60, UInt8(ascii: "?"): 0x3f, UInt8(ascii: "a"): 0x07,
    UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0c, UInt8(ascii: "n"): 0x0a,
    UInt8(ascii: "r"): 0x0d, UInt8(ascii: "t"): 0x09, UInt8(ascii: "v"): 0x0b,
  ]
}
