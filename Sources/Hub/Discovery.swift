import JSON
import ToolKit

/// The discovery document: what `GET /mcp` says about this Hub.
enum Discovery {
  static func document(_ catalogue: Catalogue, routes: [HubRoute]) -> JSONObject {
    let capabilities = catalogue.capabilities.sorted { $0.key < $1.key }
      .map { JSONObject.Member(name: $0.key, value: .bool($0.value)) }
    return [
      "name": .string(catalogue.name),
      "version": .string(catalogue.version),
      "description": .string(catalogue.description),
      "tools": .array(catalogue.tools.map { .object($0.json) }),
      "prompts": .array(catalogue.prompts.map { .object($0.json) }),
      "endpoints": .array(endpoints(catalogue, routes)),
      "capabilities": .object(JSONObject(members: capabilities)),
      "answer_types": ["application/json", .string(MediaType.answer)],
    ]
  }

  private static func endpoints(_ catalogue: Catalogue, _ routes: [HubRoute]) -> [JSONValue] {
    let call: JSONValue = [
      "method": "POST", "path": "/mcp/tools/call",
      "description": "Any tool, as {\"name\":…,\"arguments\":{…}}.",
    ]
    return [call]
      + routes.compactMap { route in
        guard let tool = catalogue.tools.first(where: { $0.name == route.tool }) else { return nil }
        return [
          "method": .string(route.method), "path": .string(route.path), "tool": .string(tool.name),
          "description": .string(tool.description), "params": .array(params(of: tool)),
        ]
      }
  }

  private static func params(of tool: ToolDescription) -> [JSONValue] {
    (tool.inputSchema["properties"]?.object?.members ?? []).map { member in
      var param: JSONObject = ["name": .string(member.name)]
      if let type = member.value["type"] { param["type"] = type }
      if let description = member.value["description"] { param["description"] = description }
      return .object(param)
    }
  }

  /// A tag that changes whenever the bytes do (FNV-1a, 64 bits; nobody gains by a collision).
  static func tag(of bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return "\"" + String(hash, radix: 16) + "\""
  }
}

extension ToolDescription {
  fileprivate var json: JSONObject {
    var object: JSONObject = ["name": .string(name)]
    if let title { object["title"] = .string(title) }
    object["description"] = .string(description)
    object["inputSchema"] = .object(inputSchema)
    if let outputSchema { object["outputSchema"] = .object(outputSchema) }
    if let annotations {
      object["annotations"] = [
        "readOnlyHint": .bool(annotations.readOnly),
        "destructiveHint": .bool(annotations.destructive),
        "idempotentHint": .bool(annotations.idempotent),
        "openWorldHint": .bool(annotations.openWorld),
      ]
    }
    return object
  }
}

extension PromptDescription {
  fileprivate var json: JSONObject {
    var object: JSONObject = ["name": .string(name)]
    if let title { object["title"] = .string(title) }
    object["description"] = .string(description)
    object["arguments"] = .array(
      arguments.map {
        [
          "name": .string($0.name), "description": .string($0.description),
          "required": .bool($0.required),
        ]
      })
    if let template { object["template"] = .string(template) }
    return object
  }
}
