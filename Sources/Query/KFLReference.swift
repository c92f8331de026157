package import JSON
package import KFL

/// The reference of the filter language: all fields, operators, functions and older names, made
/// from their rows.
package enum KFLReference {
  /// A function or a special form, as the reference shows it.
  package struct Call: Sendable {
    package var name: String
    package var usage: String
    package var doc: String
    /// An expression and its value.
    package var example: String

    package var json: JSONObject {
      [
        "name": .string(name), "usage": .string(usage), "doc": .string(doc),
        "example": .string(example),
      ]
    }
  }

  /// All functions, then what says something of elements.
  package static let calls: [Call] =
    Function.all.map { Call($0.name, $0.usage, $0.doc, $0.example) }
    + SpecialForm.all.map { Call($0.name, $0.usage, $0.doc, $0.example) }

  /// The page as Markdown.
  package static let page: String = {
    var page = """
      # KFL: fields and functions

      <!-- Made by `make reference` from the rows of the field catalogue and the function tables. -->

      A filter is a condition on one entry, such as `http && status_code >= 500`. It is written in the
      Common Expression Language, or with words (`http and response.status == 500`), or mixed.
      `kubeshark kfl check FILTER` says what a filter means; `kubeshark kfl fields` and
      `kubeshark kfl functions` print what is below.

      ## Operators

      Weakest first. Conditions bind less than comparisons, comparisons less than arithmetic.

      | Operator | Word | What it gives | Example |
      |---|---|---|---|

      """
    for row in OperatorRow.all + OperatorRow.arithmetic {
      page += line(
        [code(row.sign), row.word.map(code) ?? "", row.doc, code(row.example)])
    }
    page += "\n## Functions\n\n| Call | What it gives | Example |\n|---|---|---|\n"
    for call in calls { page += line([code(call.usage), call.doc, code(call.example)]) }
    page += "\n## Fields\n"
    for section in sections {
      page += "\n### \(section.title)\n\n"
      if let about = section.about { page += about + "\n\n" }
      page += "| Field | Type | What it is | Example |\n|---|---|---|---|\n"
      for row in section.rows { page += line(row) }
    }
    page += """

      ## Older names

      Still read, and mean what stands beside them. Any other path that begins with `request.` or
      `response.` leads into `raw`.

      | Older name | Now |
      |---|---|

      """
    for name in LegacyName.all { page += line([code(name.name), code(name.meaning)]) }
    return page
  }()

  private struct Section {
    var title: String
    var about: String?
    var rows: [[String]] = []
  }

  /// Fields of every entry, flags, then those of each protocol in the order of the catalogue.
  private static var sections: [Section] {
    let schema = FieldSchema.schema
    var general = Section(title: "Of every entry", about: nil)
    var flags = Section(
      title: "What an entry is",
      about: "Conditions by themselves. `https` is a macro: `tls and (http or http2)`.")
    var scopes: [String] = []
    var byScope: [String: Section] = [:]
    for (variable, scope) in zip(schema.variables, schema.scopes) {
      if variable.isFlag {
        flags.rows.append(row(variable))
      } else if let scope {
        if byScope[scope] == nil { scopes.append(scope) }
        byScope[
          scope,
          default: Section(
            title: "With `\(scope)`",
            about: "Absent from other entries: beside a negation, write `\(scope)` as well.")
        ].rows.append(row(variable))
      } else {
        general.rows.append(row(variable))
      }
    }
    return [general, flags] + scopes.compactMap { byScope[$0] }
  }

  private static func row(_ variable: Variable) -> [String] {
    let unit = variable.unit.map { ", in \($0)" } ?? ""
    return [
      code(variable.name), code(variable.type.description), variable.doc + unit + ".",
      variable.example.map(code) ?? "",
    ]
  }

  private static func code(_ text: String) -> String { "`" + text + "`" }

  /// A row of a table; what would end a cell is escaped.
  private static func line(_ cells: [String]) -> String {
    "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
  }
}

extension KFLReference.Call {
  fileprivate init(_ name: String, _ usage: String, _ doc: String, _ example: Function.Example) {
    self.init(
      name: name, usage: usage, doc: doc,
      example: example.gives.literalText == "true"
        ? example.text : "\(example.text) → \(example.gives.literalText)")
  }
}

extension Variable {
  /// The row as the command lists it.
  package var json: JSONObject {
    var object: JSONObject = [
      "name": .string(name), "type": .string(type.description), "doc": .string(doc),
    ]
    if let unit { object["unit"] = .string(unit) }
    if let example { object["example"] = .string(example) }
    if let scope { object["scope"] = .string(scope) }
    if !values.isEmpty { object["values"] = .array(values.map { .string($0) }) }
    return object
  }
}
