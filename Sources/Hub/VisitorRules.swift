/// Who may ask by name: keeps web pages in a browser on this machine from reading traffic.
///
/// A page elsewhere can reach us through its own host name (DNS rebinding) or send requests from
/// another origin. Names that are not ours and origins that are not this very server are refused;
/// an address written as numbers cannot be rebound and passes.
package struct VisitorRules: Sendable {
  /// Host names that count as ours besides `localhost`, in lower case.
  private let names: Set<String>

  package init(names: [String] = []) {
    self.names = Set(names.map { $0.lowercased() })
  }

  /// Why the request is refused, or nil.
  func refusal(host: String?, origin: String?) -> String? {
    guard let host else { return "the request names no host" }
    let name = hostName(host)
    guard name == "localhost" || names.contains(name) || isAddress(name) else {
      return "this Hub does not go by the name \(name)"
    }
    guard let origin else { return nil }
    let parts = origin.lowercased().split(separator: "://", maxSplits: 1)
    guard parts.count == 2, parts[1] == host.lowercased() else {
      return "pages of another origin may not ask this Hub"
    }
    return nil
  }

  private func hostName(_ host: String) -> String {
    if host.hasPrefix("[") { return String(host.prefix { $0 != "]" }) + "]" }
    return host.prefix { $0 != ":" }.lowercased()
  }

  private func isAddress(_ name: String) -> Bool {
    if name.hasPrefix("[") { return true }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
  }
}
