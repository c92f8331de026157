import CLinux

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The processors that this process may use.
package enum Processors {
  /// How many threads can work at a time: those processors that the process may run on
  /// (sched_getaffinity(2)), and no more than its control group has time for. At least one.
  package static var usable: Int {
    let told = Int(ks_allowed_processors())
    let allowed = told > 0 ? told : sysconf(Int32(_SC_NPROCESSORS_ONLN))
    return max(1, min(allowed, quota ?? allowed))
  }

  /// Processors whose time the control group has; nil without a limit.
  private static var quota: Int? {
    ControlGroup.all(of: "cpu").compactMap { group in
      switch group.version {
      case .v2: quota(group.words(of: "cpu.max"))
      case .v1: quota(group.words(of: "cpu.cfs_quota_us") + group.words(of: "cpu.cfs_period_us"))
      }
    }.min()
  }

  /// - Parameter words: microseconds of processors' time, and of how much time: `150000 100000` is one
  ///   and a half, for which there are two threads. What is not limited is `max`, or in version 1 -1.
  static func quota(_ words: [Substring]) -> Int? {
    guard words.count == 2, let time = Int(words[0]), let period = Int(words[1]), time > 0,
      period > 0
    else { return nil }
    return (time - 1) / period + 1
  }
}
