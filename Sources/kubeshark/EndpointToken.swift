#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The token that clients of MCP over HTTP must send.
enum EndpointToken {
  static let variable = "KUBESHARK_MCP_TOKEN"

  /// The token given, or a new one where the address can be reached from elsewhere, or nil.
  static func token(
    for address: ListenAddress, say: (String) -> Void
  ) throws(Failure) -> String? {
    if let given = environment(variable), !given.isEmpty {
      guard given.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        throw .usage("\(variable) holds characters that cannot be part of a token")
      }
      return given
    }
    guard !address.isLoopback else { return nil }
    var random = SystemRandomNumberGenerator()
    let token = (0..<4).map { _ in String(random.next(), radix: 36) }.joined()
    say(
      "others can reach \(address.host), so MCP clients must send "
        + "Authorization: Bearer \(token) (set \(variable) to choose the token)")
    return token
  }
}

/// The value of a variable of the environment; an installer's unexpanded `${…}` counts as none.
func environment(_ name: String) -> String? {
  guard let value = getenv(name).map({ String(cString: $0) }), !value.hasPrefix("${") else {
    return nil
  }
  return value
}
