/// Commands that wait for their replies: which reply answers which command.
///
/// Replies come in the order of commands. Where bytes are missing the count is no longer sure, and
/// these rules hold instead: a reply nobody is known to wait for stands alone; and on a connection
/// that never had two commands waiting, the first reply after a hole answers the newest command,
/// for its client would not have sent it earlier; and a client that waits for the end of each batch
/// has had all replies when it begins another.
struct RedisQueue: Sendable {
  /// Commands that may wait. A pipeline that is deeper is no longer paired.
  static let maxWaiting = 1 << 16

  /// What of a command decides how its reply reads.
  struct Asked: Sendable {
    var key: UInt64 = 0
    var effect = RedisVerb.Effect.none
    var secrecy = RESPPreview.Secrecy.none
    /// Its name is one that is listed.
    var isListed = true
    /// Replies that belong to it: one, or one a channel.
    var replies: UInt32 = 1
  }

  struct Answer: Sendable {
    var asked: Asked
    /// Its command was not captured.
    var isOrphan = false
    /// The command was answered before, and this is one reply more.
    var isFurther = false
  }

  private var waiting: [Asked] = []
  /// Place of the oldest in `waiting`.
  private var head = 0
  /// Replies the oldest has had.
  private var answered: UInt32 = 0
  /// Ordinal of the next command.
  private var ordinal: UInt64 = 0
  /// Replies that came before their commands (packets captured out of order).
  private var ahead: UInt64 = 0
  /// Messages that stand alone.
  private var alone: UInt64 = 0
  /// Bytes were missing at some time.
  private var hasGaps = false
  /// Bytes are missing while somebody waits: among them may be replies.
  private var isUnsure = false
  /// Two commands waited at once, with nothing missing.
  private var pipelines = false
  /// A reply came since the last command.
  private var hasReplied = false
  /// A command came between the replies to others, with nothing missing.
  private var overlaps = false

  var count: Int { waiting.count - head }
  var isEmpty: Bool { head == waiting.count }
  /// The command that is answered next.
  var next: Asked? { isEmpty ? nil : waiting[head] }
  /// The command that is answered next has had a reply, and more are to come.
  var isAnswering: Bool { answered > 0 }

  /// Bytes are missing from here on. Replies that seemed early answered commands in the hole.
  mutating func noteGap() {
    hasGaps = true
    if !isEmpty { isUnsure = true }
    ordinal += ahead
    ahead = 0
  }

  /// A key for a message that no other belongs to.
  mutating func loneKey() -> UInt64 {
    alone += 1
    return .max - alone
  }

  /// Files a command that will be answered and gives its key.
  mutating func ask(_ asked: Asked) -> UInt64 {
    defer { ordinal += 1 }
    if ahead > 0 {
      ahead -= 1
      return ordinal
    }
    beginBatch()
    if count >= Self.maxWaiting {
      waiting.removeAll()
      (head, answered) = (0, 0)
      noteGap()
      (isUnsure, pipelines) = (true, true)
    }
    if head > 64, head * 2 > waiting.count {
      waiting.removeFirst(head)
      head = 0
    }
    var asked = asked
    asked.key = ordinal
    waiting.append(asked)
    return ordinal
  }

  /// A command comes: behind a reply it is the first of a batch.
  private mutating func beginBatch() {
    defer { hasReplied = false }
    guard hasReplied, !isEmpty else { return }
    if !isUnsure {
      overlaps = true
    } else if !overlaps {
      head = waiting.count - 1
      drop()
    }
  }

  /// Finds the command that a reply answers.
  ///
  /// - Parameter isOnly: no further reply to it will come, whatever was expected.
  mutating func answer(isOnly: Bool) -> Answer {
    if count > 1, !isAnswering {
      if !isUnsure {
        pipelines = true
      } else if !pipelines {
        head = waiting.count - 1
      }
    }
    if let asked = next {
      hasReplied = true
      answered += 1
      let isFurther = answered > 1
      if isOnly || answered >= asked.replies { drop() }
      return Answer(asked: asked, isFurther: isFurther)
    }
    if hasGaps { return Answer(asked: Asked(key: loneKey()), isOrphan: true) }
    defer { ahead += 1 }
    return Answer(asked: Asked(key: ordinal + ahead))
  }

  /// The oldest is done.
  mutating func drop() {
    answered = 0
    if !isEmpty { head += 1 }
    guard isEmpty else { return }
    isUnsure = false
    head = 0
    waiting.removeAll(keepingCapacity: waiting.count < 256)
  }
}
