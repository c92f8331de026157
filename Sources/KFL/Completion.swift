/// A name that may come next.
package struct Completion: Hashable, Sendable {
  package enum Kind: String, Sendable { case variable, function, macro, keyword }

  /// What stands there after choosing it.
  package var text: String
  package var kind: Kind
  /// Its type, for variables: `map<string,string>`.
  package var type: String
  /// One line.
  package var doc: String
  /// Bytes of the text that it replaces, up to the cursor.
  package var replaces: Range<Int>

  /// The names that may come at `cursor` (bytes) in `text`, best first, at most `limit`.
  ///
  /// Inside text literals and comments there are none.
  package static func at(
    _ cursor: Int, in text: String, schema: Schema, limit: Int = 50
  ) -> [Completion] {
    let bytes = Array(text.utf8.prefix(max(0, cursor)))
    guard bytes.count <= Limits.textLength else { return [] }
    return Array(Completer(bytes, schema: schema).completions.prefix(max(0, limit)))
  }
}

/// Finds what may follow the bytes before a cursor.
private struct Completer {
  let schema: Schema
  /// Where the word being written begins.
  private let start: Int
  private let end: Int
  /// The word so far, dots included: `src.po`.
  private let word: String
  /// The last finished token before the word.
  private let before: Token?
  private let bytes: [UInt8]
  /// Whether the cursor stands where no name can.
  private let isElsewhere: Bool

  init(_ bytes: [UInt8], schema: Schema) {
    self.schema = schema
    self.bytes = bytes
    end = bytes.count
    var first = bytes.count
    while first > 0, bytes[first - 1].isNamePart || bytes[first - 1] == UInt8(ascii: ".") {
      first -= 1
    }
    start = first
    word = String(decoding: bytes[first...], as: UTF8.self)
    var lexer = Lexer(Array(bytes[..<first]), dialect: .kfl)
    var tokens: [Token] = []
    var isBroken = false
    do throws(Problem) { tokens = try lexer.run() } catch { isBroken = true }
    before = tokens.dropLast().last
    isElsewhere = isBroken || Completer.endsInComment(bytes, after: before)
  }

  /// Whether a comment runs to the cursor.
  private static func endsInComment(_ bytes: [UInt8], after token: Token?) -> Bool {
    let rest = bytes[(token.map { Int($0.end) } ?? 0)...]
    let line = rest[(rest.lastIndex(of: 0x0a) ?? rest.startIndex)...]
    return line.contains(UInt8(ascii: "#")) || line.firstRange(of: Array("//".utf8)) != nil
  }

  var completions: [Completion] {
    if isElsewhere { return [] }
    if word.hasPrefix(".") { return methods(of: nil, prefix: String(word.dropFirst())) }
    if before?.endsOperand ?? false, !isWordOperator(before) { return operators() }
    return names() + members()
  }

  private func isWordOperator(_ token: Token?) -> Bool {
    guard let token, token.kind == .name else { return false }
    return [
      "and", "or", "not", "in", "contains", "startsWith", "endsWith", "matches", "AND", "OR", "NOT",
    ].contains(String(decoding: bytes[token.range], as: UTF8.self))
  }

  // MARK: Where an operand may stand

  private func names() -> [Completion] {
    var found: [(score: Int, completion: Completion)] = []
    func offer(_ name: String, _ kind: Completion.Kind, _ type: String, _ doc: String, _ base: Int)
    {
      guard let score = match(name) else { return }
      found.append(
        (
          score * 10 + base,
          Completion(text: name, kind: kind, type: type, doc: doc, replaces: start..<end)
        ))
    }
    for variable in schema.variables {
      let doc = variable.doc + (variable.unit.map { " [\($0)]" } ?? "")
      offer(variable.name, .variable, variable.type.description, doc, variable.isFlag ? 0 : 1)
    }
    for (name, text) in schema.macros.sorted(by: { $0.key < $1.key }) where schema.slot(name) == nil
    {
      offer(name, .macro, "bool", text, 1)
    }
    if !word.isEmpty {
      for function in Function.all where function.style != .method {
        offer(function.name + "(", .function, "", function.usage + ": " + function.doc, 2)
      }
      for keyword in ["true", "false", "not", "has("] { offer(keyword, .keyword, "", "", 3) }
    }
    if word.contains(".") {
      for alias in Alias.rows where !alias.path.contains("[]") {
        offer(alias.path, .variable, "", "older name, still read", 4)
      }
    }
    return found.enumerated().sorted {
      ($0.element.score, $0.offset) < ($1.element.score, $1.offset)
    }
    .map(\.element.completion)
  }

  /// How well a name continues the word: 0 from its beginning, 1 from the beginning of a part,
  /// 2 inside; nil when it does not.
  private func match(_ name: String) -> Int? {
    if name.hasPrefix(word) { return name == word ? nil : 0 }
    let folded = word.lowercased()
    if name.lowercased().hasPrefix(folded) { return 1 }
    guard !word.contains("."), word.utf8.count >= 2 else { return nil }
    let parts = name.split(whereSeparator: { $0 == "." || $0 == "_" })
    if parts.contains(where: { $0.lowercased().hasPrefix(folded) }) { return 1 }
    return name.contains(folded) ? 2 : nil
  }

  /// Methods behind a complete variable: `path.st` → `path.startsWith(`.
  private func members() -> [Completion] {
    guard let dot = word.lastIndex(of: "."),
      let variable = schema.variable(String(word[..<dot]))
    else { return [] }
    return methods(of: variable.type, prefix: String(word[word.index(after: dot)...]))
  }

  /// - Parameter type: of the receiver; nil when it is not known.
  private func methods(of type: KFLType?, prefix: String) -> [Completion] {
    let place = end - prefix.utf8.count..<end
    var result: [Completion] = []
    for function in Function.all where function.style != .global {
      guard function.name.hasPrefix(prefix),
        type.map({ type in
          function.signatures.contains { $0.arguments.first.map(type.fits) ?? false }
        }) ?? true
      else { continue }
      result.append(
        Completion(
          text: function.name + "(", kind: .function, type: "", doc: function.doc, replaces: place))
    }
    let canWalk: Bool =
      switch type {
      case .list?, .map?, nil: true
      default: false
      }
    guard canWalk else { return result }
    for (name, doc) in Completer.comprehensions where name.hasPrefix(prefix) {
      result.append(
        Completion(text: name + "(x, ", kind: .function, type: "", doc: doc, replaces: place))
    }
    return result
  }

  private static let comprehensions = [
    ("exists", "Whether the condition holds for some element."),
    ("all", "Whether the condition holds for every element; true when there is none."),
    ("exists_one", "Whether the condition holds for exactly one element."),
    ("filter", "The elements for which the condition holds."),
    ("map", "What the expression gives for each element."),
  ]

  // MARK: Where an operator may stand

  private func operators() -> [Completion] {
    let type = typeBefore
    return Completer.operators.compactMap { sign, doc, applies in
      guard sign.hasPrefix(word), type.map(applies) ?? true else { return nil }
      return Completion(text: sign, kind: .keyword, type: "", doc: doc, replaces: start..<end)
    }
  }

  /// The type of the operand before the cursor, when that is a variable.
  private var typeBefore: KFLType? {
    guard let before else { return nil }
    var first = Int(before.end)
    while first > 0, bytes[first - 1].isNamePart || bytes[first - 1] == UInt8(ascii: ".") {
      first -= 1
    }
    return schema.variable(String(decoding: bytes[first..<Int(before.end)], as: UTF8.self))?.type
  }

  private static let operators: [(String, String, @Sendable (KFLType) -> Bool)] = [
    ("&&", "Both conditions.", { $0 == .bool }),
    ("||", "Either condition.", { $0 == .bool }),
    ("and", "Both conditions.", { $0 == .bool }),
    ("or", "Either condition.", { $0 == .bool }),
    ("==", "Equal.", { $0 != .bool }),
    ("!=", "Different.", { $0 != .bool }),
    (">=", "At least.", { $0.isNumber || $0 == .timestamp || $0 == .string }),
    ("<=", "At most.", { $0.isNumber || $0 == .timestamp || $0 == .string }),
    (">", "More than.", { $0.isNumber || $0 == .timestamp || $0 == .string }),
    ("<", "Less than.", { $0.isNumber || $0 == .timestamp || $0 == .string }),
    ("in", "One of a list.", { $0.isNumber || $0 == .string }),
    ("contains", "Has the text in it.", { $0 == .string }),
    ("startsWith", "Begins with the text.", { $0 == .string }),
    ("endsWith", "Ends with the text.", { $0 == .string }),
    ("matches", "The regular expression is found in it.", { $0 == .string }),
  ]
}
