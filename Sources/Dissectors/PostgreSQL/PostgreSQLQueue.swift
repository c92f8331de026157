import Bytes
import Entries

/// Statements that wait for their answers, oldest first.
///
/// A client sends a round, which ends with a Query, a Sync or a Flush, and waits. Where bytes are
/// missing `AnswerOrder` tells whose an answer is, rounds being the questions.
struct PostgreSQLQueue: Sendable {
  /// Statements that may wait; a pipeline that is deeper is no longer paired.
  static let maxWaiting = 1 << 14

  struct Asked: Sendable {
    enum Kind: Sendable {
      /// The startup packet: answered by authentication, settings and ReadyForQuery.
      case startup
      /// SSLRequest or GSSENCRequest: answered by one byte.
      case encryption
      /// Query or FunctionCall: answered up to ReadyForQuery.
      case simple
      /// Messages of the extended protocol.
      case extended
      /// A Sync that belongs to no statement: answered by ReadyForQuery, and no entry.
      case sync
    }

    var kind: Kind
    var key: UInt64
    /// Key of the first statement of its round.
    var round: UInt64
    /// Messages of the extended protocol that are not answered yet.
    var left = 0
    /// No more messages will belong to it.
    var isOver = true
    /// Its answer includes ReadyForQuery.
    var isSynced = false
    /// A Flush followed it: its client wants the answer now.
    var isFlushed = false
    /// Its last message was an Execute.
    var hasExecute = false
    /// Bytes of CopyData that the client has sent for it.
    var copied = 0
    /// The client has sent the last of them.
    var hasEndedCopy = false
    /// Its text has secrets, which an error may repeat.
    var hasSecrets = false

    /// What the client closes behind its Execute belongs to it.
    var mayGrow: Bool { kind == .extended && isOver && hasExecute && !isSynced }

    /// Its client may wait for the answer before it sends more.
    var endsRound: Bool { kind != .extended || isSynced || isFlushed }
  }

  private var waiting: [Asked] = []
  private var head = 0
  private var ordinal: UInt64 = 0
  private var alone: UInt64 = 0
  /// Bytes were missing at some time.
  private(set) var hasGaps = false
  private var order = AnswerOrder()
  /// Key of the first statement of the newest round.
  private var newestRound: UInt64 = 0
  /// The round whose answers come now; 0 between them.
  private var answering: UInt64 = 0
  /// Which statement the answers belong to that come now cannot be told.
  private(set) var isBlind = false
  /// Key of the newest statement when bytes of answers were missing.
  private var hit: UInt64 = 0
  /// First statement of the newest batch.
  private var batch: UInt64 = 0
  /// Statements that wait no longer, and have no answer.
  private var dropped: ClosedRange<UInt64>?
  /// One of those that have waited since nobody did has secrets.
  private var anySecrets = false

  var isEmpty: Bool { head == waiting.count }

  /// Bytes are missing, and rounds wait one behind the other.
  var isUnsure: Bool { order.isUnsure && order.pipelines }

  /// The oldest; nil where it cannot be told who is answered.
  var first: Asked? {
    get { isEmpty || isBlind ? nil : waiting[head] }
    set { if let newValue, !isEmpty, !isBlind { waiting[head] = newValue } }
  }

  /// The newest.
  var last: Asked? {
    get { isEmpty ? nil : waiting[waiting.count - 1] }
    set {
      guard let newValue, !isEmpty else { return }
      if newValue.hasSecrets { anySecrets = true }
      waiting[waiting.count - 1] = newValue
    }
  }

  /// Changes the oldest, where it lies.
  mutating func updateFirst(_ change: (inout Asked) -> Void) {
    if !isEmpty, !isBlind { change(&waiting[head]) }
  }

  /// Changes the newest, where it lies.
  mutating func updateLast(_ change: (inout Asked) -> Void) {
    if !isEmpty { change(&waiting[waiting.count - 1]) }
  }

  /// So many messages of the oldest are answered.
  mutating func countDown(_ count: Int) {
    if !isEmpty, !isBlind, waiting[head].kind == .extended { waiting[head].left -= count }
  }

  /// Messages of the oldest that are to be answered, of one after which no ReadyForQuery comes and that
  /// is whole.
  var leftWithoutReady: Int? {
    if isEmpty || isBlind || waiting[head].kind != .extended { return nil }
    return waiting[head].isOver && !waiting[head].isSynced ? waiting[head].left : nil
  }

  /// The newest has secrets in its text.
  mutating func noteSecrets() {
    if isEmpty { return }
    anySecrets = true
    waiting[waiting.count - 1].hasSecrets = true
  }

  /// An error may repeat secrets of the statement that is answered.
  var hasSecrets: Bool { isBlind ? anySecrets : first?.hasSecrets == true }

  /// Rounds that wait.
  var rounds: Int {
    var count = 0
    var round: UInt64 = 0
    for asked in waiting[head...] where asked.round != round {
      count += 1
      round = asked.round
    }
    return count
  }

  mutating func noteGap() { hasGaps = true }

  /// Bytes of statements are missing, beginning inside one that is known (`isInside`) or between two.
  mutating func noteLostStatements(isInside: Bool) {
    hasGaps = true
    order.noteLostQuestions(behind: rounds, isInside: isInside)
  }

  /// Bytes of answers are missing, before which so many rounds waited.
  mutating func noteLostAnswers(_ count: Int, behind rounds: Int) {
    hasGaps = true
    (hit, answering) = (ordinal, 0)
    guard order.noteLostAnswers(count, behind: rounds) else {
      // In a pipeline the end of what was torn is still to come.
      if isEmpty, !order.pipelines { order.noteIdle() }
      return
    }
    let batch = batch
    if !order.isUnsure { hit = batch - 1 }
    isBlind = false
    giveUp { $0.key < batch }
  }

  /// Something could not be read.
  mutating func noteUnread() {
    hasGaps = true
    if isEmpty { order.noteIdle() } else { order.noteUnread(behind: rounds) }
  }

  /// The client has bytes of answers that were not shown, or not yet.
  mutating func noteHeard(_ count: Int) { order.noteHeard(count) }

  /// So many of them were lost within an answer that is known.
  mutating func noteKnown(_ count: Int) { order.noteKnown(count) }

  /// The server has bytes of statements that were not shown, or not yet.
  mutating func noteHeardStatements() { order.noteHeardQuestions() }

  /// The client asks after a rest.
  mutating func noteRest() { if order.noteRest() { giveUp { _ in true } } }

  var hasDropped: Bool { dropped != nil }

  /// Keys of statements that have ceased to wait without an answer.
  mutating func takeDropped() -> ClosedRange<UInt64>? { dropped.take() }

  /// An answer begins: from now on the oldest is the statement that it belongs to, if that can be told.
  mutating func noteAnswer() {
    guard !isEmpty else {
      _ = order.answer(to: 0)
      return
    }
    let newest = waiting[waiting.count - 1].round
    // The answers to a round come one behind the other.
    if !isBlind, waiting[head].round == answering { return }
    switch order.answer(to: waiting[head].round == newest ? 1 : 2) {
    case .oldest: break
    case .newest: giveUp { $0.round != newest }
    case .another: giveUp { _ in true }
    case .unknown: isBlind = true
    }
    guard let first else { return }
    answering = first.round
    // Of several statements some may have been answered in the hole.
    if first.key <= hit, !first.endsRound { isBlind = true }
  }

  /// ReadyForQuery: the answers to a round are over.
  mutating func noteReady() {
    answering = 0
    guard isBlind, let last else { return }
    if !order.pipelines || waiting[head].round == last.round { giveUp { _ in true } }
  }

  /// The same, found behind missing bytes.
  mutating func noteReadyBehindHole() {
    guard let last else { return }
    _ = order.answer(to: waiting[head].round == last.round ? 1 : 2)
    isBlind = true
    noteReady()
  }

  /// A key for a message that no other belongs to.
  mutating func loneKey() -> UInt64 {
    alone += 1
    return .max - alone
  }

  /// Files what waits from now on and gives its key.
  mutating func ask(_ kind: Asked.Kind) -> UInt64 {
    if waiting.count - head >= Self.maxWaiting {
      giveUp { _ in true }
      hasGaps = true
      order.giveUp()
    }
    if head > 64, head * 2 > waiting.count {
      waiting.removeFirst(head)
      head = 0
    }
    ordinal += 1
    if last?.endsRound != false {
      begin()
      newestRound = ordinal
    }
    waiting.append(Asked(kind: kind, key: ordinal, round: newestRound))
    return ordinal
  }

  /// A round begins.
  private mutating func begin() {
    // The one that is being answered does not count.
    let answering = answering
    let isAlone = isEmpty || !isBlind && waiting[waiting.count - 1].round == answering
    switch order.question(behind: isAlone ? 0 : order.isUnsure ? rounds : 1) {
    case .none: break
    case .batch:
      isBlind = false
      giveUp { $0.round != answering }
    case .perhaps: batch = ordinal
    }
  }

  mutating func removeFirst() {
    if !isEmpty { head += 1 }
    if !isEmpty { return }
    // Mostly it was the only one.
    if waiting.count == 1 { _ = waiting.popLast() }
    removeAll()
  }

  private mutating func removeAll() {
    if !waiting.isEmpty { waiting.removeAll(keepingCapacity: waiting.count < 256) }
    (head, isBlind, anySecrets) = (0, false, false)
    order.noteIdle()
  }

  /// Those have had their answers, or will not be told from others.
  private mutating func giveUp(_ isOver: (Asked) -> Bool) {
    waiting.removeFirst(head)
    head = 0
    for asked in waiting where isOver(asked) {
      dropped = min(dropped?.lowerBound ?? asked.key, asked.key)...asked.key
    }
    waiting.removeAll(where: isOver)
    if isEmpty { removeAll() }
  }

  /// Takes out all up to the first that ends with a Sync: the server has passed over them after an
  /// error. Gives the keys of those that are statements, nil when there are none.
  mutating func removeSkipped() -> ClosedRange<UInt64>? {
    var keys: ClosedRange<UInt64>?
    while let asked = first {
      removeFirst()
      if asked.kind != .sync { keys = (keys?.lowerBound ?? asked.key)...asked.key }
      if asked.kind == .sync || asked.isSynced || asked.kind == .simple { break }
    }
    return keys
  }
}
