import Dispatch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs `body`; SIGINT or SIGTERM cancels it, a second one ends the process at once.
func untilInterrupted(_ body: @escaping @Sendable () async -> Void) async {
  let task = Task { await body() }
  let sources = [SIGINT, SIGTERM].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
      if task.isCancelled { _exit(0) }
      task.cancel()
    }
    source.resume()
    return source
  }
  await task.value
  for source in sources { source.cancel() }
}
