import JSON
import Snapshots
import ToolKit

/// Arguments that name another store than the traffic itself.
enum SnapshotArguments {
  /// The traffic that `db` or `snapshot_id` names, both of which are taken out of the arguments; nil
  /// when neither is given, or the tool has no such argument.
  ///
  /// - Throws: that there is no such snapshot, or that it was not dissected, with the call to make.
  static func traffic(
    _ arguments: inout JSONObject, of row: ToolRow, _ library: SnapshotLibrary?
  ) async throws(ToolError) -> Traffic? {
    let snapshot = try taken(ListAPICalls.snapshot, from: &arguments, of: row)
    let database = try taken(ListAPICalls.db, from: &arguments, of: row)
    guard let named = database ?? snapshot else { return nil }
    let parts = named.split(separator: "/", maxSplits: 1).map(String.init)
    guard let library, let key = parts.first else {
      throw .notFound(
        "There is no snapshot \(JSONValue.string(String(named.prefix(64))).text).",
        hint:
          "This Hub reads its traffic directly; leave \(database == nil ? "snapshot_id" : "db") out."
      )
    }
    let found = try await library.find(key)
    if database != nil, let snapshot {
      guard [found.id, found.name].contains(snapshot) else {
        throw .invalid(
          "db", "db names the snapshot \(found.name), and snapshot_id another one",
          hint: "Leave one of them out.")
      }
    }
    return try library.shelf.traffic(found, parts.count > 1 ? parts[1] : nil)
  }

  private static func taken(
    _ parameter: Parameter, from arguments: inout JSONObject, of row: ToolRow
  ) throws(ToolError) -> String? {
    guard row.parameters.contains(parameter), let value = arguments[parameter.name] else {
      return nil
    }
    arguments[parameter.name] = nil
    if value.isNull || value == "" { return nil }
    guard let text = value.string else {
      throw .invalid(
        parameter.name, "\(parameter.name) must be a text, not \(value.text.prefix(80))",
        hint: parameter.doc + ".")
    }
    return text
  }

  /// - Throws: always: what is compared is of one traffic.
  static func refuse(_ value: String, argument: String) throws(ToolError) {
    throw .notFound(
      "There is no snapshot \(JSONValue.string(String(value.prefix(64))).text).",
      hint: "Both sides are of this traffic: leave \(argument) out of them.")
  }
}
