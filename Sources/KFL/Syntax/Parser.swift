/// Reads tokens into a `Syntax`: one grammar for both spellings.
///
/// Operators are read by precedence climbing, so that a level of brackets costs few stack frames;
/// nesting is counted everywhere.
struct Parser {
  let bytes: [UInt8]
  let tokens: [Token]
  let dialect: KFL.Dialect
  /// Doubts about the reading, found on the way.
  private(set) var warnings: [Problem] = []
  /// Whether a word operator stands in the text: it was written by a legacy hand.
  private(set) var hasWords = false
  /// Whether signs of the legacy spelling (`r"…"`, lists in braces, `nil`) stand in the text.
  var hasLegacySigns = false
  /// Whether `&&`, `||` or methods stand in the text, which the legacy spelling does not have.
  private(set) var hasModernSigns = false
  var at = 0
  private var nesting = 0

  /// Strengths of operators, weakest first.
  enum Strength: Int, Comparable {
    case or = 1
    case and, not, relation, sum, product

    static func < (a: Strength, b: Strength) -> Bool { a.rawValue < b.rawValue }
    var next: Strength { Strength(rawValue: rawValue + 1) ?? .product }
  }

  init(_ text: [UInt8], dialect: KFL.Dialect) throws(Problem) {
    bytes = text
    self.dialect = dialect
    guard text.count <= Limits.textLength else { throw .tooLong(text.count) }
    var lexer = Lexer(text, dialect: dialect)
    tokens = try lexer.run()
  }

  /// The whole filter; nil when there is nothing but blanks and comments.
  mutating func run() throws(Problem) -> Syntax? {
    if peek.kind == .end { return nil }
    let result = try expression()
    guard peek.kind == .end else { throw .unexpected(at: at, in: self) }
    return result
  }

  // MARK: Tokens

  var peek: Token { tokens[at] }

  /// The bytes of a token as text.
  func text(_ token: Token) -> String { String(decoding: bytes[token.range], as: UTF8.self) }

  mutating func take() -> Token {
    defer { if at < tokens.count - 1 { at += 1 } }
    return tokens[at]
  }

  mutating func take(_ kind: Token.Kind) -> Bool {
    guard peek.kind == kind else { return false }
    _ = take()
    return true
  }

  mutating func expect(_ kind: Token.Kind, closing opener: Token) throws(Problem) {
    guard take(kind) else { throw .unclosed(opener, at: at, in: self) }
  }

  /// Whether the current token is that word; words are operators in KFL only.
  private func isWord(_ word: StaticString) -> Bool {
    guard dialect == .kfl, peek.kind == .name else { return false }
    return matches(peek, word)
  }

  private func matches(_ token: Token, _ word: StaticString) -> Bool {
    guard token.range.count == word.utf8CodeUnitCount else { return false }
    return word.withUTF8Buffer { $0.elementsEqual(bytes[token.range]) }
  }

  // MARK: Expressions

  mutating func expression() throws(Problem) -> Syntax {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= Limits.nesting else { throw .tooDeep(peek.range) }
    let condition = try operators(.or)
    guard take(.question) else { return condition }
    let then = try operators(.or)
    guard take(.colon) else { throw .conditionalWithoutColon(peek.range) }
    let otherwise = try expression()
    return try node(
      .conditional(condition, then, otherwise),
      condition.range.lowerBound..<otherwise.range.upperBound, condition, then, otherwise)
  }

  /// An operator found between two operands.
  private struct Infix {
    /// Trivial on purpose: it lies on the stack once per level.
    enum Kind {
      case or, and
      case binary(Syntax.Operator)
      case method
    }
    var kind: Kind
    var strength: Strength
    var isWord = false
    /// `not in`, `not contains`.
    var isNegated = false
    var tokens = 1
  }

  /// The operator at the current token; nil when an operand ends here.
  private func infix() -> Infix? {
    switch peek.kind {
    case .or: Infix(kind: .or, strength: .or)
    case .and: Infix(kind: .and, strength: .and)
    case .equal: Infix(kind: .binary(.equal), strength: .relation)
    case .notEqual: Infix(kind: .binary(.notEqual), strength: .relation)
    case .less: Infix(kind: .binary(.less), strength: .relation)
    case .lessOrEqual: Infix(kind: .binary(.lessOrEqual), strength: .relation)
    case .greater: Infix(kind: .binary(.greater), strength: .relation)
    case .greaterOrEqual: Infix(kind: .binary(.greaterOrEqual), strength: .relation)
    case .plus: Infix(kind: .binary(.plus), strength: .sum)
    case .minus: Infix(kind: .binary(.minus), strength: .sum)
    case .star: Infix(kind: .binary(.times), strength: .product)
    case .slash: Infix(kind: .binary(.divided), strength: .product)
    case .percent: Infix(kind: .binary(.modulo), strength: .product)
    case .name: wordInfix(at: at)
    default: nil
    }
  }

  private func wordInfix(at place: Int) -> Infix? {
    let token = tokens[place]
    if matches(token, "in") { return Infix(kind: .binary(.isIn), strength: .relation) }
    guard dialect == .kfl else { return nil }
    switch text(token) {
    case "or", "OR": return Infix(kind: .or, strength: .or, isWord: true)
    case "and", "AND": return Infix(kind: .and, strength: .and, isWord: true)
    case "contains", "startsWith", "endsWith", "matches":
      return Infix(kind: .method, strength: .relation, isWord: true)
    case "not", "NOT":
      guard tokens[place + 1].kind == .name, var inner = wordInfix(at: place + 1),
        inner.strength == .relation, !inner.isNegated
      else { return nil }
      inner.isNegated = true
      inner.tokens = 2
      inner.isWord = true
      return inner
    default: return nil
    }
  }

  /// Operands joined by operators of at least that strength.
  private mutating func operators(_ minimum: Strength) throws(Problem) -> Syntax {
    var left = try prefix(minimum)
    while let infix = infix(), infix.strength >= minimum {
      left = try joined(left, infix)
    }
    return left
  }

  private mutating func joined(_ left: Syntax, _ infix: Infix) throws(Problem) -> Syntax {
    switch infix.kind {
    case .or, .and: try chain(left, infix.strength)
    case .binary, .method: try relation(left, infix)
    }
  }

  /// `left sign right`, words such as `contains` included.
  private mutating func relation(_ left: Syntax, _ infix: Infix) throws(Problem) -> Syntax {
    let sign = takeOperator(infix)
    let right = try operators(infix.strength.next)
    return try relation(left, infix, sign, right)
  }

  private func relation(
    _ left: Syntax, _ infix: Infix, _ sign: Range<Int>, _ right: Syntax
  ) throws(Problem) -> Syntax {
    let range = left.range.lowerBound..<right.range.upperBound
    let kind: Syntax.Kind
    if case .binary(let symbol) = infix.kind {
      kind = .binary(symbol, left, right, sign: sign)
    } else {
      // `not contains`: the method's name is the last word.
      let words = String(decoding: bytes[sign], as: UTF8.self)
      let name = words.split(whereSeparator: { !$0.isLetter }).last.map(String.init) ?? words
      kind = .method(left, name, [right], name: sign)
    }
    let result = try node(kind, range, left, right)
    return infix.isNegated ? try node(.not(result), range, result) : result
  }

  private mutating func takeOperator(_ infix: Infix) -> Range<Int> {
    if infix.isWord { hasWords = true }
    if peek.kind == .and || peek.kind == .or { hasModernSigns = true }
    let first = take()
    warnAboutCapitals(first)
    return infix.tokens == 1 ? first.range : Int(first.start)..<Int(take().end)
  }

  /// `left && … && …` or `left || … || …`, as one node.
  private mutating func chain(_ left: Syntax, _ strength: Strength) throws(Problem) -> Syntax {
    var operands = [left]
    var areWords: [Bool] = []
    while let infix = infix(), infix.strength == strength {
      areWords.append(infix.isWord)
      _ = takeOperator(infix)
      operands.append(try operators(strength.next))
    }
    return try chained(operands, areWords, strength)
  }

  private mutating func chained(
    _ operands: [Syntax], _ areWords: [Bool], _ strength: Strength
  ) throws(Problem) -> Syntax {
    let range = operands[0].range.lowerBound..<operands[operands.count - 1].range.upperBound
    if strength == .and {
      return try node(.and(operands, isWord: areWords.contains(true)), range, operands)
    }
    warnAboutMixture(operands, areWords)
    return try node(.or(operands), range, operands)
  }

  /// `a and b or c`, which older versions read otherwise.
  private mutating func warnAboutMixture(_ operands: [Syntax], _ areWords: [Bool]) {
    for (operand, isWord) in zip(operands, areWords) where isWord && operand.parentheses == 0 {
      if case .and(_, isWord: true) = operand.kind {
        warnings.append(.mixedPrecedence(operand.range))
        return
      }
    }
  }

  /// `!`, `-` and `not` before an operand. Rows of signs are read in a loop.
  private mutating func prefix(_ minimum: Strength) throws(Problem) -> Syntax {
    if isWord("not") || isWord("NOT"), minimum <= .not { return try negation() }
    var signs: [Token] = []
    while peek.kind == .bang || peek.kind == .minus {
      guard signs.count < Limits.nesting else { throw .tooDeep(peek.range) }
      signs.append(take())
    }
    var operand: Syntax
    if signs.last?.kind == .minus, peek.kind == .int || peek.kind == .double {
      let sign = signs.removeLast()
      operand = try postfix(try number(take(), sign: sign))
    } else {
      operand = try postfix(try primary())
    }
    for sign in signs.reversed() {
      let range = Int(sign.start)..<operand.range.upperBound
      operand = try node(sign.kind == .bang ? .not(operand) : .negate(operand), range, operand)
    }
    return operand
  }

  private mutating func negation() throws(Problem) -> Syntax {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= Limits.nesting else { throw .tooDeep(peek.range) }
    hasWords = true
    let word = take()
    warnAboutCapitals(word)
    let operand = try operators(.not)
    return try node(.not(operand), Int(word.start)..<operand.range.upperBound, operand)
  }

  private mutating func warnAboutCapitals(_ word: Token) {
    guard word.kind == .name, dialect == .kfl, bytes[word.range].allSatisfy({ $0 < 0x61 }) else {
      return
    }
    warnings.append(.capitalOperator(text(word), at: word.range))
  }

  // MARK: Members and calls

  /// Members, indexes and calls behind an operand.
  private mutating func postfix(_ start: Syntax) throws(Problem) -> Syntax {
    var result = start
    while true {
      switch peek.kind {
      case .dot: result = try member(of: result)
      case .leftBracket:
        let opener = take()
        let index = try expression()
        try expect(.rightBracket, closing: opener)
        result = try node(
          .index(result, index), result.range.lowerBound..<Int(tokens[at - 1].end), result, index)
      case .dotDot: throw .recursiveDescent(at: at, in: self)
      default: return result
      }
    }
  }

  private mutating func member(of target: Syntax) throws(Problem) -> Syntax {
    _ = take()
    let token = peek
    let start = target.range.lowerBound
    switch token.kind {
    case .star where dialect == .kfl:
      _ = take()
      return try node(.anyMember(target), start..<Int(token.end), target)
    case .quotedName:
      _ = take()
      let name = String(decoding: bytes[token.range.dropFirst().dropLast()], as: UTF8.self)
      return try node(.member(target, name), start..<Int(token.end), target)
    case .name:
      _ = take()
      guard peek.kind == .leftParenthesis else {
        return try node(.member(target, text(token)), start..<Int(token.end), target)
      }
      let arguments = try arguments()
      hasModernSigns = true
      return try node(
        .method(target, text(token), arguments, name: token.range),
        start..<Int(tokens[at - 1].end), [target] + arguments)
    default: throw .missingMember(token.range, in: self)
    }
  }

  /// `( a, b )`, the parentheses included.
  mutating func arguments() throws(Problem) -> [Syntax] {
    let opener = take()
    if take(.rightParenthesis) { return [] }
    let result = try elements(until: .rightParenthesis)
    try expect(.rightParenthesis, closing: opener)
    return result
  }

  /// Expressions between commas; a comma before the closing bracket is allowed in literals.
  mutating func elements(until close: Token.Kind) throws(Problem) -> [Syntax] {
    var result: [Syntax] = []
    repeat {
      if peek.kind == close, close != .rightParenthesis, !result.isEmpty { break }
      guard result.count < Limits.literalElements else { throw .tooManyElements(peek.range) }
      result.append(try expression())
    } while take(.comma)
    return result
  }

  // MARK: Nodes

  func leaf(_ kind: Syntax.Kind, _ range: Range<Int>) -> Syntax {
    Syntax(kind, range, depth: 1)
  }

  func node(
    _ kind: Syntax.Kind, _ range: Range<Int>, _ children: Syntax...
  ) throws(Problem) -> Syntax {
    try node(kind, range, children)
  }

  func node(
    _ kind: Syntax.Kind, _ range: Range<Int>, _ children: [Syntax]
  ) throws(Problem) -> Syntax {
    var depth = 0
    for child in children { depth = max(depth, child.depth) }
    guard depth < Limits.nesting else { throw .tooDeep(range) }
    return Syntax(kind, range, depth: depth + 1)
  }
}
