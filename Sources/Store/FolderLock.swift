#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder that belongs to one process at a time.
///
/// An advisory lock (flock(2)) on a file in it, which names its holder. The system lets go of it
/// when the process ends, however that happens.
package final class FolderLock: Sendable {
  let descriptor: Int32

  /// Takes the folder, made when it is not there (its parent must be).
  ///
  /// - Parameter name: of the file that is locked.
  /// - Throws: `.locked` with the number of the process that has it; `.readOnly` or `.cannotOpen`
  ///   when nothing can be written there.
  package init(_ folder: String, name: String = "lock") throws(StoreError) {
    let doing = "taking the folder \(folder)"
    func failed() -> StoreError {
      let code: StoreError.Code =
        switch errno {
        case EROFS, EACCES, EPERM: .readOnly
        case ENOSPC, EDQUOT: .diskFull
        default: .cannotOpen
        }
      return StoreError(code, doing, underlying: String(cString: strerror(errno)))
    }
    // Captured traffic is private.
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw failed() }
    descriptor = open(folder + "/" + name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    // `deinit` closes it in any case: closed here as well, it might be somebody else's by then.
    guard descriptor >= 0 else { throw failed() }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = Self.holder(descriptor)
      throw StoreError(.locked, doing, underlying: holder.map { "process \($0) has it" })
    }
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count
    else { throw failed() }
  }

  // Let go of first: a child process that has just been forked keeps a copy open until it has its own
  // program, and the lock with it.
  deinit {
    guard descriptor >= 0 else { return }
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// The number in the file.
  private static func holder(_ descriptor: Int32) -> Int? {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    return count > 0
      ? Int(String(decoding: bytes[..<count].prefix { $0 >= 0x30 && $0 <= 0x39 }, as: UTF8.self))
      : nil
  }
}
