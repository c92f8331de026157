/// Whose an answer is behind missing bytes, in a protocol that answers in the order of questions.
///
/// Nobody knows how many answers were among the bytes. So these rules hold: on a connection that never
/// had two questions waiting, the first answer after a hole belongs to the newest, for its client
/// would not have asked it earlier; and a client that waits for the end of each batch has had all
/// answers when it begins another.
struct AnswerOrder: Sendable {
  /// Bytes are missing while somebody waits: among them may be answers.
  private var isUnsure = false
  /// Two waited at once, with nothing missing.
  private var pipelines = false
  /// An answer came since the last question.
  private var hasAnswered = false
  /// A question came between the answers to others, with nothing missing.
  private var overlaps = false

  /// Two waited at once, with nothing missing.
  var hasPipelined: Bool { pipelines }

  /// Bytes are missing while somebody waits.
  mutating func noteGap() { isUnsure = true }

  /// Nobody waits any more.
  mutating func noteIdle() { isUnsure = false }

  /// More wait than can be told apart.
  mutating func giveUp() { (isUnsure, pipelines) = (true, true) }

  /// An answer comes while two or more wait. Gives whether it is the newest's, and the others have had
  /// theirs.
  mutating func isOfNewest() -> Bool {
    if isUnsure { return !pipelines }
    pipelines = true
    return false
  }

  /// An answer belongs to one that waits.
  mutating func noteAnswer() { hasAnswered = true }

  /// A question comes. Gives whether all that wait have had their answers: behind an answer it is the
  /// first of a batch.
  mutating func beginsBatch(behind isWaiting: Bool) -> Bool {
    defer { hasAnswered = false }
    guard hasAnswered, isWaiting else { return false }
    if isUnsure { return !overlaps }
    overlaps = true
    return false
  }
}
