import JSON
import ToolKit

/// Media types of tool answers.
enum AnswerType {
  /// The answer with all that an embedded Hub would give, so that nobody can tell the ways apart.
  static let ours = "application/vnd.kubeshark.answer+json"
  static let accept = ours + ", application/json;q=0.9, */*;q=0.1"
}

/// Reads what a Hub answered to a tool call.
struct AnswerReader {
  /// Longest JSON text that is indented for reading, in bytes; beyond it costs too many tokens.
  static let maxIndented = 16 << 10
  /// Longest text given to a model, in bytes. Only Hubs that know no budget come near it.
  static let maxText = 256 << 10

  let address: HubAddress
  /// What the Hub's paths are below.
  let root: String
  /// How to get a token that is good.
  let advice: () -> String

  func answer(_ reply: Exchange.Reply) throws(ToolError) -> ToolAnswer {
    guard (200...299).contains(reply.status) else { throw error(reply) }
    let type = reply.header("content-type")?.lowercased() ?? ""
    if reply.isWebPage {
      throw HubFault.webPage(status: reply.status).toolError(address, advice: advice())
    }
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONReader.value(of: reply.body)
    } catch {
      return foreignText(reply.body)
    }
    if type.hasPrefix(AnswerType.ours) { return try ours(value) }
    return foreign(value)
  }

  /// An answer with everything in it.
  private func ours(_ value: JSONValue) throws(ToolError) -> ToolAnswer {
    guard let structured = value["structured"]?.object, let text = value["text"]?.string else {
      throw HubFault.notJSON("its members are missing").toolError(address, advice: advice())
    }
    return ToolAnswer(
      structured: structured, text: text, obeysSchema: value["obeysSchema"]?.bool ?? false,
      attachments: links(structured))
  }

  /// Plain JSON of a Hub that promises no schema: shown as it is.
  private func foreign(_ value: JSONValue) -> ToolAnswer {
    let indented = value.prettyText
    let text = indented.utf8.count <= Self.maxIndented ? indented : value.text
    let cut = cut(text)
    // A structured form that the text had to leave out would pass the limit by the back door.
    let structured = cut == nil ? value.object ?? JSONObject() : JSONObject()
    return ToolAnswer(
      structured: structured, text: cut ?? text, obeysSchema: false,
      attachments: links(value.object ?? [:]))
  }

  /// A link to the capture that an answer names by its path on the Hub.
  private func links(_ answer: JSONObject) -> [ContentBlock] {
    for name in ["path", "pcap_path"] {
      guard let text = answer[name]?.string, text.hasPrefix("/") else { continue }
      let path: FilePath
      do throws(ToolError) { path = try FilePath(text) } catch { continue }
      guard path.text.contains("pcap") else { continue }
      return [
        .link(
          uri: address.url(root + path.text),
          name: answer["filename"]?.string ?? HubClient.fileName(text), title: "Capture",
          mimeType: answer["content_type"]?.string ?? "application/vnd.tcpdump.pcap",
          length: answer["size_bytes"]?.int)
      ]
    }
    return []
  }

  private func foreignText(_ body: [UInt8]) -> ToolAnswer {
    let text = String(decoding: body, as: UTF8.self)
    return ToolAnswer(
      structured: JSONObject(),
      text: "(The Hub answered with text, not JSON.)\n"
        + (cut(text) ?? text), obeysSchema: false)
  }

  /// The beginning of a text that is too long, with a note; nil when it is not.
  private func cut(_ text: String) -> String? {
    let length = text.utf8.count
    guard length > Self.maxText else { return nil }
    var end = text.utf8.index(text.startIndex, offsetBy: Self.maxText)
    while end > text.startIndex, end.samePosition(in: text) == nil {
      end = text.utf8.index(before: end)
    }
    return text[..<end]
      + "\n… cut after \(Self.maxText) of \(length) bytes. Ask for less: a smaller limit, a "
      + "narrower time range or filter."
  }

  // MARK: Errors

  func error(_ reply: Exchange.Reply) -> ToolError {
    let body: JSONObject?
    do throws(JSONError) { body = try JSONReader.value(of: reply.body).object } catch { body = nil }
    // What is wrong with a token is known here, how to get another as well, whatever the Hub says.
    if reply.status != 401, let body, let message = body["error"]?.string,
      let code = body["code"]?.string
    {
      return ToolError(
        status: reply.status, code: code, message: message, hint: body["hint"]?.string,
        argument: body["argument"]?.string, position: body["position"]?.int.map { Int($0) },
        details: body["details"]?.object ?? JSONObject())
    }
    let said = body?["error"]?.string
    switch reply.status {
    case 401: return HubFault.signIn(status: 401, to: nil).toolError(address, advice: advice())
    case 403:
      let need = body?["required_capability"]?.string.map { " It needs the capability \($0)." }
      return ToolError(
        status: 403, code: "forbidden",
        message: "The Hub refuses this (403)\(said.map { ": " + $0 } ?? "").\(need ?? "")",
        hint: "Use a token with more rights, or ask for namespaces within its scope.")
    case 404 where reply.isWebPage: return HubFault.noEndpoint.toolError(address, advice: advice())
    default:
      let text = said ?? (reply.isWebPage ? "a web page" : excerpt(reply.body))
      return ToolError(
        status: reply.status, code: "hub_error",
        message: "Hub API error (\(reply.status))" + (text.isEmpty ? "" : ": \(text)"),
        hint: body?["hint"]?.string,
        details: body?["details"]?.object ?? JSONObject())
    }
  }

  /// The beginning of a body on one line.
  private func excerpt(_ body: [UInt8]) -> String {
    String(
      String(decoding: body.prefix(300), as: UTF8.self).unicodeScalars
        .map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) }
    ).trimmed
  }
}
