import ArgumentParser
import Bytes
import JSON
import KFL
import Query

/// What a filter means, or what is wrong with it.
struct KFLCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Say what a filter means, or what is wrong with it.",
    discussion: """
      Prints the filter in KFL2, its type, and how a store decides it; or each mistake with its
      place and a corrected filter.
        kubeshark kfl check 'http && status_cod >= 500'

      \(KFLCommand.exitCodes)
      """)

  @Argument(
    help: ArgumentHelp("The filter; - for standard input.", valueName: "filter"),
    completion: .custom(completedFilters))
  var filter: String

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let filter = try KFLCommand.text(filter)
    let compilation = Query.compile(filter, now: .now)
    print(json ? JSONValue.object(compilation.json).text : text(compilation))
    if compilation.filter == nil { throw ExitCode(Failure.Code.failed.rawValue) }
  }

  private func text(_ compilation: Compilation) -> String {
    let doubts = compilation.warnings.map { warning in
      "\n\nwarning, \(warning.code.rawValue):\n" + warning.caret(in: compilation.text)
    }.joined()
    guard let compiled = compilation.filter else {
      return refusal(compilation.errors, in: compilation.text) + doubts
    }
    let steps = compiled.planSteps
    let width = steps.map(\.condition.count).max().map { min($0, 60) } ?? 0
    let plan = steps.map { step in
      "\n    " + step.condition.padded(to: width) + "  " + step.method
    }.joined()
    return """
      filter  \(compiled.normalForm)
      type    \(compiled.type)\(compiled.rowLimit.map { "\nrows    at most \($0)" } ?? "")
      plan    \(steps.isEmpty ? "nothing to decide: selects everything" : "cheapest first")\(plan)
      """ + doubts
  }
}

/// Mistakes with their places; the correction, which is the same for all, stands last.
func refusal(_ errors: [Diagnostic], in text: String) -> String {
  errors.enumerated().map { place, error in
    var error = error
    if place < errors.count - 1 { error.suggestion = nil }
    return error.caret(in: text)
  }.joined(separator: "\n\n")
}

extension String {
  /// The text and blanks, so many characters wide.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
