import Bytes
import Entries

/// Captured text made fit to be shown: control characters escaped, length capped.
///
/// What bidirectional marks and zero-width characters do to a reader is as bad as an escape
/// sequence, so they are escaped as well.
enum Shown {
  /// Longest captured text in a table or list row, in characters.
  static let maxText = 200

  static func text(_ text: String, limit: Int = maxText) -> String {
    var output = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
      guard count < limit else {
        output.append("…")
        break
      }
      count += 1
      if isHarmless(scalar) {
        output.append(scalar)
      } else {
        output.append(contentsOf: escape(scalar).unicodeScalars)
      }
    }
    return String(output)
  }

  private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20..<0x7f: return true
    case 0..<0xa0: return false
    default:
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
        .unassigned:
        return false
      default: return true
      }
    }
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: "\\u{" + String(scalar.value, radix: 16) + "}"
    }
  }

  /// `10:23:45.123`.
  static func clock(_ instant: Timestamp) -> String {
    let text = Timestamp(milliseconds: instant.milliseconds).rfc3339.utf8
    let time = text.dropFirst("2026-03-14T".utf8.count).dropLast()
    return time.contains(0x2e) ? String(Substring(time)) : String(Substring(time)) + ".000"
  }

  /// `2026-03-14 10:23:45`.
  static func date(_ instant: Timestamp) -> String {
    let text = instant.rfc3339.utf8
    return String(Substring(text.prefix(10))) + " "
      + String(Substring(text.dropFirst(11).prefix(8)))
  }

  /// `0.3`, `45`, `2340`: milliseconds with as many decimals as matter.
  static func milliseconds(_ microseconds: Int64) -> String {
    let value = Double(microseconds) / 1_000
    return value >= 100 || microseconds % 1_000 == 0
      ? String(Int64(value.rounded())) : decimals(value, value >= 10 ? 1 : 2)
  }

  /// `1.2 MB`, `456 KB`, `12 B`.
  static func bytes(_ count: Int64) -> String {
    let value = Double(count)
    switch count {
    case ..<1_000: return "\(count) B"
    case ..<1_000_000: return decimals(value / 1e3, value < 1e4 ? 1 : 0) + " KB"
    case ..<1_000_000_000: return decimals(value / 1e6, value < 1e7 ? 1 : 0) + " MB"
    default: return decimals(value / 1e9, 1) + " GB"
    }
  }

  /// `8,432`.
  static func count(_ count: Int64) -> String {
    guard count.magnitude >= 1_000 else { return String(count) }
    let digits = String(count.magnitude).utf8
    var bytes: [UInt8] = count < 0 ? [0x2d] : []
    var left = digits.count
    for digit in digits {
      bytes.append(digit)
      left -= 1
      if left > 0, left % 3 == 0 { bytes.append(0x2c) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `1 flow`, `8,432 flows`.
  static func counted(_ number: Int, _ noun: String, _ plural: String = "s") -> String {
    "\(count(Int64(number))) \(noun)\(number == 1 ? "" : plural)"
  }

  /// A share such as 0.0123 as `1.2%`. A few of very many are not none, and not all but a few.
  static func percent(_ share: Double) -> String {
    if share > 0, share < 0.0005 { return "<0.1%" }
    if share < 1, share >= 0.9995 { return ">99.9%" }
    return decimals(share * 100, 1) + "%"
  }

  /// How many in a time: `0.1`, `14.8`, `33,361`. A few in a long time are not none.
  static func rate(_ value: Double) -> String {
    if value > 0, value < 0.05 { return "<0.1" }
    return value >= 1_000 && value < 1e15 ? count(Int64(value.rounded())) : decimals(value, 1)
  }

  /// A number with so many decimals, without trailing zeros.
  static func decimals(_ value: Double, _ places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    let text = rounded.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
