import Dispatch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The pages of the program's code that are mapped.
///
/// To start takes more code than to serve, and the system maps sixteen pages around each that is
/// touched. They stay mapped for as long as nothing else wants the memory, which for a server that
/// mostly waits is too long.
enum ProgramPages {
  /// How long after the start they are given back, once.
  private static let delay = DispatchTimeInterval.seconds(5)

  /// Gives back, some time from now, what the start has used: code that is needed again is mapped
  /// again from the system's cache of the file, a few microseconds for each place.
  static func giveBackLater() {
    #if os(Linux)
      DispatchQueue.global(qos: .background).asyncAfter(deadline: .now() + delay) {
        for range in ranges(in: lines(of: "/proc/self/smaps"), of: executablePath()) {
          madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
        }
      }
    #endif
  }

  /// The addresses of code in a text like that of `smaps` (proc_pid_smaps(5)), as far as it is as in
  /// the file: what somebody wrote to, such as a debugger, could not be had again.
  static func ranges(in lines: [Substring], of path: String) -> [Range<UInt>] {
    var ranges: [Range<UInt>] = []
    // Whether the lines that follow are about the last of them.
    var isCode = false
    for line in lines {
      let words = line.split(separator: " ")
      guard let first = words.first else { continue }
      if !first.hasSuffix(":") {
        let ends = first.split(separator: "-").compactMap { UInt($0, radix: 16) }
        isCode =
          ends.count == 2 && ends[0] < ends[1] && words.count >= 6 && words[1] == "r-xp"
          && line.hasSuffix(" " + path)
        if isCode { ranges.append(ends[0]..<ends[1]) }
      } else if isCode, first == "Private_Dirty:", words[1] != "0" {
        ranges.removeLast()
        isCode = false
      }
    }
    return ranges
  }

  private static func lines(of path: String) -> [Substring] {
    guard let bytes = try? contents(of: path, limit: 8 << 20) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
