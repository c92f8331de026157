import Bytes
import Entries
import KFL
import TestSupport

@testable import Query

/// Conditions on any field of the catalogue, by its type, with constants that occur in the entries.
struct RandomConditions {
  var random: SeededGenerator

  private static let byType = Dictionary(grouping: FieldSchema.schema.variables, by: \.type)
  private static let comparisons = ["==", "!=", "<", "<=", ">", ">="]
  static let ints: [Int64] = [
    0, 1, -1, 3, 200, 404, 500, 8_080, 65_536, 1_500_000, .max, .min, .max - 1,
  ]
  static let texts = [
    "", "a", "GET", "/api/orders", "Über", "e\u{301}", "é", "404", "orders-1", "Z",
  ]

  mutating func pick<Element>(_ list: [Element]) -> Element {
    list[Int.random(in: 0..<list.count, using: &random)]
  }

  /// A filter of up to `depth` levels of operators.
  mutating func filter(_ depth: Int) -> String {
    if depth == 0 || Int.random(in: 0..<4, using: &random) == 0 {
      return condition(on: pick(FieldSchema.schema.variables))
    }
    let (a, b) = (filter(depth - 1), filter(depth - 1))
    return pick([
      "(\(a)) && (\(b))", "(\(a)) || (\(b))", "!(\(a))", "(\(a)) ? (\(b)) : false",
      "not (\(a)) and (\(b))",
    ])
  }

  mutating func condition(on variable: Variable) -> String {
    switch variable.type {
    case .bool: bool(variable.name)
    case .int: int(variable.name)
    case .string: text(variable.name)
    case .timestamp: instant(variable.name)
    case .bytes: bytes(variable.name)
    case .list: list(variable.name)
    case .map(_, .string): map(variable.name)
    case .map(_, .double): numbers(variable.name)
    default: record(variable.name)
    }
  }

  /// Another variable of that type.
  private mutating func other(_ type: KFLType) -> String { pick(Self.byType[type] ?? []).name }
  private mutating func literal() -> String { JSONText.quoted(pick(Self.texts)) }
  private mutating func number() -> String { String(pick(Self.ints)) }
  private mutating func sign() -> String { pick(Self.comparisons) }

  private mutating func bool(_ name: String) -> String {
    pick([name, "!\(name)", "\(name) == true", "\(name) != \(other(.bool))", "\(name) < true"])
  }

  private mutating func int(_ name: String) -> String {
    pick([
      "\(name) \(sign()) \(number())", "\(name) \(sign()) 404.5", "\(number()) \(sign()) \(name)",
      "\(name) \(sign()) 200u", "\(name) in [\(number()), \(number())]",
      "!(\(name) in [\(number()), 200])", "\(name) \(sign()) \(other(.int))",
      "\(name) / \(number()) == 1", "\(name) % \(number()) == 1", "\(name) + \(number()) > 3",
      "\(name) * 2 \(sign()) \(number())", "-\(name) < 3",
      "string(\(name)).startsWith(\"4\")", "double(\(name)) / 2.0 > 100.0",
    ])
  }

  private mutating func text(_ name: String) -> String {
    pick([
      "\(name) \(sign()) \(literal())", "\(literal()) == \(name)",
      "\(name) in [\(literal()), \(literal())]", "!(\(name) in [\(literal()), \"a\"])",
      "\(name).startsWith(\(literal()))", "\(name).endsWith(\(literal()))",
      "\(name).contains(\(literal()))", "\(name).matches(\"^[a-z/]+$\")",
      "!\(name).matches(\"(?i)ORD|ü\")", "size(\(name)) \(sign()) 3", "int(\(name)) > 3",
      "lower(\(name)) == \(literal())", "\(name) + \"x\" == \"ax\"",
      "\(name) == \(other(.string))", "(\(name) == \"\" || int(\(name)) == 404)",
      "\(name) == \"a\" || \(name).contains(\"e\")", "in_cidr(\(name), \"10.0.0.0/8\")",
    ])
  }

  private mutating func instant(_ name: String) -> String {
    pick([
      "\(name) \(sign()) timestamp(\"2023-11-14T22:13:21Z\")",
      "\(name) > now() + duration(\"1200ms\")", "\(name).getMilliseconds() < 500",
      "\(name) - now() < duration(\"1s\")", "int(\(name)) % 2 == 0",
    ])
  }

  private mutating func bytes(_ name: String) -> String {
    pick([
      "size(\(name)) \(sign()) 2", "\(name) == b\"a\"", "\(name) < b\"b\"",
      "string(\(name)).contains(\"a\")",
    ])
  }

  private mutating func list(_ name: String) -> String {
    pick([
      "\(literal()) in \(name)", "!(\(literal()) in \(name))", "size(\(name)) \(sign()) 2",
      "\(name)[0] == \(literal())", "\(name)[1].startsWith(\"a\")",
      "\(name).exists(v, v \(sign()) \(literal()))", "\(name).all(v, v != \(literal()))",
      "\(name).exists_one(v, v.contains(\"e\"))", "\(name) == [\(literal())]",
      "size(\(name).filter(v, size(v) > 1)) == 1", "\(name) == \(other(.list(.string)))",
      "\(name) + [\"a\"] == [\"a\"]", "\(name).map(v, size(v)).exists(n, n == 3)",
    ])
  }

  private mutating func map(_ name: String) -> String {
    let key = pick(["app", "host", "Host", "id", "source", "x"])
    return pick([
      "\"\(key)\" in \(name)", "\(name)[\"\(key)\"] \(sign()) \(literal())",
      "has(\(name).\(key))", "map_get(\(name), \"\(key)\", \"\") \(sign()) \(literal())",
      "size(\(name)) \(sign()) 1", "\(name) == {}", "\(name).exists(k, k == \"\(key)\")",
      "\(name).all(k, \(name)[k] != \"a\")", "\(name) == \(other(.map(.string, .string)))",
    ])
  }

  private mutating func numbers(_ name: String) -> String {
    let key = pick(["retransmissions", "retransmission_rate", "none"])
    return pick([
      "\"\(key)\" in \(name)", "\(name)[\"\(key)\"] \(sign()) 1.0",
      "map_get(\(name), \"\(key)\", 0.0) \(sign()) 0.5", "size(\(name)) > 0",
      "\(name).exists(k, \(name)[k] > 1.0)",
    ])
  }

  private mutating func record(_ name: String) -> String {
    pick([
      "\(name).request.method == \"GET\"", "has(\(name).request)", "\(name).size \(sign()) 512",
      "\(name).nothing == null", "\"response\" in \(name)", "\(name)[\"src\"].ip == \"10.0.0.1\"",
      "size(\(name)) > 20",
    ])
  }
}

/// Text as a literal of the filter language.
private enum JSONText {
  static func quoted(_ text: String) -> String { Value.string(text).literalText }
}

extension RandomEntries {
  /// Columns that an entry holds by field, and not in its envelope.
  private static let loose: [Field] = {
    let workload = Workload(
      pod: "p", podNamespace: "n", service: "s", serviceNamespace: "n", node: "n",
      labels: ["a": "b"], annotations: ["a": "b"], dns: "d", process: "x")
    var entry = Entry(
      kind: .http, transport: .tcp, timestamp: start, elapsed: 1,
      source: Endpoint(address: IPAddress(v4: 1), port: 1, workload: workload),
      destination: Endpoint(address: IPAddress(v4: 2), port: 1, workload: workload), stream: 1,
      index: 0, packets: 1...2, hasRequest: true, hasResponse: true, requestSize: 1,
      responseSize: 1, failed: false, decrypted: false)
    entry.fault = .init(.timeout, "x")
    return Catalogue.all.filter { field in
      guard case .column = field.source else { return false }
      return field.name != nil && entry.envelope(field.id) == .none
    }
  }()

  /// An entry with values in any of its columns, whatever its protocol.
  mutating func crowdedEntry(_ milliseconds: Int64) -> Entry {
    var result = entry(milliseconds)
    for field in Self.loose where Int.random(in: 0..<3, using: &random) == 0 {
      result.fields.set(field.id, value(of: field.type))
    }
    return result
  }

  private mutating func value(of type: FieldType) -> FieldValue {
    switch type {
    case .bool: return .bool(pick([true, false]))
    case .int: return .int(pick(RandomConditions.ints))
    case .text: return .text(pick(RandomConditions.texts))
    case .bytes: return .bytes(pick([[], [97], [97, 98], [0xff, 0]]))
    case .instant: return .instant(start.advanced(by: pick([0, 1, 1_000_000_000])))
    case .texts: return .texts(pick([[], ["a"], ["a", "GET"], ["é", "é", ""], ["orders-1"]]))
    case .pairs:
      return .pairs(
        pick([[], [.init(name: "app", value: "a")], [.init(name: "host", value: "")]]))
    case .numbers: return .numbers(pick([[], [.init("retransmissions", 12)]]))
    case .record: return .none
    }
  }
}
