import Bytes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where to listen: an address of this machine and a port.
struct ListenAddress {
  let host: String
  let port: Int

  /// Reads `host:port`, `:port`, `port` or `[ip]:port`. `[::]` stands for all addresses, of IPv6 and
  /// of IPv4.
  ///
  /// - Parameter flag: the flag it was given by, for the error.
  init(_ text: String, flag: String) throws(Failure) {
    var host = "127.0.0.1"
    var number = text[...]
    if let colon = text.lastIndex(of: ":") {
      if colon != text.startIndex { host = String(text[..<colon]) }
      number = text[text.index(after: colon)...]
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard let port = Int(number), (0...65_535).contains(port) else {
      throw .usage("\(flag) \(text) is not an address such as 127.0.0.1:8899")
    }
    #if os(Linux)
      // A kernel without IPv6 has no such file (proc(5)), and no such sockets.
      if host == "::", access("/proc/net/if_inet6", F_OK) != 0 { host = "0.0.0.0" }
    #endif
    (self.host, self.port) = (host, port)
  }

  /// Whether only this machine can reach it.
  var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

  /// The address with the port that was really taken.
  func url(port: Int, scheme: String = "http") -> String {
    scheme + "://" + hostAndPort(host, port)
  }

  /// Why it cannot be served on, without the names of the system's calls.
  static func reason(_ error: any Error, flag: String) -> String {
    let text = "\(error)"
    if text.contains("in use") {
      return "another program listens there. Choose another port by \(flag)."
    }
    if text.contains("assign requested") {
      return "this machine has no such address. Choose another by \(flag)."
    }
    if text.contains("ermission denied") {
      return "this user may not listen on that port. Choose one above 1023 by \(flag)."
    }
    return text
  }
}
