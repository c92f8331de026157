import ArgumentParser
import Bytes
import JSON
import KFL
import Query

/// The value of an expression.
struct KFLEval: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Print the value of an expression.",
    discussion: """
      Values are JSON with their types: {"int":"3"}, {"list":[{"bool":true}]}.

      Without --cel the expression is a filter, or any other expression of KFL, and is evaluated on
      entries written as JSON: members by field name, dotted or nested. Several entries, in an array
      or one a line, give one value a line; without --entry all fields are absent.
        echo '{"http": true, "src": {"port": 4242}}' | kubeshark kfl eval 'http && src.port > 80' --entry -

      With --cel it is an expression of the Common Expression Language and nothing else.
        kubeshark kfl eval --cel --bind 'x={"uint":"7"}' 'x * 2u'

      \(KFLCommand.exitCodes)
      """)

  /// Largest file of entries, in bytes.
  private static let maxEntries = 64 << 20

  @Argument(
    help: ArgumentHelp("The expression; - for standard input.", valueName: "expression"),
    completion: .custom(completedFilters))
  var expression: String

  @Flag(help: "Read it as standard CEL: no word operators, no legacy names, no fields.")
  var cel = false

  @Flag(name: .customLong("no-check"), help: "Evaluate without checking types first.")
  var noCheck = false

  @Option(
    help: ArgumentHelp(
      "With --cel: a variable and its value, tagged or plain JSON; can be repeated.",
      valueName: "name=json"))
  var bind: [String] = []

  @Option(
    help: ArgumentHelp(
      "Entries as JSON; - for standard input.", valueName: "file"), completion: .file())
  var entry: String?

  @Option(help: ArgumentHelp("What now() stands for, as RFC 3339 text.", valueName: "instant"))
  var now: String?

  func validate() throws {
    if expression == "-", entry == "-" {
      throw ValidationError("The expression and the entries cannot both come from standard input.")
    }
    if cel, entry != nil {
      throw ValidationError("--entry is for filters; with --cel, bind values by --bind.")
    }
    if !cel, !bind.isEmpty {
      throw ValidationError("--bind goes with --cel; fields of a filter come from --entry.")
    }
    if let now, Timestamp(rfc3339: now) == nil {
      throw ValidationError("--now must be an instant such as 2026-03-14T22:50:00Z, not \(now).")
    }
  }

  func run() throws {
    let expression = try KFLCommand.text(expression)
    if cel { try evaluateStandard(expression) } else { try evaluateOnEntries(expression) }
  }

  private func evaluateStandard(_ expression: String) throws {
    switch CEL.evaluate(expression, bindings: try bindings(), checked: !noCheck) {
    case .success(let value): print(value.taggedJSON.text)
    case .failure(let diagnostic): throw Failure.failed(refused([diagnostic], expression))
    }
  }

  private func evaluateOnEntries(_ expression: String) throws {
    let now = now.flatMap { Timestamp(rfc3339: $0) } ?? .now
    let compiled: ValueExpression
    do throws(ValueExpression.Refused) {
      compiled = try ValueExpression(
        expression, schema: FieldSchema.schema, now: now, checks: !noCheck)
    } catch {
      throw Failure.failed(refused(error.errors, expression))
    }
    var hasFailed = false
    for entry in try entries() {
      do throws(Diagnostic) {
        print(try compiled.value(of: entry).taggedJSON.text)
      } catch {
        // A line for each entry, so that values can be counted.
        print(JSONValue.object(["error": .string(error.message)]).text)
        printError(error.caret(in: expression))
        hasFailed = true
      }
    }
    if hasFailed { throw ExitCode(Failure.Code.failed.rawValue) }
  }

  private func refused(_ errors: [Diagnostic], _ expression: String) -> String {
    "no value\n" + refusal(errors, in: expression)
  }

  private func entries() throws(Failure) -> [WrittenEntry] {
    guard let entry else { return [WrittenEntry()] }
    let path = entry == "-" ? "/dev/stdin" : entry
    let text = try contents(of: path, limit: Self.maxEntries + 1)
    guard text.count <= Self.maxEntries else {
      throw .usage("\(entry) has more than \(Self.maxEntries >> 20) MiB of entries")
    }
    do throws(WrittenEntry.Mistake) {
      return try WrittenEntry.entries(of: text)
    } catch {
      throw .usage("--entry \(entry): \(error.message)")
    }
  }

  private func bindings() throws(Failure) -> [(String, Value)] {
    var result: [(String, Value)] = []
    for text in bind {
      guard let equals = text.firstIndex(of: "=") else {
        throw .usage("--bind \(text): give a name and a value, such as x={\"int\":\"3\"}")
      }
      let (name, written) = (String(text[..<equals]), String(text[text.index(after: equals)...]))
      do {
        result.append((name, try Value(writtenAs: try JSONReader.value(of: written))))
      } catch let error as TagError {
        throw .usage("--bind \(name): \(error.message)")
      } catch {
        throw .usage("--bind \(name): the value is not JSON: \(error)")
      }
    }
    return result
  }
}
