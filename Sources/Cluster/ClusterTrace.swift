import Synchronization

/// What is told of the commands that are run in a cluster, for whoever looks for a fault.
package enum ClusterTrace {
  private static let teller = Mutex<(@Sendable (String) -> Void)?>(nil)

  /// From now on `tell` takes a sentence without its full stop when a command begins, and when it
  /// ends. Input of commands is left out, and so is what they print: there may be secrets in it.
  package static func begin(_ tell: @escaping @Sendable (String) -> Void) {
    teller.withLock { $0 = tell }
  }

  static func say(_ sentence: @autoclosure () -> String) {
    guard let tell = teller.withLock({ $0 }) else { return }
    tell(sentence())
  }
}
