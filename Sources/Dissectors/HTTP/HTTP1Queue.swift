/// Requests that wait for their replies: which reply answers which request.
///
/// Replies come in the order of requests (RFC 9112 §9.3.2), so ordinals pair them. Where bytes are
/// missing the count is no longer sure, and `AnswerOrder` tells; a reply nobody is known to wait for
/// stands alone.
struct HTTP1Queue: Sendable {
  /// What of a request decides how its reply reads.
  struct Asked: Sendable {
    var key: UInt64 = 0
    /// The reply has no body, whatever it says.
    var isHead = false
    /// A 2xx reply ends HTTP.
    var isConnect = false
    /// A 101 reply ends HTTP.
    var upgrades = false
    /// The body waits for a word of the server.
    var expects = false
    /// Of gRPC-Web.
    var isGRPC = false
    /// It could not be read: its reply stands alone.
    var isUnread = false
  }

  struct Answer: Sendable {
    var asked: Asked
    var key: UInt64
    /// Its request was not captured, or could not be read.
    var isOrphan: Bool
  }

  /// Bytes were missing at some time: a reply nobody waits for is not one that came early.
  private var hasGaps = false
  private var waiting: [Asked] = []
  /// Ordinal of the next request.
  private var ordinal: UInt64 = 0
  /// Replies that came before their requests (packets captured out of order).
  private var ahead: UInt64 = 0
  /// The last request that seemed to have its reply already.
  private var answeredEarly: Asked?
  private var order = AnswerOrder()
  /// A reply came since the last request.
  private var hasAnswered = false
  /// Requests behind the last one may be among missing bytes.
  private var hidesRequests = false
  /// Replies to those that wait may be.
  private var hidesReplies = false
  /// Replies whose request was not captured.
  private var orphans: UInt64 = 0

  /// The newest request may end HTTP: what its client sends next is of another protocol, perhaps.
  var isHandingOver: Bool {
    guard let last = waiting.last else { return false }
    return last.isConnect || last.upgrades
  }

  /// Key of the request that is answered next.
  var nextKey: UInt64 { waiting.first?.key ?? ordinal }

  /// Bytes are missing from here on. Replies that seemed early answered requests in the hole.
  mutating func noteGap() {
    hasGaps = true
    if !waiting.isEmpty { order.noteGap() }
    ordinal += ahead
    ahead = 0
  }

  /// Bytes are missing where the next request would begin.
  mutating func noteLostRequests() { hidesRequests = !waiting.isEmpty }

  /// Bytes of replies are missing.
  mutating func noteLostReplies() { hidesReplies = !waiting.isEmpty }

  /// Files a request and gives its key.
  mutating func ask(_ asked: Asked) -> UInt64 {
    defer { ordinal += 1 }
    hidesRequests = false
    var asked = asked
    asked.key = ordinal
    if ahead > 0 {
      ahead -= 1
      answeredEarly = asked
      return ordinal
    }
    if hasAnswered, !waiting.isEmpty, waiting.allSatisfy(\.isUnread) {
      // Its client goes on: what could not be read was no request, but more of a body than was told.
      waiting.removeAll()
      order.noteIdle()
    }
    hasAnswered = false
    if order.beginsBatch(behind: !waiting.isEmpty) {
      waiting.removeAll()
      order.noteIdle()
    }
    if waiting.count >= HTTP1.maxAsked { waiting.removeFirst() }
    waiting.append(asked)
    return ordinal
  }

  /// Files a request that could not be read: servers answer it as well, with 400 mostly.
  mutating func askUnread() {
    var asked = Asked()
    asked.isUnread = true
    _ = ask(asked)
  }

  /// What seemed to be the early reply to the request with that key was none.
  mutating func reopen(_ key: UInt64) {
    guard let asked = answeredEarly, asked.key == key else { return }
    answeredEarly = nil
    waiting.append(asked)
  }

  /// Finds the request that a final reply answers.
  mutating func answer() -> Answer {
    if hidesRequests, hidesReplies, !order.hasPipelined {
      // Those that wait had their replies in the one hole, and this one's request was in the other.
      waiting.removeAll()
      order.noteIdle()
    }
    (hidesRequests, hidesReplies) = (false, false)
    if waiting.count > 1, order.isOfNewest() { waiting.removeFirst(waiting.count - 1) }
    if !waiting.isEmpty {
      order.noteAnswer()
      hasAnswered = true
      let asked = waiting.removeFirst()
      if waiting.isEmpty { order.noteIdle() }
      return Answer(asked: asked, key: asked.key, isOrphan: asked.isUnread)
    }
    if hasGaps {
      orphans += 1
      return Answer(asked: Asked(), key: .max - orphans, isOrphan: true)
    }
    defer { ahead += 1 }
    return Answer(asked: Asked(), key: ordinal + ahead, isOrphan: false)
  }
}
