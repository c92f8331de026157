/// Commands that wait for their replies: which reply answers which command.
///
/// Replies come in the order of commands. Where bytes are missing the count is no longer sure, and
/// `AnswerOrder` tells; a reply nobody is known to wait for stands alone.
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
  private var order = AnswerOrder()

  var count: Int { waiting.count - head }
  var isEmpty: Bool { head == waiting.count }
  /// The command that is answered next.
  var next: Asked? { isEmpty ? nil : waiting[head] }
  /// The command that is answered next has had a reply, and more are to come.
  var isAnswering: Bool { answered > 0 }

  /// Bytes are missing from here on. Replies that seemed early answered commands in the hole.
  mutating func noteGap() {
    hasGaps = true
    if !isEmpty { order.noteGap() }
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
    if order.beginsBatch(behind: !isEmpty) {
      head = waiting.count - 1
      drop()
    }
    if count >= Self.maxWaiting {
      waiting.removeAll()
      (head, answered) = (0, 0)
      noteGap()
      order.giveUp()
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

  /// Finds the command that a reply answers.
  ///
  /// - Parameter isOnly: no further reply to it will come, whatever was expected.
  mutating func answer(isOnly: Bool) -> Answer {
    if count > 1, !isAnswering, order.isOfNewest() { head = waiting.count - 1 }
    if let asked = next {
      order.noteAnswer()
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
    order.noteIdle()
    head = 0
    waiting.removeAll(keepingCapacity: waiting.count < 256)
  }
}
