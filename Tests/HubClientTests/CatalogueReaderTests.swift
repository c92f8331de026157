import JSON
import Testing
import ToolKit

@testable import HubClient

struct CatalogueReaderTests {
  private func read(_ text: String) throws -> CatalogueReader {
    try CatalogueReader(#require(try JSONReader.value(of: text).object))
  }

  @Test(arguments: [
    ("", #"{"type":"object"}"#), (#","inputSchema":null"#, #"{"type":"object"}"#),
    (#","inputSchema":{}"#, #"{"type":"object"}"#), (#","inputSchema":[]"#, #"{"type":"object"}"#),
    (
      #","inputSchema":{"properties":{"a":true}}"#,
      #"{"type":"object","properties":{"a":{}}}"#
    ),
    (#","inputSchema":{"type":"string"}"#, #"{"type":"object"}"#),
    (
      #","inputSchema":{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"A"}}}"#,
      #"{"type":"object","properties":{"a":{"type":"string"}}}"#
    ),
    (
      #","inputSchema":{"type":"object","properties":{"a":{"properties":{"b":{"x-mcp-header":"B"},"x-mcp-header":{"default":null}}}}}"#,
      #"{"type":"object","properties":{"a":{"properties":{"b":{},"x-mcp-header":{"default":null}}}}}"#
    ),
    (
      #","inputSchema":{"type":"object","required":null,"properties":{"a":{"enum":null,"items":{"type":"string","enum":null}}}}"#,
      #"{"type":"object","properties":{"a":{"items":{"type":"string"}}}}"#
    ),
    (
      #","inputSchema":{"type":"object","required":["a"]}"#,
      #"{"type":"object","required":["a"]}"#
    ),
  ])
  func schemasAreRepaired(schema: String, repaired: String) throws {
    let reader = try read(#"{"name":"h","tools":[{"name":"t"\#(schema)}]}"#)
    let tool = try #require(reader.catalogue.tools.first)
    #expect(JSONValue.object(tool.inputSchema).text == repaired)
    #expect(tool.description == "")
  }

  @Test func toolsWithoutANameAndSecondOnesAreLeftOut() throws {
    let reader = try read(
      #"{"name":"h","tools":[{"name":"a"},{"name":"a"},{"name":""},{"name":"b c"},{},5,{"name":"b"}]}"#
    )
    #expect(reader.catalogue.tools.map(\.name) == ["a", "b"])
    #expect(reader.notes.contains { $0.contains("twice") })
  }

  @Test func promptsWithoutANameAndSecondOnesAreLeftOut() throws {
    let reader = try read(
      #"{"name":"h","tools":[],"prompts":[{"name":"a"},{"name":"b"},{"name":"a"},{"name":"c d"}]}"#)
    #expect(reader.catalogue.prompts.map(\.name) == ["a", "b"])
    #expect(reader.notes.contains { $0.contains("prompt a is listed twice") })
  }

  @Test func onlyHubsOfOursAreHeldToTheirOutputSchemas() throws {
    let tool = #""tools":[{"name":"t","outputSchema":{"type":"object"}}]"#
    #expect(try read(#"{"name":"h",\#(tool)}"#).catalogue.tools[0].outputSchema == nil)
    let ours = try read(
      #"{"name":"h","answer_types":["application/vnd.kubeshark.answer+json"],\#(tool)}"#)
    #expect(ours.catalogue.tools[0].outputSchema == ["type": "object"])
  }

  @Test func hintsAreKeptCompletedOrKnown() throws {
    let reader = try read(
      #"{"name":"h","tools":[{"name":"list_api_calls"},{"name":"delete_snapshot"},{"name":"own"},{"name":"x","annotations":{"readOnlyHint":true}}]}"#
    )
    let tools = reader.catalogue.tools
    #expect(tools[0].annotations == .reading)
    #expect(tools[1].annotations?.destructive == true)
    #expect(tools[2].annotations == nil)
    #expect(tools[3].annotations?.readOnly == true)
    #expect(tools[3].annotations?.destructive == false)
    #expect(tools[3].annotations?.openWorld == true)
  }
}
