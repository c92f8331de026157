import KFL
import Testing

@testable import KFL

@Suite struct TimeTests {
  @Test(
    arguments: [
      ("1h30m", 5_400_000_000_000), ("-90s", -90_000_000_000), ("1.5h", 5_400_000_000_000),
      ("2d", 172_800_000_000_000),
      ("250ms", 250_000_000), ("7us", 7000), ("3ns", 3), ("0", 0), ("1h0.5s", 3_600_500_000_000),
      (".5s", 500_000_000),
    ] as [(String, Int64)])
  func aDurationIsRead(_ text: String, _ nanoseconds: Int64) {
    #expect(TimeText.duration(text) == nanoseconds)
    if nanoseconds != 0 { #expect(TimeText.duration(TimeText.compact(nanoseconds)) == nanoseconds) }
  }

  @Test(arguments: ["", "-", "5", "5 m", "m", "1x", "1h-5m", "99999999999999h", "1.2.3s", "+"])
  func whatIsNoDurationIsRefused(_ text: String) { #expect(TimeText.duration(text) == nil) }

  @Test(arguments: [
    "2026-03-14", "2026-03-14T22:50:00", "2026-13-14T22:50:00Z", "2026-02-29T00:00:00Z",
    "2026-03-14T24:00:00Z",
    "2026-03-14T22:60:00Z", "2026-03-14T22:50:00.Z", "2026-03-14T22:50:00+1:00",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00", "2026-03-14T22:50:00Zx", "yesterday", "",
  ])
  func whatIsNoInstantIsRefused(_ text: String) { #expect(Instant(rfc3339: text) == nil) }

  @Test(arguments: [
    "2026-03-14T22:50:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
    "1969-12-31T23:59:59.5Z",
  ])
  func anInstantIsReadAndWritten(_ text: String) {
    #expect(Instant(rfc3339: text)?.rfc3339 == text)
  }

  @Test func theLegacyLayoutIsRead() {
    #expect(TimeText.legacyInstant("3/14/2026, 10:59:40.000 PM")?.rfc3339 == "2026-03-14T22:59:40Z")
    #expect(TimeText.legacyInstant("12/1/2026, 12:05:00 AM")?.rfc3339 == "2026-12-01T00:05:00Z")
    #expect(TimeText.legacyInstant("13/1/2026, 12:05:00 AM") == nil)
    #expect(TimeText.legacyInstant("1/1/2026, 13:05:00 PM") == nil)
  }

  @Test(
    arguments: [("+02:00", 7200), ("02:00", 7200), ("-09:30", -34_200), ("UTC", 0), ("-00:00", 0)]
      as [(String, Int64)])
  func aFixedZoneIsRead(_ name: String, _ offset: Int64) {
    #expect(TimeZone.named(name)?.offset(at: 0) == offset)
  }

  @Test(arguments: [
    "Nowhere/Land", "../../etc/passwd", "/etc/passwd", "+25:00", "+2", "a b", "Europe/",
    String(repeating: "a", count: 100),
  ])
  func anUnknownZoneIsNone(_ name: String) { #expect(TimeZone.named(name) == nil) }

  /// The rules of central Europe: summer time from the last Sunday of March to that of October.
  @Test func theRuleAfterTheLastTransitionIsFollowed() throws {
    let rule = try #require(TimeZoneRule("CET-1CEST,M3.5.0,M10.5.0/3"))
    func offset(_ text: String) -> Int64? {
      Instant(rfc3339: text).map { rule.offset(at: $0.seconds) }
    }
    #expect(offset("2026-03-29T00:59:59Z") == 3600)
    #expect(offset("2026-03-29T01:00:00Z") == 7200)
    #expect(offset("2026-10-25T00:59:59Z") == 7200)
    #expect(offset("2026-10-25T01:00:00Z") == 3600)
    #expect(offset("2026-01-01T00:00:00Z") == 3600)
  }

  @Test func southernSummersCrossTheYear() throws {
    let rule = try #require(TimeZoneRule("AEST-10AEDT,M10.1.0,M4.1.0/3"))
    func offset(_ text: String) -> Int64? {
      Instant(rfc3339: text).map { rule.offset(at: $0.seconds) }
    }
    #expect(offset("2026-01-01T00:00:00Z") == 39_600)
    #expect(offset("2026-07-01T00:00:00Z") == 36_000)
    #expect(TimeZoneRule("<+0330>-3:30")?.offset(at: 0) == 12_600)
    #expect(TimeZoneRule("nonsense") == nil)
    #expect(TimeZoneRule("CET-1CEST,M13.5.0,M10.5.0") == nil)
  }

  /// A file of version 1 with one change at 1,000,000 s from +1 h to +2 h.
  @Test func aZoneFileIsReadAndBrokenOnesAreRefused() throws {
    func big(_ value: Int32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    var file = Array("TZif".utf8) + [0] + [UInt8](repeating: 0, count: 15)
    for count in [0, 0, 0, 1, 2, 4] as [Int32] { file += big(count) }
    file += big(1_000_000) + [1] + big(3600) + [0, 0] + big(7200) + [1, 0] + Array("A\0B\0".utf8)
    let zone = try #require(TimeZone(tzif: file))
    #expect(zone.offset(at: 999_999) == 3600)
    #expect(zone.offset(at: 1_000_000) == 7200)
    for length in 0..<file.count { #expect(TimeZone(tzif: Array(file.prefix(length))) == nil) }
    file[44 + 4] = 9
    #expect(TimeZone(tzif: file) == nil)
  }
}
