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
  private struct Held {
    var path: String
    var lock: OpenFile
  }
  private static let held = Mutex<Held?>(nil)
  /// Names that are tried: whoever sweeps may look at a new folder before it is locked.
  private static let attempts = 16
  /// After that time others' folders are looked for. Not at the start: where temporary files are, there
  /// may be very many.
  private static let sweepDelay = DispatchTimeInterval.seconds(10)

  private static var base: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

  /// A name that no other process has or had: numbers of processes come again, and what a killed one
  /// left behind may just be swept.
  private static func newPath() -> String {
    let mark = String(UInt32.random(in: .min ... .max), radix: 36)
    return "\(base)/\(prefix)\(getuid())-\(getpid())-\(mark)"
  }

  /// Makes it.
  static func make() throws(RingError) -> String {
    var attempt = 1
    while true {
      let path = newPath()
      try FileSystem.makeFolder(path)
      if let lock = OpenFile(path + lockName, O_RDWR | O_CREAT | O_CLOEXEC), lock.lock(),
        access(path + lockName, F_OK) == 0
      {
        held.withLock { $0 = Held(path: path, lock: lock) }
        atexit { TemporaryFolder.remove() }
        DispatchQueue.global(qos: .background).asyncAfter(deadline: .now() + sweepDelay) { sweep() }
        return path
      }
      guard attempt < attempts else { throw RingError("taking the folder \(path)", errno: errno) }
      attempt += 1
    }
  }

  /// Removes it, if it was made.
  static func remove() {
    if let own = held.withLock({ $0.take() }) { FileSystem.removeFolder(own.path) }
  }

  private static func sweep() {
    let own = "\(prefix)\(getuid())-"
    let path = held.withLock { $0?.path }
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
