import Bytes
import JSON
import Packets
import Snapshots
import Synchronization
import ToolKit

/// The packets of a snapshot as a capture file: where it can be had, and what is in it.
struct ExportSnapshotPCAP: Tool {
  static let format = Parameter(
    "format", .choice(["pcap", "pcapng"], default: nil),
    "pcapng has names, keys and interfaces (default pcap where that can hold the packets)")
  static let comments = Parameter(
    "comments", .text, "Dissection whose calls pcapng notes on packets (default newest), or none")
  static let parameters: [Parameter] = [
    .snapshotKey, .nodes, .bpf, CreateSnapshot.start, CreateSnapshot.end, format, comments,
  ]

  static let row = ToolRow(
    name: "export_snapshot_pcap", title: "Export a snapshot as PCAP",
    doc: """
      Makes a capture file of a snapshot's packets, in order of time, for Wireshark or tcpdump. \
      Answers with its path, for get_file_url or download_file. The file is not redacted.
      """,
    parameters: parameters,
    answer: AnswerSchema.answer(
      [
        "path": .text(), "filename": .text(),
        "content_type": .text(), "bytes": .integer(), "estimated_bytes": .integer(),
        "packets": .integer(), "sha256": .text(), "nodes": .texts, "first_ts": .integer(),
        "last_ts": .integer(), "redacted": .flag(),
      ], required: ["path", "filename", "content_type", "bytes", "packets"]),
    route: "GET snapshots/:name/pcap")

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let snapshot = try await library.snapshot(arguments)
    let request = try library.request(arguments, snapshot)
    let notes = try await library.notes(request, snapshot)
    let measured = try await library.measured(request, notes?.notes, progress: progress)
    let name = Self.fileName(snapshot, request)
    let path = Self.path(snapshot, request)
    var answer = Answer(arguments)
    answer.structured = [
      "path": .string(path), "filename": .string(name),
      "content_type": .string(request.format.contentType), "bytes": JSONValue(measured.bytes),
      "estimated_bytes": JSONValue(measured.bytes), "packets": JSONValue(measured.packets),
      "sha256": .string(hex(measured.digest)),
      "nodes": .array(measured.nodes.map { .string($0) }), "redacted": false,
      // The path is good as long as the snapshot is there.
      "expires_at": .null,
    ]
    if let times = measured.times {
      answer.structured["first_ts"] = .int(times.lowerBound.milliseconds)
      answer.structured["last_ts"] = .int(times.upperBound.milliseconds)
    }
    answer.say(
      """
      \(name): \(Shown.count(Int64(clamping: measured.packets))) packets, \
      \(Shown.bytes(Int64(clamping: measured.bytes))). Path: \(path)
      """)
    if measured.packets == 0 {
      answer.warn(
        """
        No packet of the snapshot (\(Shown.count(Int64(clamping: snapshot.packets))) in all, nodes \
        \(snapshot.nodesSeen.joined(separator: ", "))) matches; leave a condition out.
        """)
    }
    if let notes {
      // They are of the whole snapshot, and the file may hold a part of it.
      answer.say(
        "Its packets have the calls of \(snapshot.name)/\(request.comments ?? "") as comments, of "
          + "which the snapshot has \(Shown.count(Int64(notes.notes.texts.count))).")
      if notes.leftOut > 0 {
        answer.warn(
          "\(notes.leftOut) further calls are not noted; at most \(PacketNotes.maxCalls) are.")
      }
    }
    answer.warn("The file holds packets as they were captured: secrets in them are not redacted.")
    return try await library.finish(answer)
  }

  /// The path on the Hub under which the export can be had.
  static func path(_ snapshot: Snapshot, _ request: ExportRequest) -> String {
    var query: [String] = []
    if !request.nodes.isEmpty {
      query.append("nodes=" + request.nodes.map { percentEncoded($0) }.joined(separator: ","))
    }
    if let filter = request.filter { query.append("bpf_filter=" + percentEncoded(filter)) }
    if request.window.lowerBound > snapshot.window.lowerBound {
      query.append("start_time=\(request.window.lowerBound.milliseconds)")
    }
    if request.window.upperBound < snapshot.window.upperBound {
      query.append("end_time=\(request.window.upperBound.milliseconds)")
    }
    if request.format != .pcap {
      // Named also where there is none: the same path gives the same bytes for good.
      query.append("format=" + request.format.rawValue)
      query.append("comments=" + percentEncoded(request.comments ?? noComments))
    }
    let path = "/mcp/snapshots/\(snapshot.id)/pcap"
    return query.isEmpty ? path : path + "?" + query.joined(separator: "&")
  }

  /// Instead of the name of a dissection.
  static let noComments = "none"

  static func fileName(_ snapshot: Snapshot, _ request: ExportRequest) -> String {
    "\(snapshot.name).\(request.format.rawValue)"
  }
}

extension SnapshotLibrary {
  /// What the arguments ask to be exported.
  func request(
    _ arguments: Arguments, _ snapshot: Snapshot
  ) throws(ToolError) -> ExportRequest {
    let first = arguments.instant(CreateSnapshot.start)
    let last = arguments.instant(CreateSnapshot.end)
    if let first, let last, first > last {
      throw .invalid(
        "start_time", "start_time (\(first.rfc3339)) is after end_time (\(last.rfc3339))",
        hint: "Swap the two, or leave end_time out.")
    }
    // Paths tell milliseconds, and must lead to what was measured.
    let start = first.map { Timestamp(milliseconds: $0.milliseconds) }
    let end = last.map { Timestamp(milliseconds: $0.advanced(by: 999_999).milliseconds) }
    let asked = arguments.text(ExportSnapshotPCAP.format)
      .flatMap(ExportRequest.Format.init(rawValue:))
    let format = asked ?? (snapshot.linkTypes.count > 1 ? .pcapng : .pcap)
    let nodes = arguments.names(.nodes).sorted()
    return ExportRequest(
      snapshot, start: start, end: end, nodes: nodes, filter: arguments.text(.bpf),
      format: format, comments: try comments(arguments, snapshot, format, nodes))
  }

  /// Name of the dissection whose calls are noted; packets of some nodes alone have no numbers to
  /// note them by.
  private func comments(
    _ arguments: Arguments, _ snapshot: Snapshot, _ format: ExportRequest.Format,
    _ nodes: [String]
  ) throws(ToolError) -> String? {
    guard format == .pcapng, nodes.isEmpty || snapshot.nodesSeen.count == 1 else { return nil }
    guard let name = arguments.text(ExportSnapshotPCAP.comments) else {
      return shelf.jobs(of: snapshot.id).last { $0.status == .completed }?.name
    }
    if name == ExportSnapshotPCAP.noComments { return nil }
    let job = try shelf.find(snapshot, name)
    guard job.view.status == .completed else {
      throw ToolError(
        status: 409, code: "not_dissected",
        message: "The dissection \(job.view.db) is \(job.view.status.rawValue).",
        hint: "Ask get_snapshot_dissection_status until it is completed, or say comments=none.",
        argument: "comments")
    }
    return name
  }

  /// The export's length and digest; making them reads it once.
  func measured(
    _ request: ExportRequest, _ notes: PacketNotes?, progress: @escaping ProgressReport
  ) async throws(ToolError) -> MeasuredExport {
    let store = store
    let total = (try? store.find(request.snapshot)).map { Double($0.bytes) }
    let flag = Cancellation()
    // A typed error does not pass through the closure of the library.
    let result: Result<MeasuredExport?, ToolError> = await withTaskCancellationHandler {
      do throws(ToolError) {
        return .success(
          try await onThread { () throws(SnapshotError) in
            try store.measure(request, notes: notes) { bytes in
              progress(
                Progress(
                  done: Double(bytes), total: total, message: "reading the snapshot's packets"))
              return !flag.isSet
            }
          })
      } catch { return .failure(error) }
    } onCancel: {
      flag.set()
    }
    guard let measured = try result.get() else {
      throw ToolError.cancelled
    }
    return measured
  }

  /// An export as a file of the Hub.
  func file(
    _ arguments: Arguments, from start: FileStart
  ) async throws(ToolError) -> HubFile {
    let snapshot = try await snapshot(arguments)
    let request = try request(arguments, snapshot)
    let notes = try await notes(request, snapshot)?.notes
    let measured = try await measured(request, notes) { _ in }
    let tag = "\"\(hex(measured.digest.prefix(16)))\""
    let matches = start.tag == nil || start.tag == tag
    let offset = matches && start.offset <= Int64(measured.bytes) ? start.offset : 0
    let store = store
    return HubFile(
      name: ExportSnapshotPCAP.fileName(snapshot, request),
      contentType: request.format.contentType, offset: offset, length: Int64(measured.bytes),
      tag: tag, digest: measured.digest
    ) { (sink) async throws(ToolError) in
      var skip = Int(offset)
      let source = ExportSource(try Self.opened(store, request, notes))
      while let piece = try await source.piece() {
        if skip >= piece.count {
          skip -= piece.count
        } else {
          try await sink(skip > 0 ? Array(piece[skip...]) : piece)
          skip = 0
        }
      }
    }
  }

  private static func opened(
    _ store: SnapshotStore, _ request: ExportRequest, _ notes: PacketNotes?
  ) throws(ToolError) -> ExportStream {
    do throws(SnapshotError) { return try store.stream(request, notes: notes) } catch {
      throw error.toolError
    }
  }
}

/// An export that is read on threads that may wait, one piece at a time.
private final class ExportSource: Sendable {
  private let stream: Mutex<ExportStream>

  init(_ stream: ExportStream) { self.stream = Mutex(stream) }

  /// The next bytes; nil at the end.
  func piece() async throws(ToolError) -> [UInt8]? {
    try await onThread { () throws(SnapshotError) in
      // A typed error does not pass through the closure of the library.
      let piece: Result<[UInt8]?, CaptureError> = self.stream.withLock { stream in
        do throws(CaptureError) { return .success(try stream.nextPiece()) } catch {
          return .failure(error)
        }
      }
      do throws(CaptureError) { return try piece.get() } catch { throw SnapshotError(error) }
    }
  }
}

/// Whether somebody gave up waiting.
final class Cancellation: Sendable {
  private let flag = Atomic(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
}
