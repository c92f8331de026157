package import JSON

/// Holds a value against a JSON Schema, as far as our schemas go: type, properties, required,
/// items, enum, additionalProperties, minimum and maximum.
///
/// Gives the places where it does not fit, as paths; none when it does.
package func misfits(
  _ value: JSONValue, _ schema: JSONObject, at path: String = "$"
) -> [String] {
  var found: [String] = []
  if let types = schema["type"].map({ $0.array?.compactMap(\.string) ?? [$0.string ?? ""] }),
    !types.contains(where: { isA(value, $0) })
  {
    return ["\(path) is \(value.text.prefix(40)), not \(types.joined(separator: " or "))"]
  }
  if let choices = schema["enum"]?.array, !choices.contains(value) {
    found.append("\(path) is none of \(choices.map(\.text))")
  }
  if let number = value.double {
    if let least = schema["minimum"]?.double, number < least { found.append("\(path) < \(least)") }
    if let most = schema["maximum"]?.double, number > most { found.append("\(path) > \(most)") }
  }
  if let object = value.object {
    let properties = schema["properties"]?.object ?? [:]
    for name in schema["required"]?.array?.compactMap(\.string) ?? [] where object[name] == nil {
      found.append("\(path) lacks \(name)")
    }
    for member in object.members {
      if let inner = properties[member.name]?.object {
        found += misfits(member.value, inner, at: path + "." + member.name)
      } else if schema["additionalProperties"] == false {
        found.append("\(path) has \(member.name)")
      }
    }
  }
  if let elements = value.array, let items = schema["items"]?.object {
    for (index, element) in elements.enumerated() {
      found += misfits(element, items, at: "\(path)[\(index)]")
    }
  }
  return found
}

private func isA(_ value: JSONValue, _ type: String) -> Bool {
  switch (value, type) {
  case (.null, "null"), (.bool, "boolean"), (.string, "string"), (.array, "array"),
    (.object, "object"), (.int, "integer"), (.int, "number"), (.number, "number"):
    true
  case (.number, "integer"): value.int != nil
  default: false
  }
}
