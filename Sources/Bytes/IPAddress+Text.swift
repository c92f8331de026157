extension IPAddress: CustomStringConvertible, LosslessStringConvertible {
  /// Dotted quad, or the canonical text of RFC 5952.
  package var description: String {
    var text: [UInt8] = []
    append(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends the same text: at most 39 bytes.
  package func append(to text: inout [UInt8]) {
    text.append(addingCapacity: Self.maxText) { write(to: &$0) }
  }

  /// Bytes of the longest text.
  internal static let maxText = 39

  /// Appends the text, for which there must be room: as much as for the longest.
  internal func write(to text: inout OutputSpan<UInt8>) {
    guard !isV4 else {
      // Put together in one number, and written at once.
      var quad: UInt128 = 0
      var length = 0
      for place in 0..<4 {
        let digits = Self.decimal(v4 &>> UInt32(24 - 8 * place) & 0xff)
        quad |= UInt128(digits.text) &<< UInt128(truncatingIfNeeded: 8 * length)
        length += digits.count
      }
      // There is a dot behind each but the last.
      return text.append(length - 1, of: quad)
    }
    let zeros = longestZeros
    var at = 0
    while at < 8 {
      if at == zeros.lowerBound, !zeros.isEmpty {
        text.append(0x3a)
        text.append(0x3a)
        at = zeros.upperBound
        continue
      }
      if at > 0, at != zeros.upperBound || zeros.isEmpty { text.append(0x3a) }
      Self.append(hex: group(at), to: &text)
      at += 1
    }
  }

  /// One of eight groups of two bytes.
  private func group(_ index: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - index % 4 * 16))
  }

  /// RFC 5952 §4.2: the longest run of zero groups, the first of equals, never a single one.
  private var longestZeros: Range<Int> {
    /// A bit for each group that is zero, that of the first group highest of eight.
    let zeros = Self.zeroGroups(high) << 4 | Self.zeroGroups(low)
    // The bit of each group with which so many zero groups begin.
    var runs = zeros
    var length = 1
    while case let longer = runs & zeros << UInt64(length), longer != 0 {
      runs = longer
      length += 1
    }
    if length == 1 { return 0..<0 }
    let start = runs.leadingZeroBitCount - 56
    return start..<start + length
  }

  /// A bit for each of four groups that is zero, that of the first group highest.
  private static func zeroGroups(_ half: UInt64) -> UInt64 {
    let most: UInt64 = 0x7fff_7fff_7fff_7fff
    let zeros = ~((half & most) + most | half | most)
    return zeros >> 60 & 8 | zeros >> 45 & 4 | zeros >> 30 & 2 | zeros >> 15 & 1
  }

  /// A number below 256 and a dot, the first digit lowest, and how many bytes they are.
  @inline(__always)
  private static func decimal(_ value: UInt32) -> (text: UInt32, count: Int) {
    let hundreds = (value * 41) >> 12
    let rest = value - hundreds * 100
    let tens = (rest * 205) >> 11
    let digits = hundreds | tens << 8 | (rest - tens * 10) << 16
    let text = digits | 0x2e30_3030
    if value >= 100 { return (text, 4) }
    return value >= 10 ? (text >> 8, 3) : (text >> 16, 2)
  }

  private static func append(hex value: UInt16, to text: inout OutputSpan<UInt8>) {
    var shift = value > 0xfff ? 12 : value > 0xff ? 8 : value > 0xf ? 4 : 0
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: value >> UInt16(shift) & 15)
      text.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
      shift -= 4
    }
  }

  /// Reads dotted quads and the forms of RFC 4291 §2.2, without zone. Nil for anything else.
  package init?(_ text: some StringProtocol) {
    if text.utf8.contains(0x3a) {
      self.init(v6Text: String(text))
    } else if let address = v4Value(text) {
      self.init(v4: address)
    } else {
      return nil
    }
  }

  private init?(v6Text text: String) {
    let halves = text.components(separatedBy: "::")
    guard halves.count <= 2, let front = groups(halves[0]) else { return nil }
    var all = front
    if halves.count == 2 {
      guard let back = groups(halves[1]), front.count + back.count <= 7 else { return nil }
      all += Array(repeating: 0, count: 8 - front.count - back.count) + back
    }
    guard all.count == 8 else { return nil }
    func joined(_ part: ArraySlice<UInt16>) -> UInt64 { part.reduce(0) { $0 << 16 | UInt64($1) } }
    self.init(high: joined(all[..<4]), low: joined(all[4...]))
  }
}

/// The 16-bit groups of one side of `::`; a dotted quad counts as two.
private func groups(_ text: String) -> [UInt16]? {
  guard !text.isEmpty else { return [] }
  var result: [UInt16] = []
  let parts = text.split(separator: ":", omittingEmptySubsequences: false)
  for (index, part) in parts.enumerated() {
    if part.contains(".") {
      guard index == parts.count - 1, let address = v4Value(part) else { return nil }
      result += [UInt16(address >> 16), UInt16(truncatingIfNeeded: address)]
    } else {
      guard (1...4).contains(part.utf8.count), let group = UInt16(part, radix: 16),
        part.first != "+"
      else { return nil }
      result.append(group)
    }
  }
  return result
}

private func v4Value(_ text: some StringProtocol) -> UInt32? {
  let parts = text.split(separator: ".", omittingEmptySubsequences: false)
  guard parts.count == 4 else { return nil }
  var address: UInt32 = 0
  for part in parts {
    guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let value = UInt8(part), part.utf8.count == 1 || part.utf8.first != 0x30
    else { return nil }
    address = address << 8 | UInt32(value)
  }
  return address
}

extension String {
  /// The parts between occurrences of `separator`, empty ones included.
  fileprivate func components(separatedBy separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let hit = rest.firstRange(of: separator) {
      parts.append(String(rest[..<hit.lowerBound]))
      rest = rest[hit.upperBound...]
    }
    return parts + [String(rest)]
  }
}
