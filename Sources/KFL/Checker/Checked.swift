/// A filter whose names, overloads and types are settled: the second of the four steps.
///
/// Legacy names are gone; what is left is KFL2 and prints as such.
final class Checked: Sendable {
  enum Kind: Sendable {
    case literal(Value)
    case variable(slot: Int)
    /// A variable of a comprehension, by its place in the frame.
    case local(Int, name: String)
    /// `isQuiet` for legacy record paths: what is missing there is not worth counting.
    case member(Checked, String, isQuiet: Bool)
    case index(Checked, Checked, isQuiet: Bool)
    /// `has(a.b)`
    case has(Checked, String)
    case call(Function, [Checked], Function.Body, isMethod: Bool)
    case operation(Syntax.Operator, Checked, Checked)
    case negate(Checked)
    case not(Checked)
    /// `isWord` when it was written `and`: printed in parentheses inside `||`.
    case and([Checked], isWord: Bool)
    case or([Checked])
    case conditional(Checked, Checked, Checked)
    case list([Checked])
    case map([(key: Checked, value: Checked)])
    case comprehension(Comprehension)
    /// Unchecked expressions only: evaluating it fails.
    case failing(Failure)
  }

  let kind: Kind
  let type: KFLType
  /// Bytes of the filter.
  let range: Range<Int>
  /// Pairs of parentheses that were written around it.
  let parentheses: Int
  /// How it was spelled, when that was the legacy way.
  let legacy: Legacy?

  /// What a comparison must know about a legacy name.
  final class Legacy: Sendable {
    /// What must hold for the name to exist, such as `grpc` for `response.status.code`.
    let presence: Checked?
    /// How literals compared with it are rewritten.
    let rewrite: (@Sendable (String) -> String)?
    /// Whether text that reads as a number is taken for one.
    let coerces: Bool

    init(
      presence: Checked? = nil, rewrite: (@Sendable (String) -> String)? = nil,
      coerces: Bool = true
    ) {
      self.presence = presence
      self.rewrite = rewrite
      self.coerces = coerces
    }
  }

  init(
    _ kind: Kind, _ type: KFLType, _ range: Range<Int>, parentheses: Int = 0,
    legacy: Legacy? = nil
  ) {
    self.kind = kind
    self.type = type
    self.range = range
    self.parentheses = parentheses
    self.legacy = legacy
  }

  /// The literal this is, if it is one.
  var literal: Value? { if case .literal(let value) = kind { value } else { nil } }
  /// The slot of the variable this is, if it is one.
  var slot: Int? { if case .variable(let slot) = kind { slot } else { nil } }

  func with(parentheses: Int) -> Checked {
    Checked(kind, type, range, parentheses: parentheses, legacy: legacy)
  }
  func with(legacy: Legacy?) -> Checked {
    Checked(kind, type, range, parentheses: parentheses, legacy: legacy)
  }
}

/// `list.exists(x, p)` and its relatives.
final class Comprehension: Sendable {
  enum Kind: String, Sendable {
    case all, exists
    case existsOne = "exists_one"
    case filter, map
    case transformList, transformMap, transformMapEntry
  }

  let kind: Kind
  /// The name it was called by: `existsOne` of the two-variable form.
  let name: String
  /// A list, or a map of which the keys are walked.
  let range: Checked
  /// Names and places of the variables: element, or index and element, or key and value.
  let variables: [(name: String, place: Int)]
  /// The condition: of `filter` and the quantors, and the filter of the transforming ones.
  let predicate: Checked?
  let result: Checked?

  init(
    kind: Kind, name: String, range: Checked, variables: [(name: String, place: Int)],
    predicate: Checked?, result: Checked?
  ) {
    self.kind = kind
    self.name = name
    self.range = range
    self.variables = variables
    self.predicate = predicate
    self.result = result
  }
}
