/// Fields of a Kafka message in the order of the wire, each with the versions that have it.
///
/// Written as text, one message a row: `name:type` and blanks between. `[…]` behind the colon is an
/// array of structures, `[:type]` an array of plain values. `@3+` names the versions with the
/// field: from 3 on; `@0-12` and `@2` are the other forms. `?[…]` is one structure, or none.
struct KafkaField: Sendable {
  indirect enum Kind: Sendable {
    case bool, int8, int16, int32, int64, uuid
    case string
    /// Name of a topic.
    case topic
    /// What stands for the name of a topic.
    case topicID
    /// Name of a consumer group.
    case group
    /// Whether coordinators are looked for by groups or by transactions.
    case keyType
    /// An error code.
    case error
    case bytes
    /// What must not be shown.
    case secret
    /// The same as a string.
    case secretText
    /// Record batches.
    case records
    case structures([KafkaField])
    /// One structure, with a byte in front that is negative where there is none.
    case optional([KafkaField])
    case list(Kind)
  }

  var name: String
  var kind: Kind
  var versions: ClosedRange<Int16> = 0...Int16.max

  /// The fields of a row. A row that is not well-formed is a mistake of ours.
  static func fields(_ row: String) -> [KafkaField] {
    var rest = row.utf8[...]
    return fields(&rest)
  }

  /// Up to the end or the bracket that closes.
  private static func fields(_ rest: inout Substring.UTF8View) -> [KafkaField] {
    var fields: [KafkaField] = []
    while let next = rest.first, next != UInt8(ascii: "]") {
      if next == UInt8(ascii: " ") {
        rest = rest.dropFirst()
        continue
      }
      let name = word(&rest)
      precondition(rest.popFirst() == UInt8(ascii: ":"), "a field has a type: \(name)")
      var field = KafkaField(name: name, kind: kind(&rest))
      if rest.first == UInt8(ascii: "@") {
        rest = rest.dropFirst()
        field.versions = versions(&rest)
      }
      fields.append(field)
    }
    return fields
  }

  private static func kind(_ rest: inout Substring.UTF8View) -> Kind {
    let isOptional = rest.first == UInt8(ascii: "?")
    if isOptional { rest = rest.dropFirst() }
    guard rest.first == UInt8(ascii: "[") else { return kind(named: word(&rest)) }
    rest = rest.dropFirst()
    defer {
      precondition(rest.popFirst() == UInt8(ascii: "]"), "a bracket is closed")
    }
    if isOptional { return .optional(fields(&rest)) }
    if rest.first == UInt8(ascii: ":") {
      rest = rest.dropFirst()
      return .list(kind(named: word(&rest)))
    }
    return .structures(fields(&rest))
  }

  private static func kind(named name: String) -> Kind {
    switch name {
    case "bool": .bool
    case "int8": .int8
    case "int16": .int16
    case "int32": .int32
    case "int64": .int64
    case "uuid": .uuid
    case "string": .string
    case "topic": .topic
    case "id": .topicID
    case "group": .group
    case "keyType": .keyType
    case "error": .error
    case "bytes": .bytes
    case "secret": .secret
    case "secretText": .secretText
    case "records": .records
    default: preconditionFailure("no type is called \(name)")
    }
  }

  private static func versions(_ rest: inout Substring.UTF8View) -> ClosedRange<Int16> {
    let low = Int16(word(&rest)) ?? 0
    switch rest.first {
    case UInt8(ascii: "+"):
      rest = rest.dropFirst()
      return low...Int16.max
    case UInt8(ascii: "-"):
      rest = rest.dropFirst()
      return low...(Int16(word(&rest)) ?? low)
    default: return low...low
    }
  }

  /// Letters and digits.
  private static func word(_ rest: inout Substring.UTF8View) -> String {
    let word = rest.prefix { ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 }
    rest = rest[word.endIndex...]
    return String(Substring(word))
  }
}
