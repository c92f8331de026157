package import Bytes
import Synchronization

/// A token that is renewed while we run, kept in memory alone.
package final class MintedToken: Sendable, Hashable {
  private struct State {
    var token: (text: String, end: Timestamp)?
    var refusal: String?
  }

  private let state = Mutex(State())

  package init() {}

  /// - Parameter end: from then on the token is not sent any more.
  package func set(_ text: String, until end: Timestamp) {
    state.withLock { $0 = State(token: (text, end)) }
  }

  /// No new token can be had; the sentence that says why.
  package func refuse(_ reason: String) { state.withLock { $0.refusal = reason } }

  /// What is left of its life; nil where there is no token.
  package func remaining(now: Timestamp) -> Duration? {
    state.withLock { $0.token }.map { .nanoseconds($0.end.nanoseconds(since: now)) }
  }

  /// The token, unless it has ended.
  func text(now: Timestamp) -> String? {
    state.withLock { $0.token }.flatMap { now < $0.end ? $0.text : nil }
  }

  /// Whether the cluster was asked for one in vain.
  var wasRefused: Bool { state.withLock { $0.refusal != nil } }

  /// What to do when the Hub refuses it.
  var advice: String {
    let (token, refusal) = state.withLock { ($0.token, $0.refusal) }
    if let refusal { return "No token could be made for it: \(refusal)" }
    guard token != nil else { return "The cluster was not asked for a token." }
    return """
      The token made by kubectl create token was not accepted: is its account among the Hub's \
      AUTH_CLI_SERVICE_ACCOUNTS, and the audience kubeshark-hub?
      """
  }

  package static func == (a: MintedToken, b: MintedToken) -> Bool { a === b }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
