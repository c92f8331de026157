import JSON
package import ToolKit

/// A file of the Hub, saved on this machine.
package struct DownloadFile: Tool {
  static let path = Parameter(
    "path", .text, "Path on the Hub, as a tool such as export_snapshot_pcap gave it",
    required: true)
  static let dest = Parameter(
    "dest", .text, "File name in the download folder, or a path in an allowed folder",
    aliases: ["destination"])
  static let overwrite = Parameter(
    "overwrite", .flag(default: false), "Replace a file of that name")

  package static let row = ToolRow(
    name: "download_file", title: "Download a file",
    doc: """
      Saves a file of the Hub, such as an exported PCAP, on this machine and answers with its path. \
      Use it when the user wants to open a capture locally; get_file_url gives a link instead.
      """,
    parameters: [path, dest, overwrite],
    answer: [
      "type": "object",
      "properties": [
        "path": ["type": "string"], "size": ["type": "integer"], "url": ["type": "string"],
        "sha256": ["type": "string"],
      ], "required": ["path", "size", "url"],
    ],
    annotations: ToolAnnotations(readOnly: false, destructive: false, idempotent: false),
    route: "POST files/download")

  private let hub: any HubConnection
  /// Nil for a Hub in this process, whose files have no other address.
  private let remote: (any RemoteHub)?
  private let folder: DownloadFolder

  package init(hub: any RemoteHub, folder: DownloadFolder) {
    (self.hub, self.remote, self.folder) = (hub, hub, folder)
  }

  /// - Parameter hub: in this process.
  package init(embedded hub: any HubConnection, folder: DownloadFolder) {
    (self.hub, self.remote, self.folder) = (hub, nil, folder)
  }

  package func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let path = try FilePath(arguments.text(Self.path) ?? "")
    return try await save(
      path, as: arguments.text(Self.dest), replacing: arguments.flag(Self.overwrite), progress)
  }

  private func save(
    _ path: FilePath, as destination: String?, replacing: Bool, _ progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    var source = try await hub.file(path.text, from: .beginning)
    let place = try folder.place(destination, name: source.name)
    let url = try await remote?.address(of: path.text).url
    let file = try PartialFile(place, replacing: replacing)
    let type = source.contentType
    var (failures, reached) = (0, Int64(0))
    while true {
      do throws(ToolError) {
        try await copy(source, to: file, progress)
        break
      } catch {
        // What broke off is taken up where it ended, as long as that leads further.
        failures = file.length > reached ? 1 : failures + 1
        reached = file.length
        guard error.code == "hub_dropped", let tag = source.tag,
          failures <= remote?.resumptions ?? 0
        else { throw error }
        source = try await hub.file(path.text, from: FileStart(offset: file.length, tag: tag))
      }
    }
    if let length = source.length, length != file.length {
      throw ToolError(
        status: 502, code: "hub_dropped",
        message: "The file has \(length) bytes, but \(file.length) came.", hint: "Try again.")
    }
    let digest = try file.finish(replacing: replacing)
    return answer(place.path, file.length, digest, url, type)
  }

  /// Saves a file of a Hub in this process for whoever wants its address, beside what is there.
  func saved(_ path: FilePath, _ progress: @escaping ProgressReport) async throws(ToolError)
    -> ToolAnswer
  {
    let name = try await hub.file(path.text, from: .beginning).name
    for number in 1..<Self.maxCopies {
      do throws(ToolError) {
        return try await save(
          path, as: number == 1 ? nil : numbered(name, number), replacing: false, progress)
      } catch {
        guard error.code == PartialFile.existsCode else { throw error }
      }
    }
    return try await save(path, as: numbered(name, Self.maxCopies), replacing: false, progress)
  }

  /// Copies of one name that are kept side by side.
  private static let maxCopies = 100

  /// `shop-2.pcap`.
  private func numbered(_ name: String, _ number: Int) -> String {
    let dot = name.lastIndex(of: ".") ?? name.endIndex
    return "\(name[..<dot])-\(number)\(name[dot...])"
  }

  private func copy(
    _ source: HubFile, to file: PartialFile, _ progress: @escaping ProgressReport
  ) async throws(ToolError) {
    if source.offset != file.length { try file.restart() }
    if let length = source.length { try file.reserve(length - file.length) }
    try await source.copy { (bytes) async throws(ToolError) in
      if Task.isCancelled { throw ToolError.cancelled }
      try file.append(bytes)
      progress(
        Progress(
          done: Double(file.length), total: source.length.map { Double($0) },
          message: "\(file.length >> 20) MiB"))
    }
  }

  private func answer(
    _ path: String, _ size: Int64, _ digest: String, _ url: String?, _ type: String
  ) -> ToolAnswer {
    let origin = url.map { ", from \($0)" } ?? ""
    return ToolAnswer(
      structured: [
        "path": .string(path), "size": .int(size), "url": .string(url ?? fileURL(path)),
        "sha256": .string(digest),
      ],
      text: """
        Saved \(size) bytes to \(path).
        SHA-256 \(digest)\(origin). The file holds captured traffic as it was, with secrets.
        """,
      attachments: [
        .link(
          uri: fileURL(path), name: path.split(separator: "/").last.map(String.init) ?? path,
          title: "Downloaded file", mimeType: type, length: size)
      ])
  }

  /// The path as a URL (RFC 8089).
  private func fileURL(_ path: String) -> String {
    let digits = Array("0123456789ABCDEF")
    var url = "file://"
    for byte in path.utf8 {
      switch byte {
      case 0x2d...0x39, 0x41...0x5a, 0x5f, 0x61...0x7a, 0x7e:
        url.unicodeScalars.append(UnicodeScalar(byte))
      default: url += "%" + String(digits[Int(byte >> 4)]) + String(digits[Int(byte & 15)])
      }
    }
    return url
  }
}
