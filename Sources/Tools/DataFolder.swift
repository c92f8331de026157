import Bytes
import FoundationEssentials
import JSON
import Pipeline
package import Store

/// A folder in which calls are kept from one start to the next. It belongs to one process at a
/// time.
package final class DataFolder: Sendable {
  /// Captures of which is noted that they are in the folder; older ones are forgotten.
  private static let maxCaptures = 10_000

  package let path: String
  let store: EntryStore
  private let lock: FolderLock
  /// What earlier runs saw.
  let statistics: Statistics

  /// Opens the folder, or makes it.
  ///
  /// - Throws: `.locked` when another process has it, and what else keeps it from being used.
  package init(_ path: String, limits: StoreLimits = StoreLimits()) throws(StoreError) {
    self.path = path
    lock = try FolderLock(path)
    store = try EntryStore(.file(path: path + "/entries.sqlite"), limits: limits)
    let noted = try store.note("statistics").flatMap { try? JSONReader.value(of: $0).object }
    statistics = noted.flatMap(Statistics.init(json:)) ?? Statistics()
  }

  /// A secret of the folder, for fingerprints that stay the same from one start to the next.
  package func key() throws(StoreError) -> [UInt8] {
    if let known = try store.note("key") { return known }
    let key = (0..<32).map { _ in UInt8.random(in: 0 ... .max) }
    try store.setNote("key", key)
    return key
  }

  /// Whether the capture with that key was read into the folder to its end.
  func holds(_ capture: String) -> Bool { captures.contains(capture) }

  func note(capture: String) {
    let all = (captures + [capture]).suffix(Self.maxCaptures)
    try? store.setNote("captures", Array(all.joined(separator: "\n").utf8))
  }

  private var captures: [String] {
    let bytes = ((try? store.note("captures")) ?? nil) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  func note(_ statistics: Statistics) {
    try? store.setNote("statistics", Array(JSONValue.object(statistics.json).text.utf8))
  }
}
