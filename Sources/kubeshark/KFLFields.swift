import ArgumentParser
import JSON
import KFL
import Query

/// The fields a filter may name.
struct KFLFields: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fields",
    abstract: "List the fields that filters know.",
    discussion: """
      Name, type and meaning of each, and a filter that uses it.
        kubeshark kfl fields src.
        kubeshark kfl fields --json | jq '.[] | select(.type == "int") | .name'

      \(KFLCommand.exitCodes)
      """)

  @Argument(
    help: ArgumentHelp("Only names that begin like this.", valueName: "prefix"),
    completion: .custom { _, _, prefix in
      FieldSchema.schema.variables.map(\.name).filter { $0.hasPrefix(prefix) }
    })
  var prefix = ""

  @Flag(help: "Print a JSON array.")
  var json = false

  func run() throws {
    let rows = FieldSchema.schema.variables.filter { $0.name.hasPrefix(prefix) }
    guard !rows.isEmpty else {
      throw Failure.failed("no field begins with \(prefix); kubeshark kfl fields lists all")
    }
    print(json ? JSONValue.array(rows.map { .object($0.json) }).prettyText : text(rows))
  }

  private func text(_ rows: [Variable]) -> String {
    let width = rows.map(\.name.count).max() ?? 0
    let types = rows.map(\.type.description.count).max() ?? 0
    return rows.map { row in
      let unit = row.unit.map { " [\($0)]" } ?? ""
      let indent = "\n" + String(repeating: " ", count: width + types + 4)
      return row.name.padded(to: width) + "  " + row.type.description.padded(to: types) + "  "
        + row.doc + unit + (row.example.map { indent + $0 } ?? "")
    }.joined(separator: "\n")
  }
}

/// The functions and macros a filter may call.
struct KFLFunctions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "functions",
    abstract: "List the functions that filters know.",
    discussion: KFLCommand.exitCodes)

  @Argument(
    help: ArgumentHelp("Only names that begin like this.", valueName: "prefix"),
    completion: .custom { _, _, prefix in
      KFLReference.calls.map(\.name).filter { $0.hasPrefix(prefix) }
    })
  var prefix = ""

  @Flag(help: "Print a JSON array.")
  var json = false

  func run() throws {
    let rows = KFLReference.calls.filter { $0.name.hasPrefix(prefix) }
    guard !rows.isEmpty else {
      throw Failure.failed("no function begins with \(prefix); kubeshark kfl functions lists all")
    }
    if json {
      print(JSONValue.array(rows.map { .object($0.json) }).prettyText)
    } else {
      print(rows.map { "\($0.usage)\n    \($0.doc)\n    \($0.example)" }.joined(separator: "\n"))
    }
  }
}

/// The page of `docs/kfl.md`.
struct KFLReferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reference",
    abstract: "Print all fields and functions as a Markdown page.",
    discussion: KFLCommand.exitCodes)

  func run() { print(KFLReference.page, terminator: "") }
}
