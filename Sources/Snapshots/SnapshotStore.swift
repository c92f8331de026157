package import Bytes
import Dispatch
import JSON
package import Packets
package import Ring
import Synchronization

/// Snapshots in a folder: cut from raw packets one after the other, kept until they are deleted.
///
/// A snapshot holds links to whole files of the raw capture, so that cutting copies no packet and
/// the ring may drop its own names of them.
package final class SnapshotStore: Sendable {
  /// Bytes of all snapshots together, unless told otherwise.
  package static let standardLimit: UInt64 = 20 << 30
  /// Snapshots there can be.
  package static let maxCount = 1_000
  /// Seconds between two looks for new segments while a window is still open.
  private static let patience = 1

  struct Entry: Sendable {
    var snapshot: Snapshot
    /// Where its files were taken from.
    var sources: Set<String> = []
    var failure: SnapshotError?
  }

  package let folder: String
  package let limit: UInt64
  let capture: (any RawCapture)?
  private let names: @Sendable () -> [CaptureName]
  private let secrets: @Sendable () -> [CaptureSecrets]
  private let workloadsNow: @Sendable () -> [UInt8]
  private let clock: @Sendable () -> Timestamp
  let entries: Mutex<[String: Entry]>
  private let queue = DispatchQueue(label: "snapshots", qos: .userInitiated)
  /// Reads whole snapshots, which nobody waits for.
  private let counting = DispatchQueue(label: "packets of snapshots", qos: .utility)
  let measured = Mutex<[MeasuredExport]>([])

  /// Opens the folder, or makes it; snapshots of earlier starts are there again.
  ///
  /// - Parameters:
  ///   - capture: what is cut from; nil leaves only the snapshots there are.
  ///   - names: of addresses, to travel with the packets.
  ///   - secrets: that decrypt the packets, to travel with them, beside those in the captures.
  ///   - workloads: who holds which address, in words of the caller's, kept beside the packets;
  ///     empty for nobody.
  ///   - clock: the time of day.
  package init(
    _ folder: String, capture: (any RawCapture)?, limit: UInt64 = SnapshotStore.standardLimit,
    names: @escaping @Sendable () -> [CaptureName] = { [] },
    secrets: @escaping @Sendable () -> [CaptureSecrets] = { [] },
    workloads: @escaping @Sendable () -> [UInt8] = { [] },
    clock: @escaping @Sendable () -> Timestamp = { Timestamp.now }
  ) throws(RingError) {
    try FileSystem.makeFolder(folder)
    (self.folder, self.capture, self.limit, self.names) = (folder, capture, limit, names)
    (self.secrets, workloadsNow, self.clock) = (secrets, workloads, clock)
    var found: [String: Entry] = [:]
    for id in FileSystem.names(in: folder) where FileSystem.isFolder(folder + "/" + id) {
      guard let bytes = FileSystem.read("\(folder)/\(id)/snapshot.json", limit: 64 << 20),
        let object = try? JSONReader.value(of: bytes).object,
        var snapshot = Snapshot(json: object), snapshot.id == id
      else {
        // Its making ended before there was anything to find.
        FileSystem.removeFolder(folder + "/" + id)
        continue
      }
      if snapshot.status == .pending || snapshot.status == .inProgress {
        snapshot.status = .failed
        snapshot.error = "the program ended before it was complete"
      }
      found[id] = Entry(snapshot: snapshot)
    }
    entries = Mutex(found)
    // Whoever counted them ended before that was done.
    for (id, entry) in found where entry.snapshot.status == .completed && !entry.snapshot.isCounted
    {
      counting.async { self.count(id) }
    }
  }

  // MARK: Questions

  /// All snapshots, oldest first.
  package var all: [Snapshot] {
    entries.withLock { $0.values.map(\.snapshot) }.sorted {
      ($0.created, $0.id) < ($1.created, $1.id)
    }
  }

  /// Bytes that the snapshots take; files that are only referred to take none.
  package var usedBytes: UInt64 {
    entries.withLock { $0.values.reduce(0) { $0 + $1.snapshot.bytes } }
  }

  /// The snapshot with that id or name.
  /// - Throws: `.notFound`, with the names there are.
  package func find(_ key: String) throws(SnapshotError) -> Snapshot {
    let all = all
    if let found = all.first(where: { $0.id == key }) ?? all.first(where: { $0.name == key }) {
      return found
    }
    let names = all.suffix(20).map(\.name)
    throw SnapshotError(
      .notFound, "There is no snapshot \(JSONValue.string(String(key.prefix(128))).text).",
      hint: names.isEmpty
        ? "There are none yet; create_snapshot makes one."
        : "The snapshots are \(names.joined(separator: ", ")).", argument: "id")
  }

  /// Why a snapshot failed, in full.
  package func failure(of id: String) -> SnapshotError? { entries.withLock { $0[id]?.failure } }

  /// The folder of a snapshot, also for what is made of it.
  package func folder(of id: String) -> String { folder + "/" + id }

  /// The files of a completed snapshot, with their indexes.
  ///
  /// - Throws: `.notCompleted`, or `.changed` when a capture file is not what it was.
  package func files(of snapshot: Snapshot) throws(SnapshotError) -> [RawFile] {
    guard snapshot.status == .completed else {
      throw SnapshotError(
        .notCompleted,
        snapshot.error.map { "The snapshot \(snapshot.name) failed: \($0)." }
          ?? "The snapshot \(snapshot.name) is not complete yet.",
        hint: snapshot.status == .failed
          ? "Delete it and create another." : "Ask get_snapshot until its status is completed.")
    }
    var files: [RawFile] = []
    for file in snapshot.files {
      let path = self.path(of: file, in: snapshot)
      if let stamp = file.stamp, FileSystem.stamp(of: path) != stamp {
        throw SnapshotError(
          .changed, "The capture file \(path) was changed since the snapshot was made.",
          hint: "Delete the snapshot and create another from the file as it is now.")
      }
      let index = FileSystem.read(indexPath(of: file, in: snapshot))
        .flatMap(CaptureIndex.init(encoded:))
      do throws(CaptureError) {
        let known = if let index { index } else { try CaptureIndex.of(path).index }
        files.append(RawFile(node: file.node, path: path, index: known))
      } catch {
        throw SnapshotError(
          .inputOutput, "\(error)", hint: "Delete the snapshot and create another.")
      }
    }
    return files
  }

  /// Names and keys that travel with a snapshot.
  package func extras(of snapshot: Snapshot) -> CaptureExtras {
    CaptureExtras(path: folder(of: snapshot.id) + "/extras.pcapng")
  }

  /// Longest description of who held which address, in bytes.
  private static let maxWorkloads = 256 << 20
  static let workloadsFile = "workloads.json"

  /// Who held which address when the snapshot was made, in the caller's words; nil when nobody said.
  package func workloads(of snapshot: Snapshot) -> [UInt8]? {
    FileSystem.read(
      folder(of: snapshot.id) + "/" + Self.workloadsFile, limit: Self.maxWorkloads)
  }

  // MARK: Making and removing

  /// Begins a snapshot. It waits for its turn behind others, and for the end of its window when that
  /// lies in the future.
  ///
  /// - Parameter name: nil makes one.
  /// - Throws: what keeps it from being begun; what fails later is in its `status`.
  package func create(
    name: String?, window: Range<Timestamp>, nodes: [String] = [], filter: String? = nil
  ) throws(SnapshotError) -> Snapshot {
    guard capture != nil else { throw Self.noRawCapture }
    if let name, !Ring.isName(name) {
      throw SnapshotError(
        .invalid, "\(JSONValue.string(String(name.prefix(64))).text) cannot be a snapshot's name",
        hint: "A name has 1 to 128 letters, digits, '.', '_' and '-', and does not begin with '.'.",
        argument: "name")
    }
    let created = clock()
    let result: Result<Snapshot, SnapshotError> = entries.withLock { entries in
      let taken = Set(entries.values.map(\.snapshot.name))
      if let name, taken.contains(name) || entries[name] != nil {
        return .failure(
          SnapshotError(
            .nameTaken, "There is a snapshot called \(name) already.",
            hint: "Choose another name, or delete it first with delete_snapshot.",
            argument: "name"))
      }
      guard entries.count < Self.maxCount else {
        return .failure(
          full(entries.values.map(\.snapshot), "There are \(Self.maxCount) snapshots."))
      }
      var number = entries.count + 1
      while taken.contains("snapshot-\(number)") { number += 1 }
      var id = Self.newID()
      while entries[id] != nil { id = Self.newID() }
      let snapshot = Snapshot(
        id: id, name: name ?? "snapshot-\(number)", created: created, window: window,
        nodes: nodes, filter: filter)
      entries[id] = Entry(snapshot: snapshot)
      return .success(snapshot)
    }
    let snapshot = try result.get()
    queue.async { self.cut(snapshot.id) }
    return snapshot
  }

  /// Removes a snapshot with everything made of it; one in progress is given up.
  @discardableResult
  package func delete(_ key: String) throws(SnapshotError) -> Snapshot {
    let snapshot = try find(key)
    entries.withLock { $0[snapshot.id] = nil }
    measured.withLock { $0.removeAll { $0.request.snapshot == snapshot.id } }
    // Without it the folder is no snapshot any more, whatever happens before all is gone.
    FileSystem.remove(folder(of: snapshot.id) + "/snapshot.json")
    FileSystem.removeFolder(folder(of: snapshot.id))
    return snapshot
  }

  /// Why nothing can be cut.
  package static let noRawCapture = SnapshotError(
    .noRawCapture, "No raw packets are kept here.",
    hint: "Snapshots are cut from regular capture files (--pcap FILE) and from live interfaces.")

  /// Eight hexadecimal digits.
  private static func newID() -> String { hex((0..<4).map { _ in UInt8.random(in: 0...255) }) }

  // MARK: Cutting

  /// Links what there is of the snapshot's window; completes it when the window is over.
  private func cut(_ id: String) {
    guard let capture, var entry = entries.withLock({ $0[id] }) else { return }
    let isDue = !capture.isLive || clock() >= entry.snapshot.window.upperBound
    do throws(SnapshotError) {
      do throws(RingError) {
        try FileSystem.makeFolder(folder(of: id) + "/files")
      } catch { throw SnapshotError(error) }
      entry.snapshot.status = .inProgress
      let nodes = entry.snapshot.nodes
      let files = try capture.files(
        in: entry.snapshot.window, nodes: nodes.isEmpty ? nil : Set(nodes), rolls: isDue)
      entry.snapshot.missing = capture.missing
      for file in files where entry.sources.insert(file.path).inserted {
        guard entries.withLock({ $0[id] != nil }) else { break }
        try take(file, into: &entry, isLive: capture.isLive)
        publish(entry)
      }
      guard isDue else {
        publish(entry)
        queue.asyncAfter(deadline: .now() + .seconds(Self.patience)) { self.cut(id) }
        return
      }
      try complete(&entry, capture)
    } catch {
      entry.snapshot.status = .failed
      entry.snapshot.error = error.message
      entry.failure = error
      // What was linked takes room and serves nobody.
      entry.snapshot.files = []
      FileSystem.removeFolder(folder(of: id))
    }
    publish(entry)
    // What is counted must not be published over.
    if entry.snapshot.status == .completed, !entry.snapshot.isCounted {
      counting.async { self.count(id) }
    }
  }

  /// Makes a file of the raw capture part of the snapshot.
  private func take(
    _ file: RawFile, into entry: inout Entry, isLive: Bool
  ) throws(SnapshotError) {
    let number = String(entry.snapshot.files.count + 1)
    let name = Self.fileName(entry.snapshot.files.count + 1)
    var part = Snapshot.File(
      name: name, node: file.node, bytes: file.index.bytes, packets: file.index.packets,
      times: file.index.times ?? entry.snapshot.window
        .lowerBound...entry.snapshot.window.lowerBound,
      linkTypes: file.index.linkTypes)
    // Segments of the ring never change; others may write to capture files.
    if !isLive { part.stamp = FileSystem.stamp(of: file.path) }
    let used = usedBytes
    guard used + part.bytes <= limit else {
      let others = all.filter { $0.id != entry.snapshot.id }
      throw full(others, "The snapshot needs more room than the store has left.")
    }
    let target = folder(of: entry.snapshot.id) + "/files/" + name
    if !FileSystem.link(file.path, as: target) {
      if isLive {
        // The segment may have left the ring just now: then there is nothing to copy.
        guard FileSystem.byteCount(of: file.path) != nil else { return }
        do throws(RingError) { try FileSystem.copy(file.path, to: target) } catch {
          throw SnapshotError(error)
        }
      } else {
        // On another file system: the file stays where it is, and is checked when it is read.
        (part.name, part.bytes) = (file.path, 0)
      }
    }
    entry.snapshot.files.append(part)
    do throws(RingError) {
      try FileSystem.write(file.index.encoded, to: indexPath(of: part, in: entry.snapshot, number))
    } catch { throw SnapshotError(error) }
  }

  /// The name of the file of that number, from 1; what is in it is told by its first bytes.
  static func fileName(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".pcapng"
  }

  private func complete(_ entry: inout Entry, _ capture: any RawCapture) throws(SnapshotError) {
    guard !entry.snapshot.files.isEmpty else {
      throw SnapshotError(
        .outside, "There is not one packet in the window of the snapshot.",
        hint: "get_data_boundaries says from when to when there are packets.",
        argument: "start_time", available: try capture.nodes().times)
    }
    var extras = try capture.extras()
    extras.names += names()
    extras.secrets += secrets()
    let known = workloadsNow()
    do throws(RingError) {
      if !known.isEmpty {
        try FileSystem.write(
          known, to: folder(of: entry.snapshot.id) + "/" + Self.workloadsFile)
      }
      if !extras.isEmpty {
        try FileSystem.write(
          extras.encoded, to: folder(of: entry.snapshot.id) + "/extras.pcapng")
      }
    } catch { throw SnapshotError(error) }
    (entry.snapshot.packets, entry.snapshot.isCounted) = indexedCount(of: entry.snapshot)
    entry.snapshot.status = .completed
    try save(entry.snapshot)
  }

  /// Packets in the window by the indexes, and whether that is the exact number.
  private func indexedCount(of snapshot: Snapshot) -> (UInt64, isExact: Bool) {
    let isWhole = snapshot.files.allSatisfy {
      snapshot.window.contains($0.times.lowerBound) && snapshot.window.contains($0.times.upperBound)
    }
    let sum = snapshot.files.reduce(0 as UInt64) { $0 + $1.packets }
    return (sum, isWhole && snapshot.filter == nil)
  }

  /// Counts the packets that are in the window and match.
  private func count(_ id: String) {
    guard let entry = entries.withLock({ $0[id] }),
      let files = try? files(of: entry.snapshot),
      var reader = try? window(
        files, ExportRequest(entry.snapshot, format: .pcapng), entry.snapshot)
    else { return }
    var count: UInt64 = 0
    while let chunk = try? reader.next() {
      count += UInt64(chunk.packets.count)
      guard entries.withLock({ $0[id] != nil }) else { return }
    }
    let counted = entries.withLock { entries in
      entries[id]?.snapshot.packets = count
      entries[id]?.snapshot.isCounted = true
      return entries[id]?.snapshot
    }
    if let counted { try? save(counted) }
  }

  private func publish(_ entry: Entry) {
    entries.withLock { entries in
      // It may have been deleted meanwhile.
      if entries[entry.snapshot.id] != nil {
        entries[entry.snapshot.id] = entry
      } else {
        FileSystem.removeFolder(folder(of: entry.snapshot.id))
      }
    }
  }

  func save(_ snapshot: Snapshot) throws(SnapshotError) {
    do throws(RingError) {
      try FileSystem.write(
        Array(JSONValue.object(snapshot.json).text.utf8),
        to: folder(of: snapshot.id) + "/snapshot.json", durable: true)
    } catch { throw SnapshotError(error) }
  }

  private func path(of file: Snapshot.File, in snapshot: Snapshot) -> String {
    file.isReference ? file.name : folder(of: snapshot.id) + "/files/" + file.name
  }

  private func indexPath(
    of file: Snapshot.File, in snapshot: Snapshot, _ number: String? = nil
  ) -> String {
    // Files are counted from 1, in order.
    let at = number ?? String((snapshot.files.firstIndex(of: file) ?? 0) + 1)
    return folder(of: snapshot.id) + "/files/" + at + ".index"
  }

  func full(_ snapshots: [Snapshot], _ problem: String) -> SnapshotError {
    let largest = snapshots.sorted { ($1.bytes, $0.created) < ($0.bytes, $1.created) }.prefix(3)
    return SnapshotError(
      .full,
      "\(problem) Snapshots may take \(limit) bytes, and \(usedBytesUnlocked(snapshots)) are taken.",
      hint: largest.isEmpty
        ? "Choose a shorter window, or fewer nodes."
        : "Delete what is not needed any more; the largest are "
          + largest.map { "\($0.name) (\($0.bytes) bytes)" }.joined(separator: ", ") + ".")
  }

  private func usedBytesUnlocked(_ snapshots: [Snapshot]) -> UInt64 {
    snapshots.reduce(0) { $0 + $1.bytes }
  }
}

extension SnapshotError {
  package init(_ error: RingError) {
    self.init(
      error.code == .diskFull ? .full : .inputOutput, "\(error)",
      hint: "Make room, then create the snapshot again.")
  }
}
