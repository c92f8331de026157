import Bytes

/// The listed commands by name, found without making a text of it: an open-addressing table over
/// the names' bytes, whose letters count the same in either case.
struct RedisVerbTable: Sendable {
  private struct Entry: Sendable {
    /// Upper case; empty marks a free place.
    var name: [UInt8] = []
    /// Its first bytes as a number, which is all of most names.
    var head: UInt64 = 0
    /// Bytes of it.
    var length = 0
    var verb = RedisVerb(key: .none)
  }

  private var entries = [Entry](repeating: Entry(), count: 1024)

  init() {}

  /// Files names that blanks separate. Far fewer than there are places.
  mutating func add(_ names: String, _ verb: RedisVerb) {
    for name in names.split(separator: " ") {
      let name = Array(name.utf8)
      let head = Self.head(name.rawSpan)
      var place = Self.hash(head, name.count) & (entries.count - 1)
      while !entries[place].name.isEmpty { place = (place + 1) & (entries.count - 1) }
      entries[place] = Entry(name: name, head: head, length: name.count, verb: verb)
    }
  }

  /// Nil for commands that are not listed.
  func verb(_ name: RawSpan) -> RedisVerb? {
    guard !name.isEmpty, name.byteCount <= RedisVerb.maxName else { return nil }
    let head = Self.head(name)
    var place = Self.hash(head, name.byteCount) & (entries.count - 1)
    let span = entries.span
    // A name's first byte is no zero.
    while span[place].head != 0 {
      if span[place].head == head, span[place].length == name.byteCount,
        name.byteCount <= Self.headLength || Self.isSame(span[place].name.rawSpan, name)
      {
        return span[place].verb
      }
      place = (place + 1) & (span.count - 1)
    }
    return nil
  }

  /// The first eight bytes of a name, or all there are, in upper case; the first is the lowest.
  private static func head(_ name: RawSpan) -> UInt64 {
    let count = min(name.byteCount, headLength)
    var head: UInt64 = 0
    if count == headLength {
      head = name.little64(0)
    } else if count >= 4 {
      // Some of them perhaps twice.
      head = UInt64(name.little32(0)) | UInt64(name.little32(count - 4)) << UInt64(8 * (count - 4))
    } else {
      for offset in 0..<count { head |= UInt64(name.byte(offset)) << UInt64(8 * offset) }
    }
    // Seven bits of each byte, so that the eighth can tell whether they are beyond a letter.
    let (ones, tops): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    let low = head & ~tops
    let isLower = (low + (0x80 - 0x61) * ones) & ~(low + (0x7f - 0x7a) * ones) & ~head & tops
    return head ^ isLower >> 2
  }

  private static let headLength = 8

  private static func hash(_ head: UInt64, _ count: Int) -> Int {
    Int(truncatingIfNeeded: folded(head ^ UInt64(count), hashMultiplier))
  }

  /// - Precondition: the first bytes are the same.
  private static func isSame(_ upper: RawSpan, _ name: RawSpan) -> Bool {
    guard upper.byteCount == name.byteCount else { return false }
    for offset in min(headLength, name.byteCount)..<name.byteCount {
      let byte = name.byte(offset)
      if upper.byte(offset) != (byte &- 0x61 < 26 ? byte & 0xdf : byte) { return false }
    }
    return true
  }
}
