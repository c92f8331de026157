package import Bytes
import Ring

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Keeps a process within a limit of memory: says when to take less in, and when to let go of what
/// there is.
///
/// Time is an argument, and so is what is in use.
package struct MemoryWatch: Sendable {
  /// What to do.
  package enum Advice: Hashable, Sendable {
    case nothing
    /// Take nothing in until there is room again.
    case shed
    /// The same, and let go of everything that is open.
    case startAfresh
  }

  /// Parts of the limit in hundredths: where shedding begins and ends, and where it does not help.
  private static let (begin, end, critical) = (75, 65, 85)
  /// Nanoseconds that shedding alone may take until it ends, and between two times that everything is
  /// let go. What is open and waits for packets would hold its memory for minutes.
  private static let patience: Int64 = 10_000_000_000

  package let limit: Int
  package private(set) var isShedding = false
  /// When everything was last let go, and when shedding began.
  private var (afresh, begun) = (Timestamp.distantPast, Timestamp.distantPast)

  /// - Parameter limit: bytes of memory that are the process's own.
  package init(limit: Int) { self.limit = limit }

  /// - Parameter used: bytes in use.
  package mutating func look(_ used: Int, at now: Timestamp) -> Advice {
    let part = used / max(1, limit / 100)
    if part >= Self.begin, !isShedding { (isShedding, begun) = (true, now) }
    if part < Self.end { isShedding = false }
    guard isShedding else { return .nothing }
    func isOver(since past: Timestamp) -> Bool { now.nanoseconds(since: past) >= Self.patience }
    guard part >= Self.critical || isOver(since: begun), isOver(since: afresh) else { return .shed }
    afresh = now
    return .startAfresh
  }

  // MARK: The process

  /// Bytes of memory that are this process's own and not a file's; 0 where the system does not tell.
  package static var used: Int {
    // proc(5): pages in all, resident, shared.
    let pages = words(of: "/proc/self/statm").compactMap { Int($0) }
    return pages.count > 2 ? max(0, pages[1] - pages[2]) * sysconf(Int32(_SC_PAGESIZE)) : 0
  }

  /// The limit of the process's control group; nil when there is none.
  package static var groupLimit: Int? {
    for path in limitFiles(of: words(of: "/proc/self/cgroup")) {
      // What is not limited is "max", or in version 1 a number beyond all memory.
      if let limit = words(of: path).first.flatMap({ Int($0) }), limit > 0, limit < 1 << 50 {
        return limit
      }
    }
    return nil
  }

  /// Where the limit may stand: a container has its own group for the root of all, unless its runtime
  /// shows it those of the machine (cgroups(7), "/proc files").
  ///
  /// - Parameter groups: lines of /proc/self/cgroup, `0::/kubepods/pod1/abc` for one.
  static func limitFiles(of groups: [Substring]) -> [String] {
    let root = "/sys/fs/cgroup"
    var files = [root + "/memory.max", root + "/memory/memory.limit_in_bytes"]
    for group in groups {
      let parts = group.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[2].hasPrefix("/"), parts[2] != "/", !parts[2].contains("..")
      else { continue }
      if parts[0] == "0", parts[1].isEmpty {
        files.append("\(root)\(parts[2])/memory.max")
      } else if parts[1].split(separator: ",").contains("memory") {
        files.append("\(root)/memory\(parts[2])/memory.limit_in_bytes")
      }
    }
    return files
  }

  /// Room that what is under way when memory runs short, and what becomes of it, may still take: at
  /// least so many bytes, a quarter of the group's limit where that is more, never more than half.
  private static let leastRoom = 48 << 20

  /// What a process in a control group keeps within. Beyond the group's limit it is killed.
  package static var standardLimit: Int? { groupLimit.map(limit(inGroupOf:)) }

  static func limit(inGroupOf bytes: Int) -> Int {
    bytes - min(bytes / 2, max(bytes / 4, leastRoom))
  }

  private static func words(of path: String) -> [Substring] {
    // These files have no length of their own: what is asked for is made as it is read.
    let file = OpenFile(path, O_RDONLY | O_CLOEXEC)
    let bytes = file?.read(at: 0, count: 4_096) ?? []
    return String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" }
  }
}
