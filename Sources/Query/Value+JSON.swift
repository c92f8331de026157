import JSON
import KFL

extension Value {
  /// A JSON value as a filter sees it: integers stay integers, other numbers are doubles.
  init(_ json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let flag): self = .bool(flag)
    case .int(let number): self = .int(number)
    case .number(let number): self = .double(number.double)
    case .string(let text): self = .string(text)
    case .array(let elements): self = .list(elements.map { Value($0) })
    case .object(let object): self = Value(object)
    }
  }

  init(_ object: JSONObject) {
    self = .map(ValueMap(object.members.map { (.string($0.name), Value($0.value)) }))
  }
}
