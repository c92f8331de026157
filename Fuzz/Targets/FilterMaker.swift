import KFL

@testable import Query

/// Filters made from the bytes of an input: conditions on any field of the catalogue, joined in
/// any way the language has.
enum FilterMaker {
  static func filter(_ input: inout FuzzInput, depth: Int = 3) -> String {
    if depth == 0 { return condition(&input) }
    func next() -> String { filter(&input, depth: depth - 1) }
    switch input.below(9) {
    case 0: return "(\(next())) && (\(next()))"
    case 1: return "(\(next())) || (\(next()))"
    case 2: return "!(\(next()))"
    case 3: return "(\(next()) ? \(next()) : \(next()))"
    case 4: return "(\(next())) and not (\(next()))"
    case 5: return "[1, 2].exists(x, x == 1 && (\(next())))"
    default: return condition(&input)
    }
  }

  private static let texts = [
    "", "GET", "/api", "orders", "e", "HTTP", "Größe", "10.0.0.7", "NXDOMAIN", "shop", "2",
  ]
  private static let numbers = ["0", "1", "-1", "200", "500", "299.5", "9223372036854775807", "7"]
  private static let wholeNumbers = numbers.filter { !$0.contains(".") }
  private static let comparisons = ["==", "!=", "<", "<=", ">", ">="]

  private static func condition(_ input: inout FuzzInput) -> String {
    let variables = FieldSchema.schema.variables
    let variable = variables[Int(input.uint16()) % variables.count]
    let name = variable.name
    switch variable.type {
    case .bool: return input.pick([name, "!\(name)", "\(name) == true", "\(name) != http"])
    case .int: return number(name, &input)
    case .string: return text(name, &input)
    case .timestamp:
      return input.pick([
        "\(name) > timestamp(\"2023-11-14T22:13:21Z\")", "\(name) < now() + duration(\"9s\")",
        "\(name).getSeconds() < 30", "\(name) - now() > duration(\"-1h\")",
      ])
    case .list:
      let word = input.pick(texts)
      return input.pick([
        "\"\(word)\" in \(name)", "size(\(name)) > 1", "\(name).exists(x, x == \"\(word)\")",
        "\(name)[0] == \"\(word)\"", "\(name) == []", "\(name).all(x, x.contains(\"\(word)\"))",
      ])
    case .map(_, .double):
      return input.pick([
        "map_get(\(name), \"m1\", 0.0) > 1.0", "\(name)[\"m0\"] < 0.5", "\"m2\" in \(name)",
        "size(\(name)) == 0",
      ])
    case .map:
      let word = input.pick(texts)
      return input.pick([
        "map_get(\(name), \"\(word)\", \"\") == \"\(word)\"", "\(name)[\"Host\"] != \"\"",
        "\"\(word)\" in \(name)", "has(\(name).app)", "size(\(name)) > 1",
        "\(name).exists(k, k == \"\(word)\")",
      ])
    default: return "\(name) == \(name)"
    }
  }

  private static func number(_ name: String, _ input: inout FuzzInput) -> String {
    let (constant, comparison) = (input.pick(numbers), input.pick(comparisons))
    let whole = input.pick(wholeNumbers)
    return input.pick([
      "\(name) \(comparison) \(constant)", "\(constant) \(comparison) \(name)",
      "\(name) in [\(whole), 404]", "!(\(name) in [200, \(whole)])",
      "\(name) / 100 \(comparison) 5", "1000 / \(name) \(comparison) 2", "\(name) % 2 == 0",
      "\(name) + 1 \(comparison) 2", "string(\(name)) == \"\(constant)\"",
    ])
  }

  private static func text(_ name: String, _ input: inout FuzzInput) -> String {
    let (word, comparison) = (input.pick(texts), input.pick(comparisons))
    return input.pick([
      "\(name) \(comparison) \"\(word)\"", "\(name).contains(\"\(word)\")",
      "\(name).startsWith(\"\(word)\")", "\(name).endsWith(\"\(word)\")",
      "\(name).matches(\"^\(word)\")", "\(name) in [\"\(word)\", \"\"]",
      "!(\(name) in [\"GET\", \"\(word)\"])", "size(\(name)) > 3", "int(\(name)) > 3",
      "\(name).lower() == \"\(word)\"", "in_cidr(\(name), \"10.0.0.0/8\")",
      "\(name) contains \"\(word)\"", "\(name) == r\"^\(word)\"",
    ])
  }
}
