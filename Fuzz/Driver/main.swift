import FoundationEssentials
import FuzzTargets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Usage: kubeshark-fuzz TARGET [libFuzzer's arguments]
//        kubeshark-fuzz --list                          targets, one a line
//        kubeshark-fuzz --seeds FOLDER FILE...          first inputs for every target, from
//                                                       captures, filters (.txt), workloads (.yaml)

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// Writes to standard error.
private func tell(_ text: String) {
  _ = Array(text.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}

/// The target of this run. Set before the driver starts; the driver has one thread.
nonisolated(unsafe) private var target = FuzzTarget.all[0]

/// CPU time of this thread in milliseconds.
private func processorTime() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
}

private func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  let start = processorTime()
  do throws(BrokenLaw) {
    try target.run(input)
  } catch {
    fatalError("broken law: \(error)")
  }
  let taken = processorTime() - start
  if taken > target.milliseconds { fatalError("broken law: \(taken) ms of CPU for one input") }
  return 0
}

/// Writes FOLDER/TARGET/HASH for every seed.
private func writeSeeds(to folder: String, of files: [String]) throws {
  var seeds = Seeds()
  seeds.addByHand()
  for file in files {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: file)))
    do { try seeds.add(file: file, bytes) } catch {
      // A damaged capture is a fine input all the same.
      tell("\(error)\n")
    }
  }
  for target in FuzzTarget.all {
    try FileManager.default.createDirectory(
      atPath: "\(folder)/\(target.name)", withIntermediateDirectories: true)
  }
  for seed in Set(seeds.seeds) {
    let name = "\(folder)/\(seed.target)/seed-\(hash(seed.bytes))"
    try Data(seed.bytes).write(to: URL(filePath: name))
  }
}

/// FNV-1a, as text.
private func hash(_ bytes: [UInt8]) -> String {
  String(
    bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 },
    radix: 16)
}

private func usage(_ problem: String) -> Never {
  tell("kubeshark-fuzz: \(problem)\nTargets:\n")
  for target in FuzzTarget.all { tell("  \(target.name): \(target.doc)\n") }
  exit(2)
}

let arguments = CommandLine.arguments.dropFirst()
switch arguments.first {
case "--list": for target in FuzzTarget.all { print(target.name) }
case "--seeds":
  guard let folder = arguments.dropFirst().first else { usage("--seeds needs a folder") }
  do { try writeSeeds(to: folder, of: Array(arguments.dropFirst(2))) } catch {
    usage("\(error)")
  }
case let name?:
  guard let named = FuzzTarget.named(name) else { usage("there is no target \(name)") }
  target = named
  // The driver reads options of its own; what the target wants comes before the user's.
  let options = [CommandLine.arguments[0], "-max_len=\(target.maxLength)"] + arguments.dropFirst()
  var values = options.map { strdup($0) }
  values.append(nil)
  var count = Int32(options.count)
  let status = values.withUnsafeMutableBufferPointer { buffer -> Int32 in
    var start = buffer.baseAddress!
    return runDriver(&count, &start, test)
  }
  exit(status)
case nil: usage("which target?")
}
