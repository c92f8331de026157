package import JSON

/// The id of a request, kept exactly as it came: `7` stays `7`, `"7"` stays `"7"`, and an integer
/// beyond 64 bits keeps its digits.
package struct RequestID: Hashable, Sendable {
  package let json: JSONValue

  /// Nil when `json` is neither a text nor a whole number.
  package init?(_ json: JSONValue) {
    switch json {
    case .string, .int: break
    case .number(let number) where number.isWhole: break
    default: return nil
    }
    self.json = json
  }

  /// For answers that refuse a request because of this very id: a fraction is no legal id, but
  /// its sender waits for it.
  init(refused json: JSONNumber) { self.json = .number(json) }
}

extension JSONNumber {
  /// Whether the number has no fraction: `12345678901234567890`, `5.0` and `1e3` have none.
  fileprivate var isWhole: Bool {
    guard text.contains(where: { $0 == "." || $0 == "e" || $0 == "E" }) else { return true }
    return double.isFinite && double == double.rounded()
  }
}
