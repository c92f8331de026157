import Bytes
import Crypto
import Ring
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Snapshots that go elsewhere and come back.
extension SnapshotStore {
  /// What a completed snapshot consists of, and where its files are on this machine, in the order of
  /// the parts. Files it only refers to become its own.
  ///
  /// - Parameter report: gets how many bytes were read so far; false ends it with nil.
  package func manifest(
    of snapshot: Snapshot, report: (UInt64) -> Bool
  ) throws(SnapshotError) -> (manifest: SnapshotManifest, paths: [String])? {
    let files = try files(of: snapshot)
    var whole = snapshot
    var found: [(name: String, path: String)] = []
    for (place, file) in files.enumerated() {
      let number = place + 1
      if whole.files[place].isReference {
        whole.files[place].name = Self.fileName(number)
        whole.files[place].bytes = file.index.bytes
      }
      whole.files[place].stamp = nil
      found.append(("files/" + whole.files[place].name, file.path))
      let index = "files/\(number).index"
      if FileSystem.byteCount(of: folder(of: snapshot.id) + "/" + index) != nil {
        found.append((index, folder(of: snapshot.id) + "/" + index))
      }
    }
    for name in ["extras.pcapng", Self.workloadsFile] {
      let path = folder(of: snapshot.id) + "/" + name
      if FileSystem.byteCount(of: path) != nil { found.append((name, path)) }
    }
    var parts: [SnapshotManifest.Part] = []
    var read: UInt64 = 0
    for (name, path) in found {
      guard let sum = try Self.digest(of: path, report: { report(read + $0) }) else { return nil }
      read += sum.bytes
      parts.append(.init(name: name, bytes: sum.bytes, digest: sum.digest))
    }
    return (SnapshotManifest(whole, parts: parts), found.map(\.path))
  }

  /// A file's length and SHA-256; nil when `report` ends it.
  package static func digest(
    of path: String, report: (UInt64) -> Bool = { _ in true }
  ) throws(SnapshotError) -> (bytes: UInt64, digest: [UInt8])? {
    let failure = SnapshotError(
      .inputOutput, "The file \(path) cannot be read.",
      hint: "Delete the snapshot and create another.")
    guard let file = OpenFile(path, O_RDONLY | O_CLOEXEC) else { throw failure }
    var hash = SHA256()
    var offset: UInt64 = 0
    while true {
      guard let bytes = file.read(at: offset, count: 1 << 20) else { throw failure }
      if bytes.isEmpty { return (offset, Array(hash.finalize())) }
      hash.update(data: bytes)
      offset += UInt64(bytes.count)
      guard report(offset) else { return nil }
    }
  }

  /// Where a snapshot is put together that comes back; its files may be there in part.
  ///
  /// - Throws: `.nameTaken` when it is here already, `.full` when there is no room.
  package func arrivals(_ manifest: SnapshotManifest) throws(SnapshotError) -> String {
    let coming = manifest.snapshot
    if let known = all.first(where: { $0.id == coming.id }) {
      throw SnapshotError(
        .nameTaken, "The snapshot \(known.name) is on this machine already.",
        hint: "Ask it as it is, or delete it first with delete_snapshot.", argument: "id")
    }
    if let other = all.first(where: { $0.name == coming.name }) {
      throw SnapshotError(
        .nameTaken, "Another snapshot (\(other.id)) is called \(coming.name) here.",
        hint: "Delete it first with delete_snapshot.", argument: "id")
    }
    let used = usedBytes
    guard manifest.bytes <= limit, used <= limit - manifest.bytes else {
      throw full(all, "The snapshot needs \(manifest.bytes) bytes.")
    }
    let path = folder + "-arriving/" + coming.id
    do throws(RingError) { try FileSystem.makeFolder(path + "/files") } catch {
      throw SnapshotError(error)
    }
    return path
  }

  /// Takes in a snapshot whose files are all in `arrivals`.
  package func adopt(_ manifest: SnapshotManifest) throws(SnapshotError) {
    let path = try arrivals(manifest)
    let snapshot = manifest.snapshot
    guard rename(path, folder(of: snapshot.id)) == 0 else {
      throw SnapshotError(RingError("taking in the snapshot \(snapshot.name)", errno: errno))
    }
    try save(snapshot)
    entries.withLock { $0[snapshot.id] = Entry(snapshot: snapshot) }
  }

  /// Gives up what has come of a snapshot.
  package func dropArrivals(_ id: String) {
    if Ring.isName(id) { FileSystem.removeFolder(folder + "-arriving/" + id) }
  }
}
