/// Why an interface cannot be captured, with what to do about it.
package struct LiveError: Error, Hashable, Sendable {
  package enum Code: String, Hashable, Sendable {
    /// There is no interface of that name.
    case unknownInterface
    /// The process lacks CAP_NET_RAW.
    case privilege
    /// The filter is not in libpcap's language, or asks for what the interface does not show.
    case filter
    /// This system captures no interfaces, or not in this way.
    case unsupported
    /// A system call failed.
    case system
  }

  package var code: Code
  /// What was found, as a sentence without its full stop.
  package var problem: String
  /// What to do, as sentences without the last full stop.
  package var advice: String
  /// The system's error number, 0 when no system call failed.
  package var errno: Int32

  package init(_ code: Code, _ problem: String, advice: String, errno: Int32 = 0) {
    (self.code, self.problem, self.advice, self.errno) = (code, problem, advice, errno)
  }
}

extension LiveError: CustomStringConvertible {
  package var description: String { "\(problem). \(advice)." }
}

extension LiveError {
  static func unknownInterface(_ name: String, among names: [String]) -> LiveError {
    LiveError(
      .unknownInterface, "There is no interface \(name.prefix(64)) here",
      advice: names.isEmpty
        ? "There is none at all; any waits for all that come"
        : "There are \(names.joined(separator: ", ")), and any for all of them")
  }

  /// - Parameter program: where this program is.
  static func privilege(_ program: String, errno: Int32) -> LiveError {
    LiveError(
      .privilege, "Capturing interfaces needs the capability CAP_NET_RAW, which this process lacks",
      advice: """
        Give it to the program (sudo setcap cap_net_raw+ep \(program)), run it as root, or in a \
        container: docker run --cap-add NET_RAW, in Kubernetes securityContext: {capabilities: \
        {add: [NET_RAW]}}
        """, errno: errno)
  }

  static let unsupported = LiveError(
    .unsupported, "Live interfaces are captured on Linux only",
    advice: "Record with tcpdump -w FILE and read the file with --pcap FILE --follow")
}
