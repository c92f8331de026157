import JSON
package import ToolKit

/// `completion/complete`: what may come next in an argument.
package struct Complete: Hashable, Sendable {
  static let name = "completion/complete"
  /// Most values of one answer; the protocol allows no more.
  static let maxValues = 100

  /// Whose argument it is.
  package enum Reference: Hashable, Sendable {
    case prompt(String)
    /// A template, or an address made from it.
    case resource(String)
  }

  package var reference: Reference
  package var question: CompletionQuestion

  init(_ params: JSONObject) throws(ProtocolError) {
    switch params["ref"]?["type"] {
    case "ref/prompt":
      guard let name = params["ref"]?["name"]?.string else {
        throw .invalidParams("ref.name must be the name of a prompt")
      }
      reference = .prompt(name)
    case "ref/resource":
      guard let uri = params["ref"]?["uri"]?.string else {
        throw .invalidParams("ref.uri must be a template from resources/templates/list")
      }
      reference = .resource(uri)
    default: throw .invalidParams("ref.type must be ref/prompt or ref/resource")
    }
    guard let argument = params["argument"]?["name"]?.string,
      let value = params["argument"]?["value"]?.string
    else { throw .invalidParams("argument must have a name and a value, both texts") }
    question = CompletionQuestion(argument: argument, value: value)
    for member in params["context"]?["arguments"]?.object?.members ?? [] {
      question.others[member.name] = member.value.string
    }
  }

  static func result(_ values: [String]) -> JSONObject {
    [
      "completion": [
        "values": .array(values.prefix(maxValues).map { .string($0) }),
        "total": JSONValue(values.count), "hasMore": .bool(values.count > maxValues),
      ]
    ]
  }
}
