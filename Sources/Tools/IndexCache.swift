import Bytes
import Crypto
import FoundationEssentials
import JSON
import Pipeline
import Store

/// Capture files indexed once: their blocks as SQLite files in the user's cache folder.
///
/// An index is found by the contents of its captures and names and by the program that made it, so
/// a changed file, other names or a new version are indexed anew. What is not whole is not found:
/// the note beside an index is written last, in one step.
package struct IndexCache: Sendable {
  /// Bytes that all indexes together may take; the longest unused go first.
  package static let maxBytes: Int64 = 4 << 30
  /// Age in seconds after which files that belong to no index are removed.
  static let orphanAge: Double = 86_400

  private let folder: String
  private let maxBytes: Int64
  /// Tells one build of the program from another.
  private let program: String

  /// The folder is made when it is needed. Nil without a home folder.
  ///
  /// - Parameters:
  ///   - program: identifies the running build.
  ///   - maxBytes: that all indexes together may take.
  package init?(
    environment: [String: String], program: String, maxBytes: Int64 = IndexCache.maxBytes
  ) {
    self.maxBytes = maxBytes
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
      folder = cache + "/kubeshark"
    } else if let home = environment["HOME"], !home.isEmpty {
      folder = home + "/.cache/kubeshark"
    } else {
      return nil
    }
    self.program = program
  }

  /// An index that is there.
  struct Hit {
    var store: EntryStore
    var statistics: Statistics
  }

  /// The key of these captures; nil when one of them cannot be read twice (standard input, a pipe).
  func key(paths: [String], names: [UInt8], keyLogs: [String] = []) -> String? {
    var hash = SHA256()
    hash.update(data: Array("index 2 \(program) \(names.count)\n".utf8))
    hash.update(data: names)
    // With other secrets, other calls are found.
    for path in keyLogs {
      guard let file = ReadableFile(path) else { continue }
      hash.update(data: Array("\nkey log \(path)\n".utf8))
      while let bytes = file.next() { hash.update(data: bytes) }
    }
    for path in paths {
      guard path != "-", let file = ReadableFile(path) else { return nil }
      // Names go in as well: they stand in the coverage.
      hash.update(data: Array("\n\(path)\n".utf8))
      while let bytes = file.next() { hash.update(data: bytes) }
    }
    return hex(hash.finalize())
  }

  /// The key of what captures hold, whatever they are called and whatever reads them.
  static func contentKey(paths: [String]) -> String? {
    var hash = SHA256()
    for path in paths {
      guard path != "-", let file = ReadableFile(path) else { return nil }
      var own = SHA256()
      while let bytes = file.next() { own.update(data: bytes) }
      hash.update(data: Array(own.finalize()))
    }
    return hex(hash.finalize())
  }

  func find(_ key: String) -> Hit? {
    guard let object = contents(of: key), let name = database(of: key),
      let statistics = object["statistics"]?.object.flatMap(Statistics.init(json:)),
      ReadableFile(folder + "/" + name) != nil,
      let store = try? EntryStore(.file(path: folder + "/" + name)),
      UInt64(store.snapshot().rows()) == statistics.entries
    else { return nil }
    // Eviction goes by the time of last use.
    try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: note(key))
    return Hit(store: store, statistics: statistics)
  }

  /// An index that is not finished, new or begun by a process that ended early. No other process
  /// takes it while this value lives.
  struct Draft {
    var path: String
    fileprivate var lock: FolderLock
  }

  /// A file to index into: one that was left behind, or a new one. Nil when the folder cannot be
  /// written.
  func begin(_ key: String) -> Draft? {
    let manager = FileManager.default
    do {
      try manager.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { return nil }
    let names = (try? manager.contentsOfDirectory(atPath: folder)) ?? []
    // What was finished meanwhile, or is damaged, is nobody's draft.
    let finished = database(of: key)
    for name in names.sorted()
    where name.hasPrefix(key + "-") && name.hasSuffix(".sqlite") && name != finished {
      if let lock = try? FolderLock(folder, name: name + ".lock") {
        return Draft(path: folder + "/" + name, lock: lock)
      }
    }
    let name = "\(key)-\(ProcessInfo.processInfo.processIdentifier).sqlite"
    guard let lock = try? FolderLock(folder, name: name + ".lock") else { return nil }
    let draft = Draft(path: folder + "/" + name, lock: lock)
    empty(draft)
    // Captured traffic is private.
    guard
      manager.createFile(
        atPath: draft.path, contents: Data(), attributes: [.posixPermissions: 0o600])
    else { return nil }
    return draft
  }

  /// Writes the note that makes an index findable, and makes room.
  ///
  /// - Returns: how many other indexes had to go.
  func finish(_ key: String, _ draft: Draft, _ statistics: Statistics) -> Int {
    let note: JSONValue = [
      "database": .string(String(draft.path.split(separator: "/").last ?? "")),
      "statistics": .object(statistics.json),
    ]
    let target = self.note(key)
    try? Data(note.text.utf8).write(to: URL(filePath: target), options: .atomic)
    try? FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: target)
    removeLock(draft)
    return sweep(keeping: key)
  }

  /// Removes an index that was begun and not finished.
  func abandon(_ draft: Draft) {
    empty(draft)
    removeLock(draft)
  }

  /// Removes what is in a draft, which is then as new.
  func empty(_ draft: Draft) {
    for end in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: draft.path + end)
    }
  }

  private func removeLock(_ draft: Draft) {
    try? FileManager.default.removeItem(atPath: draft.path + ".lock")
  }

  private func note(_ key: String) -> String { "\(folder)/\(key).json" }

  /// What the note of a finished index says.
  private func contents(of key: String) -> JSONObject? {
    FileManager.default.contents(atPath: note(key)).flatMap {
      try? JSONReader.value(of: Array($0)).object
    }
  }

  /// Name of the file of a finished index.
  private func database(of key: String) -> String? {
    contents(of: key)?["database"]?.string.flatMap { $0.contains("/") ? nil : $0 }
  }

  /// Removes the longest unused indexes beyond the limit, and files nobody will ask for again.
  private func sweep(keeping key: String) -> Int {
    let manager = FileManager.default
    let files = ((try? manager.contentsOfDirectory(atPath: folder)) ?? []).map { name in
      let status = FileStatus(folder + "/" + name)
      return (name: name, bytes: status?.bytes ?? 0, age: status?.age ?? 0)
    }
    let notes = files.filter { $0.name.hasSuffix(".json") }.sorted { $0.age < $1.age }
    var room = maxBytes
    var kept: Set<Substring> = []
    for note in notes {
      let stem = note.name.dropLast(5)
      room -= files.filter { $0.name.hasPrefix(stem) }.reduce(0) { $0 + $1.bytes }
      if room >= 0 || stem == key { kept.insert(stem) }
    }
    for file in files {
      let stem = file.name.prefix { $0 != "-" && $0 != "." }
      let isOrphan = !notes.contains { $0.name.hasPrefix(stem) }
      if isOrphan ? file.age > Self.orphanAge : !kept.contains(stem) {
        try? manager.removeItem(atPath: folder + "/" + file.name)
      }
    }
    return notes.count - kept.count
  }
}
