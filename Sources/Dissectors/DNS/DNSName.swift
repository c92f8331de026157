import Bytes

/// A domain name on the wire (RFC 1035 §3.1 and §4.1.4): labels, perhaps ending in a pointer to an
/// earlier name.
///
/// Pointers must lead backwards, so that following them ends; a name has at most 255 bytes, and of
/// longer ones the rest is left out. A pointer that leads nowhere damages the name and not what
/// stands behind it, for where the name ends is known.
enum DNSName {
  /// Longest name with its length bytes.
  private static let maxLength = 255
  /// Longest label, without its length byte.
  private static let maxLabel = 63
  /// Most pointers of a name: there is a label before each, and a name has no more of them.
  private static let maxPointers = 127

  /// Reads the name at `offset`, appends its text to `text`, and moves `offset` behind it.
  ///
  /// The text has no final dot; the root is `.`. A dot or backslash inside a label is escaped, and
  /// control characters are written as `\ddd` (RFC 1035 §5.1).
  /// - Returns: whether it is a whole name of lawful length.
  /// - Throws: when nobody knows where it ends.
  static func read(
    _ bytes: RawSpan, _ offset: inout Int, into text: inout [UInt8]
  ) throws(WireError) -> Bool {
    if let labels = labels(bytes, offset), append(bytes, labels, to: &text) {
      offset = labels.upperBound + 1
      return true
    }
    let before = text.count
    let isWhole = try walk(bytes, &offset) { label in
      if text.count > before { text.append(0x2e) }
      for at in label { append(bytes.byte(at), to: &text) }
    }
    if text.count == before { text.append(0x2e) }
    return isWhole
  }

  /// Mixes the name at `offset` into `hash` without regard to case, and moves `offset` behind it.
  /// - Returns: whether it is a whole name of lawful length.
  /// - Throws: when nobody knows where it ends.
  static func mix(
    _ bytes: RawSpan, _ offset: inout Int, into hash: inout UInt64
  ) throws(WireError) -> Bool {
    if let labels = labels(bytes, offset) {
      hash = mixed(bytes, labels, into: hash)
      offset = labels.upperBound + 1
      return true
    }
    // What pointers lead to counts as if it stood here.
    var name: [UInt8] = []
    defer { hash = mixed(name.rawSpan, name.indices, into: hash) }
    return try walk(bytes, &offset) { label in
      name.append(UInt8(label.count))
      name.append(bytes.slice(label))
    }
  }

  /// Moves `offset` behind the name there.
  /// - Returns: whether it is a whole name of lawful length.
  /// - Throws: when nobody knows where it ends.
  static func pass(_ bytes: RawSpan, _ offset: inout Int) throws(WireError) -> Bool {
    try walk(bytes, &offset) { _ in }
  }

  /// Moves `offset` behind the name there, which must be whole.
  static func skip(_ bytes: RawSpan, _ offset: inout Int) throws(WireError) {
    guard try pass(bytes, &offset) else { throw WireError(.invalid, at: offset) }
  }

  // MARK: Names as most are

  /// Place of the labels of the name at `offset`, with their lengths and without the root, when it is
  /// whole and has no pointers.
  @inline(__always)
  static func labels(_ bytes: RawSpan, _ offset: Int) -> Range<Int>? {
    let end = min(bytes.byteCount, offset + maxLength)
    var at = offset
    while at < end {
      let count = Int(bytes.byte(at))
      if count == 0 { return offset..<at }
      if count > maxLabel { return nil }
      at += count + 1
    }
    return nil
  }

  /// Bytes of the text of such labels, where none needs escaping: dots stand in place of the lengths
  /// but the first one.
  static func textLength(of labels: Range<Int>) -> Int { max(labels.count - 1, 1) }

  private static func append(
    _ bytes: RawSpan, _ labels: Range<Int>, to text: inout [UInt8]
  ) -> Bool {
    var isPlain = false
    text.append(addingCapacity: textLength(of: labels)) { isPlain = append(bytes, labels, to: &$0) }
    return isPlain
  }

  /// Appends the text of such labels, for which there must be room, unless a byte of them needs
  /// escaping or is beyond ASCII; gives whether it did.
  static func append(
    _ bytes: RawSpan, _ labels: Range<Int>, to text: inout OutputSpan<UInt8>
  ) -> Bool {
    if labels.isEmpty {
      text.append(0x2e)
      return true
    }
    if bytes.slice(labels).firstOffset(of: 0x2e) != nil { return false }
    // The lengths of labels stand where dots belong.
    let start = text.count
    let shift = start - labels.lowerBound - 1
    text.append(bytes.slice(labels.lowerBound + 1..<labels.upperBound))
    var at = labels.lowerBound + 1 + Int(bytes.byte(labels.lowerBound))
    while at < labels.upperBound {
      text[shift + at] = 0x2e
      at += 1 + Int(bytes.byte(at))
    }
    if isPlain(text.span.bytes.suffix(from: start)) { return true }
    text.removeLast(text.count - start)
    return false
  }

  /// Mixes such labels into a hash without regard to case. Their lengths are no letters.
  static func mixed(_ bytes: RawSpan, _ labels: Range<Int>, into hash: UInt64) -> UInt64 {
    var mixed = hash ^ UInt64(labels.count)
    var capitals: UInt64 = 0
    let name = bytes.prefix(labels.upperBound)
    var at = labels.lowerBound
    while at &+ 8 < labels.upperBound {
      let word = name.little64(at)
      capitals |= word & ~(word &<< 1)
      mixed = folded(mixed ^ word, hashMultiplier)
      at &+= 8
    }
    let word = word(name, at..<labels.upperBound)
    capitals |= word & ~(word &<< 1)
    // Nearly all names are in lower case: no byte has the bit that all letters have without the one
    // of small letters.
    if capitals & (0x40 * ones) == 0 { return folded(mixed ^ word, hashMultiplier) }
    return mixedLowered(bytes, labels, into: hash)
  }

  /// The same of a name that may have capital letters.
  @inline(never)
  private static func mixedLowered(
    _ bytes: RawSpan, _ labels: Range<Int>, into hash: UInt64
  ) -> UInt64 {
    var mixed = hash ^ UInt64(labels.count)
    var at = labels.lowerBound
    while labels.upperBound - at > 8 {
      mixed = folded(mixed ^ lower(bytes.little64(at)), hashMultiplier)
      at += 8
    }
    return folded(mixed ^ lower(word(bytes, at..<labels.upperBound)), hashMultiplier)
  }

  /// Up to eight bytes as a number, the first lowest.
  @inline(__always)
  private static func word(_ bytes: RawSpan, _ place: Range<Int>) -> UInt64 {
    if place.isEmpty { return 0 }
    if place.upperBound >= 8 {
      // One byte at least: the shift is less than 64.
      let shift = 64 &- 8 &* place.count
      return bytes.little64(place.upperBound - 8) &>> UInt64(truncatingIfNeeded: shift)
    }
    var word: UInt64 = 0
    for at in place.reversed() { word = word << 8 | UInt64(bytes.byte(at)) }
    return word
  }

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let tops: UInt64 = 0x8080_8080_8080_8080

  /// Letters in lower case: those of ASCII, in all of eight bytes.
  @inline(__always)
  private static func lower(_ word: UInt64) -> UInt64 {
    // Seven bits of each byte, so that the eighth can tell whether they are beyond a letter.
    let low = word & ~tops
    let isUpper = (low + (0x80 - 0x41) * ones) & ~(low + (0x7f - 0x5a) * ones) & ~word & tops
    return word | isUpper >> 2
  }

  /// Whether no byte is a control, a backslash, or beyond ASCII.
  @inline(__always)
  private static func isPlain(_ text: RawSpan) -> Bool {
    let count = text.byteCount
    var found: UInt64 = 0
    if count >= 8 {
      var at = 0
      while at + 8 < count {
        found |= unlike(text.little64(at))
        at += 8
      }
      // The last eight bytes, some of them perhaps for the second time.
      found |= unlike(text.little64(count - 8))
    } else {
      // Letters stand in front of the first ones.
      var word = 0x61 * ones
      for at in 0..<count { word = word << 8 | UInt64(text.byte(at)) }
      found = unlike(word)
    }
    return found & tops == 0
  }

  /// With a top bit when a byte is none that stands in a text as it is. What is carried from byte to
  /// byte comes from such a one alone.
  @inline(__always)
  private static func unlike(_ word: UInt64) -> UInt64 {
    let slashes = word ^ (0x5c * ones)
    return (word &+ ones) | (word &- 0x20 * ones) | (slashes &- ones) & ~slashes
  }

  // MARK: Any name

  /// Shows the place of each label of the name at `offset`, and moves `offset` behind the name.
  /// - Returns: whether the name is whole.
  @inline(__always)
  private static func walk(
    _ bytes: RawSpan, _ offset: inout Int, _ visit: (Range<Int>) -> Void
  ) throws(WireError) -> Bool {
    var at = offset
    var length = 1
    /// Where pointers must lead before.
    var limit = offset
    var pointers = 0
    var hasJumped: Bool { pointers > 0 }
    while true {
      // Where it ends is known: what many names of a message point to is not gone through for each.
      if hasJumped, length > maxLength || pointers > maxPointers { return false }
      guard at < bytes.byteCount else {
        if hasJumped { return false }
        throw WireError(.truncated, at: at)
      }
      let count = Int(bytes.byte(at))
      if count == 0 {
        if !hasJumped { offset = at + 1 }
        return length <= maxLength
      }
      switch count >> 6 {
      case 0:
        guard at + 1 + count <= bytes.byteCount else {
          if hasJumped { return false }
          throw WireError(.truncated, at: at)
        }
        length = min(length + count + 1, maxLength + 1)
        if length <= maxLength { visit(at + 1..<at + 1 + count) }
        at += count + 1
      case 3:
        guard at + 2 <= bytes.byteCount else {
          if hasJumped { return false }
          throw WireError(.truncated, at: at)
        }
        let target = Int(bytes.big16(at) & 0x3fff)
        if !hasJumped { offset = at + 2 }
        if target >= limit { return false }
        pointers += 1
        limit = target
        at = target
      default:
        if hasJumped { return false }
        throw WireError(.unsupported, at: at)
      }
    }
  }

  private static func append(_ byte: UInt8, to text: inout [UInt8]) {
    switch byte {
    case 0x2e, 0x5c:
      text.append(0x5c)
      text.append(byte)
    case 0x20..<0x7f, 0x80...: text.append(byte)
    default:
      text.append(0x5c)
      text.append(0x30 + byte / 100)
      text.append(0x30 + byte / 10 % 10)
      text.append(0x30 + byte % 10)
    }
  }
}
