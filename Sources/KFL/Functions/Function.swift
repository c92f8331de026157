/// A function of the language: one row holds its name, types, documentation, an example that is
/// also a test, and what it does.
///
/// A class, so that the nodes of an expression hold it in one word.
package final class Function: Sendable {
  package let name: String
  /// Whether it is called `x.name(y)`, `name(x, y)`, or either way.
  package let style: Style
  /// Argument types with the receiver first, and the result.
  package let signatures: [Signature]
  /// One line.
  package let doc: String
  package let example: Example
  /// What a call costs, as in `Conjunct.rank`.
  let rank: Int
  /// Whether standard CEL has it.
  package let isStandard: Bool
  let body: Body
  /// Checks and digests literal arguments (nil where an argument is not literal).
  let prepare: (@Sendable ([Value?]) throws(BadLiteral) -> Body?)?
  /// The result for these argument types, where signatures cannot say it.
  let resultType: (@Sendable ([KFLType]) -> KFLType?)?

  package enum Style: Sendable { case method, global, either }

  package struct Signature: Sendable {
    package let arguments: [KFLType]
    package let result: KFLType

    init(_ arguments: KFLType..., gives result: KFLType) {
      self.arguments = arguments
      self.result = result
    }
  }

  /// An expression without variables, and its value.
  package struct Example: Sendable {
    package let text: String
    package let gives: Value

    init(_ text: String, gives: Value) {
      self.text = text
      self.gives = gives
    }
  }

  /// What a call does, by number of arguments, so that the common ones need no array.
  enum Body: Sendable {
    case constant(Value)
    case one(@Sendable (Value) throws(Failure) -> Value)
    case two(@Sendable (Value, Value) throws(Failure) -> Value)
    case many(@Sendable ([Value]) throws(Failure) -> Value)
    /// A search for a pattern that is compiled.
    case pattern(Pattern)
  }

  /// A literal argument that can never work.
  struct BadLiteral: Error {
    var code: Diagnostic.Code
    var message: String
    /// Which argument.
    var argument: Int
  }

  init(
    _ name: String, _ style: Style, _ signatures: [Signature], doc: String, example: Example,
    rank: Int = 2, isStandard: Bool = true, body: Body,
    prepare: (@Sendable ([Value?]) throws(BadLiteral) -> Body?)? = nil,
    resultType: (@Sendable ([KFLType]) -> KFLType?)? = nil
  ) {
    self.name = name
    self.style = style
    self.signatures = signatures
    self.doc = doc
    self.example = example
    self.rank = rank
    self.isStandard = isStandard
    self.body = body
    self.prepare = prepare
    self.resultType = resultType
  }

  /// The failure of a call with values it is not defined for.
  static func noOverload(_ name: String, _ arguments: Value...) -> Failure {
    .noOverload(name, arguments.map(\.typeName))
  }
}

extension Function {
  /// Every function, in the order the reference lists them.
  package static let all: [Function] =
    [contains, startsWith, endsWith, matches, size, lower, upper]
    + [mapGet, inCIDR]
    + [timestamp, duration, now]
    + timeParts
    + [int, uint, double, string, bytes, bool, type, dyn]

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The function of that name in a dialect.
  static func named(_ name: String, _ dialect: KFL.Dialect) -> Function? {
    guard let function = byName[name], dialect == .kfl || function.isStandard else { return nil }
    return function
  }

  /// What a call with these argument types gives; nil when there is none.
  func result(for types: [KFLType]) -> KFLType? {
    guard
      let match = signatures.first(where: {
        $0.arguments.count == types.count && zip(types, $0.arguments).allSatisfy { $0.fits($1) }
      })
    else { return nil }
    return resultType.map { $0(types) } ?? match.result
  }
}

extension Function {
  /// How it is called: `text.contains(string)`.
  package var usage: String {
    signatures.map { signature in
      let names = signature.arguments.map(\.description)
      if style == .method, let receiver = names.first {
        return "\(receiver).\(name)(\(names.dropFirst().joined(separator: ", ")))"
      }
      return "\(name)(\(names.joined(separator: ", ")))"
    }.joined(separator: " or ")
  }
}
