import Bytes
import Ring

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder as object storage: a network disk, or a stand-in for a bucket in tests.
package struct FolderStorage: ObjectStorage {
  /// Bytes that are copied at a time.
  private static let piece = 1 << 20
  /// Behind the name of a file that is not whole yet.
  private static let part = ".part"

  package let place: StoragePlace
  private var root: String { place.bucket }

  package init(_ folder: String, prefix: String) {
    place = StoragePlace(provider: "file", bucket: folder, prefix: prefix)
  }

  package func check() async throws(StorageError) {
    do throws(RingError) { try FileSystem.makeFolder(root) } catch {
      throw StorageError(.unreachable, "\(error)", hint: "Name another folder.")
    }
    guard access(root, R_OK | W_OK | X_OK) == 0 else {
      throw StorageError(
        .denied, "The folder \(root) may not be written to.", hint: "Give us the rights to it.")
    }
  }

  package func list(_ prefix: String) async throws(StorageError) -> [StoredObject] {
    guard FileSystem.isFolder(root) else { return [] }
    var found: [StoredObject] = []
    func look(in folder: String) {
      for name in FileSystem.names(in: root + "/" + folder) {
        let key = folder.isEmpty ? name : folder + "/" + name
        guard key.hasPrefix(prefix) || prefix.hasPrefix(key + "/") else { continue }
        if FileSystem.isFolder(root + "/" + key) {
          look(in: key)
        } else if !name.hasSuffix(Self.part), let stamp = FileSystem.stamp(of: root + "/" + key) {
          found.append(
            StoredObject(key: key, bytes: stamp.bytes, tag: "\(stamp.bytes)-\(stamp.changed)"))
        }
      }
    }
    look(in: "")
    return found.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
  }

  package func read(_ key: String, limit: Int) async throws(StorageError) -> [UInt8] {
    guard let bytes = FileSystem.read(root + "/" + key, limit: limit) else {
      throw StorageError(
        .notFound, "There is no readable object \(key) in \(root).",
        hint: "Check that it is still there.")
    }
    return bytes
  }

  package func write(_ bytes: [UInt8], at key: String) async throws(StorageError) {
    let path = try target(key)
    do throws(RingError) { try FileSystem.write(bytes, to: path, durable: true) } catch {
      throw StorageError.unwritable(path, error.problem)
    }
  }

  package func upload(
    _ file: StoredFile, at key: String, report: @Sendable (UInt64) -> Void
  ) async throws(StorageError) {
    let path = try target(key)
    if FileSystem.byteCount(of: path) == file.bytes { return report(file.bytes) }
    try await copy(file.path, to: path + Self.part, bytes: file.bytes, report)
    guard rename(path + Self.part, path) == 0 else {
      throw .unwritable(path, String(cString: strerror(errno)))
    }
  }

  package func download(
    _ key: String, to path: String, bytes: UInt64, report: @Sendable (UInt64) -> Void
  ) async throws(StorageError) {
    try await copy(root + "/" + key, to: path, bytes: bytes, report)
  }

  /// The path of an object, in a folder that is there.
  private func target(_ key: String) throws(StorageError) -> String {
    let path = root + "/" + key
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    do throws(RingError) { try FileSystem.makeFolder("/" + folder) } catch {
      throw StorageError.unwritable(path, error.problem)
    }
    return path
  }

  /// Copies what `target` does not hold yet.
  private func copy(
    _ path: String, to target: String, bytes: UInt64, _ report: @Sendable (UInt64) -> Void
  ) async throws(StorageError) {
    guard let source = OpenFile(path, O_RDONLY | O_CLOEXEC) else { throw .unreadable(path) }
    let file = try GrowingFile(target, limit: bytes)
    while file.count < bytes {
      guard !Task.isCancelled else { throw .cancelled }
      let count = Int(min(UInt64(Self.piece), bytes - file.count))
      guard let piece = source.read(at: file.count, count: count), !piece.isEmpty else {
        throw .unreadable(path)
      }
      try file.append(piece)
      report(file.count)
      await Task.yield()
    }
  }
}

/// A file that is written at its end, and gone on with where it was left.
final class GrowingFile {
  private let file: OpenFile
  private let path: String
  private(set) var count: UInt64

  /// - Parameter limit: what is longer is begun anew.
  init(_ path: String, limit: UInt64) throws(StorageError) {
    guard let file = OpenFile(path, O_WRONLY | O_CREAT | O_CLOEXEC) else {
      throw .unwritable(path, String(cString: strerror(errno)))
    }
    (self.file, self.path) = (file, path)
    let known = FileSystem.byteCount(of: path) ?? 0
    count = known <= limit ? known : 0
    file.truncate(to: count)
  }

  func append(_ bytes: [UInt8]) throws(StorageError) {
    let problem = file.write(bytes.rawSpan)
    guard problem == 0 else { throw .unwritable(path, String(cString: strerror(problem))) }
    count += UInt64(bytes.count)
  }

  func restart() {
    count = 0
    file.truncate(to: 0)
  }
}

extension StorageError {
  static let cancelled = StorageError(
    .cancelled, "The transfer was ended.", hint: "Ask again: it goes on where it was.")
}
