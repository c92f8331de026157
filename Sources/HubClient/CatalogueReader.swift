import JSON
import ToolKit

/// Reads a discovery document, and repairs what clients would stumble over.
struct CatalogueReader {
  /// Most tools, or prompts, taken from one Hub.
  static let maxRows = 1_000

  private(set) var catalogue: Catalogue
  /// What was left out or repaired, one sentence each.
  private(set) var notes: [String] = []
  /// Whether the Hub is one of ours: its answers obey the schemas it publishes.
  private let speaksOurAnswers: Bool

  init(_ document: JSONObject) throws(HubFault) {
    let tools = document["tools"]?.array
    guard document["name"]?.string != nil || tools != nil else { throw .notAHub }
    catalogue = Catalogue(
      name: document["name"]?.string ?? "", version: document["version"]?.string ?? "",
      description: document["description"]?.string ?? "", tools: [], prompts: [])
    guard !catalogue.name.isEmpty || tools?.isEmpty == false else { throw .mcpDisabled }
    speaksOurAnswers =
      document["answer_types"]?.array?.contains(.string(AnswerType.ours)) == true
    for (name, value) in (document["capabilities"]?.object?.members ?? [])
      .map({ ($0.name, $0.value) })
    {
      catalogue.capabilities[name] = value.bool
    }
    addTools(tools ?? [])
    addPrompts(document["prompts"]?.array ?? [])
  }

  private mutating func addTools(_ rows: [JSONValue]) {
    var names: Set<String> = []
    for row in rows {
      guard let name = row["name"]?.string, isName(name) else {
        notes.append("a tool without a usable name was left out")
        continue
      }
      guard names.insert(name).inserted else {
        notes.append("the tool \(name) is listed twice")
        continue
      }
      guard names.count <= Self.maxRows else {
        notes.append("only the first \(Self.maxRows) tools were taken")
        return
      }
      catalogue.tools.append(
        ToolDescription(
          name: name, title: row["title"]?.string, description: row["description"]?.string ?? "",
          inputSchema: repaired(row["inputSchema"], of: name),
          outputSchema: speaksOurAnswers ? row["outputSchema"]?.object : nil,
          annotations: annotations(row["annotations"]?.object) ?? KnownTools.annotations[name]))
    }
  }

  private mutating func addPrompts(_ rows: [JSONValue]) {
    var names: Set<String> = []
    for row in rows.prefix(Self.maxRows) {
      guard let name = row["name"]?.string, isName(name) else {
        notes.append("a prompt without a usable name was left out")
        continue
      }
      // Pages of the list go on after a name.
      guard names.insert(name).inserted else {
        notes.append("the prompt \(name) is listed twice")
        continue
      }
      let arguments = (row["arguments"]?.array ?? []).compactMap { argument in
        argument["name"]?.string.map {
          PromptDescription.Argument(
            name: $0, description: argument["description"]?.string ?? "",
            required: argument["required"]?.bool ?? false)
        }
      }
      catalogue.prompts.append(
        PromptDescription(
          name: name, title: row["title"]?.string, description: row["description"]?.string ?? "",
          arguments: arguments, template: row["template"]?.string))
    }
  }

  /// A schema that clients accept: an object whose root says so and whose properties are objects.
  private mutating func repaired(_ schema: JSONValue?, of tool: String) -> JSONObject {
    guard var object = schema?.object, !object.isEmpty else {
      if schema != ["type": "object"] { notes.append("the tool \(tool) came without a schema") }
      return ["type": "object"]
    }
    if object["type"] != "object" {
      notes.append("the schema of the tool \(tool) did not say that it is an object")
      let rest = object.members.filter { $0.name != "type" }
      object = JSONObject(members: [.init(name: "type", value: "object")] + rest)
    }
    return Self.cleaned(object)
  }

  /// Members of a schema whose value may be null.
  private static let values = ["default", "const"]

  /// The schema with properties that are objects, down to the innermost, and without what is null:
  /// programs write lists so that are empty. No property asks to be copied into a header either, which
  /// is between a client and its own server.
  private static func cleaned(_ schema: JSONObject) -> JSONObject {
    var schema = JSONObject(
      members: schema.members.filter { member in
        member.name != "x-mcp-header" && (!member.value.isNull || values.contains(member.name))
      })
    if let properties = schema["properties"] {
      schema["properties"] = .object(
        JSONObject(
          members: (properties.object?.members ?? []).map { member in
            .init(
              name: member.name, value: .object(cleaned(member.value.object ?? JSONObject())))
          }))
    }
    if let items = schema["items"]?.object { schema["items"] = .object(cleaned(items)) }
    return schema
  }

  private func annotations(_ hints: JSONObject?) -> ToolAnnotations? {
    guard let hints else { return nil }
    let readOnly = hints["readOnlyHint"]?.bool ?? false
    return ToolAnnotations(
      readOnly: readOnly, destructive: hints["destructiveHint"]?.bool ?? !readOnly,
      idempotent: hints["idempotentHint"]?.bool ?? false,
      openWorld: hints["openWorldHint"]?.bool ?? true)
  }

  private func isName(_ name: String) -> Bool {
    (1...128).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f, 0x2d, 0x2e: true
        default: false
        }
      }
  }
}

/// What the tools of a published Hub do to the world. It does not say so itself, and hosts take
/// a tool without hints for a dangerous one.
enum KnownTools {
  static let annotations: [String: ToolAnnotations] = {
    var all: [String: ToolAnnotations] = [:]
    for name in reading { all[name] = .reading }
    for name in changing {
      all[name] = ToolAnnotations(readOnly: false, destructive: false, idempotent: true)
    }
    for name in creating {
      all[name] = ToolAnnotations(readOnly: false, destructive: false, idempotent: false)
    }
    for name in deleting {
      all[name] = ToolAnnotations(readOnly: false, destructive: true, idempotent: true)
    }
    return all
  }()

  private static let reading = [
    "list_workloads", "list_ips", "resolve_workload", "list_api_calls", "get_api_call",
    "get_api_call_details", "get_api_stats", "list_l4_flows", "get_l4_flow_summary",
    "get_dissection_status", "get_data_boundaries", "get_l7_data_boundaries",
    "get_raw_capture_status", "list_snapshots", "get_snapshot", "export_snapshot_pcap",
    "get_snapshot_dissection_status", "list_snapshot_dissections", "list_databases",
    "get_cloud_storage_status", "get_cloud_job_status", "list_targeted_workloads", "validate_kfl",
  ]
  private static let changing = ["enable_dissection", "disable_dissection"]
  private static let creating = [
    "create_snapshot", "start_snapshot_dissection", "stop_snapshot_dissection",
    "upload_snapshot_to_cloud", "download_snapshot_from_cloud",
  ]
  private static let deleting = ["delete_snapshot", "delete_snapshot_dissection"]
}
