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
    let dissects = try takesAutoDissect(&arguments, of: row)
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
    let name = parts.count > 1 ? parts[1] : nil
    // Who held which address is known of packets, too.
    if name == nil, !dissects, [ListWorkloads.row.name, ListIPs.row.name].contains(row.name),
      let names = try library.names(found)
    {
      return names
    }
    return try await library.traffic(found, name, dissects: dissects)
  }

  /// Whether a snapshot that was not dissected is dissected now; taken out of the arguments of tools
  /// that can ask a snapshot. No schema names it: the error of such a snapshot does.
  private static func takesAutoDissect(
    _ arguments: inout JSONObject, of row: ToolRow
  ) throws(ToolError) -> Bool {
    guard row.parameters.contains(where: { $0.name == ListAPICalls.snapshot.name }),
      let value = arguments["auto_dissect"]
    else { return false }
    arguments["auto_dissect"] = nil
    switch value {
    case .bool(true), "true", "1", 1: return true
    case .bool(false), "false", "0", 0, "", .null: return false
    default:
      throw .invalid(
        "auto_dissect", "auto_dissect must be true or false, not \(value.text.prefix(80))",
        hint: "With true the answer waits until the snapshot is dissected.")
    }
  }

  private static func taken(
    _ parameter: Parameter, from arguments: inout JSONObject, of row: ToolRow
  ) throws(ToolError) -> String? {
    guard row.parameters.contains(where: { $0.name == parameter.name }),
      let value = arguments[parameter.name]
    else {
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
}
