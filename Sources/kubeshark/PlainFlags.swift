/// Flags of `mcp` with a value, `--list-tools=true` or `--list-tools=false`, as the published product
/// takes them and configurations of MCP clients may have them.
enum PlainFlags {
  private static let names: Set<String> = [
    "--allow-destructive", "--list-tools", "--mcp-config", "--debug",
  ]
  private static let (yes, no) = (
    ["true", "TRUE", "True", "t", "T", "1"], ["false", "FALSE", "False", "f", "F", "0"]
  )

  /// The arguments with such flags given, or left out. What is neither is left for the parser to
  /// refuse.
  static func read(_ arguments: [String]) -> [String] {
    // Behind it stands no flag.
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    return arguments[..<end].compactMap { argument -> String? in
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, names.contains(String(parts[0])) else { return argument }
      if yes.contains(String(parts[1])) { return String(parts[0]) }
      return no.contains(String(parts[1])) ? nil : argument
    } + arguments[end...]
  }
}
