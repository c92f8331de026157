/// A value at run time.
///
/// Walk it by its cases: lists hold values, maps hold pairs in order, timestamps are seconds and
/// nanoseconds, durations nanoseconds.
package enum Value: Sendable {
  case null
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case double(Double)
  case string(String)
  case bytes([UInt8])
  case timestamp(Instant)
  case duration(nanoseconds: Int64)
  case list([Value])
  case map(ValueMap)
  /// A type as a value, by its CEL name (`int`, `google.protobuf.Timestamp`).
  case type(String)
}

extension Value {
  /// The static type that describes this value; elements of several types give `dyn`.
  package var type: KFLType {
    switch self {
    case .null: .null
    case .bool: .bool
    case .int: .int
    case .uint: .uint
    case .double: .double
    case .string: .string
    case .bytes: .bytes
    case .timestamp: .timestamp
    case .duration: .duration
    case .list(let elements): .list(Value.joinedType(elements.lazy.map(\.type)))
    case .map(let map):
      .map(
        Value.joinedType(map.entries.lazy.map(\.key.type)),
        Value.joinedType(map.entries.lazy.map(\.value.type)))
    case .type: .type
    }
  }

  private static func joinedType(_ types: some Sequence<KFLType>) -> KFLType {
    var result: KFLType?
    for type in types { result = result?.joined(with: type) ?? type }
    return result ?? .dyn
  }

  /// The name CEL's `type()` gives, also used in messages.
  package var typeName: String {
    switch self {
    case .null: "null_type"
    case .bool: "bool"
    case .int: "int"
    case .uint: "uint"
    case .double: "double"
    case .string: "string"
    case .bytes: "bytes"
    case .timestamp: "google.protobuf.Timestamp"
    case .duration: "google.protobuf.Duration"
    case .list: "list"
    case .map: "map"
    case .type: "type"
    }
  }
}
