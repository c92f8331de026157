/// Writes a checked expression in KFL2, with the parentheses that were written and those needed.
struct Printer {
  private let schema: Schema
  private var text = ""

  /// The KFL2 spelling of an expression.
  static func text(of node: Checked, schema: Schema) -> String {
    var printer = Printer(schema: schema)
    printer.put(node, .conditional)
    return printer.text
  }

  /// How strongly a node holds together, weakest first.
  private enum Strength: Int {
    case conditional, or, and, relation, sum, product, unary, member
  }

  private init(schema: Schema) { self.schema = schema }

  private func strength(_ node: Checked) -> Strength {
    switch node.kind {
    case .conditional: return .conditional
    case .or: return .or
    case .and: return .and
    case .operation(let sign, _, _):
      switch sign {
      case .plus, .minus: return .sum
      case .times, .divided, .modulo: return .product
      default: return .relation
      }
    case .not, .negate: return .unary
    case .literal(let value):
      if case .int(let number) = value, number < 0 { return .unary }
      if case .double(let number) = value, number < 0 { return .unary }
      return .member
    default: return .member
    }
  }

  private mutating func put(_ node: Checked, _ minimum: Strength) {
    let needed = strength(node).rawValue < minimum.rawValue ? 1 : 0
    // What was written is kept, up to a few pairs that carry no meaning.
    let pairs = max(needed, min(node.parentheses, 3))
    for _ in 0..<pairs { text += "(" }
    printBare(node)
    for _ in 0..<pairs { text += ")" }
  }

  private mutating func printBare(_ node: Checked) {
    switch node.kind {
    case .literal(let value): text += value.literalText
    case .variable(let slot): text += schema.variables[slot].name
    case .local(_, let name): text += name
    case .member(let target, let name, _): put(member: name, of: target)
    case .has(let target, let name):
      text += "has("
      put(member: name, of: target)
      text += ")"
    case .index(let target, let index, _):
      put(target, .member)
      text += "["
      put(index, .conditional)
      text += "]"
    case .call(let function, let arguments, _, let isMethod):
      put(call: function.name, arguments, isMethod: isMethod)
    case .operation(let sign, let left, let right): put(sign, left, right, strength(node))
    case .negate(let operand):
      text += "-"
      put(operand, .member)
    case .not(let operand):
      text += "!"
      put(operand, .unary)
    case .and(let operands, _): put(chain: operands, " && ", .relation)
    case .or(let operands): put(chain: operands, " || ", .and)
    case .conditional(let condition, let then, let otherwise):
      put(condition, .or)
      text += " ? "
      put(then, .or)
      text += " : "
      put(otherwise, .conditional)
    case .list(let elements):
      text += "["
      put(list: elements)
      text += "]"
    case .map(let pairs): put(map: pairs)
    case .comprehension(let comprehension): put(comprehension)
    case .failing: text += "null"
    }
  }

  private mutating func put(member name: String, of target: Checked) {
    put(target, .member)
    let isPlain =
      name.utf8.first?.isNameStart ?? false && name.utf8.allSatisfy(\.isNamePart)
    text += isPlain ? "." + name : ".`" + name + "`"
  }

  private mutating func put(call name: String, _ arguments: [Checked], isMethod: Bool) {
    if isMethod, let receiver = arguments.first {
      put(receiver, .member)
      text += "."
    }
    text += name + "("
    put(list: Array(arguments.dropFirst(isMethod ? 1 : 0)))
    text += ")"
  }

  private mutating func put(
    _ sign: Syntax.Operator, _ left: Checked, _ right: Checked, _ strength: Strength
  ) {
    put(left, strength)
    text += " " + sign.rawValue + " "
    put(right, Strength(rawValue: strength.rawValue + 1) ?? .member)
  }

  private mutating func put(chain operands: [Checked], _ sign: String, _ minimum: Strength) {
    for (place, operand) in operands.enumerated() {
      if place > 0 { text += sign }
      if case .and(_, isWord: true) = operand.kind, operand.parentheses == 0 {
        put(operand, .relation)
      } else if case .and = operand.kind, minimum == .relation {
        put(operand, .and)
      } else {
        put(operand, minimum)
      }
    }
  }

  private mutating func put(list elements: [Checked]) {
    for (place, element) in elements.enumerated() {
      if place > 0 { text += ", " }
      put(element, .conditional)
    }
  }

  private mutating func put(map pairs: [(key: Checked, value: Checked)]) {
    text += "{"
    for (place, pair) in pairs.enumerated() {
      if place > 0 { text += ", " }
      put(pair.key, .conditional)
      text += ": "
      put(pair.value, .conditional)
    }
    text += "}"
  }

  private mutating func put(_ comprehension: Comprehension) {
    put(comprehension.range, .member)
    text += "." + comprehension.name + "("
    text += comprehension.variables.map(\.name).joined(separator: ", ")
    for part in [comprehension.predicate, comprehension.result] {
      guard let part else { continue }
      text += ", "
      put(part, .conditional)
    }
    text += ")"
  }
}

extension Value {
  /// The literal that means this value.
  package var literalText: String {
    switch self {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .int(let number): String(number)
    case .uint(let number): "\(number)u"
    case .double(let number):
      number.isFinite ? number.description : "double(\"\(number.shortText)\")"
    case .string(let text): Value.quoted(text)
    case .bytes(let bytes):
      "b\"" + bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\""
    case .timestamp(let instant): "timestamp(\"\(instant.rfc3339)\")"
    case .duration(let nanoseconds): "duration(\"\(TimeText.compact(nanoseconds))\")"
    case .list(let elements): "[" + elements.map(\.literalText).joined(separator: ", ") + "]"
    case .map(let map):
      "{"
        + map.entries.map { "\($0.key.literalText): \($0.value.literalText)" }
        .joined(separator: ", ") + "}"
    case .type(let name): name
    }
  }

  /// Text in double quotes, with escapes.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
