import ToolKit

/// Where a Hub is: `https://host[:port][/base/path]`, without a slash at the end.
package struct HubAddress: Hashable, Sendable, CustomStringConvertible {
  /// Why a text is no such address, and what would be.
  package struct Problem: Error, Hashable, Sendable {
    package var message: String
    package var hint: String
  }

  package let scheme: String
  package let host: String
  /// As written; nil stands for the scheme's own.
  package let port: Int?
  /// Begins with a slash unless it is empty.
  package let basePath: String

  package init(_ given: String) throws(Problem) {
    let text = given.trimmed
    guard let (scheme, rest) = split(text, at: "://"), !scheme.isEmpty else {
      let likely = text.hasPrefix("localhost") || text.hasPrefix("127.") ? "http" : "https"
      throw Problem(
        message: "\"\(text)\" is not a URL: the scheme is missing",
        hint: text.isEmpty
          ? "For example https://kubeshark.example.com"
          : "Did you mean \(likely)://\(text)?")
    }
    self.scheme = scheme.lowercased()
    guard self.scheme == "http" || self.scheme == "https" else {
      throw Problem(
        message: "\"\(text)\": a Hub is reached by http or https, not \(scheme)",
        hint: "Use https://\(rest)")
    }
    guard !text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7f }) else {
      throw Problem(message: "\"\(text)\" contains blanks", hint: "Remove them.")
    }
    guard !rest.contains("?"), !rest.contains("#") else {
      throw Problem(
        message: "\"\(text)\" has a query or a fragment",
        hint: "Give only the base address, such as \(self.scheme)://"
          + rest.prefix { $0 != "?" && $0 != "#" })
    }
    let authority = rest.prefix { $0 != "/" }
    (host, port) = try Self.hostAndPort(String(authority), in: text)
    var path = rest.dropFirst(authority.count)
    while path.last == "/" { path.removeLast() }
    if path.hasSuffix("/api/mcp") { path.removeLast("/api/mcp".count) }
    while path.last == "/" { path.removeLast() }
    basePath = String(path)
  }

  private static func hostAndPort(
    _ authority: String, in text: String
  ) throws(Problem) -> (String, Int?) {
    guard !authority.contains("@") else {
      throw Problem(
        message: "the URL holds credentials",
        hint: "Give a token by --token or KUBESHARK_HUB_TOKEN instead.")
    }
    var host = authority
    var port: Int?
    // The colons of [::1] belong to the host.
    if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
      host = String(authority[..<colon])
      guard let number = Int(authority[authority.index(after: colon)...]),
        (1...65_535).contains(number)
      else {
        throw Problem(
          message: "\"\(text)\": \(authority[colon...]) is no port",
          hint: "Ports are numbers from 1 to 65535, such as :8899.")
      }
      port = number
    }
    guard isHost(host) else {
      throw Problem(
        message: host.isEmpty ? "\"\(text)\" names no host" : "\"\(host)\" is no host name",
        hint: "For example https://kubeshark.example.com")
    }
    return (host.lowercased(), port)
  }

  private static func isHost(_ host: String) -> Bool {
    if host.hasPrefix("["), host.hasSuffix("]") {
      return host.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
    }
    return !host.isEmpty
      && host.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "." || $0 == "_" }
  }

  /// The address of a path on the Hub.
  package func url(_ path: String) -> String { description + path }

  /// What must stay the same for credentials to be sent along: scheme, host, port.
  var origin: String { "\(scheme)://\(host):\(port ?? (scheme == "https" ? 443 : 80))" }

  /// Whether the Hub is on this machine.
  package var isLoopback: Bool {
    host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
  }

  package var description: String {
    "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") + basePath
  }
}

/// The parts before and after the first `mark`.
private func split(_ text: String, at mark: String) -> (String, String)? {
  guard let range = text.firstRange(of: mark) else { return nil }
  return (String(text[..<range.lowerBound]), String(text[range.upperBound...]))
}
