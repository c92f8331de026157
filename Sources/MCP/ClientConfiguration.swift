package import JSON

/// The entry that makes an MCP client start this server: what `--mcp-config` prints and
/// `mcp install` writes.
package struct ClientConfiguration: Sendable {
  /// Why a client's file is left as it is.
  package struct Problem: Error, Hashable, Sendable {
    package var message: String
  }

  /// Name of the entry.
  static let name = "kubeshark"

  private let client: MCPClient
  /// Absolute path of the program; clients have no PATH to look it up in.
  private let command: String
  private let arguments: [String]
  /// What the server's environment gets besides, texts by name: for secrets, which whoever lists
  /// processes would read among the arguments.
  package var environment: JSONObject = [:]

  package init(client: MCPClient = .claudeDesktop, command: String, arguments: [String]) {
    (self.client, self.command, self.arguments) = (client, command, arguments)
  }

  /// The whole file of a client that has no other servers.
  package var text: String {
    let list = arguments.map { JSONValue.string($0).text }.joined(separator: ", ")
    let transport = client.namesTransport ? "\n      \"type\": \"stdio\"," : ""
    let secrets = environment.members.map { member in
      "        \(JSONValue.string(member.name).text): \(member.value.text)"
    }.joined(separator: ",\n")
    let added = secrets.isEmpty ? "" : ",\n      \"env\": {\n\(secrets)\n      }"
    return """
      {
        "\(client.section)": {
          "\(Self.name)": {\(transport)
            "command": \(JSONValue.string(command).text),
            "args": [\(list)]\(added)
          }
        }
      }

      """
  }

  private var entry: JSONObject {
    var entry = JSONObject()
    if client.namesTransport { entry["type"] = "stdio" }
    entry["command"] = .string(command)
    entry["args"] = .array(arguments.map { .string($0) })
    if !environment.members.isEmpty { entry["env"] = .object(environment) }
    return entry
  }

  /// A client's file with the entry in it and all else as it was; an `env` that the user gave the
  /// entry before is kept.
  ///
  /// - Parameter file: the text of the file; empty for none.
  package func merged(into file: String) throws(Problem) -> String {
    var root: JSONObject = [:]
    if file.contains(where: { !$0.isWhitespace }) {
      let value: JSONValue
      do throws(JSONError) { value = try JSONReader.value(of: file) } catch {
        throw Problem(
          message: "it is not plain JSON (\(error)); comments and trailing commas cannot be kept")
      }
      guard let object = value.object else { throw Problem(message: "it is no JSON object") }
      root = object
    }
    var servers: JSONObject = [:]
    switch root[client.section] {
    case nil, .null?: break
    case .object(let object)?: servers = object
    default: throw Problem(message: "its member \(client.section) is no object")
    }
    var entry = entry
    if let kept = servers[Self.name]?["env"] {
      entry["env"] =
        kept.object.map { kept in
          JSONValue.object(environment.members.reduce(into: kept) { $0[$1.name] = $1.value })
        } ?? kept
    }
    servers[Self.name] = .object(entry)
    root[client.section] = .object(servers)
    return JSONValue.object(root).prettyText + "\n"
  }
}
