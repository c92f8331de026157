// RFC 3339 text without Foundation: the data plane prints and reads times, and locale tables
// would triple the binary.

extension Timestamp {
  /// `2026-03-14T22:59:40.123Z`: UTC, with as many decimals (0, 3, 6 or 9) as the value needs.
  package var rfc3339: String {
    let parts = parts
    let fraction = Int(parts.nanoseconds)
    let (days, seconds) = parts.seconds.floored(dividingBy: 86_400)
    let date = CivilDate(daysSince1970: days)
    var text = padded(Int(date.year), 4)
    text += "-" + padded(date.month, 2) + "-" + padded(date.day, 2)
    text += "T" + padded(Int(seconds / 3600), 2) + ":" + padded(Int(seconds / 60 % 60), 2)
    text += ":" + padded(Int(seconds % 60), 2)
    if fraction % 1_000_000 == 0 {
      if fraction != 0 { text += "." + padded(fraction / 1_000_000, 3) }
    } else if fraction % 1_000 == 0 {
      text += "." + padded(fraction / 1_000, 6)
    } else {
      text += "." + padded(fraction, 9)
    }
    return text + "Z"
  }

  /// Reads RFC 3339 §5.6 text: an offset or `Z` is required, a fraction is optional and cut
  /// after nine digits. Nil for anything else, and beyond the years 1677 to 2262.
  package init?(rfc3339 text: some StringProtocol) {
    var fields = DateFields(text.utf8)
    guard
      let year = fields.digits(4), fields.skip("-"), let month = fields.digits(2),
      fields.skip("-"), let day = fields.digits(2), fields.skip("T", or: "t", or: " "),
      let hour = fields.digits(2), fields.skip(":"), let minute = fields.digits(2),
      fields.skip(":"), let second = fields.digits(2),
      let fraction = fields.fraction(), let offset = fields.offset(), fields.isAtEnd,
      let date = CivilDate(year: Int64(year), month: month, day: day),
      hour < 24, minute < 60, second <= 60
    else { return nil }
    let seconds =
      date.daysSince1970 * 86_400 + Int64(hour * 3600 + minute * 60 + second) - Int64(offset)
    self.init(seconds: seconds, nanoseconds: Int64(fraction))
  }
}

/// A day of the proleptic Gregorian calendar.
package struct CivilDate: Equatable, Sendable {
  package var year: Int64
  /// 1 to 12.
  package var month: Int
  /// 1 to 31.
  package var day: Int

  /// Nil when the month has no such day.
  package init?(year: Int64, month: Int, day: Int) {
    guard (1...12).contains(month), day >= 1 else { return nil }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let last = month == 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    guard day <= last else { return nil }
    (self.year, self.month, self.day) = (year, month, day)
  }

  /// Eras of 400 years have a fixed number of days (146,097), counted from March so that the leap
  /// day comes last.
  package init(daysSince1970 days: Int64) {
    let shifted = days + 719_468
    let (era, dayOfEra) = shifted.floored(dividingBy: 146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * marchMonth + 2) / 5) + 1
    month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  package var daysSince1970: Int64 {
    let marchYear = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = marchYear.floored(dividingBy: 400)
    let marchMonth = Int64(month > 2 ? month - 3 : month + 9)
    let dayOfYear = (153 * marchMonth + 2) / 5 + Int64(day) - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

/// Reads the parts of RFC 3339 text one after the other.
private struct DateFields<Text: Sequence<UInt8>> {
  private var rest: ArraySlice<UInt8>

  init(_ text: Text) { rest = Array(text)[...] }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func digits(_ count: Int) -> Int? {
    guard rest.count >= count else { return nil }
    var value = 0
    for byte in rest.prefix(count) {
      guard (0x30...0x39).contains(byte) else { return nil }
      value = value * 10 + Int(byte - 0x30)
    }
    rest = rest.dropFirst(count)
    return value
  }

  mutating func skip(_ marks: Unicode.Scalar...) -> Bool { skip(any: marks) }
  mutating func skip(_ a: Unicode.Scalar, or b: Unicode.Scalar, or c: Unicode.Scalar) -> Bool {
    skip(any: [a, b, c])
  }
  private mutating func skip(any marks: [Unicode.Scalar]) -> Bool {
    guard let first = rest.first, marks.contains(where: { $0.value == UInt32(first) }) else {
      return false
    }
    rest = rest.dropFirst()
    return true
  }

  /// Nanoseconds; 0 without a point, nil for a point without digits.
  mutating func fraction() -> Int? {
    guard skip(any: ["."]) else { return 0 }
    var value = 0
    var count = 0
    while let byte = rest.first, (0x30...0x39).contains(byte) {
      if count < 9 { value = value * 10 + Int(byte - 0x30) }
      count += 1
      rest = rest.dropFirst()
    }
    guard count > 0 else { return nil }
    for _ in 0..<Swift.max(0, 9 - count) { value *= 10 }
    return value
  }

  /// Seconds east of Greenwich.
  mutating func offset() -> Int? {
    if skip(any: ["Z", "z"]) { return 0 }
    let sign: Int
    if skip(any: ["+"]) { sign = 1 } else if skip(any: ["-"]) { sign = -1 } else { return nil }
    guard let hours = digits(2), skip(any: [":"]), let minutes = digits(2), hours < 24,
      minutes < 60
    else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }
}

private func padded(_ value: Int, _ width: Int) -> String {
  let digits = String(value)
  return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
}
