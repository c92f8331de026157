import KFL

/// A regular expression over names of pods, checked by the engine that will run it.
enum PodPattern {
  /// Longest pattern, in bytes.
  static let maxLength = 1_000

  /// Why a text cannot be one; nil when it can.
  static func problem(_ text: String) -> String? {
    guard text.utf8.count <= maxLength,
      text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
    else { return "the pattern is longer than \(maxLength) bytes or holds control characters" }
    do throws(Pattern.Refused) { _ = try Pattern(text) } catch {
      return "\(text.prefix(80)) is no regular expression (RE2): \(error.reason)"
    }
    return nil
  }
}
