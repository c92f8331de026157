import Bytes

/// Finds what may follow the bytes before a cursor.
///
/// Works on the tokens before the word being written, since what is being written seldom parses.
struct Completer {
  let schema: Schema
  let bytes: [UInt8]
  /// Where the word being written begins: a dotted name, or a text literal with its quote.
  let start: Int
  /// The word so far: `src.po`, or the inside of a literal.
  let word: String
  /// All tokens before the word.
  let tokens: [Token]
  private let place: Place

  private enum Place {
    /// Where a name or an operator may stand.
    case code
    case textLiteral
    /// Inside a comment, or behind something that cannot be read.
    case nowhere
  }

  init(_ bytes: [UInt8], schema: Schema) {
    self.schema = schema
    self.bytes = bytes
    var first = bytes.count
    while first > 0, bytes[first - 1].isNamePart || bytes[first - 1] == UInt8(ascii: ".") {
      first -= 1
    }
    var lexer = Lexer(Array(bytes[..<first]), dialect: .kfl)
    var isBroken = false
    do throws(Problem) { _ = try lexer.run() } catch { isBroken = true }
    tokens = lexer.tokens.filter { $0.kind != .end }
    let read = tokens.last.map { Int($0.end) } ?? 0
    if isBroken {
      let opening = bytes[read...].firstIndex { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a } ?? read
      let isText =
        opening < bytes.count
        && (bytes[opening] == UInt8(ascii: "\"") || bytes[opening] == UInt8(ascii: "'"))
      place = isText ? .textLiteral : .nowhere
      start = opening
      word = String(decoding: bytes[opening...].dropFirst(), as: UTF8.self)
    } else {
      place = Self.isComment(bytes[read...]) ? .nowhere : .code
      start = first
      word = String(decoding: bytes[first...], as: UTF8.self)
    }
  }

  /// Whether a comment runs to the end.
  private static func isComment(_ rest: ArraySlice<UInt8>) -> Bool {
    let line = rest[(rest.lastIndex(of: 0x0a) ?? rest.startIndex)...]
    return line.contains(UInt8(ascii: "#")) || line.span.bytes.firstOffset(of: "//") != nil
  }

  var end: Int { bytes.count }
  /// The last finished token before the word.
  var before: Token? { tokens.last }

  func text(_ token: Token) -> String { String(decoding: bytes[token.range], as: UTF8.self) }

  var completions: [Completion] {
    switch place {
    case .nowhere: return []
    case .textLiteral: return values(quoted: bytes[start])
    case .code: break
    }
    if word.hasPrefix(".") { return methods(of: typeBefore, prefix: String(word.dropFirst())) }
    if before?.endsOperand ?? false, !isWordOperator(before) { return operators() }
    return values(quoted: UInt8(ascii: "\"")) + names() + members()
  }

  private func isWordOperator(_ token: Token?) -> Bool {
    guard let token, token.kind == .name else { return false }
    return [
      "and", "or", "not", "in", "contains", "startsWith", "endsWith", "matches", "AND", "OR", "NOT",
    ].contains(text(token))
  }

  // MARK: What stands before

  /// The dotted name that ends with the token at `place`, and where it begins.
  func name(endingAt place: Int) -> (name: String, place: Int)? {
    guard tokens.indices.contains(place), tokens[place].kind == .name else { return nil }
    var first = place
    while first >= 2, tokens[first - 1].kind == .dot, tokens[first - 2].kind == .name {
      first -= 2
    }
    return (tokens[first...place].lazy.map(text).joined(), first)
  }

  /// The type of the operand that ends with the token at `place`, when that is a name or a literal.
  func type(endingAt place: Int) -> KFLType? {
    guard tokens.indices.contains(place) else { return nil }
    switch tokens[place].kind {
    case .text, .rawText: return .string
    case .int: return .int
    case .double: return .double
    case .name:
      guard let (name, _) = name(endingAt: place) else { return nil }
      return type(of: name)
    default: return nil
    }
  }

  /// The type of a variable, or of a name that a comprehension around the cursor gives.
  func type(of name: String) -> KFLType? {
    locals.last { $0.name == name }?.type ?? schema.variable(name)?.type
  }

  var typeBefore: KFLType? { type(endingAt: tokens.count - 1) }

  /// Names of the comprehensions that are open at the cursor, with the types of their elements.
  var locals: [(name: String, type: KFLType?)] {
    var open: [(name: String, type: KFLType?)?] = []
    for (place, token) in tokens.enumerated() {
      switch token.kind {
      case .leftParenthesis: open.append(local(openedAt: place))
      case .rightParenthesis: _ = open.popLast()
      default: break
      }
    }
    return open.compactMap(\.self)
  }

  /// The name given in `list.exists(x, …`, by the place of its parenthesis.
  private func local(openedAt place: Int) -> (name: String, type: KFLType?)? {
    guard place >= 3, place + 2 < tokens.count, tokens[place - 2].kind == .dot,
      SpecialForm.walks.contains(where: { $0.name == text(tokens[place - 1]) }),
      tokens[place + 1].kind == .name, tokens[place + 2].kind == .comma
    else { return nil }
    var type: KFLType?
    if let (name, _) = name(endingAt: place - 3) {
      switch schema.variable(name)?.type {
      case .list(let element): type = element
      case .map(let key, _): type = key
      default: break
      }
    }
    return (text(tokens[place + 1]), type)
  }
}
