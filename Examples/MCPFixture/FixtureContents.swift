import JSON
import ToolKit

/// The fixture's prompts.
enum FixturePrompts {
  static let all: [Prompt] = [
    Prompt(description: describe("test_simple_prompt")) { _, _ throws(ToolError) in
      "This is a simple prompt for testing."
    },
    Prompt(description: describe("test_prompt_with_arguments", "arg1", "arg2")) {
      arguments, _ throws(ToolError) in
      for name in ["arg1", "arg2"] where arguments[name] == nil {
        throw .invalid(name, "\(name) is required")
      }
      return "Prompt with arguments: arg1='\(arguments["arg1"] ?? "")', "
        + "arg2='\(arguments["arg2"] ?? "")'"
    },
    Prompt(description: describe("test_prompt_with_embedded_resource", "resourceUri")) {
      arguments, _, _ async throws(ToolError) in
      [
        PromptMessage(
          .user,
          .resource(
            ResourceContent(
              uri: arguments["resourceUri"] ?? "test://example", mimeType: "text/plain",
              .text("Embedded resource content for testing.")))),
        PromptMessage(.user, .text("Please process the embedded resource above.")),
      ]
    },
    Prompt(description: describe("test_prompt_with_image")) { _, _, _ async throws(ToolError) in
      [
        PromptMessage(.user, .image(data: FixtureHub.png, mimeType: "image/png")),
        PromptMessage(.user, .text("Please analyze the image above.")),
      ]
    },
    Prompt(description: describe("test_input_required_result_prompt")) {
      _, _, caller async throws(ToolError) in
      let answers = try await caller.ask([
        .form(
          "context", message: "Which context?", properties: ["context": ["type": "string"]],
          required: ["context"])
      ])
      let context = answers["context"]?["content"]?["context"]?.string ?? ""
      return [PromptMessage(.user, .text("Use this context: \(context)"))]
    },
  ]

  private static func describe(_ name: String, _ arguments: String...) -> PromptDescription {
    PromptDescription(
      name: name, description: "For tests.",
      arguments: arguments.map { .init(name: $0, description: "For tests.", required: true) })
  }
}

/// The fixture's resources.
enum FixtureResources {
  static let all = [
    resource("test://static-text", "text/plain") { _ in
      .text("This is the content of the static text resource.")
    },
    resource("test://static-binary", "image/png") { _ in .blob(FixtureHub.png) },
    resource("test://watched-resource", "text/plain") { _ in .text("Watched.") },
    resource("test://template/{id}/data", "application/json") { id in
      .text(
        JSONValue.object([
          "id": .string(id), "templateTest": true, "data": .string("Data for ID: \(id)"),
        ]).text)
    },
  ]

  private static func resource(
    _ uri: String, _ type: String, _ body: @escaping @Sendable (String) -> ResourceContent.Body
  ) -> Resource {
    Resource(
      ResourceDescription(
        uri: uri, name: uri, title: uri, description: "For tests.", mimeType: type)
    ) { values, _, _ async throws(ToolError) in
      let id = values["id"] ?? ""
      return [
        ResourceContent(
          uri: uri.replacing("{id}", with: id), mimeType: type, body(id))
      ]
    }
  }
}
