import Bytes
package import JSON
package import KFL

/// Why a JSON text is no tagged value.
package struct TagError: Error {
  /// One sentence without full stop.
  package var message: String
}

/// Values with their types, as CEL's conformance data has them: an object of one member, whose name
/// is the type. Integers are texts, so that 64 bits survive any reader; so are doubles, which may be
/// `nan`, `inf` and `-inf`. Bytes are `bytes_hex`, maps are lists of pairs, instants and lengths of
/// time have `seconds` and `nanos`.
extension Value {
  package var taggedJSON: JSONValue {
    switch self {
    case .null: ["null": .null]
    case .bool(let flag): ["bool": .bool(flag)]
    case .int(let number): ["int": .string(String(number))]
    case .uint(let number): ["uint": .string(String(number))]
    case .double(let number): ["double": .string(number.description)]
    case .string(let text): ["string": .string(text)]
    case .bytes(let bytes): ["bytes_hex": .string(hex(bytes))]
    case .type(let name): ["type": .string(name)]
    case .list(let elements): ["list": .array(elements.map(\.taggedJSON))]
    case .map(let map):
      ["map": .array(map.entries.map { [$0.key.taggedJSON, $0.value.taggedJSON] })]
    case .timestamp(let instant):
      ["timestamp": time(instant.seconds, Int64(instant.nanoseconds))]
    case .duration(let nanoseconds):
      ["duration": time(nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)]
    }
  }

  /// The value of tagged JSON.
  package init(tagged json: JSONValue) throws(TagError) {
    guard let object = json.object, object.count == 1, let member = object.members.first else {
      throw TagError(message: "a tagged value is an object of one member, such as {\"int\":\"3\"}")
    }
    guard let value = try Value(tag: member.name, member.value) else {
      throw TagError(message: "{\"\(member.name)\": …} is not a tagged value")
    }
    self = value
  }

  /// JSON as it is, or tagged where it has that form.
  package init(writtenAs json: JSONValue) throws(TagError) {
    if let object = json.object, object.count == 1, let member = object.members.first,
      let value = try Value(tag: member.name, member.value)
    {
      self = value
    } else {
      self.init(json)
    }
  }

  /// Nil when the tag is none, or has not that kind of content.
  private init?(tag: String, _ json: JSONValue) throws(TagError) {
    switch (tag, json) {
    case ("null", .null): self = .null
    case ("bool", .bool(let flag)): self = .bool(flag)
    case ("int", _):
      guard let number = json.string.map({ Int64($0) }) ?? json.int else { return nil }
      self = .int(number)
    case ("uint", _):
      guard let number = UInt64(json.string ?? json.text) else { return nil }
      self = .uint(number)
    case ("double", _):
      guard let number = json.string.map({ Double($0) }) ?? json.double else { return nil }
      self = .double(number)
    case ("string", .string(let text)): self = .string(text)
    case ("bytes_hex", .string(let text)):
      guard let bytes = bytesOfHex(text) else { return nil }
      self = .bytes(bytes)
    case ("type", .string(let name)): self = .type(name)
    case ("list", .array(let elements)):
      var values: [Value] = []
      for element in elements { values.append(try Value(tagged: element)) }
      self = .list(values)
    case ("map", .array(let pairs)):
      var entries: [(key: Value, value: Value)] = []
      for pair in pairs {
        guard let key = pair[0], let value = pair[1] else { return nil }
        entries.append((try Value(tagged: key), try Value(tagged: value)))
      }
      self = .map(ValueMap(entries))
    case ("timestamp", .object(let parts)):
      guard let (seconds, nanos) = parts.time, Instant.validSeconds.contains(seconds),
        (0..<1_000_000_000).contains(nanos)
      else { return nil }
      self = .timestamp(Instant(seconds: seconds, nanoseconds: Int32(nanos)))
    case ("duration", .object(let parts)):
      guard let (seconds, nanos) = parts.time else { return nil }
      let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      let (sum, overflow2) = product.addingReportingOverflow(nanos)
      guard !overflow, !overflow2 else {
        throw TagError(message: "a duration of \(seconds) s is longer than 292 years")
      }
      self = .duration(nanoseconds: sum)
    default: return nil
    }
  }
}

extension JSONObject {
  /// `seconds` and `nanos`, as texts or numbers; what is missing is 0.
  fileprivate var time: (seconds: Int64, nanos: Int64)? {
    func number(_ name: String) -> Int64? {
      guard let value = self[name] else { return 0 }
      return value.string.map { Int64($0) } ?? value.int
    }
    guard let seconds = number("seconds"), let nanos = number("nanos") else { return nil }
    return (seconds, nanos)
  }
}

private func time(_ seconds: Int64, _ nanos: Int64) -> JSONValue {
  ["seconds": .string(String(seconds)), "nanos": .string(String(nanos))]
}

private func bytesOfHex(_ text: String) -> [UInt8]? {
  let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
  guard digits.count % 2 == 0 else { return nil }
  var bytes: [UInt8] = []
  for place in stride(from: 0, to: digits.count, by: 2) {
    guard let high = digits[place], let low = digits[place + 1] else { return nil }
    bytes.append(UInt8(high << 4 | low))
  }
  return bytes
}
