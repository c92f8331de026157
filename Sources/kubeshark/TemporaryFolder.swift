import Dispatch
import Ring
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder that goes with the process. Those of processes that were killed are removed by the next.
enum TemporaryFolder {
  private static let prefix = "kubeshark-"
  /// Locked as long as its process lives.
  private static let lockName = "/lock"
  private static let held = Mutex<OpenFile?>(nil)
  /// After that time others' folders are looked for. Not at the start: where temporary files are, there
  /// may be very many.
  private static let sweepDelay = DispatchTimeInterval.seconds(10)

  private static var base: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }
  private static var path: String { "\(base)/\(prefix)\(getuid())-\(getpid())" }

  /// Makes it.
  static func make() throws(RingError) -> String {
    try FileSystem.makeFolder(path)
    guard let lock = OpenFile(path + lockName, O_RDWR | O_CREAT | O_CLOEXEC), lock.lock() else {
      throw RingError("taking the folder \(path)", errno: errno)
    }
    held.withLock { $0 = lock }
    atexit { TemporaryFolder.remove() }
    DispatchQueue.global(qos: .background).asyncAfter(deadline: .now() + sweepDelay) { sweep() }
    return path
  }

  /// Removes it, if it was made.
  static func remove() {
    if held.withLock({ $0.take() }) != nil { FileSystem.removeFolder(path) }
  }

  private static func sweep() {
    let own = "\(prefix)\(getuid())-"
    for name in FileSystem.names(in: base) where name.hasPrefix(own) {
      let folder = base + "/" + name
      guard folder != path, let lock = OpenFile(folder + lockName, O_RDWR | O_CLOEXEC), lock.lock()
      else {
        continue
      }
      FileSystem.removeFolder(folder)
    }
  }
}
