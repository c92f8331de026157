import Crypto
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file on its way to a folder: written beside its name, and there under it only when it is
/// whole and on the disk. What was not finished is removed.
final class PartialFile {
  private let place: DownloadFolder.Place
  private let name: String
  private let file: Int32
  private var digest = SHA256()
  private(set) var length: Int64 = 0
  private var isPlaced = false

  /// - Throws: when the name is taken, unless it may be replaced.
  init(_ place: DownloadFolder.Place, replacing: Bool) throws(ToolError) {
    self.place = place
    var random = SystemRandomNumberGenerator()
    name = ".\(place.name).\(String(random.next() as UInt64, radix: 36)).part"
    var status = stat()
    if fstatat(place.folder, place.name, &status, AT_SYMLINK_NOFOLLOW) == 0 {
      guard replacing, status.st_mode & S_IFMT == S_IFREG else {
        close(place.folder)
        throw Self.exists(place)
      }
    }
    file = openat(
      place.folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    // `deinit` closes the folder: closed here as well, it might be somebody else's by then.
    guard file >= 0 else { throw failed("write in the folder of \(place.path)") }
  }

  deinit {
    if file >= 0 {
      if !isPlaced { unlinkat(place.folder, name, 0) }
      close(file)
    }
    close(place.folder)
  }

  /// Makes sure that so much more fits on the disk.
  func reserve(_ count: Int64) throws(ToolError) {
    var disk = statvfs()
    guard fstatvfs(file, &disk) == 0 else { return }
    let free = UInt64(disk.f_bavail) * UInt64(disk.f_frsize)
    guard count <= 0 || UInt64(count) <= free else {
      errno = ENOSPC
      throw failed("write \(count) bytes to \(place.path), where \(free) are free")
    }
  }

  func append(_ bytes: [UInt8]) throws(ToolError) {
    var done = 0
    while done < bytes.count {
      let wrote = bytes[done...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if wrote < 0 && errno == EINTR { continue }
      guard wrote > 0 else { throw failed("write \(place.path)") }
      done += wrote
    }
    digest.update(data: bytes)
    length += Int64(bytes.count)
  }

  /// Forgets what was written: the Hub began anew.
  func restart() throws(ToolError) {
    guard ftruncate(file, 0) == 0, lseek(file, 0, SEEK_SET) == 0 else {
      throw failed("begin \(place.path) anew")
    }
    (digest, length) = (SHA256(), 0)
  }

  /// Puts the file in its place; gives its SHA-256 in hexadecimal.
  func finish(replacing: Bool) throws(ToolError) -> String {
    guard fsync(file) == 0 else { throw failed("save \(place.path)") }
    if replacing {
      guard renameat(place.folder, name, place.folder, place.name) == 0 else {
        throw failed("put \(place.path) in its place")
      }
    } else {
      // A link fails where a name is taken, also when it was taken just now.
      guard linkat(place.folder, name, place.folder, place.name, 0) == 0 else {
        throw errno == EEXIST ? Self.exists(place) : failed("put \(place.path) in its place")
      }
      unlinkat(place.folder, name, 0)
    }
    isPlaced = true
    fsync(place.folder)
    return digest.finalize().map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
  }

  /// What a refusal to replace a file is told by.
  static let existsCode = "file_exists"

  private static func exists(_ place: DownloadFolder.Place) -> ToolError {
    ToolError(
      status: 409, code: existsCode, message: "There is a file at \(place.path) already.",
      hint: "Pass \"overwrite\": true to replace it, or another dest.", argument: "dest")
  }
}
