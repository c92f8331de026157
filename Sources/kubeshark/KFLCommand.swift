import ArgumentParser
import KFL

/// Filters by themselves, without traffic: what one means, what it gives, what it may name.
struct KFLCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kfl",
    abstract: "Check, evaluate and look up filters.",
    discussion: """
      kubeshark kfl check 'http and response.status == 500'
      kubeshark kfl eval --cel '[1, 2, 3].map(x, x * x)'
      kubeshark kfl fields dns

      \(exitCodes)
      """,
    subcommands: [
      KFLCheck.self, KFLEval.self, KFLFields.self, KFLFunctions.self, KFLReferenceCommand.self,
    ])

  static let exitCodes = """
    EXIT CODES:
      0  the filter is valid, or there is a value
      1  the filter is refused, or there is no value; the reason is told
      2  bad usage or bad input: an unknown flag, a file that cannot be read
    """

  /// Longest text that is read, in bytes: more is refused anyway.
  private static let longestText = Limits.textLength + 1

  /// The expression that was given; `-` stands for standard input, for what no argument can hold.
  static func text(_ argument: String) throws(Failure) -> String {
    guard argument == "-" else { return argument }
    let bytes = try contents(of: "/dev/stdin", limit: longestText)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .usage("standard input is not UTF-8")
    }
    return text
  }

  /// What takes an expression, and what stands beside it.
  private static let takesExpression: Set<String> = ["check", "eval"]
  private static let flags: Set<String> = ["--cel", "--no-check", "--json", "--help", "-h"]
  private static let options: Set<String> = ["--bind", "--entry", "--now"]

  /// The arguments with `--` before an expression that begins with a minus sign, so that
  /// `kfl eval --cel -1` is no unknown flag.
  static func separated(_ arguments: [String]) -> [String] {
    guard arguments.count > 2, arguments[0] == "kfl", takesExpression.contains(arguments[1]),
      !arguments.contains("--")
    else { return arguments }
    var known = Array(arguments.prefix(2))
    var rest: [String] = []
    var isValue = false
    for argument in arguments.dropFirst(2) {
      if isValue || flags.contains(argument)
        || options.contains(String(argument.prefix { $0 != "=" }))
      {
        isValue = !isValue && options.contains(argument)
        known.append(argument)
      } else {
        rest.append(argument)
      }
    }
    guard rest.count == 1, rest[0].hasPrefix("-"), rest[0] != "-" else { return arguments }
    return known + ["--"] + rest
  }
}
