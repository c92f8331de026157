import JSON
import KFL
import Query
import ToolKit

/// What a filter means, or what is wrong with it, without running it.
struct ValidateKFL: Tool {
  static let filter = Parameter("kfl", .text, "The filter", required: true)

  private static let diagnostic = JSONObject.schema(
    [
      "code": .text(), "message": .text(), "offset": .integer("Bytes from the start"),
      "length": .integer(), "expected": .text(), "found": .text(),
      "suggestion": .text("The filter corrected"),
    ], required: ["code", "message", "offset"])

  static let row = ToolRow(
    name: "validate_kfl", title: "Validate a KFL filter",
    doc: """
      Checks a KFL filter without running it: every mistake with its place and a corrected filter, \
      or the filter in its normal form, the fields it reads and how it is decided.
      """,
    parameters: [filter, .maxTokens],
    answer: AnswerSchema.answer(
      [
        "valid": .flag(), "normal_form": .text(), "type": .text(), "dialect": .text(),
        "limit": .integer(), "variables": .texts,
        "plan": .list(.schema(["condition": .text(), "method": .text()])),
        "errors": .list(diagnostic), "filter_warnings": .list(diagnostic),
      ], required: ["valid", "dialect", "errors", "filter_warnings"]),
    route: "POST kfl/validate", moreRoutes: ["GET kfl/validate"], set: .all)

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let compiled = Query.compile(arguments.text(Self.filter) ?? "", now: traffic.now)
    var answer = Answer(arguments)
    answer.structured = compiled.json
    // `warnings` are those of the answer itself in every tool.
    answer.structured["filter_warnings"] = answer.structured["warnings"]
    answer.structured["warnings"] = nil
    if let filter = compiled.filter {
      answer.say(
        "Valid. In KFL2: \(filter.normalForm.isEmpty ? "(everything)" : filter.normalForm)")
      let steps = filter.planSteps
      if !steps.isEmpty {
        answer.say("Decided in this order:")
        var table = Table([.init("condition", limit: 60), .init("how", limit: 60)])
        for step in steps { table.add([step.condition, step.method]) }
        answer.show(table, next: "Raise max_tokens.")
      }
    } else {
      answer.say("Not valid.")
      for error in compiled.errors.prefix(8) { answer.say(error.caret(in: compiled.text)) }
    }
    for warning in compiled.warnings {
      answer.say("Doubtful:\n" + warning.caret(in: compiled.text))
    }
    return answer.finish(traffic.coverage)
  }
}
