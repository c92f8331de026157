import AsyncHTTPClient

/// The proxies that the environment names, and where they are not used.
package struct ProxyRules: Hashable, Sendable {
  private let http: String?
  private let https: String?
  /// Host names, endings of them, and addresses; `*` for all.
  private let exceptions: [String]

  /// - Parameter exceptions: separated by commas, as in `NO_PROXY`.
  package init(http: String?, https: String?, exceptions: String) {
    (self.http, self.https) = (http.given, https.given)
    self.exceptions = exceptions.split(whereSeparator: { $0 == "," || $0 == " " })
      .map { $0.lowercased() }
  }

  /// The proxy for that Hub as `host:port`, with its sign-in where it has one; nil for none.
  func proxy(for address: HubAddress) -> (host: String, port: Int, login: (String, String)?)? {
    guard let text = address.scheme == "https" ? https : http, !isExcepted(address),
      !address.isLoopback
    else { return nil }
    let scheme = text.firstRange(of: "://")
    var rest = scheme.map { text[$0.upperBound...] } ?? text[...]
    rest = rest.prefix { $0 != "/" }
    var login: (String, String)?
    if let at = rest.lastIndex(of: "@") {
      let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      login = (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
      rest = rest[rest.index(after: at)...]
    }
    let standard = text.hasPrefix("https://") ? 443 : 80
    guard let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") else {
      return rest.isEmpty ? nil : (String(rest), standard, login)
    }
    guard let port = Int(rest[rest.index(after: colon)...]), colon > rest.startIndex else {
      return nil
    }
    return (String(rest[..<colon]), port, login)
  }

  func configuration(for address: HubAddress) -> HTTPClient.Configuration.Proxy? {
    proxy(for: address).map { proxy in
      guard let login = proxy.login else { return .server(host: proxy.host, port: proxy.port) }
      return .server(
        host: proxy.host, port: proxy.port,
        authorization: .basic(username: login.0, password: login.1))
    }
  }

  private func isExcepted(_ address: HubAddress) -> Bool {
    exceptions.contains { exception in
      if exception == "*" { return true }
      var name = exception
      if let colon = name.lastIndex(of: ":"), let port = Int(name[name.index(after: colon)...]) {
        guard port == address.port ?? (address.scheme == "https" ? 443 : 80) else { return false }
        name = String(name[..<colon])
      }
      let ending = name.hasPrefix(".") ? String(name.dropFirst()) : name
      return address.host == ending || address.host.hasSuffix("." + ending)
    }
  }
}

extension String? {
  fileprivate var given: String? { flatMap { $0.isEmpty ? nil : $0 } }
}
