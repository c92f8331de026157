/// How long to wait before a list is asked for or watched again: decisions only, no effects.
///
/// After a failure each wait is twice the one before. Only a watch that really went on ends that: a
/// server that takes requests and breaks them off at once must not be asked by all agents without
/// end.
struct WatchPace {
  /// How the latest attempt ended.
  enum End {
    /// The server ended the watch, as it does every few minutes.
    case ended
    /// What happened since the version that is known here is not known there any more (410 Gone).
    case expired
    /// It could not be asked, refused, or the connection broke.
    case failed
  }

  /// The first wait, and the longest.
  static let pauses = (first: Duration.milliseconds(500), longest: Duration.seconds(30))
  /// A watch that lasted longer went on, whether something happened or not.
  static let shortLife = Duration.seconds(1)

  private var failures = 0

  /// - Parameters:
  ///   - life: how long the watch went on; nil when it did not begin.
  ///   - moved: whether it gave anything.
  mutating func pause(after end: End, life: Duration?, moved: Bool) -> Duration {
    let wentOn = moved || life.map { $0 >= Self.shortLife } ?? false
    if wentOn { failures = 0 }
    switch end {
    case .ended where wentOn: return .zero
    case .expired where failures == 0:
      failures = 1
      return .zero
    case .ended, .expired, .failed:
      failures += 1
      return min(Self.pauses.first * (1 << min(failures - 1, 6)), Self.pauses.longest)
    }
  }
}
