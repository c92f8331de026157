/// Requests that wait for their replies: which reply answers which request.
///
/// Replies come in the order of requests (RFC 9112 §9.3.2), so ordinals pair them. Where bytes are
/// missing the count is no longer sure, and these rules hold instead: a reply nobody is known to
/// wait for stands alone; on a connection that never had two requests waiting, the first reply
/// after a hole answers the newest request, for its client would not have sent it earlier; and a
/// client that waits for the end of each batch has had all replies when it begins another.
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
  }

  struct Answer: Sendable {
    var asked: Asked
    var key: UInt64
    /// Its request was not captured.
    var isOrphan: Bool
  }

  /// Bytes were missing at some time: a reply nobody waits for is not one that came early.
  private var hasGaps = false
  /// Bytes are missing while somebody waits: among them may be replies.
  private var isUnsure = false
  private var waiting: [Asked] = []
  /// Ordinal of the next request.
  private var ordinal: UInt64 = 0
  /// Replies that came before their requests (packets captured out of order).
  private var ahead: UInt64 = 0
  /// The last request that seemed to have its reply already.
  private var answeredEarly: Asked?
  /// Two requests waited at once, with nothing missing.
  private var pipelines = false
  /// A reply came since the last request.
  private var hasReplied = false
  /// A request came between the replies to others, with nothing missing.
  private var overlaps = false
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
    if !waiting.isEmpty { isUnsure = true }
    ordinal += ahead
    ahead = 0
  }

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
    beginBatch()
    if waiting.count >= HTTP1.maxAsked { waiting.removeFirst() }
    waiting.append(asked)
    return ordinal
  }

  /// A request comes: behind a reply it is the first of a batch.
  private mutating func beginBatch() {
    defer { hasReplied = false }
    guard hasReplied, !waiting.isEmpty else { return }
    if !isUnsure {
      overlaps = true
    } else if !overlaps {
      waiting.removeAll()
      isUnsure = false
    }
  }

  /// What seemed to be the early reply to the request with that key was none.
  mutating func reopen(_ key: UInt64) {
    guard let asked = answeredEarly, asked.key == key else { return }
    answeredEarly = nil
    waiting.append(asked)
  }

  /// Finds the request that a final reply answers.
  mutating func answer() -> Answer {
    if waiting.count > 1 {
      if !isUnsure {
        pipelines = true
      } else if !pipelines {
        waiting.removeFirst(waiting.count - 1)
      }
    }
    if !waiting.isEmpty {
      hasReplied = true
      let asked = waiting.removeFirst()
      if waiting.isEmpty { isUnsure = false }
      return Answer(asked: asked, key: asked.key, isOrphan: false)
    }
    if hasGaps {
      orphans += 1
      return Answer(asked: Asked(), key: .max - orphans, isOrphan: true)
    }
    defer { ahead += 1 }
    return Answer(asked: Asked(), key: ordinal + ahead, isOrphan: false)
  }
}
