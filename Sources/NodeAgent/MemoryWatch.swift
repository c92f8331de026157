package import Bytes
import Pipeline

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
    let pages = ControlGroup.words(of: "/proc/self/statm").compactMap { Int($0) }
    return pages.count > 2 ? max(0, pages[1] - pages[2]) * sysconf(Int32(_SC_PAGESIZE)) : 0
  }

  /// The limit of the process's control group; nil when there is none.
  package static var groupLimit: Int? {
    for group in ControlGroup.all(of: "memory") {
      let file = group.version == .v2 ? "memory.max" : "memory.limit_in_bytes"
      // What is not limited is "max", or in version 1 a number beyond all memory.
      if let limit = group.words(of: file).first.flatMap({ Int($0) }), limit > 0, limit < 1 << 50 {
        return limit
      }
    }
    return nil
  }

  /// Room that what is under way when memory runs short, and what becomes of it, may still take: at
  /// least so many bytes, a quarter of the group's limit where that is more, never more than half.
  private static let leastRoom = 48 << 20

  /// What a process in a control group keeps within. Beyond the group's limit it is killed.
  package static var standardLimit: Int? { groupLimit.map(limit(inGroupOf:)) }

  static func limit(inGroupOf bytes: Int) -> Int {
    bytes - min(bytes / 2, max(bytes / 4, leastRoom))
  }
}
