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
    /// Its request cannot be told from others.
    var isUnknown = false
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
  /// First request of the newest batch.
  private var batch: UInt64 = 0
  /// Requests that wait no longer, and have no reply.
  private var dropped: ClosedRange<UInt64>?
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
    ordinal += ahead
    ahead = 0
  }

  /// Bytes of requests are missing, beginning inside one that is known (`isInside`) or between two.
  mutating func noteLostRequests(isInside: Bool) {
    noteGap()
    order.noteLostQuestions(behind: waiting.count, isInside: isInside)
  }

  /// Bytes of replies are missing.
  mutating func noteLostReplies(_ count: Int) {
    noteGap()
    guard order.noteLostAnswers(count, behind: waiting.count) else { return }
    let batch = batch
    drop { $0.key < batch }
  }

  /// Something could not be read, of a reply or behind one.
  mutating func noteUnreadReply() {
    noteGap()
    order.noteUnread(behind: waiting.count)
  }

  /// The client has bytes of replies that were not shown, or not yet.
  mutating func noteHeard(_ count: Int) { order.noteHeard(count) }

  /// So many of them were lost within a reply that is known.
  mutating func noteKnown(_ count: Int) { order.noteKnown(count) }

  /// The server has bytes of requests that were not shown, or not yet.
  mutating func noteHeardRequests() { order.noteHeardQuestions() }

  /// The client asks after a rest.
  mutating func noteRest() { if order.noteRest() { drop { _ in true } } }

  /// Keys of requests that have ceased to wait without a reply.
  mutating func takeDropped() -> ClosedRange<UInt64>? { dropped.take() }

  /// Files a request and gives its key.
  mutating func ask(_ asked: Asked) -> UInt64 {
    defer { ordinal += 1 }
    var asked = asked
    asked.key = ordinal
    if ahead > 0 {
      ahead -= 1
      answeredEarly = asked
      return ordinal
    }
    if order.hasAnswered, !waiting.isEmpty, waiting.allSatisfy(\.isUnread) {
      // Its client goes on: what could not be read was no request, but more of a body than was told.
      waiting.removeAll()
      order.noteIdle()
    }
    switch order.question(behind: waiting.count) {
    case .none: break
    case .batch: drop { _ in true }
    case .perhaps: batch = ordinal
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
    switch order.answer(to: waiting.count) {
    case .oldest: break
    case .newest:
      let newest = waiting.last?.key
      drop { $0.key != newest }
    case .another: drop { _ in true }
    case .unknown:
      if waiting.isEmpty { break }
      // What they have in common tells how it reads.
      var asked = Asked()
      asked.isHead = waiting.allSatisfy(\.isHead)
      return Answer(asked: asked, key: orphanKey(), isOrphan: true, isUnknown: true)
    }
    if !waiting.isEmpty {
      let asked = waiting.removeFirst()
      if waiting.isEmpty { order.noteIdle() }
      return Answer(asked: asked, key: asked.key, isOrphan: asked.isUnread)
    }
    if hasGaps { return Answer(asked: Asked(), key: orphanKey(), isOrphan: true) }
    defer { ahead += 1 }
    return Answer(asked: Asked(), key: ordinal + ahead, isOrphan: false)
  }

  private mutating func orphanKey() -> UInt64 {
    orphans += 1
    return .max - orphans
  }

  /// Takes out those that will not be answered any more.
  private mutating func drop(_ isOver: (Asked) -> Bool) {
    for asked in waiting where isOver(asked) {
      let range = dropped ?? asked.key...asked.key
      dropped = min(range.lowerBound, asked.key)...max(range.upperBound, asked.key)
    }
    waiting.removeAll(where: isOver)
    if waiting.isEmpty { order.noteIdle() }
  }
}
