package import Bytes
package import JSON

/// Reads instants as people and programs write them.
package enum Instant {
  /// Unix milliseconds, RFC 3339 text, `now`, or a look-back such as `-15m` or `-1h30m`.
  ///
  /// Seconds and nanoseconds are refused by their magnitude rather than guessed: a window that is
  /// wrong by a factor of a thousand finds nothing and says nothing.
  package static func read(
    _ value: JSONValue, name: String, now: Timestamp
  ) throws(ToolError) -> Timestamp {
    if let number = value.int { return try milliseconds(number, name: name) }
    guard let text = value.string else { throw refused(value.text, name) }
    if let number = Int64(text) { return try milliseconds(number, name: name) }
    if text == "now" { return now }
    if let instant = Timestamp(rfc3339: text) { return instant }
    if let first = text.first, first == "-" || first == "+", let span = duration(text.dropFirst()) {
      return now.advanced(by: first == "-" ? -span : span)
    }
    throw withoutZone(text, name) ?? refused(JSONValue.string(text).text, name)
  }

  /// A date, or a date and a time, that does not say where, as answers write it: how UTC would be
  /// said. Guessed is it not, for people think of their own.
  private static func withoutZone(_ text: String, _ name: String) -> ToolError? {
    guard text.utf8.count < 64 else { return nil }
    let time = text.replacing(" ", with: "T")
    for candidate in [time + "Z", time + "T00:00:00Z"] where Timestamp(rfc3339: candidate) != nil {
      return .invalid(
        name, "\(name) has no time zone: \(JSONValue.string(text).text)",
        hint: "In UTC, as answers give times, it is \(candidate).")
    }
    return nil
  }

  /// Nanoseconds of `30s`, `5m`, `1h30m`, `2d`; fractions are allowed (`1.5h`). Nil for anything
  /// else.
  package static func duration(_ text: some StringProtocol) -> Int64? {
    var rest = Substring(text)
    var total = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(digits.count)
      let letters = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(letters.count)
      guard let value = Double(digits), let unit = units[String(letters)] else { return nil }
      total += value * unit
    }
    guard total < 9e18 else { return nil }
    return Int64(total)
  }

  private static let units: [String: Double] = [
    "ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9, "d": 86_400e9,
  ]

  private static func milliseconds(_ number: Int64, name: String) throws(ToolError) -> Timestamp {
    // 10^11 ms is 1973 and 10^14 ms the year 5138: no capture is older or newer.
    switch number {
    case 100_000_000_000..<100_000_000_000_000: return Timestamp(milliseconds: number)
    case 100_000_000..<100_000_000_000:
      throw .invalid(
        name, "\(name) is in Unix milliseconds; \(number) looks like seconds",
        hint: "Use \(number)000.")
    case 100_000_000_000_000...:
      throw .invalid(
        name, "\(name) is in Unix milliseconds; \(number) looks like micro- or nanoseconds",
        hint: "Cut it to 13 digits: \(String(number).prefix(13)).")
    default: throw refused(String(number), name)
    }
  }

  private static func refused(_ shown: String, _ name: String) -> ToolError {
    .invalid(
      name, "\(name) is not a time: \(shown.prefix(64))",
      hint:
        "Use RFC 3339 (2026-03-14T22:00:00Z), Unix milliseconds, now, or a look-back such as -15m."
    )
  }
}
