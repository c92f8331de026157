import Bytes

/// The listed commands by name, found without making a text of it: an open-addressing table over
/// the names' bytes, whose letters count the same in either case.
struct RedisVerbTable: Sendable {
  private struct Entry: Sendable {
    /// Upper case; empty marks a free place.
    var name: [UInt8] = []
    var verb = RedisVerb(key: .none)
  }

  private var entries = [Entry](repeating: Entry(), count: 1024)

  init() {}

  /// Files names that blanks separate. Far fewer than there are places.
  mutating func add(_ names: String, _ verb: RedisVerb) {
    for name in names.split(separator: " ") {
      let name = Array(name.utf8)
      var place = Self.hash(name.rawSpan) & (entries.count - 1)
      while !entries[place].name.isEmpty { place = (place + 1) & (entries.count - 1) }
      entries[place] = Entry(name: name, verb: verb)
    }
  }

  /// Nil for commands that are not listed.
  func verb(_ name: RawSpan) -> RedisVerb? {
    guard !name.isEmpty, name.byteCount <= RedisVerb.maxName else { return nil }
    var place = Self.hash(name) & (entries.count - 1)
    let span = entries.span
    while !span[place].name.isEmpty {
      if Self.isSame(span[place].name.rawSpan, name) { return span[place].verb }
      place = (place + 1) & (span.count - 1)
    }
    return nil
  }

  /// Bit 5 tells upper case from lower case. FNV-1a, folded.
  private static func hash(_ name: RawSpan) -> Int {
    var hash: UInt32 = 0x811c_9dc5
    for offset in 0..<name.byteCount {
      hash = (hash ^ UInt32(name.byte(offset) | 0x20)) &* 0x0100_0193
    }
    return Int(hash ^ hash >> 15)
  }

  private static func isSame(_ upper: RawSpan, _ name: RawSpan) -> Bool {
    guard upper.byteCount == name.byteCount else { return false }
    for offset in 0..<name.byteCount {
      let byte = name.byte(offset)
      if upper.byte(offset) != (byte &- 0x61 < 26 ? byte & 0xdf : byte) { return false }
    }
    return true
  }
}
