/// A JSON document as a value (RFC 8259).
///
/// Objects keep the order of their members. Numbers keep their text, so that what came in goes
/// out unchanged: an id of 2^60 or a price of 1.50 survives.
package enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  /// A number written as an integer that fits 64 bits.
  case int(Int64)
  /// Any other number.
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// What a reader makes of its text: 2.0 is written as `2`, which is an integer.
  package init(_ value: Double) {
    let number = JSONNumber(value)
    let whole = number.text == "-0" ? nil : Int64(number.text)
    self = whole.map(JSONValue.int) ?? .number(number)
  }

  package init(_ value: Int) { self = .int(Int64(value)) }
  package init(_ value: UInt64) {
    self = Int64(exactly: value).map(JSONValue.int) ?? .number(JSONNumber(text: String(value)))
  }
}

extension JSONValue {
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
  package var isNull: Bool { self == .null }

  /// The integer this number is, also when it is written as `5.0` or `5e0`.
  package var int: Int64? {
    switch self {
    case .int(let value): value
    case .number(let number): Int64(exactly: number.double)
    default: nil
    }
  }

  package var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .number(let number): number.double
    default: nil
    }
  }

  /// The member of that name when this is an object that has it.
  package subscript(name: String) -> JSONValue? { object?[name] }
  /// The element at `index` when this is an array that long.
  package subscript(index: Int) -> JSONValue? {
    guard let array, array.indices.contains(index) else { return nil }
    return array[index]
  }
}

/// A number by its text, which is valid JSON.
package struct JSONNumber: Hashable, Sendable {
  package let text: String

  /// `text` must be a JSON number; the reader checks it.
  package init(text: String) { self.text = text }

  /// A number that is not finite has no JSON text and becomes 0; callers leave such values out.
  package init(_ value: Double) {
    guard value.isFinite else {
      text = "0"
      return
    }
    let description = value.description
    text = description.hasSuffix(".0") ? String(description.dropLast(2)) : description
  }

  package var double: Double { Double(text) ?? 0 }
}

/// Members in order; setting a name that exists keeps its place.
package struct JSONObject: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  package private(set) var members: [Member]

  package struct Member: Hashable, Sendable {
    package var name: String
    package var value: JSONValue

    package init(name: String, value: JSONValue) { (self.name, self.value) = (name, value) }
  }

  package init() { members = [] }

  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    members = elements.map { Member(name: $0.0, value: $0.1) }
  }

  package init(members: [Member]) { self.members = members }

  package var isEmpty: Bool { members.isEmpty }
  package var count: Int { members.count }
  package var names: [String] { members.map(\.name) }

  /// Of repeated names the last one counts, as in most readers.
  package subscript(name: String) -> JSONValue? {
    get { members.last { $0.name == name }?.value }
    set {
      let at = members.lastIndex { $0.name == name }
      switch (at, newValue) {
      case (let at?, let value?): members[at].value = value
      case (_?, nil): members.removeAll { $0.name == name }
      case (nil, let value?): members.append(Member(name: name, value: value))
      case (nil, nil): break
      }
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  package init(stringLiteral value: String) { self = .string(value) }
}
extension JSONValue: ExpressibleByIntegerLiteral {
  package init(integerLiteral value: Int64) { self = .int(value) }
}
extension JSONValue: ExpressibleByFloatLiteral {
  package init(floatLiteral value: Double) { self.init(value) }
}
extension JSONValue: ExpressibleByBooleanLiteral {
  package init(booleanLiteral value: Bool) { self = .bool(value) }
}
extension JSONValue: ExpressibleByArrayLiteral {
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}
extension JSONValue: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(JSONObject(members: elements.map { .init(name: $0.0, value: $0.1) }))
  }
}
