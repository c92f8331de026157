/// A thread that waits for many descriptors at once, such as the connections to a Hub elsewhere.
///
/// Whoever passes calls on to that Hub can be served on it: a call that comes in there goes out,
/// comes back and is answered without changing threads, which costs more than the call itself.
/// Nothing that runs there may wait for anything.
package protocol EventThread: Sendable {
  /// Whether the caller runs on it.
  var isCurrent: Bool { get }

  /// Runs `body` on it, after what is under way there.
  func run(_ body: @escaping @Sendable () -> Void)

  /// Reads a descriptor from now on, and closes it at its end.
  ///
  /// - Parameters:
  ///   - mayRead: asked before each read; while it is false, nothing is read.
  ///   - take: gets the bytes as they come, on this thread, and nil at their end.
  /// - Returns: false for what cannot be waited for in this way, such as files; it is left alone.
  func read(
    _ descriptor: Int32, while mayRead: @escaping @Sendable () -> Bool,
    take: @escaping @Sendable ([UInt8]?) -> Void
  ) async -> Bool
}
