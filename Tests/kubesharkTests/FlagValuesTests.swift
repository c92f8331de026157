import Testing

@testable import kubeshark

struct FlagValuesTests {
  @Test(arguments: [
    (["mcp", "--list-tools=true"], ["mcp", "--list-tools"]),
    (["mcp", "--mcp-config=1", "--allow-destructive=false"], ["mcp", "--mcp-config"]),
    (
      ["mcp", "--allow-destructive=TRUE", "--url=a=b"], ["mcp", "--allow-destructive", "--url=a=b"]
    ),
    (
      ["mcp", "--list-tools=maybe", "--list-tools="],
      ["mcp", "--list-tools=maybe", "--list-tools="]
    ),
    (["mcp", "--list-tools", "--set", "a.b=true"], ["mcp", "--list-tools", "--set", "a.b=true"]),
  ])
  func flagsMayHaveTruthValues(given: [String], read: [String]) {
    #expect(FlagValues.plain(given) == read)
  }
}
