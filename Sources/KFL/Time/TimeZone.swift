private import Glibc
private import Synchronization

/// When clocks of a place stood how far east of Greenwich (TZif, RFC 8536), or a fixed offset.
struct TimeZone: Sendable {
  /// Instants, ascending, from which the offset beside it holds; seconds.
  private var transitions: [(from: Int64, offset: Int64)]
  /// Before the first transition.
  private var first: Int64
  /// After the last transition.
  private var rule: TimeZoneRule?

  private init(fixed offset: Int64) {
    transitions = []
    first = offset
  }

  /// Seconds east of Greenwich at that Unix time.
  func offset(at seconds: Int64) -> Int64 {
    guard let last = transitions.last else { return rule?.offset(at: seconds) ?? first }
    if seconds >= last.from { return rule?.offset(at: seconds) ?? last.offset }
    // The first transition that is later; the one before it holds.
    var (low, high) = (0, transitions.count)
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].from > seconds { high = middle } else { low = middle + 1 }
    }
    return low == 0 ? first : transitions[low - 1].offset
  }

  private static let cache = Mutex<[String: TimeZone?]>([:])

  /// `+02:00`, `02:00`, `UTC`, or a name of the system's zone tables. Nil for anything else.
  static func named(_ name: String) -> TimeZone? {
    if name == "UTC" || name == "Z" || name.isEmpty { return TimeZone(fixed: 0) }
    if let offset = fixedOffset(name) { return TimeZone(fixed: offset) }
    if let known = cache.withLock({ $0[name] }) { return known }
    let zone = isSafe(name) ? read(name).flatMap(TimeZone.init(tzif:)) : nil
    cache.withLock { if $0.count < Limits.cachedZones { $0[name] = .some(zone) } }
    return zone
  }

  private static func fixedOffset(_ text: String) -> Int64? {
    var digits = Array(text.utf8)[...]
    var sign: Int64 = 1
    if let first = digits.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
      sign = first == UInt8(ascii: "-") ? -1 : 1
      digits = digits.dropFirst()
    }
    let parts = digits.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
      parts.allSatisfy({ $0.allSatisfy(\.isDigit) }),
      let hours = Int64(String(decoding: parts[0], as: UTF8.self)), hours < 24,
      let minutes = Int64(String(decoding: parts[1], as: UTF8.self)), minutes < 60
    else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }

  /// Whether a name stays inside the zone tables.
  private static func isSafe(_ name: String) -> Bool {
    name.utf8.count <= 64 && !name.contains("..") && name.utf8.first?.isNameStart ?? false
      && name.utf8.allSatisfy { $0.isNamePart || "/+-".utf8.contains($0) }
  }

  /// The bytes of a zone's file; nil when there is none, or it is larger than any real one.
  private static func read(_ name: String) -> [UInt8]? {
    let file = open("/usr/share/zoneinfo/" + name, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: Limits.zoneFileLength)
    var filled = 0
    while filled < bytes.count {
      let count = bytes[filled...].withUnsafeMutableBytes {
        Glibc.read(file, $0.baseAddress, $0.count)
      }
      guard count >= 0 else { return nil }
      if count == 0 { return Array(bytes[..<filled]) }
      filled += count
    }
    return nil
  }

  /// Version 2 and later hold a second block with 64-bit times (RFC 8536 §3), read here; version
  /// 1 files only the first, with 32-bit times.
  init?(tzif bytes: [UInt8]) {
    guard let old = Header(bytes, at: 0, timeLength: 4) else { return nil }
    guard old.version >= UInt8(ascii: "2") else {
      self.init(bytes, old)
      return
    }
    guard let new = Header(bytes, at: old.end, timeLength: 8) else { return nil }
    self.init(bytes, new)
    // The footer: a rule for times after the last transition, between two line feeds.
    if new.end < bytes.count, bytes[new.end] == 0x0a {
      let text = bytes[(new.end + 1)...].prefix { $0 != 0x0a }
      rule = TimeZoneRule(String(decoding: text, as: UTF8.self))
    }
  }

  private init?(_ bytes: [UInt8], _ header: Header) {
    var offsets: [Int64] = []
    for type in 0..<header.typeCount {
      offsets.append(bytes.big(header.types + type * 6, 4))
    }
    guard let first = offsets.first else { return nil }
    self.first = first
    transitions = []
    for place in 0..<header.timeCount {
      let type = Int(bytes[header.indices + place])
      guard type < offsets.count else { return nil }
      transitions.append(
        (bytes.big(header.times + place * header.timeLength, header.timeLength), offsets[type]))
    }
  }

  /// Where the parts of a block lie.
  private struct Header {
    var version: UInt8
    var timeLength: Int
    var times, indices, types, end: Int
    var timeCount, typeCount: Int

    init?(_ bytes: [UInt8], at start: Int, timeLength: Int) {
      guard start + 44 <= bytes.count, Array(bytes[start..<start + 4]) == Array("TZif".utf8) else {
        return nil
      }
      version = bytes[start + 4]
      self.timeLength = timeLength
      func count(_ place: Int) -> Int { Int(bytes.big(start + 20 + place * 4, 4)) }
      let counts = (0..<6).map(count)
      guard counts.allSatisfy({ (0...65_536).contains($0) }) else { return nil }
      timeCount = counts[3]
      typeCount = counts[4]
      times = start + 44
      indices = times + timeCount * timeLength
      types = indices + timeCount
      end =
        types + typeCount * 6 + counts[5] + counts[2] * (timeLength + 4) + counts[1] + counts[0]
      guard end <= bytes.count else { return nil }
    }
  }
}

extension [UInt8] {
  /// A signed big-endian number of 4 or 8 bytes.
  fileprivate func big(_ start: Int, _ length: Int) -> Int64 {
    var value: UInt64 = 0
    for byte in self[start..<start + length] { value = value << 8 | UInt64(byte) }
    return length == 4
      ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
  }
}
