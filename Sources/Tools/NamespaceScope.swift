/// The namespaces whose traffic somebody sees: names with `*` for any text.
package struct NamespaceScope: Hashable, Sendable {
  private let patterns: [String]

  package init(_ patterns: [String]) { self.patterns = patterns }

  func contains(_ namespace: String) -> Bool {
    !namespace.isEmpty && patterns.contains { Self.matches($0[...], namespace[...]) }
  }

  /// Whether `text` is `pattern` with any text for each `*`.
  private static func matches(_ pattern: Substring, _ text: Substring) -> Bool {
    let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard parts.count > 1 else { return pattern == text }
    guard text.hasPrefix(parts[0]) else { return false }
    var rest = text.dropFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let found = rest.firstRange(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(parts[parts.count - 1])
  }

  /// The condition that every entry of it fulfils: one of its ends is inside.
  var condition: String {
    guard !patterns.isEmpty else { return "false" }
    let pattern = patterns.map { pattern in
      pattern.split(separator: "*", omittingEmptySubsequences: false).map { part in
        part.unicodeScalars.map { scalar in
          scalar.isASCII && !scalar.properties.isAlphabetic && !("0"..."9").contains(scalar)
            ? "\\" + String(scalar) : String(scalar)
        }.joined()
      }.joined(separator: ".*")
    }.joined(separator: "|")
    return ["src.namespace", "dst.namespace"].map {
      "(\($0) != \"\" && \($0).matches(\(quoted("^(\(pattern))$"))))"
    }.joined(separator: " || ")
  }
}
