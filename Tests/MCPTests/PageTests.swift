import JSON
import Testing
import ToolKit

@testable import MCP

/// Long lists come in pages.
struct PageTests {
  private static let tools = (0..<250).map {
    ToolDescription(name: "tool\($0)", description: "", inputSchema: ["type": "object"])
  }

  private func list(_ cursor: JSONValue?) -> String {
    let params = cursor.map { #","params":{"cursor":\#($0.text)}"# } ?? ""
    return #"{"jsonrpc":"2.0","id":7,"method":"tools/list"\#(params)}"#
  }

  @Test func aLongListIsWhatItsPagesHoldTogether() throws {
    let talk = Talk("2025-11-25")
    var names: [String] = []
    var sizes: [Int] = []
    var cursor: JSONValue?
    repeat {
      let result = try #require(talk.ask(list(cursor), .tools(Self.tools))?["result"])
      let page = (result["tools"]?.array ?? []).compactMap { $0["name"]?.string }
      names += page
      sizes.append(page.count)
      cursor = result["nextCursor"]
    } while cursor != nil
    #expect(names == Self.tools.map(\.name))
    #expect(sizes == [100, 100, 50])
  }

  @Test func aCursorStaysRightWhenTheListGrowsAndIsRefusedWhenItsRowIsGone() throws {
    let talk = Talk("2025-11-25")
    let cursor = talk.ask(list(nil), .tools(Self.tools))?["result"]?["nextCursor"]
    let more = [ToolDescription(name: "new", description: "", inputSchema: [:])] + Self.tools
    let second = talk.ask(list(cursor), .tools(more))?["result"]?["tools"]?[0]?["name"]
    #expect(second == "tool100")
    let gone = talk.ask(list(cursor), .tools([sampleTool]))
    #expect(gone?["error"]?["code"] == -32602)
  }
}
