import Bytes
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0), ("2026-03-14T22:59:40.123Z", 1_773_529_180_123_000_000),
    ("2026-03-15T00:59:40.123456+02:00", 1_773_529_180_123_456_000),
    ("1969-12-31T23:59:59.999999999Z", -1), ("2000-02-29T12:00:00-11:30", 951_867_000_000_000_000),
    ("1985-04-12t23:20:50.52z", 482_196_050_520_000_000),
  ])
  func rfc3339IsRead(text: String, nanoseconds: Int64) {
    #expect(Timestamp(rfc3339: text)?.nanoseconds == nanoseconds)
  }

  @Test(arguments: [
    "", "2026-03-14", "2026-03-14T22:59:40", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-03-14T24:00:00Z", "2026-03-14T22:60:00Z", "2026-03-14T22:59:40.Z", "1500-01-01T00:00:00Z",
    "2026-03-14T22:59:40Zx", "yesterday", "2026-3-14T22:59:40Z", "2300-01-01T00:00:00Z",
    "1677-09-21T00:12:43.145224191Z", "2262-04-11T23:47:16.854775808Z",
  ])
  func otherTextIsRefused(text: String) { #expect(Timestamp(rfc3339: text) == nil) }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
    (1_773_529_180_120_000_000, "2026-03-14T22:59:40.120Z"),
    (1_773_529_180_123_456_000, "2026-03-14T22:59:40.123456Z"),
    (.min, "1677-09-21T00:12:43.145224192Z"), (.max, "2262-04-11T23:47:16.854775807Z"),
  ])
  func textHasAsManyDecimalsAsNeeded(nanoseconds: Int64, text: String) {
    #expect(Timestamp(nanoseconds: nanoseconds).rfc3339 == text)
    #expect(Timestamp(rfc3339: text)?.nanoseconds == nanoseconds)
  }

  @Test func everyDayOfFourCenturiesSurvivesTheCalendar() {
    var last = CivilDate(daysSince1970: -1)
    for day in Int64(0)..<146_097 {
      let date = CivilDate(daysSince1970: day)
      #expect(date.daysSince1970 == day)
      #expect((last.year, last.month, last.day) < (date.year, date.month, date.day))
      last = date
    }
  }

  @Test(
    arguments: [
      .min, .min + 1, .min + 145_224_192, -1_000_000_001, -1_000_000_000, -999_999_999, -1, 0, 1,
      999_999_999, 1_000_000_000, .max - 854_775_807, .max - 1, .max,
    ] as [Int64])
  func whatIsTakenApartIsPutTogether(nanoseconds: Int64) throws {
    let parts = Timestamp(nanoseconds: nanoseconds).parts
    #expect(0..<1_000_000_000 ~= parts.nanoseconds)
    let whole = try #require(Timestamp(seconds: parts.seconds, nanoseconds: parts.nanoseconds))
    #expect(whole.nanoseconds == nanoseconds)
    for divisor in [1, 2, 7, 86_400, .max] as [Int64] {
      let (quotient, remainder) = nanoseconds.floored(dividingBy: divisor)
      #expect(0..<divisor ~= remainder)
      #expect(
        quotient.multipliedFullWidth(by: divisor).low &+ UInt64(remainder)
          == UInt64(bitPattern: nanoseconds))
    }
  }

  @Test func arithmeticSaturates() {
    #expect(Timestamp.distantFuture.advanced(by: 1) == .distantFuture)
    #expect(Timestamp.distantPast.advanced(by: -1) == .distantPast)
    #expect(Timestamp.distantFuture.nanoseconds(since: .distantPast) == .max)
    #expect(Timestamp(milliseconds: .max) == .distantFuture)
    #expect(Timestamp(nanoseconds: -1).milliseconds == -1)
  }
}
