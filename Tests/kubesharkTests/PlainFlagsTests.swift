import Testing

@testable import kubeshark

struct PlainFlagsTests {
  @Test func flagsMayHaveAValue() {
    #expect(
      PlainFlags.read(["mcp", "--list-tools=true", "--mcp-config=false", "--allow-destructive"])
        == ["mcp", "--list-tools", "--allow-destructive"])
    #expect(PlainFlags.read(["mcp", "--allow-destructive=F"]) == ["mcp"])
  }

  @Test(arguments: [
    ["mcp", "--list-tools=perhaps"], ["mcp", "--list-tools="], ["mcp", "--set", "a=true"],
    ["mcp", "--url=true"], ["kfl", "--", "--list-tools=true"], [],
  ])
  func allElseStays(_ arguments: [String]) { #expect(PlainFlags.read(arguments) == arguments) }
}
