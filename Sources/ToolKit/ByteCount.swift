/// Numbers of bytes as people write them: `500M`, `20G`, `20GiB`, `1000000`.
package enum ByteCount {
  /// The bytes of a whole number with a unit, whose prefixes count by 1024; nil for what is none, for
  /// 0, and beyond 63 bits.
  package static func bytes(in text: String) -> Int64? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    var unit = text.dropFirst(digits.count).lowercased()
    if unit.hasSuffix("b") { unit.removeLast() }
    if unit.hasSuffix("i") { unit.removeLast() }
    guard let number = Int64(digits), number > 0,
      let power = ["", "k", "m", "g", "t"].firstIndex(of: unit)
    else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << Int64(10 * power))
    return overflow ? nil : bytes
  }
}
