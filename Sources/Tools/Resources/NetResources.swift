import Entries
import JSON
import KFL
import Query
package import ToolKit

/// The resources under `net://`: the filter language's fields, and what the tools give under an
/// address of its own.
package enum NetResources {
  package static let all: [Resource] = [fields, coverage, field, call, snapshot]

  static let snapshotTemplate = "net://snapshot/{name}"
  private static let json = "application/json"

  private static let fields = Resource(
    ResourceDescription(
      uri: "net://kfl/fields", name: "kfl_fields", title: "KFL fields",
      description: "Every field a KFL filter can use, with its type, unit, meaning and an example.",
      mimeType: json)
  ) { _, _, _ throws(ToolError) in
    let rows = FieldSchema.fields.map { JSONValue.object($0.schemaRow) }
    return [content("net://kfl/fields", ["fields": .array(rows)])]
  }

  private static let field = Resource(
    ResourceDescription(
      uri: "net://kfl/fields/{name}", name: "kfl_field", title: "A KFL field",
      description: "One field of KFL: type, unit, meaning, an example.", mimeType: json)
  ) { values, _, _ throws(ToolError) in
    let name = values["name"] ?? ""
    guard let field = FieldSchema.fields.first(where: { $0.name == name }) else {
      let near = nearest(to: name, among: FieldSchema.fields.compactMap(\.name))
      throw .notFound(
        "There is no field called \(JSONValue.string(String(name.prefix(64))).text).",
        hint: near.map { "Did you mean \($0)?" } ?? "net://kfl/fields has them all.")
    }
    return [content("net://kfl/fields/\(name)", field.schemaRow)]
  }

  private static let coverage = Resource(
    ResourceDescription(
      uri: "net://coverage", name: "coverage", title: "Coverage",
      description:
        "What answers rest on: the captures, their period, packets, and what is missing.",
      mimeType: json), needs: ["get_api_stats"]
  ) { _, hub, caller throws(ToolError) in
    let answer = try await hub.call("get_api_stats", arguments: ["limit": 1], caller: caller)
    guard let coverage = answer.structured["coverage"]?.object else {
      throw .notFound("This Hub does not say what its answers rest on.")
    }
    return [content("net://coverage", coverage)]
  }

  private static let call = Resource(
    ResourceDescription(
      uri: "net://call/{+id}", name: "call", title: "An API call",
      description: "One call in full, by its id from list_api_calls.", mimeType: json),
    needs: ["get_api_call"]
  ) { values, hub, caller throws(ToolError) in
    let id = values["id"] ?? ""
    let answer = try await hub.call("get_api_call", arguments: ["id": .string(id)], caller: caller)
    return [content("net://call/\(id)", answer.structured)]
  }

  private static let snapshot = Resource(
    ResourceDescription(
      uri: snapshotTemplate, name: "snapshot", title: "A snapshot",
      description: "A frozen stretch of traffic: period, size, nodes, what is dissected.",
      mimeType: json), needs: ["get_snapshot"]
  ) { values, hub, caller throws(ToolError) in
    let name = values["name"] ?? ""
    let answer = try await hub.call(
      "get_snapshot", arguments: ["id": .string(name)], caller: caller)
    return [content("net://snapshot/\(name)", answer.structured)]
  }

  private static func content(_ uri: String, _ object: JSONObject) -> ResourceContent {
    ResourceContent(uri: uri, mimeType: json, .text(JSONValue.object(object).text))
  }
}

extension Field {
  /// The field as its reader needs it.
  fileprivate var schemaRow: JSONObject {
    var row: JSONObject = [
      "name": .string(name ?? ""), "type": .string(KFLType(type).description),
      "description": .string(doc),
    ]
    if let unit { row["unit"] = .string(unit) }
    if let example { row["example"] = .string(example) }
    if let scope { row["protocol"] = .string(scope) }
    return row
  }
}
