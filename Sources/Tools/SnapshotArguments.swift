import JSON
import ToolKit

/// Arguments that name another store than the traffic itself.
enum SnapshotArguments {
  /// - Throws: when one is given: this Hub has no snapshots.
  static func refuse(_ arguments: Arguments) throws(ToolError) {
    for parameter in [ListAPICalls.db, ListAPICalls.snapshot] {
      guard let value = arguments.text(parameter) else { continue }
      try refuse(value, argument: parameter.name)
    }
  }

  /// - Throws: always: this Hub has no snapshots.
  static func refuse(_ value: String, argument: String) throws(ToolError) {
    throw .notFound(
      "There is no snapshot \(JSONValue.string(String(value.prefix(64))).text).",
      hint: "This Hub reads its traffic directly; leave \(argument) out.")
  }
}
