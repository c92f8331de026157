import JSON

// Pieces of the answers' JSON Schemas. Each tool's row puts its own together from these, and the
// tests hold every answer against them.

extension JSONObject {
  static func schema(
    _ properties: JSONObject, required: [String] = [], _ description: String? = nil
  ) -> JSONObject {
    var schema: JSONObject = ["type": "object", "properties": .object(properties)]
    if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
    if let description { schema["description"] = .string(description) }
    return schema
  }
}

extension JSONValue {
  static func text(_ description: String? = nil) -> JSONValue { type("string", description) }
  static func integer(_ description: String? = nil) -> JSONValue { type("integer", description) }
  static func number(_ description: String? = nil) -> JSONValue { type("number", description) }
  static func flag(_ description: String? = nil) -> JSONValue { type("boolean", description) }
  static func list(_ items: JSONObject) -> JSONValue {
    items.members.isEmpty ? ["type": "array"] : ["type": "array", "items": .object(items)]
  }
  static let anyObject: JSONValue = ["type": "object"]
  static let texts: JSONValue = ["type": "array", "items": ["type": "string"]]

  private static func type(_ name: String, _ description: String?) -> JSONValue {
    var schema: JSONObject = ["type": .string(name)]
    if let description { schema["description"] = .string(description) }
    return .object(schema)
  }
}

enum AnswerSchema {
  static let endpoint = JSONObject.schema([
    "ip": .text(), "port": .integer(), "pod": .text(), "ns": .text(), "svc": .text(),
    "node": .text(),
  ])

  /// Of the compact and the full format; a raw record has its own types for ends and errors.
  static let call = JSONObject.schema(
    [
      "id": .text(), "ts": .integer("Unix ms"),
      "src": .anyObject, "dst": .anyObject, "proto": .text(), "method": .text(),
      "path": .text(), "status": .integer(), "latency_ms": .number(),
      "incomplete": .text("The half that is missing"),
    ], required: ["id"])

  /// What the answer rests on. Its members are described by the resource `net://coverage`: here they
  /// would be repeated in every tool.
  static let coverage: JSONObject = ["type": "object"]

  static let warnings = JSONValue.texts

  /// A list answer: rows under `name`, and how many there are.
  static func list(
    _ name: String, _ row: JSONObject, extra: JSONObject = [:], required: [String]? = nil
  ) -> JSONObject {
    var properties: JSONObject = [
      name: .list(row), "total": .integer(), "truncated": .flag(), "total_is_lower_bound": .flag(),
      "next_cursor": .text(),
    ]
    for member in extra.members { properties[member.name] = member.value }
    return answer(properties, required: required ?? [name, "total", "truncated"])
  }

  /// Any answer: what it has beside coverage and warnings.
  static func answer(_ properties: JSONObject, required: [String]) -> JSONObject {
    var properties = properties
    properties["coverage"] = .object(coverage)
    properties["warnings"] = warnings
    return .schema(properties, required: required + ["coverage"])
  }
}
