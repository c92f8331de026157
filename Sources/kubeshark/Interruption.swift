import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How SIGINT, SIGTERM and SIGHUP end the program: at once with code 0, or by cancelling what runs.
///
/// SIGHUP comes from a terminal that is closed; where it was ignored from the beginning (`nohup`) it
/// stays so. Servers that have files to read anew obey it in their own way (`Hangup`).
enum Interruption {
  /// Where the handler says that a signal came; negative while nobody listens.
  private static let bell = Atomic<Int32>(-1)

  /// From now on a signal ends a server with code 0, however early it comes. Call it first.
  static func endsAtOnce() {
    // The first use makes the global; a handler must not be the one to do that.
    bell.store(-1, ordering: .relaxed)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let before = signal(number) { _ in
        let bell = Interruption.bell.load(ordering: .relaxed)
        if bell < 0 { _exit(0) }
        var byte: UInt8 = 0
        _ = write(bell, &byte, 1)
      }
      if number == SIGHUP, Hangup.isIgnored(before) { signal(number, SIG_IGN) }
    }
  }

  /// Runs `body`; a signal cancels it, a second one ends the process.
  static func cancels(_ body: @escaping @Sendable () async -> Void) async {
    endsAtOnce()
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return await body() }
    let (reading, writing) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let task = Task { await body() }
    let source = DispatchSource.makeReadSource(fileDescriptor: reading, queue: .global())
    source.setEventHandler {
      var byte: UInt8 = 0
      guard read(reading, &byte, 1) == 1 else { return }
      if task.isCancelled { _exit(0) }
      task.cancel()
    }
    source.resume()
    bell.store(writing, ordering: .relaxed)
    await task.value
    bell.store(-1, ordering: .relaxed)
    source.cancel()
    close(writing)
  }
}
