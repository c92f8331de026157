import JSON
import ToolKit

/// What the tools that ask ask, round by round.
enum FixtureQuestions {
  static func rounds(of tool: String, _ arguments: JSONObject) -> [[Question]]? {
    let message = arguments["message"]?.string ?? "Please provide your information"
    let prompt = arguments["prompt"]?.string ?? "Say hello"
    switch tool {
    case "test_sampling", "test_missing_capability", "test_input_required_result_sampling":
      return [[sample(prompt)]]
    case "test_elicitation", "test_streaming_elicitation":
      return [
        [
          .form(
            "user", message: message,
            properties: ["username": ["type": "string"], "email": ["type": "string"]],
            required: ["username", "email"])
        ]
      ]
    case "test_elicitation_sep1034_defaults":
      return [[.form("user", message: message, properties: defaults, required: [])]]
    case "test_elicitation_sep1330_enums":
      return [[.form("user", message: message, properties: choices, required: [])]]
    case "test_input_required_result_list_roots": return [[Question("roots", .roots)]]
    case "test_input_required_result_multiple_inputs":
      return [[name("user_name"), sample(prompt), Question("roots", .roots)]]
    case "test_input_required_result_multi_round": return [[name("first")], [name("second")]]
    case "test_input_required_result_elicitation", "test_input_required_result_request_state",
      "test_input_required_result_tampered_state", "test_input_required_result_capabilities":
      return [[name("user_name")]]
    default: return nil
    }
  }

  /// What was said, in the words the suite looks for.
  static func sentence(_ question: Question, _ answer: JSONValue) -> String {
    switch question.kind {
    case .sample: "LLM response: \(answer["content"]?["text"]?.string ?? "")"
    case .roots: "Roots: \(answer["roots"]?.text ?? "[]")"
    case .form:
      "User response: action=\(answer["action"]?.string ?? ""), "
        + "content=\(answer["content"]?.text ?? "{}")"
    }
  }

  private static func sample(_ prompt: String) -> Question {
    Question(
      "capital", .sample,
      [
        "messages": [["role": "user", "content": ["type": "text", "text": .string(prompt)]]],
        "maxTokens": 100,
      ])
  }

  private static func name(_ key: String) -> Question {
    .form(
      key, message: "What is your name?", properties: ["name": ["type": "string"]],
      required: ["name"])
  }

  private static let defaults: JSONObject = [
    "name": ["type": "string", "default": "John Doe"],
    "age": ["type": "integer", "default": 30], "score": ["type": "number", "default": 95.5],
    "status": ["type": "string", "enum": ["active", "inactive", "pending"], "default": "active"],
    "verified": ["type": "boolean", "default": true],
  ]

  private static let titled: JSONValue = [
    ["const": "value1", "title": "First Option"], ["const": "value2", "title": "Second Option"],
    ["const": "value3", "title": "Third Option"],
  ]

  private static let choices: JSONObject = [
    "untitledSingle": ["type": "string", "enum": ["option1", "option2", "option3"]],
    "titledSingle": ["type": "string", "oneOf": titled],
    "legacyEnum": [
      "type": "string", "enum": ["opt1", "opt2", "opt3"],
      "enumNames": ["Option One", "Option Two", "Option Three"],
    ],
    "untitledMulti": [
      "type": "array", "items": ["type": "string", "enum": ["option1", "option2", "option3"]],
    ],
    "titledMulti": ["type": "array", "items": ["anyOf": titled]],
  ]
}
