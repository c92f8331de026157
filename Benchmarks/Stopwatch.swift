#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Times work in CPU nanoseconds of all threads of this process: the best of several runs.
///
/// Each run gets the result of the one before as its seed and mixes it into its own result, so
/// that no run can be left out or shared by the optimiser.
struct Stopwatch {
  /// Runs of each piece of work; the fastest counts.
  let runs: Int
  /// What the latest run gave. Printed in the end, so that it was needed.
  private(set) var residue: UInt64 = 0

  init(runs: Int) { self.runs = max(1, runs) }

  /// CPU nanoseconds of the fastest run.
  mutating func best(_ work: (UInt64) throws -> UInt64) rethrows -> Double {
    var best = UInt64.max
    for _ in 0..<runs {
      let start = Self.cpuNanoseconds
      residue = try work(residue)
      best = min(best, Self.cpuNanoseconds - start)
    }
    return Double(best)
  }

  /// CPU nanoseconds of the fastest run.
  mutating func bestAwaiting(_ work: (UInt64) async throws -> UInt64) async rethrows -> Double {
    var best = UInt64.max
    for _ in 0..<runs {
      let start = Self.cpuNanoseconds
      residue = try await work(residue)
      best = min(best, Self.cpuNanoseconds - start)
    }
    return Double(best)
  }

  /// CPU nanoseconds of one run.
  static func cpu(_ work: () throws -> Void) rethrows -> UInt64 {
    let start = cpuNanoseconds
    try work()
    return cpuNanoseconds - start
  }

  /// CPU nanoseconds of all threads of this process so far.
  static var cpuNanoseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
