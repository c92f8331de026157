/// A call that is no function: it asks for a member, or says something of each element. CEL calls
/// these macros.
package struct SpecialForm: Sendable {
  package let name: String
  /// How it is written: `list.exists(x, condition)`.
  package let usage: String
  /// One line.
  package let doc: String
  package let example: Function.Example
  /// What completing it puts behind the name.
  let opening: String

  private init(
    _ name: String, _ usage: String, _ doc: String, _ example: Function.Example,
    opening: String = "(x, "
  ) {
    (self.name, self.usage, self.doc, self.example) = (name, usage, doc, example)
    self.opening = opening
  }

  /// All of them, in the order of the reference.
  package static let all: [SpecialForm] = [has] + walks + pairWalks

  static let has = SpecialForm(
    "has", "has(map.key)", "Whether the map has the key.",
    Function.Example(#"has({"app": "web"}.app)"#, gives: .bool(true)), opening: "(")

  /// Those of one variable: the elements of a list, the keys of a map.
  static let walks: [SpecialForm] = [
    SpecialForm(
      "exists", "list.exists(x, condition)", "Whether the condition holds for some element.",
      Function.Example("[200, 500].exists(x, x >= 500)", gives: .bool(true))),
    SpecialForm(
      "all", "list.all(x, condition)",
      "Whether the condition holds for every element; true when there is none.",
      Function.Example("[200, 500].all(x, x >= 500)", gives: .bool(false))),
    SpecialForm(
      "exists_one", "list.exists_one(x, condition)",
      "Whether the condition holds for exactly one element.",
      Function.Example("[200, 500].exists_one(x, x >= 500)", gives: .bool(true))),
    SpecialForm(
      "filter", "list.filter(x, condition)", "The elements for which the condition holds.",
      Function.Example("[200, 500].filter(x, x >= 500)", gives: .list([.int(500)]))),
    SpecialForm(
      "map", "list.map(x, expression) or list.map(x, condition, expression)",
      "What the expression gives for each element, or for those of which the condition holds.",
      Function.Example("[1, 2].map(x, x * 10)", gives: .list([.int(10), .int(20)]))),
  ]

  /// Those of two variables: index and element of a list, key and value of a map.
  static let pairWalks: [SpecialForm] = [
    SpecialForm(
      "existsOne", "list.existsOne(i, x, condition)",
      "exists_one with the index or key at hand; exists and all take two names as well.",
      Function.Example(#"{"a": 1, "b": 2}.existsOne(k, v, v == 2)"#, gives: .bool(true)),
      opening: "(i, x, "),
    SpecialForm(
      "transformList", "list.transformList(i, x, expression)",
      "A list of what the expression gives for each element; a condition may stand before it.",
      Function.Example(
        "[5, 6].transformList(i, x, i * 100 + x)", gives: .list([.int(5), .int(106)])),
      opening: "(i, x, "),
    SpecialForm(
      "transformMap", "map.transformMap(k, v, expression)",
      "A map of the same keys with what the expression gives; a condition may stand before it.",
      Function.Example(
        #"{"a": 1}.transformMap(k, v, v + 1)"#, gives: .map(ValueMap([(.string("a"), .int(2))]))),
      opening: "(k, v, "),
    SpecialForm(
      "transformMapEntry", "map.transformMapEntry(k, v, map)",
      "A map of the entries that the expression gives, itself a map, for each key and value.",
      Function.Example(
        #"{"a": "b"}.transformMapEntry(k, v, {v: k})"#, gives: .map(ValueMap([("b", "a")]))),
      opening: "(k, v, "),
  ]
}
