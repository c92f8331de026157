package import JSON

/// Whoever waits for a call, as far as the call can reach them while it runs.
package struct Caller: Sendable {
  /// Takes one line for the caller's log.
  package typealias LogReport = @Sendable (LogLevel, JSONValue) -> Void
  /// Gives the answers by the keys of the questions.
  package typealias Asking =
    @Sendable ([Question]) async throws(ToolError) -> [String: JSONObject]

  package var progress: ProgressReport
  package var log: LogReport
  /// What can be asked at all.
  package var answers: Set<Question.Kind>
  /// Asks the caller, all questions at once.
  ///
  /// Where answers come with a repeated request instead of during this one, the first use throws
  /// an error that must be passed on; the call then runs again from its start with the answers at
  /// hand. So do nothing that cannot be done twice before the last question.
  package var ask: Asking

  package init(
    progress: @escaping ProgressReport = { _ in }, log: @escaping LogReport = { _, _ in },
    answers: Set<Question.Kind> = [], ask: @escaping Asking = Caller.nobodyAnswers
  ) {
    self.progress = progress
    self.log = log
    self.answers = answers
    self.ask = ask
  }

  package static let nobodyAnswers: Asking = { questions async throws(ToolError) in
    throw .cannotAsk(questions)
  }
}

/// Something only the caller's side can answer: its user, its model, or itself.
package struct Question: Hashable, Sendable {
  /// The methods of the protocol that carry questions.
  package enum Kind: String, Sendable {
    /// A form for the user.
    case form = "elicitation/create"
    /// A message for the model.
    case sample = "sampling/createMessage"
    /// The folders the client works in.
    case roots = "roots/list"

    /// The client capability it needs.
    package var capability: String { rawValue.prefix { $0 != "/" }.description }
  }

  /// Names the question within its call, the same in every run of it.
  package var key: String
  package var kind: Kind
  package var params: JSONObject

  package init(_ key: String, _ kind: Kind, _ params: JSONObject = JSONObject()) {
    (self.key, self.kind, self.params) = (key, kind, params)
  }

  /// A form.
  ///
  /// - Parameter properties: flat: texts, numbers, flags, choices.
  package static func form(
    _ key: String, message: String, properties: JSONObject, required: [String]
  ) -> Question {
    Question(
      key, .form,
      [
        "message": .string(message),
        "requestedSchema": [
          "type": "object", "properties": .object(properties),
          "required": .array(required.map { .string($0) }),
        ],
      ])
  }

  /// Whether the answer says what was asked. What does not counts as none, and is asked for again.
  package func isAnswered(by answer: JSONObject) -> Bool {
    switch kind {
    case .form:
      switch answer["action"]?.string {
      case "accept": isFilled(answer["content"]?.object ?? JSONObject())
      case "decline", "cancel": true
      default: false
      }
    case .sample: answer["content"] != nil
    case .roots: answer["roots"]?.array != nil
    }
  }

  /// Whether all that a form requires is there, in its type.
  private func isFilled(_ content: JSONObject) -> Bool {
    let schema = params["requestedSchema"]
    return (schema?["required"]?.array ?? []).compactMap(\.string).allSatisfy { name in
      guard let value = content[name] else { return false }
      return Self.fits(value, schema?["properties"]?[name]?["type"]?.string)
    }
  }

  private static func fits(_ value: JSONValue, _ type: String?) -> Bool {
    switch type {
    case "string": value.string != nil
    case "boolean": value.bool != nil
    case "integer", "number":
      switch value {
      case .int, .number: true
      default: false
      }
    case "array": value.array != nil
    default: !value.isNull
    }
  }
}

extension ToolError {
  /// The code of `inputRequired`.
  package static let inputRequiredCode = "input_required"
  /// The code of `cannotAsk`.
  package static let cannotAskCode = "missing_client_capability"

  /// Not a failure: the call needs answers before it can go on. `details` holds the questions by
  /// their keys.
  package static func inputRequired(_ questions: [Question]) -> ToolError {
    let members = questions.map { question in
      var request: JSONObject = ["method": .string(question.kind.rawValue)]
      if question.kind != .roots { request["params"] = .object(question.params) }
      return JSONObject.Member(name: question.key, value: .object(request))
    }
    return ToolError(
      status: 428, code: inputRequiredCode, message: "The call needs answers first.",
      details: JSONObject(members: members))
  }

  /// The client does not take such questions. `details` holds the capabilities it would need.
  package static func cannotAsk(_ questions: [Question]) -> ToolError {
    var capabilities = JSONObject()
    for question in questions { capabilities[question.kind.capability] = [:] }
    let names = capabilities.names.joined(separator: " and ")
    return ToolError(
      status: 428, code: cannotAskCode,
      message: "This needs a client that supports \(names).", details: capabilities)
  }
}
