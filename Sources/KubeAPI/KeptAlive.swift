import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Probes of TCP on a connection on which nothing is said (tcp(7)).
///
/// A watch is silent for minutes where nothing happens, and its other side may be gone without a
/// word, as behind a balancer that has moved to another API server. What happened since would be
/// learnt when the watch is over.
enum KeptAlive {
  /// Seconds of silence before the first probe, seconds between two, and how many without an answer
  /// end the connection.
  private static let (idle, interval, count): (Int32, Int32, Int32) = (30, 10, 3)

  #if canImport(Darwin)
    private static let idleOption = TCP_KEEPALIVE
  #else
    private static let idleOption = TCP_KEEPIDLE
  #endif

  /// Turns them on for a channel that has just been connected.
  static func install(in channel: any Channel) -> EventLoopFuture<Void> {
    channel.eventLoop.submit {
      let options = channel.syncOptions
      try options?.setOption(.socketOption(.so_keepalive), value: 1)
      for (name, value) in [
        (idleOption, idle), (TCP_KEEPINTVL, interval), (TCP_KEEPCNT, count),
      ] {
        try options?.setOption(.tcpOption(NIOBSDSocket.Option(rawValue: name)), value: Int(value))
      }
    }
  }
}
