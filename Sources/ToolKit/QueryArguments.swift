package import JSON

/// The arguments in a query (RFC 3986 §3.4): texts, which tools read leniently; a repeated name is a
/// list.
package func arguments(inQuery query: some StringProtocol) -> JSONObject {
  var arguments = JSONObject()
  for pair in query.split(separator: "&") {
    let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = percentDecoded(parts[0], plusIsSpace: true)
    let value = JSONValue.string(
      parts.count > 1 ? percentDecoded(parts[1], plusIsSpace: true) : "")
    guard !name.isEmpty else { continue }
    switch arguments[name] {
    case nil: arguments[name] = value
    case .array(let values)?: arguments[name] = .array(values + [value])
    case let first?: arguments[name] = .array([first, value])
    }
  }
  return arguments
}
