extension IPAddress: CustomStringConvertible, LosslessStringConvertible {
  /// Dotted quad, or the canonical text of RFC 5952.
  package var description: String {
    isV4 ? v4Text : v6Text
  }

  private var v4Text: String {
    let address = v4
    return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
  }

  private var v6Text: String {
    let groups = (0..<8).map { index in
      UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - index % 4 * 16))
    }
    // RFC 5952 §4.2: the longest run of zero groups, the first of equals, never a single one.
    var best = 0..<0
    var start = 0
    while start < 8 {
      guard groups[start] == 0 else {
        start += 1
        continue
      }
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > max(best.count, 1) { best = start..<end }
      start = end
    }
    func joined(_ range: Range<Int>) -> String {
      range.map { String(groups[$0], radix: 16) }.joined(separator: ":")
    }
    return best.isEmpty
      ? joined(0..<8) : joined(0..<best.lowerBound) + "::" + joined(best.upperBound..<8)
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
