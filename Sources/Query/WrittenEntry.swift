package import JSON
package import KFL

/// An entry written down as JSON, as filters see it: a member for each field by its KFL name,
/// dotted (`"src.port": 80`) or nested (`"src": {"port": 80}`). A field that is not written reads
/// as in an entry without it.
package struct WrittenEntry: Record {
  /// By slot of `FieldSchema`.
  private var values = FieldSchema.missing

  /// What is wrong with the text.
  package struct Mistake: Error {
    /// One sentence without full stop.
    package var message: String
  }

  /// An entry of which nothing is known.
  package init() {}

  package init(_ object: JSONObject) throws(Mistake) {
    try read(object, under: "")
  }

  package func value(_ slot: Int) -> Value { values[slot] }

  /// The entries of a text: one object, an array of objects, or a line for each.
  package static func entries(of text: [UInt8]) throws(Mistake) -> [WrittenEntry] {
    let documents: [JSONValue]
    do throws(JSONError) {
      let whole = try JSONReader.value(of: text)
      documents = whole.array ?? [whole]
    } catch {
      documents = try lines(of: text, otherwise: error)
    }
    var entries: [WrittenEntry] = []
    for document in documents {
      guard let object = document.object else {
        throw Mistake(
          message: "an entry is a JSON object, such as {\"http\": true, \"path\": \"/\"}")
      }
      entries.append(try WrittenEntry(object))
    }
    return entries
  }

  private static func lines(
    of text: [UInt8], otherwise whole: JSONError
  ) throws(Mistake) -> [JSONValue] {
    let lines = text.split(separator: 0x0a).filter { !$0.allSatisfy { $0 == 0x20 || $0 == 0x0d } }
    var values: [JSONValue] = []
    for (number, line) in lines.enumerated() {
      do throws(JSONError) {
        values.append(try JSONReader.value(of: Array(line)))
      } catch {
        // When not even the first line is a value, the text was meant as one.
        throw Mistake(
          message: number == 0
            ? "the entry is not JSON: \(whole)" : "line \(number + 1) is not JSON: \(error)")
      }
    }
    return values
  }

  private mutating func read(_ object: JSONObject, under prefix: String) throws(Mistake) {
    for member in object.members where !member.value.isNull {
      let name = prefix + member.name
      if let slot = FieldSchema.schema.slot(name) {
        let type = FieldSchema.schema.variables[slot].type
        guard let value = Self.value(member.value, as: type) else {
          throw Mistake(message: "\(name) must be \(Self.form(of: type))")
        }
        values[slot] = value
      } else if let inner = member.value.object, FieldSchema.isPrefix(name + ".") {
        try read(inner, under: name + ".")
      } else {
        throw Mistake(
          message: "there is no field \(name); kubeshark kfl fields lists those there are")
      }
    }
  }

  private static func value(_ json: JSONValue, as type: KFLType) -> Value? {
    switch (type, json) {
    case (.bool, .bool(let flag)): return .bool(flag)
    case (.int, _): return json.int.map { .int($0) }
    case (.double, _): return json.double.map { .double($0) }
    case (.string, .string(let text)): return .string(text)
    case (.bytes, .string(let text)): return .bytes(Array(text.utf8))
    case (.timestamp, .string(let text)): return Instant(rfc3339: text).map { .timestamp($0) }
    case (.list(let element), .array(let elements)):
      let values = elements.compactMap { value($0, as: element) }
      return values.count == elements.count ? .list(values) : nil
    case (.map(_, .dyn), .object(let object)): return Value(object)
    case (.map(_, let element), .object(let object)):
      let pairs = object.members.compactMap { member in
        value(member.value, as: element).map { (key: Value.string(member.name), value: $0) }
      }
      return pairs.count == object.count ? .map(ValueMap(pairs)) : nil
    default: return nil
    }
  }

  private static func form(of type: KFLType) -> String {
    switch type {
    case .bool: "true or false"
    case .int: "an integer"
    case .double: "a number"
    case .string, .bytes: "text"
    case .timestamp: "text such as \"2026-03-14T22:50:00Z\""
    case .list: "an array of texts"
    case .map(_, .double): "an object of numbers"
    case .map(_, .dyn): "an object"
    default: "an object of texts"
    }
  }
}

extension FieldSchema {
  /// Whether names of fields begin like that.
  fileprivate static func isPrefix(_ text: String) -> Bool {
    schema.variables.contains { $0.name.hasPrefix(text) }
  }
}
