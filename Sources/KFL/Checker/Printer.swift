/// Writes a checked expression in KFL2, with the parentheses that were written and those needed.
struct Printer {
  private let schema: Schema
  private var text = ""

  /// The KFL2 spelling of an expression.
  static func text(of node: Checked, schema: Schema) -> String {
    var printer = Printer(schema: schema)
    printer.print(node, .conditional)
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

  private mutating func print(_ node: Checked, _ minimum: Strength) {
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
    case .member(let target, let name, _): print(member: name, of: target)
    case .has(let target, let name):
      text += "has("
      print(member: name, of: target)
      text += ")"
    case .index(let target, let index, _):
      print(target, .member)
      text += "["
      print(index, .conditional)
      text += "]"
    case .call(let function, let arguments, _, let isMethod):
      print(call: function.name, arguments, isMethod: isMethod)
    case .operation(let sign, let left, let right): print(sign, left, right, strength(node))
    case .negate(let operand):
      text += "-"
      print(operand, .member)
    case .not(let operand):
      text += "!"
      print(operand, .unary)
    case .and(let operands, _): print(chain: operands, " && ", .relation)
    case .or(let operands): print(chain: operands, " || ", .and)
    case .conditional(let condition, let then, let otherwise):
      print(condition, .or)
      text += " ? "
      print(then, .or)
      text += " : "
      print(otherwise, .conditional)
    case .list(let elements):
      text += "["
      print(list: elements)
      text += "]"
    case .map(let pairs): print(map: pairs)
    case .comprehension(let comprehension): print(comprehension)
    case .failing: text += "null"
    }
  }

  private mutating func print(member name: String, of target: Checked) {
    print(target, .member)
    let isPlain =
      name.utf8.first?.isNameStart ?? false && name.utf8.allSatisfy(\.isNamePart)
    text += isPlain ? "." + name : ".`" + name + "`"
  }

  private mutating func print(call name: String, _ arguments: [Checked], isMethod: Bool) {
    if isMethod, let receiver = arguments.first {
      print(receiver, .member)
      text += "."
    }
    text += name + "("
    print(list: Array(arguments.dropFirst(isMethod ? 1 : 0)))
    text += ")"
  }

  private mutating func print(
    _ sign: Syntax.Operator, _ left: Checked, _ right: Checked, _ strength: Strength
  ) {
    print(left, strength)
    text += " " + sign.rawValue + " "
    print(right, Strength(rawValue: strength.rawValue + 1) ?? .member)
  }

  private mutating func print(chain operands: [Checked], _ sign: String, _ minimum: Strength) {
    for (place, operand) in operands.enumerated() {
      if place > 0 { text += sign }
      if case .and(_, isWord: true) = operand.kind, operand.parentheses == 0 {
        print(operand, .relation)
      } else if case .and = operand.kind, minimum == .relation {
        print(operand, .and)
      } else {
        print(operand, minimum)
      }
    }
  }

  private mutating func print(list elements: [Checked]) {
    for (place, element) in elements.enumerated() {
      if place > 0 { text += ", " }
      print(element, .conditional)
    }
  }

  private mutating func print(map pairs: [(key: Checked, value: Checked)]) {
    text += "{"
    for (place, pair) in pairs.enumerated() {
      if place > 0 { text += ", " }
      print(pair.key, .conditional)
      text += ": "
      print(pair.value, .conditional)
    }
    text += "}"
  }

  private mutating func print(_ comprehension: Comprehension) {
    print(comprehension.range, .member)
    text += "." + comprehension.name + "("
    text += comprehension.variables.map(\.name).joined(separator: ", ")
    for part in [comprehension.predicate, comprehension.result] {
      guard let part else { continue }
      text += ", "
      print(part, .conditional)
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
