package import JSON

/// One argument of a tool: the row that its schema, its check, its help and its reading come from.
package struct Parameter: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case text
    /// A whole number; beyond the range it is moved to the nearest bound, with a warning.
    case count(ClosedRange<Int>, default: Int?)
    case flag(default: Bool)
    case choice([String], default: String?)
    /// An instant: Unix milliseconds, RFC 3339, or relative text (`-15m`, `now`).
    case instant
    /// Several names: a JSON array, or text separated by commas.
    case names
    /// Names and values: a JSON object, or text such as `app=web,tier=front`.
    case labels
  }

  package var name: String
  package var kind: Kind
  /// One line for the model that will fill it in.
  package var doc: String
  package var required: Bool
  /// Other names the argument is known by; not listed in the schema.
  package var aliases: [String]
  /// Whether the schema names it. What can be said in another way need not take room in it.
  package var isListed = true

  package init(
    _ name: String, _ kind: Kind, _ doc: String, required: Bool = false, aliases: [String] = []
  ) {
    (self.name, self.kind, self.doc) = (name, kind, doc)
    (self.required, self.aliases) = (required, aliases)
  }

  /// The same argument, accepted where it is given and not named by the schema.
  package var unlisted: Parameter {
    var parameter = self
    parameter.isListed = false
    return parameter
  }

  /// JSON Schema of the argument. Looser forms that are accepted as well (`"5"` for 5) are not
  /// advertised: one way is easier to learn.
  package var schema: JSONObject {
    var schema: JSONObject
    switch kind {
    case .text: schema = ["type": "string"]
    case .count(let range, let standard):
      schema = ["type": "integer"]
      if range.lowerBound > 1 { schema["minimum"] = JSONValue(range.lowerBound) }
      if range.upperBound < Int.max { schema["maximum"] = JSONValue(range.upperBound) }
      if let standard { schema["default"] = JSONValue(standard) }
    case .flag(let standard): schema = ["type": "boolean", "default": .bool(standard)]
    case .choice(let choices, let standard):
      schema = ["type": "string", "enum": .array(choices.map { .string($0) })]
      if let standard { schema["default"] = .string(standard) }
    case .instant: schema = ["type": ["integer", "string"]]
    case .names: schema = ["type": "array", "items": ["type": "string"]]
    case .labels: schema = ["type": "object", "additionalProperties": ["type": "string"]]
    }
    schema["description"] = .string(doc)
    return schema
  }
}

extension [Parameter] {
  /// JSON Schema of all arguments together. What it does not name is accepted, and told of.
  package var schema: JSONObject {
    var properties = JSONObject()
    for parameter in self where parameter.isListed {
      properties[parameter.name] = .object(parameter.schema)
    }
    var schema: JSONObject = ["type": "object"]
    if !isEmpty { schema["properties"] = .object(properties) }
    let required = filter(\.required).map { JSONValue.string($0.name) }
    if !required.isEmpty { schema["required"] = .array(required) }
    // As MCP wants it for a tool without arguments.
    if isEmpty { schema["additionalProperties"] = false }
    return schema
  }
}
