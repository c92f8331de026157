import Logging
import Synchronization
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What SIGHUP does to a server.
///
/// With a terminal it is the terminal's end, and the server's as by SIGTERM. Without one it comes from
/// somebody who wants files to be read anew, as other servers do then. Where it was ignored from the
/// beginning (`nohup`) it stays so.
enum Hangup {
  /// Where the handler says that the signal came; negative while nobody listens.
  private static let bell = Atomic<Int32>(-1)

  /// Whether a handler that was in effect stands for a signal that is ignored: `SIG_IGN` is no
  /// function, but the number 1.
  static func isIgnored(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
    unsafeBitCast(handler, to: Int.self) == 1
  }

  /// Whether this process has a terminal that can be closed.
  private static var hasTerminal: Bool {
    let file = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)
    guard file >= 0 else { return false }
    close(file)
    return true
  }

  /// From now on the signal does what it should. Call it once.
  ///
  /// - Parameter files: what is read anew.
  static func obey(_ files: RenewedFiles, _ log: Logger) {
    var ends: [Int32] = [-1, -1]
    guard !hasTerminal, pipe(&ends) == 0 else {
      handle { _ in _ = kill(getpid(), SIGTERM) }
      return
    }
    let (reading, writing) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // The handler must never wait; of many signals at once one is enough.
    _ = fcntl(writing, F_SETFL, O_NONBLOCK)
    startThread { follow(reading) { files.renew(log) } }
    bell.store(writing, ordering: .relaxed)
    handle { _ in
      let before = errno
      var byte: UInt8 = 0
      _ = write(Hangup.bell.load(ordering: .relaxed), &byte, 1)
      errno = before
    }
  }

  /// Calls `body` each time that the signal came, without end.
  private static func follow(_ reading: Int32, _ body: () -> Void) {
    var bytes = [UInt8](repeating: 0, count: 64)
    while true {
      let count = read(reading, &bytes, bytes.count)
      if count > 0 {
        body()
      } else if count == 0 || errno != EINTR {
        return
      }
    }
  }

  private static func handle(_ handler: @escaping @convention(c) (Int32) -> Void) {
    if isIgnored(signal(SIGHUP, handler)) { signal(SIGHUP, SIG_IGN) }
  }
}

/// What stands in the help of servers.
let hangupHelp = """
  SIGTERM and SIGINT end it once requests under way are answered. So does SIGHUP where it was started
  from a terminal, which was closed then; elsewhere SIGHUP reads tokens, certificates, keys and
  authorities anew, which also happens by itself when their files change, and says what came of it.
  """
