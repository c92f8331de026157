#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How eager a thread is for a processor that others want as well.
package enum ThreadEagerness: Sendable {
  case ordinary
  /// For long work that makes way for short work: beside one other thread that wants the same
  /// processor it gets about a quarter.
  case modest
  /// For upkeep that may wait: of a processor that others want it gets about a tenth.
  case low
}

/// Makes the calling thread less eager, where the system tells threads apart in that.
private func lower(_ eagerness: ThreadEagerness) {
  #if os(Linux)
    let wanted: Int32 =
      switch eagerness {
      case .ordinary: 0
      case .modest: 5
      case .low: 10
      }
    // nice(2) is about the calling thread there. A thread begins with what its maker has, which may
    // be more or less eager than ordinary ones.
    let step = wanted - nice(0)
    if eagerness != .ordinary, step > 0 { _ = nice(step) }
  #endif
}

/// Runs `body` on a thread of its own: it blocks, and the shared pool must not.
package func startThread(
  _ eagerness: ThreadEagerness = .ordinary, _ work: @escaping @Sendable () -> Void
) {
  let body: @Sendable () -> Void = {
    lower(eagerness)
    work()
  }
  startThread(running: body)
}

private func startThread(running body: @escaping @Sendable () -> Void) {
  final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  let context = Unmanaged.passRetained(Body(body)).toOpaque()
  #if canImport(Darwin)
    var thread: pthread_t?
    let failure = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context)
    precondition(failure == 0, "pthread_create failed with \(failure)")
    thread.map { _ = pthread_detach($0) }
  #else
    var thread = pthread_t()
    let failure = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context)
    precondition(failure == 0, "pthread_create failed with \(failure)")
    pthread_detach(thread)
  #endif
}
