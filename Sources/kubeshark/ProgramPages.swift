import Bytes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory that a server does not need while nobody asks it for anything.
///
/// To start takes more code than to serve, and the system maps sixteen pages around each that is
/// touched. They stay mapped for as long as nothing else wants the memory, which for a server that
/// mostly waits is too long.
enum ProgramPages {
  /// Gives back the code that is mapped, of the program and its libraries, and what was allocated and
  /// is free again. Code that is needed once more is mapped again from the system's cache of the
  /// file, a few microseconds for each place.
  static func giveBack() {
    #if os(Linux)
      for range in ranges(in: lines(of: "/proc/self/smaps")) {
        madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
      }
    #endif
    giveBackFreedMemory()
  }

  /// Lines that count what of a mapping is not as in its file, and could not be had again: what
  /// somebody wrote to it, such as a debugger.
  private static let written: Set<Substring> = ["Private_Dirty:", "Anonymous:", "Swap:"]

  /// The addresses of code in a text like that of `smaps` (proc_pid_smaps(5)), as far as it is as in
  /// its file.
  static func ranges(in lines: [Substring]) -> [Range<UInt>] {
    var ranges: [Range<UInt>] = []
    // Whether the lines that follow are about the last of them.
    var isCode = false
    for line in lines {
      // Names of counts begin with a capital letter, and most are of no interest.
      let isCount = line.utf8.first.map { $0 < UInt8(ascii: "a") && $0 > UInt8(ascii: "9") } ?? true
      guard isCode || !isCount else { continue }
      let words = line.split(separator: " ")
      guard let first = words.first else { continue }
      if !isCount {
        let ends = first.split(separator: "-").compactMap { UInt($0, radix: 16) }
        isCode =
          ends.count == 2 && ends[0] < ends[1] && words.count >= 6 && words[1] == "r-xp"
          && words[5].hasPrefix("/")
        if isCode { ranges.append(ends[0]..<ends[1]) }
      } else if isCode, written.contains(first), words.count > 1, words[1] != "0" {
        ranges.removeLast()
        isCode = false
      }
    }
    return ranges
  }

  private static func lines(of path: String) -> [Substring] {
    guard let bytes = try? contents(of: path, limit: 8 << 20) else { return [] }
    return bytes.split(separator: UInt8(ascii: "\n")).map {
      Substring(String(decoding: $0, as: UTF8.self))
    }
  }
}
