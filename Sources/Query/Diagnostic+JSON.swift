package import JSON
package import KFL

extension Diagnostic {
  /// The diagnostic as tools and the command show it.
  package var json: JSONObject {
    var object: JSONObject = [
      "code": .string(code.rawValue), "message": .string(message), "offset": JSONValue(offset),
      "line": JSONValue(line), "column": JSONValue(column), "length": JSONValue(length),
    ]
    if let expected { object["expected"] = .string(expected) }
    if let found { object["found"] = .string(found) }
    if let suggestion { object["suggestion"] = .string(suggestion) }
    return object
  }
}
