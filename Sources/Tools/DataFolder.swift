import Bytes
import FoundationEssentials
import JSON
import Pipeline
package import Store
import Synchronization

/// A folder in which calls are kept from one start to the next. It belongs to one process at a
/// time.
///
/// A capture that was not read to its end is gone on with when it is named again.
package final class DataFolder: Sendable {
  /// Captures of which is noted that they are in the folder; older ones are forgotten.
  private static let maxCaptures = 10_000
  /// Behind the key of a capture of which only a part is there.
  private static let part = " in part"

  package let path: String
  let store: EntryStore
  private let lock: FolderLock
  private let seen: Mutex<Statistics>

  /// Opens the folder, or makes it.
  ///
  /// - Throws: `.locked` when another process has it, and what else keeps it from being used.
  package init(_ path: String, limits: StoreLimits = StoreLimits()) throws(StoreError) {
    self.path = path
    lock = try FolderLock(path)
    store = try EntryStore(.file(path: path + "/entries.sqlite"), limits: limits)
    let noted = try store.note("statistics").flatMap { try? JSONReader.value(of: $0).object }
    seen = Mutex(noted.flatMap(Statistics.init(json:)) ?? Statistics())
  }

  /// A secret of the folder, for fingerprints that stay the same from one start to the next.
  package func key() throws(StoreError) -> [UInt8] {
    if let known = try store.note("key") { return known }
    let key = (0..<32).map { _ in UInt8.random(in: 0 ... .max) }
    try store.setNote("key", key)
    return key
  }

  /// What earlier runs saw, of captures that they finished.
  var statistics: Statistics { seen.withLock { $0 } }

  /// Why the captures with that key need not be read; nil when they have to be.
  func reasonToSkip(_ capture: String) -> String? {
    let known = captures
    if known.contains(capture) {
      return "The capture is in \(path) already and was not read again"
    }
    guard known.contains(capture + Self.part) else { return nil }
    return """
      A part of the capture is in \(path): its reading was interrupted, and others were read since. \
      It was not read again; name another folder to have all of it
      """
  }

  /// Notes in one step what was seen until now, and that these captures were read to their ends.
  func finish(_ statistics: Statistics, captures keys: [String]) {
    let statistics = Array(JSONValue.object(statistics.json).text.utf8)
    try? store.setNotes([
      "statistics": statistics, "captures": note(adding: keys), Checkpoint.note: nil,
      Checkpoint.mergedNote: nil,
    ])
  }

  /// What was seen of a capture whose reading was interrupted; nil when there is none.
  var interrupted: Statistics? {
    unfinished.map { unfinished in
      let place = unfinished.place
      var seen = place.read
      seen.add(place.followed)
      // Blocks are written between two checkpoints, too.
      let later = store.snapshot().blocks.filter { $0.sequence > place.sequence }
      seen.entries += later.reduce(0) { $0 + UInt64($1.rows) }
      seen.warnings.append(
        """
        The reading of \(seen.sources.joined(separator: ", ")) was interrupted behind packet \
        \(Shown.count(Int64(clamping: place.packets))); name it again with --pcap to go on
        """)
      return seen
    }
  }

  /// Prepares for captures to be read. Another one whose reading was interrupted stays in part:
  /// what comes now cannot be told from what would be read again.
  func prepare(for capture: String?) {
    guard let unfinished, unfinished.capture != capture, let interrupted else { return }
    let statistics = seen.withLock { seen in
      seen.add(interrupted)
      return seen
    }
    finish(statistics, captures: [unfinished.capture + Self.part])
  }

  private var unfinished: (capture: String, place: Checkpoint)? {
    (try? Checkpoint.noted(in: store)) ?? nil
  }

  /// The key of the capture whose reading was interrupted; nil when there is none.
  var unfinishedCapture: String? { unfinished?.capture }

  private var captures: [String] {
    let bytes = ((try? store.note("captures")) ?? nil) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private func note(adding keys: [String]) -> [UInt8] {
    let all = (captures + keys).suffix(Self.maxCaptures)
    return Array(all.joined(separator: "\n").utf8)
  }
}
