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

  var isEmpty: Bool { head == waiting.count }

  /// The oldest.
  var first: Asked? {
    get { isEmpty ? nil : waiting[head] }
    set { if let newValue, !isEmpty { waiting[head] = newValue } }
  }

  /// The newest.
  var last: Asked? {
    get { isEmpty ? nil : waiting[waiting.count - 1] }
    set { if let newValue, !isEmpty { waiting[waiting.count - 1] = newValue } }
  }

  mutating func noteGap() {
    hasGaps = true
    if !isEmpty { order.noteGap() }
  }

  /// An answer begins: from now on the oldest is the statement that it belongs to.
  mutating func noteAnswer() {
    guard let oldest = first, oldest.key < newestRound, order.isOfNewest() else { return }
    while let asked = first, asked.key < newestRound { removeFirst() }
  }

  /// A key for a message that no other belongs to.
  mutating func loneKey() -> UInt64 {
    alone += 1
    return .max - alone
  }

  /// Files what waits from now on and gives its key.
  mutating func ask(_ kind: Asked.Kind) -> UInt64 {
    if waiting.count - head >= Self.maxWaiting {
      removeAll()
      noteGap()
      order.giveUp()
    }
    if head > 64, head * 2 > waiting.count {
      waiting.removeFirst(head)
      head = 0
    }
    ordinal += 1
    if last?.endsRound != false { newestRound = ordinal }
    waiting.append(Asked(kind: kind, key: ordinal))
    return ordinal
  }

  mutating func removeFirst() {
    if !isEmpty { head += 1 }
    if isEmpty { removeAll() }
  }

  mutating func removeAll() {
    waiting.removeAll(keepingCapacity: waiting.count < 256)
    head = 0
    order.noteIdle()
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

/// What a connection is about, and the statements it has prepared.
struct PostgreSQLSession: Sendable {
  /// Bytes of texts of statements that are remembered; what is prepared beyond is not.
  static let maxRemembered = 256 << 10

  var user: [UInt8] = []
  var database: [UInt8] = []
  /// Texts by the names of prepared statements and of portals.
  private var statements: [[UInt8]: [UInt8]] = [:]
  private var portals: [[UInt8]: [UInt8]] = [:]
  private var remembered = 0

  var fields: FieldValues {
    var fields = FieldValues()
    if !database.isEmpty { fields.add(.postgresqlDatabase, text: database.rawSpan) }
    if !user.isEmpty { fields.add(.postgresqlUser, text: user.rawSpan) }
    return fields
  }

  func statement(_ name: [UInt8]) -> [UInt8]? { statements[name] }
  func portal(_ name: [UInt8]) -> [UInt8]? { portals[name] }

  mutating func prepare(_ name: [UInt8], _ text: [UInt8]) {
    forgetStatement(name)
    if remembered + name.count + text.count > Self.maxRemembered { return }
    remembered += name.count + text.count
    statements[name] = text
  }

  mutating func bind(_ name: [UInt8], to text: [UInt8]) {
    forgetPortal(name)
    if remembered + name.count + text.count > Self.maxRemembered { return }
    remembered += name.count + text.count
    portals[name] = text
  }

  mutating func forgetStatement(_ name: [UInt8]) {
    if let old = statements.removeValue(forKey: name) { remembered -= name.count + old.count }
  }

  mutating func forgetPortal(_ name: [UInt8]) {
    if let old = portals.removeValue(forKey: name) { remembered -= name.count + old.count }
  }
}
