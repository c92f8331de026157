import ToolKit

/// When the way to the Hub is opened, used, and given up: decisions only, no effects.
///
/// `Link` is whatever leads to the Hub. Instants come from any clock that only goes forward.
struct LinkState<Link: Sendable> {
  enum Step {
    case use(Link)
    /// Somebody is opening it.
    case wait
    /// The caller is the one to open it, and says how that went.
    case open
    /// It failed a moment ago and is not tried again before that instant.
    case fail(ToolError, until: Duration)
  }

  /// After the first failure; doubled with each that follows.
  static var shortestPause: Duration { .seconds(1) }
  static var longestPause: Duration { .seconds(15) }
  /// A link that lived shorter counts as a failure.
  static var shortLife: Duration { .seconds(5) }

  private enum Phase {
    case idle
    case opening
    case open(Link, number: Int, since: Duration)
  }

  private var phase = Phase.idle
  private var number = 0
  private var failures = 0
  private var failure: (error: ToolError, until: Duration)?
  /// The link that is being opened was given up meanwhile.
  private var isUnwanted = false
  /// Somebody asked how it is now while it was being opened: should that fail, it may be because of
  /// how it was before.
  private var isOutdated = false

  mutating func next(_ now: Duration) -> Step {
    switch phase {
    case .open(let link, _, _): return .use(link)
    case .opening: return .wait
    case .idle:
      if let failure, now < failure.until { return .fail(failure.error, until: failure.until) }
      phase = .opening
      isUnwanted = false
      isOutdated = false
      number += 1
      return .open
    }
  }

  /// The number of the link that is being opened or is open.
  var current: Int { number }

  /// - Returns: false when it was given up meanwhile, and is to be opened anew.
  @discardableResult
  mutating func opened(_ link: Link, _ now: Duration) -> Bool {
    guard !isUnwanted else {
      phase = .idle
      return false
    }
    phase = .open(link, number: number, since: now)
    failure = nil
    return true
  }

  /// - Parameter error: nil when whoever opened it gave up; that says nothing about the cluster.
  mutating func failed(_ error: ToolError?, _ now: Duration) {
    phase = .idle
    if let error, !isOutdated { pause(error, now) }
  }

  /// The link of that number does not lead anywhere any more.
  ///
  /// - Returns: the link, when it was the open one.
  mutating func lost(_ lost: Int, because error: ToolError, _ now: Duration) -> Link? {
    guard case .open(let link, lost, let since) = phase else { return nil }
    phase = .idle
    if now - since >= Self.shortLife {
      failures = 0
    } else if failures == 0 {
      // The first is built again at once: pods are replaced one after the other.
      failures = 1
    } else {
      pause(error, now)
    }
    return link
  }

  /// Gives the open link up, or the one that is being opened, without a failure; nil when none is open.
  mutating func dropped() -> Link? {
    if case .opening = phase { isUnwanted = true }
    guard case .open(let link, _, _) = phase else { return nil }
    phase = .idle
    return link
  }

  /// Forgets failures, that of an attempt under way among them: somebody wants to know how it is now.
  mutating func forgive() {
    if case .opening = phase { isOutdated = true }
    failure = nil
    failures = 0
  }

  private mutating func pause(_ error: ToolError, _ now: Duration) {
    let pause = Self.shortestPause * (1 << min(failures, 6))
    failures += 1
    failure = (error, now + min(pause, Self.longestPause))
  }
}
