import Entries

/// Whose an answer is behind missing bytes, in a protocol that answers in the order of questions.
///
/// Nobody knows how many answers, or questions, were among the bytes. So these rules hold. A client
/// that waits for the end of each batch, of one question or many, has had all answers when it begins
/// another: with the first question behind an answer, also one that was not captured, which its
/// acknowledgments tell. Of one that never asks before it has had its answer, the first answer behind a
/// hole is the newest question's. Where neither tells, an answer stands alone, rather than with a
/// question that may be another's, until it is certain again that nobody waits: a batch begins, the
/// client asks after a rest, or so often when no fewer seem to wait that these have had their answers.
struct AnswerOrder: Sendable {
  /// Whose an answer is.
  enum Owner: Sendable {
    /// The question's that waits longest.
    case oldest
    /// The newest question's; all others have had theirs.
    case newest
    /// That of one that waits or of none: nobody can tell.
    case unknown
    /// A question's that was not captured; all that wait have had theirs.
    case another
  }

  /// What a question tells of those that wait already.
  enum Start: Sendable {
    /// Nothing.
    case none
    /// All of them have had their answers: it is the first of a batch.
    case batch
    /// The same, if it turns out that the bytes were lost which its client has had (`noteLostAnswers`).
    case perhaps
  }

  /// Questions of which half came while nobody waited tell by so many that came while the fewest seemed
  /// to wait that nobody does; where it was an eighth, four times as many are needed.
  private static let proof = 16

  /// What went wrong with an answer whose owner is unknown.
  static let unknownQuestion = Entry.Fault(
    .pairNotFound, "bytes before it were not captured: which request it answers cannot be told")
  /// What went wrong with a question that waits no longer.
  static let unknownAnswer = Entry.Fault(
    .pairNotFound,
    "its reply is among bytes that were not captured, or cannot be told from others behind them")

  /// Bytes are missing, and which answer is whose is not certain any more.
  private(set) var isUnsure = false
  /// Among them may be answers.
  private var lacksAnswers = false
  /// Among them may be questions.
  private var lacksQuestions = false
  /// So many of the oldest questions are sure of their answers all the same.
  private var certain = 0
  /// It asks before it has had the answer to what it asked before.
  private(set) var pipelines = false
  /// A question came between the answers to others, with nothing missing.
  private var overlaps = false
  /// An answer came since the last question.
  private(set) var hasAnswered = false
  /// Bytes of answers that the client has when it asks next, and that were not shown, or not yet.
  private var heard = 0
  /// The same, when it began the newest batch.
  private var unseen = 0
  /// Questions that waited then, when that was certain.
  private var before = 0
  /// The first questions of that batch may be missing.
  private var isBatchCut = false
  /// Bytes of questions are missing since the last one.
  private var lostQuestions = false
  /// The same, or the server has had more than was shown.
  private var missesQuestions = false
  /// Behind the newest question others may be among missing bytes.
  private var hidesQuestions = false
  /// Answers to those that wait may be.
  private var hidesAnswers = false
  /// The newest batch was taken for one when that was not certain.
  private var isAssumed = false
  /// Questions while nothing was missing, and those of them that came while nobody waited.
  private var asked = 0
  private var askedAlone = 0
  /// Answers whose owner is unknown.
  private var unknown = 0
  /// Questions that wait beyond those answers when they are fewest, and how many more came then.
  private var fewest = Int.max
  private var times = 0

  /// The client has so many bytes of answers that were not shown, or not yet, since it asked last.
  mutating func noteHeard(_ count: Int) { heard = count }

  /// So many of those bytes were lost within an answer that is known.
  mutating func noteKnown(_ count: Int) {
    (heard, unseen) = (max(0, heard - count), max(0, unseen - count))
  }

  /// The server has bytes of questions that were not shown, or not yet.
  mutating func noteHeardQuestions() { (hidesQuestions, missesQuestions) = (true, true) }

  /// Bytes of questions are missing while so many wait.
  ///
  /// - Parameter isInside: they begin inside a question that is known.
  mutating func noteLostQuestions(behind waiting: Int, isInside: Bool) {
    (hidesQuestions, lostQuestions, missesQuestions) = (!isInside, true, true)
    if !isUnsure { (isUnsure, certain) = (true, waiting) }
    (lacksQuestions, fewest) = (true, .max)
  }

  /// Bytes of answers are missing while so many wait. Gives whether those from before the newest batch
  /// have had theirs.
  mutating func noteLostAnswers(_ count: Int, behind waiting: Int) -> Bool {
    // Of a client that goes on before it has all answers, the bytes hold that to one question for sure.
    let batch = overlaps && before > 1 ? 0 : unseen
    (unseen, heard, certain, fewest) = (0, 0, 0, .max)
    if waiting == 0 {
      hasAnswered = true
      return false
    }
    guard batch > 0 else {
      (isUnsure, lacksAnswers, hidesAnswers, hasAnswered) = (true, true, true, true)
      return false
    }
    settle()
    if isBatchCut { (isUnsure, lacksQuestions) = (true, true) }
    if count > batch {
      (isUnsure, lacksAnswers, hidesAnswers, hasAnswered) = (true, true, true, true)
    }
    return true
  }

  /// An answer could not be read, or a question, while so many wait. Those will be answered in their
  /// turn all the same.
  mutating func noteUnread(behind waiting: Int) {
    if isUnsure { return }
    (isUnsure, lacksAnswers, certain) = (true, true, pipelines ? waiting : 0)
  }

  /// A question comes while so many wait.
  mutating func question(behind waiting: Int) -> Start {
    let (isBehindAnswer, isBehindHole) = (hasAnswered, lostQuestions)
    (hasAnswered, hidesQuestions, lostQuestions, missesQuestions) = (false, false, false, false)
    if waiting == 0 { isAssumed = false }
    if heard > 0 {
      (unseen, heard) = (heard, 0)
      (before, isBatchCut) = (isUnsure ? .max : waiting, isBehindHole && pipelines)
      return .perhaps
    }
    if !isUnsure {
      asked += 1
      if waiting == 0 { askedAlone += 1 }
    } else if isProvenIdle(waiting) {
      settle()
      return .batch
    }
    guard isBehindAnswer else {
      if waiting > 0, !isBehindHole { pipelines = true }
      return .none
    }
    if waiting == 0 || isUnsure {
      guard isUnsure, !overlaps else { return .none }
      settle()
      isAssumed = true
      // Its first questions may be missing.
      if isBehindHole, pipelines { (isUnsure, lacksQuestions) = (true, true) }
      return .batch
    }
    overlaps = true
    return .none
  }

  /// An answer comes while so many wait.
  mutating func answer(to waiting: Int) -> Owner {
    let isHidden = hidesQuestions && hidesAnswers && !pipelines
    (hidesQuestions, hidesAnswers) = (false, false)
    (unseen, heard, hasAnswered) = (0, 0, true)
    if isHidden {
      // Those that wait had their answers in the one hole, and this one's question was in the other.
      settle()
      return .another
    }
    if waiting == 0 {
      if isAssumed, pipelines, !missesQuestions {
        // Those before that batch had not had all their answers: it was none.
        (overlaps, isUnsure, lacksAnswers, isAssumed) = (true, true, true, false)
      }
      return .unknown
    }
    if !isUnsure {
      if waiting > 1 { pipelines = true }
      return .oldest
    }
    if certain > 0 {
      certain -= 1
      return .oldest
    }
    // Questions alone are missing: those that are there waited at once.
    if !lacksAnswers, waiting > 1 { pipelines = true }
    // One that waits alone can have no other's answer.
    if waiting == 1, !lacksQuestions { return .oldest }
    if !pipelines { return .newest }
    unknown += 1
    return .unknown
  }

  /// Nobody waits any more, as far as it is known.
  mutating func noteIdle() { if !lacksQuestions || !pipelines { settle() } }

  /// Nobody waits any more: nobody has said anything for so long. Gives whether that was not certain.
  mutating func noteRest() -> Bool {
    defer { settle() }
    return isUnsure
  }

  /// More wait than can be told apart.
  mutating func giveUp() {
    (isUnsure, lacksAnswers, pipelines, certain) = (true, true, true, 0)
    (unknown, fewest) = (0, .max)
  }

  private mutating func settle() {
    (isUnsure, lacksAnswers, lacksQuestions, certain) = (false, false, false, 0)
    (unknown, fewest) = (0, .max)
  }

  /// Whether a question that comes while so many wait tells that all of them have had their answers: of
  /// those that have not, some would have had them by now.
  private mutating func isProvenIdle(_ waiting: Int) -> Bool {
    let count = waiting - unknown
    if count < fewest { (fewest, times) = (count, 0) }
    guard count == fewest, asked >= Self.proof else { return false }
    times += 1
    if askedAlone * 2 >= asked { return times >= Self.proof }
    return askedAlone * 8 >= asked && times >= 4 * Self.proof
  }
}
