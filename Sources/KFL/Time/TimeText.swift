import Bytes

/// Times as text: RFC 3339, Go-like durations, the legacy `datetime`.
enum TimeText {
  /// Nanoseconds of `1h30m`, `-90s`, `1.5h`, `2d`, `0`; nil for anything else, or beyond 64 bits.
  static func duration(_ text: String) -> Int64? {
    var rest = Array(text.utf8)[...]
    var isNegative = false
    if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      rest = rest.dropFirst()
    }
    if Array(rest) == [UInt8(ascii: "0")] { return 0 }
    guard !rest.isEmpty else { return nil }
    var total: Int64 = 0
    while !rest.isEmpty {
      guard let part = durationPart(&rest) else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(part)
      guard !overflow else { return nil }
      total = sum
    }
    return isNegative ? -total : total
  }

  /// A number with its unit, in nanoseconds.
  private static func durationPart(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    let whole = rest.prefix(while: \.isDigit)
    rest = rest.dropFirst(whole.count)
    var fraction = ArraySlice<UInt8>()
    if rest.first == UInt8(ascii: ".") {
      fraction = rest.dropFirst().prefix(while: \.isDigit)
      rest = rest.dropFirst(1 + fraction.count)
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }
    let name = rest.prefix { !$0.isDigit && $0 != UInt8(ascii: ".") }
    rest = rest.dropFirst(name.count)
    guard let unit = units[String(decoding: name, as: UTF8.self)] else { return nil }
    guard let number = whole.isEmpty ? 0 : Int64(String(decoding: whole, as: UTF8.self)) else {
      return nil
    }
    let (product, overflow) = number.multipliedReportingOverflow(by: unit)
    var part: Int64 = 0
    var scale = unit
    for digit in fraction {
      scale /= 10
      part += Int64(digit - 0x30) * scale
    }
    let (sum, overflow2) = product.addingReportingOverflow(part)
    return overflow || overflow2 ? nil : sum
  }

  private static let units: [String: Int64] = [
    "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": 1_000_000_000,
    "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
  ]

  /// A duration as CEL prints it: seconds with the decimals it needs, such as `90s` or `0.25s`.
  static func seconds(_ nanoseconds: Int64) -> String {
    let (whole, part) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
    return (nanoseconds < 0 ? "-" : "") + "\(whole)" + fraction(part) + "s"
  }

  /// A duration as people write it, such as `1h30m`, `250ms`, `-5m`.
  static func compact(_ nanoseconds: Int64) -> String {
    var rest = nanoseconds.magnitude
    guard rest != 0 else { return "0s" }
    var text = nanoseconds < 0 ? "-" : ""
    for (name, unit) in [
      ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
      ("us", 1000), ("ns", 1),
    ] as [(String, UInt64)] where rest >= unit {
      text += "\(rest / unit)\(name)"
      rest %= unit
    }
    return text
  }

  /// `.125` for 125,000,000; empty for 0.
  static func fraction(_ nanoseconds: UInt64) -> String {
    guard nanoseconds != 0 else { return "" }
    var digits = String(nanoseconds)
    digits = String(repeating: "0", count: max(0, 9 - digits.utf8.count)) + digits
    while digits.hasSuffix("0") { digits.removeLast() }
    return "." + digits
  }

  /// The legacy layout `3/14/2026, 10:59:40.000 PM`, in UTC. Nil for anything else.
  static func legacyInstant(_ text: String) -> Instant? {
    let parts = text.split(whereSeparator: { " ,/:.".contains($0) })
    guard parts.count == 7 || parts.count == 8, let year = Int64(parts[2]),
      let month = Int(parts[0]), let day = Int(parts[1]), let hour = Int64(parts[3]),
      let minute = Int64(parts[4]), let second = Int64(parts[5]),
      let half = parts.last?.uppercased(), half == "AM" || half == "PM",
      (1...12).contains(hour), (0..<60).contains(minute), (0..<60).contains(second),
      (1...9999).contains(year), let date = CivilDate(year: year, month: month, day: day)
    else { return nil }
    var nanoseconds: Int32 = 0
    if parts.count == 8 {
      guard parts[6].utf8.count <= 9, parts[6].utf8.allSatisfy(\.isDigit),
        let fraction = Int32(parts[6] + String(repeating: "0", count: 9 - parts[6].utf8.count))
      else { return nil }
      nanoseconds = fraction
    }
    let hours = hour % 12 + (half == "PM" ? 12 : 0)
    return Instant(
      seconds: date.daysSince1970 * 86_400 + hours * 3600 + minute * 60 + second,
      nanoseconds: nanoseconds)
  }
}

extension Instant {
  /// Reads RFC 3339 text of the years 1 to 9999: offset or `Z` required, at most nine decimals.
  package init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes.count <= 40 else { return nil }
    func number(_ start: Int, _ count: Int) -> Int64? {
      guard start + count <= bytes.count else { return nil }
      var value: Int64 = 0
      for byte in bytes[start..<start + count] {
        guard byte.isDigit else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      return value
    }
    func mark(_ place: Int, _ mark: Unicode.Scalar) -> Bool {
      place < bytes.count && bytes[place] == UInt8(ascii: mark)
    }
    guard let year = number(0, 4), year > 0, mark(4, "-"), let month = number(5, 2), mark(7, "-"),
      let day = number(8, 2), mark(10, "T") || mark(10, "t"), let hour = number(11, 2),
      mark(13, ":"), let minute = number(14, 2), mark(16, ":"), let second = number(17, 2),
      hour < 24, minute < 60, second < 60,
      let date = CivilDate(year: year, month: Int(month), day: Int(day))
    else { return nil }
    var at = 19
    var fraction: Int64 = 0
    if mark(at, ".") {
      let digits = bytes[(at + 1)...].prefix(while: \.isDigit)
      guard !digits.isEmpty, digits.count <= 9 else { return nil }
      for digit in digits { fraction = fraction * 10 + Int64(digit - 0x30) }
      for _ in digits.count..<9 { fraction *= 10 }
      at += 1 + digits.count
    }
    var offset: Int64 = 0
    if mark(at, "Z") || mark(at, "z") {
      guard at + 1 == bytes.count else { return nil }
    } else {
      guard mark(at, "+") || mark(at, "-"), at + 6 == bytes.count, mark(at + 3, ":"),
        let hours = number(at + 1, 2), let minutes = number(at + 4, 2), hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 3600 + minutes * 60) * (mark(at, "-") ? -1 : 1)
    }
    let seconds = date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second - offset
    guard Instant.validSeconds.contains(seconds) else { return nil }
    self.init(seconds: seconds, nanoseconds: Int32(fraction))
  }

  /// RFC 3339 text in UTC with the decimals it needs.
  package var rfc3339: String {
    let time = CivilTime(self)
    func padded(_ value: Int64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    return padded(time.date.year, 4) + "-" + padded(Int64(time.date.month), 2) + "-"
      + padded(Int64(time.date.day), 2) + "T" + padded(time.second / 3600, 2) + ":"
      + padded(time.second / 60 % 60, 2) + ":" + padded(time.second % 60, 2)
      + TimeText.fraction(UInt64(nanoseconds)) + "Z"
  }
}
