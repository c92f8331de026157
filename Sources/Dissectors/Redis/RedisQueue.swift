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
    /// Its command cannot be told from others.
    var isUnknown = false
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
  /// First command of the newest batch.
  private var batch: UInt64 = 0
  /// Commands that wait no longer, and have no reply.
  private var dropped: ClosedRange<UInt64>?
  /// What the replies to those that have waited since nobody did must not show, taken together.
  private var shared = Asked()

  var count: Int { waiting.count - head }
  var isEmpty: Bool { head == waiting.count }
  /// The command that is answered next.
  var next: Asked? { isEmpty ? nil : waiting[head] }
  /// The command that is answered next has had a reply, and more are to come.
  var isAnswering: Bool { answered > 0 }

  /// Bytes are missing from here on. Replies that seemed early answered commands in the hole.
  mutating func noteGap() {
    hasGaps = true
    ordinal += ahead
    ahead = 0
  }

  /// Bytes of commands are missing, beginning inside one that is known (`isInside`) or between two.
  mutating func noteLostCommands(isInside: Bool) {
    noteGap()
    order.noteLostQuestions(behind: count, isInside: isInside)
  }

  /// Bytes of replies are missing.
  mutating func noteLostReplies(_ count: Int) {
    noteGap()
    guard order.noteLostAnswers(count, behind: self.count) else { return }
    while let next, next.key < batch { giveUpFirst() }
  }

  /// Something could not be read.
  mutating func noteUnread() {
    noteGap()
    order.noteUnread(behind: count)
  }

  /// The client has bytes of replies that were not shown, or not yet.
  mutating func noteHeard(_ count: Int) { order.noteHeard(count) }

  /// So many of them were lost within a reply that is known.
  mutating func noteKnown(_ count: Int) { order.noteKnown(count) }

  /// The server has bytes of commands that were not shown, or not yet.
  mutating func noteHeardCommands() { order.noteHeardQuestions() }

  /// The client asks after a rest.
  mutating func noteRest() { if order.noteRest() { giveUp(but: 0) } }

  /// Keys of commands that have ceased to wait without a reply.
  mutating func takeDropped() -> ClosedRange<UInt64>? { dropped.take() }

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
    switch order.question(behind: count) {
    case .none: break
    case .batch: giveUp(but: 0)
    case .perhaps: batch = ordinal
    }
    if count >= Self.maxWaiting {
      giveUp(but: 0)
      hasGaps = true
      order.giveUp()
    }
    if head > 64, head * 2 > waiting.count {
      waiting.removeFirst(head)
      head = 0
    }
    var asked = asked
    asked.key = ordinal
    waiting.append(asked)
    if asked.secrecy != .none { shared.secrecy = .whole }
    if !asked.isListed { shared.isListed = false }
    return ordinal
  }

  /// Finds the command that a reply answers.
  ///
  /// - Parameter isOnly: no further reply to it will come, whatever was expected.
  mutating func answer(isOnly: Bool) -> Answer {
    if !isAnswering {
      switch order.answer(to: count) {
      case .oldest: break
      case .newest: giveUp(but: 1)
      case .another: giveUp(but: 0)
      case .unknown:
        if isEmpty { break }
        var asked = shared
        asked.key = loneKey()
        return Answer(asked: asked, isOrphan: true, isUnknown: true)
      }
    }
    if let asked = next {
      answered += 1
      let isFurther = answered > 1
      if isOnly || answered >= asked.replies { drop() }
      return Answer(asked: asked, isFurther: isFurther)
    }
    if hasGaps { return Answer(asked: Asked(key: loneKey()), isOrphan: true) }
    defer { ahead += 1 }
    return Answer(asked: Asked(key: ordinal + ahead))
  }

  /// Those that wait have had their replies, or will not be told from others: all but the newest.
  private mutating func giveUp(but kept: Int) {
    while count > kept { giveUpFirst() }
  }

  /// The oldest waits no longer. It is told so unless it has had a reply.
  private mutating func giveUpFirst() {
    if let next, !isAnswering {
      dropped = min(dropped?.lowerBound ?? next.key, next.key)...next.key
    }
    drop()
  }

  /// The oldest is done.
  private mutating func drop() {
    answered = 0
    if !isEmpty { head += 1 }
    guard isEmpty else { return }
    order.noteIdle()
    head = 0
    shared = Asked()
    waiting.removeAll(keepingCapacity: waiting.count < 256)
  }
}
