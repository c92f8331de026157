/// A filter as it was written: the first of the four steps.
///
/// Nodes are immutable and shared freely. `&&` and `||` hold all their operands, so that long
/// chains do not nest.
final class Syntax: Sendable {
  enum Kind: Sendable {
    case literal(Value)
    /// `r"…"`: a regular expression beside `==` and `!=`, raw text elsewhere.
    case regex(String)
    /// `isAbsolute` when written with a leading dot.
    case name(String, isAbsolute: Bool)
    case member(Syntax, String)
    case index(Syntax, Syntax)
    /// Legacy `a.*`: any value of the map or list.
    case anyMember(Syntax)
    case call(String, [Syntax])
    /// `name` is where the method's name stands. Infix `contains` and its like are methods too.
    case method(Syntax, String, [Syntax], name: Range<Int>)
    case not(Syntax)
    case negate(Syntax)
    /// `sign` is where the operator stands.
    case binary(Operator, Syntax, Syntax, sign: Range<Int>)
    /// `isWord` when written `and`.
    case and([Syntax], isWord: Bool)
    case or([Syntax])
    case conditional(Syntax, Syntax, Syntax)
    case list([Syntax])
    case map([(key: Syntax, value: Syntax)])
    /// Legacy `{"a", "b"}` to the right of `in`.
    case braces([Syntax])
  }

  enum Operator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case plus = "+"
    case minus = "-"
    case times = "*"
    case divided = "/"
    case modulo = "%"

    /// The relation it is, when it is one with an order.
    var comparison: Comparison? { Comparison(rawValue: rawValue) }
  }

  let kind: Kind
  /// Bytes of the filter, parentheses included.
  let range: Range<Int>
  /// Pairs of parentheses around it.
  let parentheses: Int
  /// Levels of nodes below and including this one.
  let depth: Int

  init(_ kind: Kind, _ range: Range<Int>, parentheses: Int = 0, depth: Int) {
    self.kind = kind
    self.range = range
    self.parentheses = parentheses
    self.depth = depth
  }

  /// The same node inside one more pair of parentheses.
  func parenthesised(_ range: Range<Int>) -> Syntax {
    Syntax(kind, range, parentheses: parentheses + 1, depth: depth)
  }
}

extension Syntax {
  /// The literal this node is, if it is one.
  var literal: Value? {
    switch kind {
    case .literal(let value): value
    case .regex(let text): .string(text)
    default: nil
    }
  }

  /// The literal text this node is, if it is one.
  var literalText: String? { if case .string(let text) = literal { text } else { nil } }
}

extension Comparison {
  /// The operator that it is written with.
  var sign: Syntax.Operator {
    switch self {
    case .equal: .equal
    case .notEqual: .notEqual
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    case .greater: .greater
    case .greaterOrEqual: .greaterOrEqual
    }
  }
}
