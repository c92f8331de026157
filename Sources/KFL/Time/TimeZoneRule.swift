import Bytes

/// The rule after the last transition of a zone, in POSIX's notation (RFC 8536 §3.3):
/// `CET-1CEST,M3.5.0,M10.5.0/3`.
struct TimeZoneRule: Sendable {
  /// Seconds east of Greenwich.
  private var standard: Int64
  private var summer: (offset: Int64, from: Change, until: Change)?

  /// A day of the year and the second of its local clock.
  private struct Change: Sendable {
    enum Day: Sendable {
      /// Week 5 is the last; Sunday is 0.
      case weekday(month: Int, week: Int64, day: Int64)
      /// 1 to 365, leap days never counted.
      case julian(Int64)
      /// 0 to 365.
      case yearDay(Int64)
    }
    var day: Day
    var second: Int64
  }

  init?(_ text: String) {
    var reader = Reader(rest: Array(text.utf8)[...])
    guard reader.name(), let west = reader.time() else { return nil }
    standard = -west
    guard reader.name() else {
      if reader.rest.isEmpty { return }
      return nil
    }
    var offset = standard + 3600
    if reader.rest.first != UInt8(ascii: ",") {
      guard let west = reader.time() else { return nil }
      offset = -west
    }
    guard let from = reader.change(), let until = reader.change(), reader.rest.isEmpty else {
      return nil
    }
    summer = (offset, from, until)
  }

  /// Seconds east of Greenwich at that Unix time.
  func offset(at seconds: Int64) -> Int64 {
    guard let summer else { return standard }
    let year = CivilDate(daysSince1970: (seconds + standard).floored(dividingBy: 86_400).quotient)
      .year
    // The change to summer is told by the standard clock, the change back by the summer clock.
    let start = Self.instant(summer.from, year) - standard
    let end = Self.instant(summer.until, year) - summer.offset
    let isSummer =
      start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end
    return isSummer ? summer.offset : standard
  }

  /// Seconds of the local clock.
  private static func instant(_ change: Change, _ year: Int64) -> Int64 {
    let newYear = CivilDate(year: year, month: 1, day: 1)?.daysSince1970 ?? 0
    let day: Int64
    switch change.day {
    case .yearDay(let number): day = newYear + number
    case .julian(let number):
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      day = newYear + number - 1 + (isLeap && number >= 60 ? 1 : 0)
    case .weekday(let month, let week, let weekday):
      let first = CivilDate(year: year, month: month, day: 1)?.daysSince1970 ?? 0
      let next =
        (month == 12
        ? CivilDate(year: year + 1, month: 1, day: 1)
        : CivilDate(year: year, month: month + 1, day: 1))?.daysSince1970 ?? first
      let firstWeekday = (first + 4).floored(dividingBy: 7).remainder
      var found = first + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
      while found >= next { found -= 7 }
      day = found
    }
    return day * 86_400 + change.second
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    /// `CET`, or `<+0330>`.
    mutating func name() -> Bool {
      if rest.first == UInt8(ascii: "<") {
        guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
        rest = rest[(end + 1)...]
        return true
      }
      let letters = rest.prefix { $0.isNameStart && $0 != 0x5f }
      rest = rest.dropFirst(letters.count)
      return letters.count >= 3
    }

    mutating func number() -> Int64? {
      let digits = rest.prefix(while: \.isDigit)
      guard (1...3).contains(digits.count) else { return nil }
      rest = rest.dropFirst(digits.count)
      return Int64(String(decoding: digits, as: UTF8.self))
    }

    private mutating func skip(_ mark: Unicode.Scalar) -> Bool {
      guard rest.first == UInt8(ascii: mark) else { return false }
      rest = rest.dropFirst()
      return true
    }

    /// `[+-]h[h][:mm[:ss]]` in seconds.
    mutating func time() -> Int64? {
      let isNegative = skip("-")
      if !isNegative { _ = skip("+") }
      guard let hours = number() else { return nil }
      var seconds = hours * 3600
      if skip(":") {
        guard let minutes = number() else { return nil }
        seconds += minutes * 60
        if skip(":") {
          guard let rest = number() else { return nil }
          seconds += rest
        }
      }
      return isNegative ? -seconds : seconds
    }

    /// `,M3.5.0/2`, `,J60`, `,59`.
    mutating func change() -> Change? {
      guard skip(",") else { return nil }
      let day: Change.Day
      if skip("M") {
        guard let month = number(), (1...12).contains(month), skip("."), let week = number(),
          (1...5).contains(week), skip("."), let weekday = number(), weekday < 7
        else { return nil }
        day = .weekday(month: Int(month), week: week, day: weekday)
      } else if skip("J") {
        guard let number = number() else { return nil }
        day = .julian(number)
      } else {
        guard let number = number() else { return nil }
        day = .yearDay(number)
      }
      guard skip("/") else { return Change(day: day, second: 7200) }
      guard let second = time() else { return nil }
      return Change(day: day, second: second)
    }
  }
}
