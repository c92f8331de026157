import JSON
package import ToolKit

/// The address under which a file of the Hub can be had.
package struct GetFileURL: Tool {
  static let path = Parameter(
    "path", .text, "Path on the Hub, as a tool such as export_snapshot_pcap gave it",
    required: true)

  package static let row = ToolRow(
    name: "get_file_url", title: "Get the URL of a file",
    doc: """
      The full URL of a file of the Hub, such as an exported PCAP, to share or open in a browser. \
      download_file saves it on this machine instead.
      """,
    parameters: [path],
    answer: [
      "type": "object",
      "properties": ["url": ["type": "string"], "needs_sign_in": ["type": "boolean"]],
      "required": ["url"],
    ], route: "GET files/url")

  private let hub: any RemoteHub

  package init(hub: any RemoteHub) { self.hub = hub }

  package func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let address = try await hub.address(of: arguments.text(Self.path) ?? "")
    var text = address.url
    if address.needsSignIn {
      text += "\nThe Hub asks for a token, so a plain browser will be refused; use download_file."
    }
    if address.isLoopback { text += "\nThis URL works on this machine only." }
    return ToolAnswer(
      structured: [
        "url": .string(address.url), "needs_sign_in": .bool(address.needsSignIn),
      ], text: text)
  }
}

/// The same of a Hub in this process: its files have an address once they are saved.
package struct SaveFileURL: Tool {
  package static let row = ToolRow(
    name: GetFileURL.row.name, title: GetFileURL.row.title,
    doc: """
      The file:// URL of a file such as an exported PCAP, saved in the download folder for it. \
      download_file lets you choose its name.
      """,
    parameters: [GetFileURL.path], answer: GetFileURL.row.answer,
    annotations: ToolAnnotations(readOnly: false, destructive: false, idempotent: false),
    route: GetFileURL.row.route)

  private let download: DownloadFile

  /// - Parameter hub: in this process.
  package init(embedded hub: any HubConnection, folder: DownloadFolder) {
    download = DownloadFile(embedded: hub, folder: folder)
  }

  package func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let path = try FilePath(arguments.text(GetFileURL.path) ?? "")
    var answer = try await download.saved(path, progress)
    let url = answer.structured["url"] ?? .null
    answer.structured = ["url": url, "needs_sign_in": false]
    return answer
  }
}
