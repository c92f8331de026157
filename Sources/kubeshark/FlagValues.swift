/// Flags of `mcp` written with a value, as configurations of clients may have them from other
/// programs: `--allow-destructive=false`.
enum FlagValues {
  private static let flags: Set<Substring> = [
    "--allow-destructive", "--list-tools", "--mcp-config", "--debug",
  ]

  /// The arguments with such flags as we read them: there, or not. What is no truth value is left to
  /// whoever reads the arguments, and refused there.
  static func plain(_ arguments: [String]) -> [String] {
    arguments.compactMap { argument -> String? in
      let parts = argument.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, flags.contains(parts[0]) else { return argument }
      return switch parts[1].lowercased() {
      case "true", "1": String(parts[0])
      case "false", "0": nil
      default: argument
      }
    }
  }
}
