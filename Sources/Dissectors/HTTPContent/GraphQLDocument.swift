/// What an executable document of GraphQL asks for (specification of October 2021, §2): the
/// operation that is run, and its root fields.
///
/// Read token by token without a grammar of everything inside: selections are passed over by their
/// braces. Nil for text that is no such document.
struct GraphQLDocument: Sendable {
  enum Operation: String, Sendable { case query, mutation, subscription }

  /// Root fields that are listed.
  private static let maxFields = 32
  /// Inline fragments within inline fragments.
  private static let maxDepth = 32
  /// Definitions that are looked at.
  private static let maxDefinitions = 64

  private(set) var operation = Operation.query
  private(set) var name: String?
  private(set) var rootFields: [String] = []

  /// - Parameters:
  ///   - operationName: which operation is run; nil for the first.
  ///   - isCut: the text may end anywhere behind the beginning of a selection.
  init?(_ text: [UInt8], operationName: String? = nil, isCut: Bool = false) {
    var tokens = GraphQLTokens(text)
    var found = false
    for _ in 0..<Self.maxDefinitions {
      guard let token = tokens.next() else { break }
      var definition: GraphQLDocument
      switch token {
      case .mark(0x7b): definition = GraphQLDocument(operation: .query, name: nil)
      case .name("fragment"):
        // Type condition and directives, then a selection.
        guard tokens.skip(to: 0x7b), tokens.skipBlock() || isCut else { return nil }
        continue
      case .name(let word):
        guard let operation = Operation(rawValue: word) else { return nil }
        definition = GraphQLDocument(operation: operation, name: nil)
        if case .name(let name)? = tokens.peek() {
          definition.name = name
          _ = tokens.next()
        }
        // Variables and directives.
        guard tokens.skip(to: 0x7b) else { return nil }
      default: return nil
      }
      guard definition.readFields(&tokens) || isCut && !definition.rootFields.isEmpty else {
        return nil
      }
      if !found || definition.name != nil && definition.name == operationName { self = definition }
      found = true
      if tokens.isAtEnd { break }
    }
    guard found, !rootFields.isEmpty else { return nil }
  }

  private init(operation: Operation, name: String?) {
    (self.operation, self.name) = (operation, name)
  }

  /// The selection whose brace was read: names of its fields without aliases, spreads with dots.
  private mutating func readFields(_ tokens: inout GraphQLTokens, depth: Int = 0) -> Bool {
    if depth > Self.maxDepth { return false }
    while let token = tokens.next() {
      switch token {
      case .mark(0x7d): return !rootFields.isEmpty
      case .spread:
        if case .name(let name)? = tokens.peek(), name != "on" {
          _ = tokens.next()
          add("..." + name)
        } else {
          // An inline fragment: its selection is as if it stood here.
          guard tokens.skip(to: 0x7b), readFields(&tokens, depth: depth + 1) else { return false }
        }
      case .name(let first):
        var name = first
        if tokens.peek() == .mark(0x3a) {
          _ = tokens.next()
          guard case .name(let real)? = tokens.next() else { return false }
          name = real
        }
        add(name)
        guard skipRest(&tokens) else { return false }
      default: return false
      }
    }
    return false
  }

  /// Arguments, directives and the selection of a field, as far as it has them.
  private func skipRest(_ tokens: inout GraphQLTokens) -> Bool {
    while true {
      switch tokens.peek() {
      case .mark(0x28)?, .mark(0x7b)?:
        _ = tokens.next()
        guard tokens.skipBlock() else { return false }
      case .mark(0x40)?:
        _ = tokens.next()
        guard case .name? = tokens.next() else { return false }
      default: return true
      }
    }
  }

  private mutating func add(_ field: String) {
    if rootFields.count < Self.maxFields, !rootFields.contains(field) { rootFields.append(field) }
  }
}

/// Lexical tokens (§2.1.6), with commas, blanks and comments left out.
private struct GraphQLTokens {
  enum Token: Equatable {
    case name(String)
    /// One of `! $ & ( ) : = @ [ ] { | }`.
    case mark(UInt8)
    case spread
    /// A number or a string; its value does not matter here.
    case value
  }

  private static let maxName = 256

  private let text: [UInt8]
  private var at = 0

  init(_ text: [UInt8]) { self.text = text }

  var isAtEnd: Bool {
    var rest = self
    return rest.next() == nil && rest.at >= rest.text.count
  }

  func peek() -> Token? {
    var rest = self
    return rest.next()
  }

  /// The next token; nil at the end and where the text is none of GraphQL.
  mutating func next() -> Token? {
    skipIgnored()
    guard at < text.count else { return nil }
    let byte = text[at]
    switch byte {
    case 0x41...0x5a, 0x61...0x7a, 0x5f: return .name(word())
    case 0x22: return string() ? .value : nil
    case 0x2d, 0x30...0x39:
      while at < text.count, isNumber(text[at]) { at += 1 }
      return .value
    case 0x2e:
      guard text.count - at >= 3, text[at + 1] == 0x2e, text[at + 2] == 0x2e else { return nil }
      at += 3
      return .spread
    case 0x21, 0x24, 0x26, 0x28, 0x29, 0x3a, 0x3d, 0x40, 0x5b, 0x5d, 0x7b, 0x7c, 0x7d:
      at += 1
      return .mark(byte)
    default: return nil
    }
  }

  /// Passes over everything up to this mark and over the mark; what is in brackets counts as one.
  mutating func skip(to mark: UInt8) -> Bool {
    while let token = next() {
      if token == .mark(mark) { return true }
      if token == .mark(0x28) || token == .mark(0x5b) {
        guard skipBlock() else { return false }
      } else if token == .mark(0x7d) || token == .mark(0x7b) {
        return false
      }
    }
    return false
  }

  /// Passes over the rest of a block whose opening mark was read, whatever is within.
  mutating func skipBlock() -> Bool {
    var depth = 1
    while let token = next() {
      switch token {
      case .mark(0x28), .mark(0x5b), .mark(0x7b): depth += 1
      case .mark(0x29), .mark(0x5d), .mark(0x7d):
        depth -= 1
        if depth == 0 { return true }
      default: break
      }
    }
    return false
  }

  private mutating func skipIgnored() {
    while at < text.count {
      switch text[at] {
      case 0x20, 0x09, 0x0a, 0x0d, 0x2c: at += 1
      case 0x23: while at < text.count, text[at] != 0x0a { at += 1 }
      case 0xef where text.count - at >= 3 && text[at + 1] == 0xbb: at += 3
      default: return
      }
    }
  }

  private mutating func word() -> String {
    let start = at
    while at < text.count, isNameByte(text[at]) { at += 1 }
    return String(decoding: text[start..<min(at, start + Self.maxName)], as: UTF8.self)
  }

  /// A string or a block string (§2.9.4); false when it does not end.
  private mutating func string() -> Bool {
    let isBlock = text[at...].starts(with: [0x22, 0x22, 0x22])
    at += isBlock ? 3 : 1
    while at < text.count {
      if isBlock {
        if text[at] == 0x5c {
          at += text[at...].starts(with: [0x5c, 0x22, 0x22, 0x22]) ? 4 : 1
        } else if text[at...].starts(with: [0x22, 0x22, 0x22]) {
          at += 3
          return true
        } else {
          at += 1
        }
      } else {
        switch text[at] {
        case 0x5c: at += 2
        case 0x0a, 0x0d: return false
        case 0x22:
          at += 1
          return true
        default: at += 1
        }
      }
    }
    return false
  }

  private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f: true
    default: false
    }
  }

  private func isNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x2b, 0x2d, 0x2e, 0x30...0x39, 0x45, 0x65: true
    default: false
    }
  }
}
