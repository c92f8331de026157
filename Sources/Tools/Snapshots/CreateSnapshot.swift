import Bytes
import Identity
import JSON
import Packets
import Snapshots
import ToolKit

/// Keeps a window of raw packets.
struct CreateSnapshot: Tool {
  static let name = Parameter(
    "name", .text, "Letters, digits, '.', '_', '-' (default: one is made)")
  static let duration = Parameter(
    "duration", .text, "How far back from end_time, such as 30m or 1h30m")
  static let start = Parameter(
    "start_time", .instant, "Unix ms, RFC 3339, or -15m", aliases: ["start"])
  static let end = Parameter(
    "end_time", .instant,
    "Not included; live traffic may end later (default now)",
    aliases: ["end"])
  static let namespaces = Parameter(
    "namespaces", .names, "Only packets of their pods and services", aliases: ["namespace", "ns"])
  /// How long the answer waits for a snapshot whose window is over, in milliseconds.
  private static let patience = 5_000

  static let row = ToolRow(
    name: "create_snapshot", title: "Create a snapshot",
    doc: """
      Freezes the raw packets of a window, for PCAP export and later dissection. Without a window \
      it takes all there is (get_data_boundaries). Copies nothing; poll get_snapshot until it is \
      completed.
      """,
    parameters: [name, duration, start, end, .nodes, namespaces, .bpf],
    answer: AnswerSchema.answer(
      [
        "success": .flag(), "id": .text(), "name": .text(), "status": .text(),
        "snapshot": .anyObject,
      ], required: ["success", "id", "name", "status"]),
    annotations: ToolAnnotations(readOnly: false, destructive: false, idempotent: false),
    route: "POST snapshots")

  let library: SnapshotLibrary

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    guard library.capture != nil else { throw SnapshotStore.noRawCapture.toolError }
    let nodes = try await library.nodes()
    var answer = Answer(arguments)
    let window = try window(arguments, nodes, &answer)
    let filter = try filter(arguments)
    let known = Set(nodes.map(\.name))
    let asked = arguments.names(.nodes)
    if let unknown = asked.first(where: { !known.contains($0) }) {
      throw .invalid(
        "nodes", "There are no packets of the node \(JSONValue.string(unknown).text).",
        hint: "The nodes are \(known.sorted().joined(separator: ", ")).")
    }
    let begun: Snapshot
    do throws(SnapshotError) {
      begun = try library.store.create(
        name: arguments.text(Self.name), window: window, nodes: asked, filter: filter)
    } catch { throw error.toolError }
    let snapshot = try await settled(begun, isOver: window.upperBound <= library.now(nodes))
    let row = library.row(snapshot)
    answer.structured = [
      "success": true, "id": .string(snapshot.id), "name": .string(snapshot.name),
      "status": .string(snapshot.status.rawValue), "snapshot": .object(row.json),
    ]
    var table = SnapshotRow.table
    table.add(row.cells)
    answer.show(table, next: "")
    answer.say(
      snapshot.status == .completed
        ? """
        Next: export_snapshot_pcap {"id": "\(snapshot.name)"} for the packets, \
        start_snapshot_dissection {"snapshot_id": "\(snapshot.name)"} for the calls in them.
        """
        : "It is not complete yet: ask get_snapshot {\"id\": \"\(snapshot.name)\"} again.")
    return answer.finish(library.coverage(nodes))
  }

  /// The window asked for, cut to what there is.
  private func window(
    _ arguments: Arguments, _ nodes: [RawNode], _ answer: inout Answer
  ) throws(ToolError) -> Range<Timestamp> {
    let now = library.now(nodes)
    let isLive = library.capture?.isLive ?? false
    let times = nodes.times
    var end = arguments.instant(Self.end) ?? now
    var start = arguments.instant(Self.start) ?? times?.lowerBound ?? .distantPast
    if let text = arguments.text(Self.duration) {
      guard let length = Instant.duration(text), length > 0 else {
        throw .invalid(
          "duration", "duration is not a length of time: \(JSONValue.string(text).text)",
          hint: "Write 30m, 1h30m or 2d.")
      }
      if arguments.has(Self.start) {
        throw .invalid(
          "duration", "duration and start_time both say where the window begins",
          hint: "Leave one of them out.")
      }
      start = end.advanced(by: -length)
    }
    guard start < end else {
      throw .invalid(
        "start_time", "start_time (\(start.rfc3339)) is not before end_time (\(end.rfc3339))",
        hint: "Swap the two, or leave end_time out.")
    }
    let isFuture = isLive && end > now
    guard let times else {
      if isFuture { return start..<end }
      throw ToolError(
        status: 422, code: "outside_window", message: "There is not one packet yet.",
        hint: "Wait for traffic, or say an end_time in the future.")
    }
    guard start <= times.upperBound || isFuture, end > times.lowerBound else {
      throw SnapshotError(
        .outside, "There are no packets from \(start.rfc3339) to \(end.rfc3339).",
        hint: "There are some from \(times.lowerBound.rfc3339) to \(times.upperBound.rfc3339).",
        argument: arguments.has(Self.start) ? "start_time" : "end_time", available: times
      ).toolError
    }
    if start < times.lowerBound {
      answer.warn("The packets begin at \(times.lowerBound.rfc3339); so does the snapshot.")
      start = times.lowerBound
    }
    if !isLive, end > now {
      answer.warn("The packets end at \(times.upperBound.rfc3339); so does the snapshot.")
      end = now
    }
    return start..<end
  }

  /// The filter asked for, with the addresses of the namespaces.
  private func filter(_ arguments: Arguments) throws(ToolError) -> String? {
    var filter = arguments.text(.bpf)
    let links: Set<LinkType> = [.ethernet, .raw, .linuxSLL, .linuxSLL2, .null]
    do throws(SnapshotError) { _ = try library.store.filter([filter], for: links) } catch {
      throw error.toolError
    }
    let namespaces = Set(arguments.names(Self.namespaces))
    if !namespaces.isEmpty {
      let items = library.inventory.items.filter { !$0.usesHostNetwork }
      let addresses = Self.addresses(of: namespaces, items)
      guard !addresses.isEmpty else {
        throw .invalid(
          "namespaces", "no address of these namespaces is known",
          hint: items.isEmpty
            ? "Start with --workloads FILE, so that addresses have names."
            : "list_workloads names the namespaces.")
      }
      let hosts = addresses.sorted().map { "host \($0)" }.joined(separator: " or ")
      filter = filter.map { "(\($0)) and (\(hosts))" } ?? hosts
      do throws(SnapshotError) { _ = try library.store.filter([filter], for: links) } catch {
        throw error.toolError
      }
    }
    return filter
  }

  /// What namespaces hold, and what they have held and nobody else holds now.
  private static func addresses(
    of namespaces: Set<String>, _ items: [Inventory.Item]
  ) -> Set<IPAddress> {
    var (theirs, former, others) = (Set<IPAddress>(), Set<IPAddress>(), Set<IPAddress>())
    for item in items {
      switch (namespaces.contains(item.namespace), item.isGone) {
      case (true, false): theirs.formUnion(item.addresses)
      case (true, true): former.formUnion(item.addresses)
      case (false, false): others.formUnion(item.addresses)
      case (false, true): break
      }
    }
    return theirs.union(former.subtracting(others))
  }

  /// The snapshot when it is complete, or as it is when that takes long.
  private func settled(_ snapshot: Snapshot, isOver: Bool) async throws(ToolError) -> Snapshot {
    var (now, waited) = (snapshot, 0)
    while isOver, waited < Self.patience {
      guard let current = try? library.store.find(snapshot.id) else { break }
      now = current
      if now.status == .completed { break }
      if now.status == .failed {
        let failure = library.store.failure(of: now.id)
        _ = try? library.store.delete(now.id)
        throw failure?.toolError
          ?? ToolError(status: 500, code: "store", message: now.error ?? "The snapshot failed.")
      }
      do { try await Task.sleep(for: .milliseconds(2)) } catch { break }
      waited += 2
    }
    return now
  }
}
