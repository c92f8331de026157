import JSON
import MCP
import ToolKit

/// The fixture's tools.
struct FixtureHub: HubConnection {
  let changes: Changes

  /// One red pixel, and 44 bytes of silence.
  static let png =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
  static let wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="

  private static let names = [
    "test_simple_text", "test_image_content", "test_audio_content", "test_embedded_resource",
    "test_multiple_content_types", "test_error_handling", "test_tool_with_logging",
    "test_logging_tool", "test_tool_with_progress", "test_sampling", "test_elicitation",
    "test_streaming_elicitation", "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums", "test_missing_capability", "test_trigger_tool_change",
    "test_trigger_prompt_change", "test_input_required_result_elicitation",
    "test_input_required_result_sampling", "test_input_required_result_list_roots",
    "test_input_required_result_request_state", "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round", "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities", "test_tool_with_task", "test_reconnection",
  ]

  func catalogue() -> Catalogue {
    let texts: JSONObject = [
      "type": "object",
      "properties": ["prompt": ["type": "string"], "message": ["type": "string"]],
    ]
    var tools = Self.names.map {
      ToolDescription(
        name: $0, description: "For tests.", inputSchema: texts, annotations: .reading)
    }
    tools.append(
      ToolDescription(
        name: "json_schema_2020_12_tool", description: "A schema with all its parts.",
        inputSchema: [
          "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
          "$defs": [
            "address": [
              "type": "object",
              "properties": ["street": ["type": "string"], "city": ["type": "string"]],
            ]
          ],
          "properties": ["name": ["type": "string"], "address": ["$ref": "#/$defs/address"]],
          "additionalProperties": false,
        ], annotations: .reading))
    tools.append(
      ToolDescription(
        name: "test_destructive", title: "Destroy",
        description: "Destroys nothing, but asks first.",
        inputSchema: ["type": "object"],
        annotations: ToolAnnotations(readOnly: false, destructive: true, idempotent: true)))
    return Catalogue(
      name: "fixture", version: "1", description: "For tests.", tools: tools, prompts: [])
  }

  func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer {
    switch name {
    case "test_simple_text": return text("This is a simple text response for testing.")
    case "test_image_content": return blocks(.image(data: Self.png, mimeType: "image/png"))
    case "test_audio_content": return blocks(.audio(data: Self.wav, mimeType: "audio/wav"))
    case "test_embedded_resource":
      return blocks(
        .resource(
          ResourceContent(
            uri: "test://embedded-resource", mimeType: "text/plain",
            .text("This is an embedded resource content."))))
    case "test_multiple_content_types":
      return blocks(
        .text("Multiple content types test:"), .image(data: Self.png, mimeType: "image/png"),
        .resource(
          ResourceContent(
            uri: "test://mixed-content-resource", mimeType: "application/json",
            .text(#"{"test":"data","value":123}"#))))
    case "test_error_handling":
      throw ToolError(
        status: 500, code: "test", message: "This tool intentionally returns an error for testing")
    case "test_tool_with_logging", "test_logging_tool":
      for line in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        caller.log(.info, .string(line))
        try await pause(milliseconds: 50)
      }
      return text("Logged.")
    case "test_tool_with_progress":
      for step in [0.0, 50, 100] {
        caller.progress(Progress(done: step, total: 100, message: "Completed step \(Int(step))"))
        try await pause(milliseconds: 50)
      }
      return text("Done.")
    case "test_trigger_tool_change":
      changes.tell(.tools)
      return text("The list of tools changed.")
    case "test_trigger_prompt_change":
      changes.tell(.prompts)
      return text("The list of prompts changed.")
    case "test_reconnection":
      // Streams are not closed to be polled; the answer comes on the one that is open.
      try await pause(milliseconds: 100)
      return text("Reconnection is not needed.")
    case "test_tool_with_task":
      try await pause(milliseconds: 1_000)
      return text("The task is done.")
    case "json_schema_2020_12_tool", "test_destructive":
      return text(JSONValue.object(arguments).text)
    default:
      guard let questions = FixtureQuestions.rounds(of: name, arguments) else {
        throw .unknownTool(name, among: Self.names)
      }
      return try await ask(questions, caller)
    }
  }

  func file(_ path: String, from start: FileStart) throws(ToolError) -> HubFile {
    throw .notFound(path)
  }

  /// Asks round after round, and answers with what was said.
  private func ask(
    _ rounds: [[Question]], _ caller: Caller
  ) async throws(ToolError) -> ToolAnswer {
    var said: [String] = []
    for questions in rounds {
      let answers = try await caller.ask(questions)
      for question in questions {
        let answer = JSONValue.object(answers[question.key] ?? [:])
        said.append(FixtureQuestions.sentence(question, answer))
      }
    }
    return text(said.joined(separator: "\n"))
  }

  private func text(_ text: String) -> ToolAnswer {
    ToolAnswer(structured: [:], text: text, obeysSchema: false)
  }

  private func blocks(_ blocks: ContentBlock...) -> ToolAnswer {
    ToolAnswer(structured: [:], text: "", obeysSchema: false, attachments: blocks)
  }

  private func pause(milliseconds: Int) async throws(ToolError) {
    do { try await Task.sleep(for: .milliseconds(milliseconds)) } catch {
      throw ToolError(status: 499, code: "cancelled", message: "cancelled")
    }
  }
}
