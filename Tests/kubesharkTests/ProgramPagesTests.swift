import Testing

@testable import kubeshark

struct ProgramPagesTests {
  /// As proc_pid_smaps(5) shows it, most lines left out.
  private static func smaps(dirty: Int = 0, anonymous: Int = 0, swapped: Int = 0) -> [Substring] {
    """
    55d0c0000000-55d0c0100000 r--p 00000000 08:01 42                         /opt/kube shark
    Rss:                 512 kB
    Private_Dirty:         0 kB
    55d0c0100000-55d0c0300000 r-xp 00100000 08:01 42                         /opt/kube shark
    Rss:                1024 kB
    Private_Dirty:         \(dirty) kB
    Anonymous:             \(anonymous) kB
    Swap:                  \(swapped) kB
    55d0c0300000-55d0c0400000 rw-p 00300000 08:01 42                         /opt/kube shark
    Private_Dirty:       128 kB
    7f0000000000-7f0000200000 r-xp 00000000 08:01 43                         /lib/libc.so.6
    Private_Dirty:         0 kB
    7f0000400000-7f0000500000 r-xp 00000000 00:00 0
    Private_Dirty:         0 kB
    7fff00000000-7fff00002000 r-xp 00000000 00:00 0                          [vdso]
    Private_Dirty:         0 kB
    VmFlags: rd ex mr mw me de sd
    """.split(separator: "\n")
  }

  private let library: Range<UInt> = 0x7f00_0000_0000..<0x7f00_0020_0000

  @Test func onlyTheCodeOfFilesIsGivenBack() {
    #expect(
      ProgramPages.ranges(in: Self.smaps()) == [0x55d0_c010_0000..<0x55d0_c030_0000, library])
    #expect(ProgramPages.ranges(in: []).isEmpty)
    #expect(ProgramPages.ranges(in: ["", "x", "Private_Dirty:"]).isEmpty)
  }

  @Test func codeThatSomebodyWroteToStays() {
    for lines in [Self.smaps(dirty: 4), Self.smaps(anonymous: 4), Self.smaps(swapped: 4)] {
      #expect(ProgramPages.ranges(in: lines) == [library])
    }
  }
}
