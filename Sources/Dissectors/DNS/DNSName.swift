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
    let before = text.count
    let isWhole = try walk(bytes, &offset) { label in
      if text.count > before { text.append(0x2e) }
      if isPlain(bytes, label) {
        text.append(bytes.slice(label))
      } else {
        for at in label { append(bytes.byte(at), to: &text) }
      }
    }
    if text.count == before { text.append(0x2e) }
    return isWhole
  }

  /// Mixes the name at `offset` into `hash` without regard to case (FNV-1a), and moves `offset`
  /// behind it.
  /// - Returns: whether it is a whole name of lawful length.
  /// - Throws: when nobody knows where it ends.
  static func mix(
    _ bytes: RawSpan, _ offset: inout Int, into hash: inout UInt64
  ) throws(WireError) -> Bool {
    var mixed = hash
    defer { hash = (mixed ^ 0xff) &* 0x100_0000_01b3 }
    return try walk(bytes, &offset) { label in
      mixed = (mixed ^ UInt64(label.count)) &* 0x100_0000_01b3
      for at in label {
        let byte = bytes.byte(at)
        let lower = byte &- 0x41 < 26 ? byte | 0x20 : byte
        mixed = (mixed ^ UInt64(lower)) &* 0x100_0000_01b3
      }
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

  /// Whether nothing in the label needs escaping.
  @inline(__always)
  private static func isPlain(_ bytes: RawSpan, _ label: Range<Int>) -> Bool {
    for at in label {
      let byte = bytes.byte(at)
      if byte < 0x20 || byte == 0x2e || byte == 0x5c || byte == 0x7f { return false }
    }
    return true
  }

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
