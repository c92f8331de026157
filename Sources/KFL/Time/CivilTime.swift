import Bytes

/// An instant on a wall clock: its day and the time within it.
struct CivilTime: Sendable {
  var date: CivilDate
  /// Seconds since midnight, 0 to 86,399.
  var second: Int64
  var nanosecond: Int32
  private var days: Int64

  /// - Parameter offset: of the clock, in seconds east of Greenwich.
  init(_ instant: Instant, offset: Int64 = 0) {
    let local = instant.seconds + offset
    (days, second) = local.floored(dividingBy: 86_400)
    date = CivilDate(daysSince1970: days)
    nanosecond = instant.nanoseconds
  }

  /// Sunday is 0. 1970-01-01 was a Thursday.
  var dayOfWeek: Int64 { (days + 4).floored(dividingBy: 7).remainder }

  /// From 0.
  var dayOfYear: Int64 {
    days - (CivilDate(year: date.year, month: 1, day: 1)?.daysSince1970 ?? days)
  }
}
