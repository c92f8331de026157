import Bytes

/// Finds words in names with one look a byte, however many words there are (Aho and Corasick, 1975).
///
/// Letters count the same in either case, and the marks between them (`-`, `.` and `_`) not at all:
/// `accessToken`, `access_token` and `access-token` are one name.
struct SecretWords: Sendable {
  /// What a name holds.
  enum Find {
    case nothing
    /// A word that counts anywhere in a name.
    case part
    /// It ends in a word of so many letters that counts when it is all of a name.
    case ending(letters: Int)
  }

  /// By state and column, the next state: the first place of its row, with `found` when a word that
  /// counts anywhere ends there. The row of a state is `columns` long.
  private var steps: [UInt16] = []
  /// By state, the letters of the whole name that ends there; 0 for none.
  private var exact: [UInt8] = []

  private static let columns = 32
  private static let found: UInt16 = 0x8000
  /// Column of marks, and of all that is neither letter nor mark: no word goes on behind it.
  private static let mark: UInt8 = 26
  private static let other: UInt8 = 27

  /// Column of each byte.
  private let column = (UInt8.min...UInt8.max).map { byte in
    let letter = (byte | 0x20) &- 0x61
    return letter < 26 ? letter : SecretWords.isMark(byte) ? SecretWords.mark : SecretWords.other
  }

  /// Between words: - . _
  static func isMark(_ byte: UInt8) -> Bool { byte == 0x2d || byte == 0x2e || byte == 0x5f }

  /// - Parameters:
  ///   - parts: words that count anywhere in a name; of lower-case letters alone, as all words.
  ///   - exact: words that count when they are all of a name.
  init(parts: [String], exact names: [String]) {
    addState()
    for part in parts { steps[edge(to: part)] |= Self.found }
    for name in names {
      let state = Int(steps[edge(to: name)] & ~Self.found)
      exact[state / Self.columns] = UInt8(name.utf8.count)
    }
    connect()
  }

  @discardableResult
  private mutating func addState() -> UInt16 {
    precondition(steps.count < Self.found, "too many words")
    let state = UInt16(steps.count)
    steps += [UInt16](repeating: 0, count: Self.columns)
    exact.append(0)
    return state
  }

  /// Adds the states of a word; gives the place in `steps` of the last step to it.
  private mutating func edge(to word: String) -> Int {
    var state = 0
    var place = 0
    for letter in word.utf8 {
      place = state + Int(letter - 0x61)
      if steps[place] == 0 { steps[place] = addState() }
      state = Int(steps[place] & ~Self.found)
    }
    return place
  }

  /// Where a word does not go on, a shorter one may that has begun inside it: the states of these,
  /// shorter words first, give the missing steps.
  private mutating func connect() {
    var fallback = [Int](repeating: 0, count: steps.count)
    var waiting = [0]
    var next = 0
    while next < waiting.count {
      let state = waiting[next]
      next += 1
      for letter in 0..<26 {
        let (place, shorter) = (state + letter, steps[fallback[state] + letter])
        if steps[place] == 0 {
          steps[place] = shorter
          continue
        }
        let target = Int(steps[place] & ~Self.found)
        if state != 0 {
          fallback[target] = Int(shorter & ~Self.found)
          steps[place] |= shorter & Self.found
        }
        waiting.append(target)
      }
      steps[state + Int(Self.mark)] = UInt16(state)
    }
  }

  /// What a name in ASCII holds.
  func look(through name: RawSpan) -> Find {
    let (steps, column) = (steps.span, column.span)
    var state = 0
    for at in 0..<name.byteCount {
      let step = steps[state + Int(column[Int(name.byte(at))])]
      if step & Self.found != 0 { return .part }
      state = Int(step)
    }
    let letters = exact[state / Self.columns]
    return letters == 0 ? .nothing : .ending(letters: Int(letters))
  }
}
