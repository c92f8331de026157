import ArgumentParser
import Bytes
import Entries
import JSON
import KFL
import Packets
import Query
import Store

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `kubeshark-bench`: CPU time of each stage, on traffic made here, beside a CRC32C loop.
@main
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kubeshark-bench",
    abstract: "Measures the CPU time of each stage from packets to answers.",
    subcommands: [StoreBench.self, AgentsBench.self])

  @Option(parsing: .upToNextOption, help: "Sizes of the captures made, in MB.")
  var megabytes = [16, 128]

  @Option(help: "Runs of each stage; the fastest counts.")
  var runs = 5

  @Option(help: "Threads of the whole path, beside the one that reads.")
  var workers = 1

  @Option(help: "Measure the stages on this capture, not on traffic made here.")
  var capture: String?

  @Flag(help: "Print the figures as one JSON object.")
  var json = false

  @Option(help: "Write a capture of the first size to this file, measure nothing.")
  var write: String?

  mutating func validate() throws {
    guard !megabytes.isEmpty, megabytes.allSatisfy({ (1...4_096).contains($0) }) else {
      throw ValidationError("--megabytes takes sizes from 1 to 4096.")
    }
    guard (1...1_000).contains(runs) else { throw ValidationError("--runs takes 1 to 1000.") }
    guard (1...64).contains(workers) else { throw ValidationError("--workers takes 1 to 64.") }
  }

  @concurrent
  func run() async throws {
    if let write {
      let traffic = TrafficMaker(megabytes: megabytes[0])
      try save(traffic.file, to: write)
      print(
        """
        {"bytes":\(traffic.file.count),"packets":\(traffic.packets),"calls":\(traffic.calls)}
        """)
      return
    }
    var stopwatch = Stopwatch(runs: runs)
    var figures: [Figure] = []
    if let capture {
      figures = try CaptureStages.figures(capture, workers: workers, &stopwatch)
    }
    for size in capture == nil ? megabytes : [] {
      let isLast = size == megabytes.last
      figures += try await Self.figures(size, workers, isLast: isLast, &stopwatch)
    }
    if json {
      var object: JSONObject = ["figures": .array(figures.map { .object($0.json) })]
      object["residue"] = .string("\(stopwatch.residue)")
      print(JSONValue.object(object).text)
    } else {
      print(figures.table)
      print("Best of \(runs) runs; residue \(stopwatch.residue).")
    }
  }

  /// Rows of the stores that are filtered: inside the processor's caches and far outside.
  private static let filteredRows = [16_384, 262_144, 1_048_576]
  /// Lengths of the filters that are compiled: time must grow no faster than they do.
  private static let filterCharacters = [200, 2_000, 20_000]

  private static func figures(
    _ size: Int, _ workers: Int, isLast: Bool, _ stopwatch: inout Stopwatch
  ) async throws -> [Figure] {
    let traffic = TrafficMaker(megabytes: size)
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let path = "\(folder)/kubeshark-bench-\(getpid()).pcap"
    defer { unlink(path) }
    try save(traffic.file, to: path)
    var (figures, entries) = try stages(size, traffic, path, workers, &stopwatch)
    // One KiB of CRC32C.
    let unit = figures[0].nanoseconds / Double(traffic.file.count) * 1_024
    let calls = entries.filter(\.kind.isCall)
    figures.append(
      Figure(
        input: "\(size) MB", name: "entries written",
        nanoseconds: try stopwatch.best { try EntryStages.written(calls, $0) },
        items: calls.count, item: "entry", reference: unit * Double(calls.count)))
    if isLast {
      figures += try await questions(calls, unit, &stopwatch)
    }
    entries = []
    return figures
  }

  /// The stages of the data path, and the entries they end with.
  private static func stages(
    _ size: Int, _ traffic: TrafficMaker, _ path: String, _ workers: Int,
    _ stopwatch: inout Stopwatch
  ) throws -> ([Figure], [Entry]) {
    let data = DataPath(path: path)
    let bytes = traffic.file.count
    let input = "\(size) MB"
    let floor = stopwatch.best { plainChecksum(traffic.file.span.bytes, $0) }
    func figure(_ name: String, _ nanoseconds: Double, _ items: Int, _ item: String) -> Figure {
      Figure(
        input: input, name: name, nanoseconds: nanoseconds, items: items, item: item,
        bytes: bytes, reference: floor)
    }
    let packets = traffic.packets
    let messages = traffic.calls * 2
    var delivered = 0
    let frames = try stopwatch.best { try data.frames($0) }
    let layers = try stopwatch.best { try data.layers($0) }
    let flows = try stopwatch.best { seed in
      let result = try data.flows(seed)
      delivered = result.delivered
      return result.sum
    }
    let dissected = try stopwatch.best { try data.entries($0) { _ in } }
    let entries = try data.verified(packets: packets, calls: traffic.calls)
    let whole = try stopwatch.best { try data.stored($0, in: .memory, workers: workers) }
    var figures = [
      figure("CRC32C loop", floor, packets, "packet"),
      figure("frame walk", frames, packets, "packet"),
      figure("+ layers", layers, packets, "packet"),
      figure("+ flows", flows, packets, "packet"),
      figure("+ dissectors", dissected, messages, "message"),
      figure("whole path, file to flushed store", whole, traffic.calls, "call"),
    ]
    // On a busy machine a difference of two measurements may be nonsense; then there is none.
    if flows > frames {
      var alone = figure("layers and flows by themselves", flows - frames, packets, "packet")
      alone.bytes = delivered
      figures.append(alone)
    }
    if dissected > flows {
      figures.append(
        figure("dissectors by themselves", dissected - flows, messages, "message"))
    }
    return (figures, entries)
  }

  private static func questions(
    _ calls: [Entry], _ unit: Double, _ stopwatch: inout Stopwatch
  ) async throws -> [Figure] {
    var figures: [Figure] = []
    let now = Timestamp(nanoseconds: 0)
    guard let filter = Query.compile(EntryStages.filter, now: now).filter else {
      throw BenchError.badFilter(EntryStages.filter)
    }
    // One query takes a millisecond, too short to time alone.
    let queries = 20
    for rows in filteredRows {
      let source = StoreSource(try EntryStages.store(of: rows, from: calls))
      figures.append(
        Figure(
          input: "\(rows >> 10) Ki rows", name: "entries filtered and counted",
          nanoseconds: try await stopwatch.bestAwaiting {
            try await EntryStages.filtered(source, filter, times: queries, $0)
          }, items: rows * queries, item: "entry", reference: unit * Double(rows * queries)))
    }
    for characters in filterCharacters {
      let text = EntryStages.filter(characters: characters)
      let times = max(1, 40_000 / characters)
      // One KiB of CRC32C for 200 characters, so that equal ratios mean linear time.
      let units = Double(times * text.utf8.count) / 200
      figures.append(
        Figure(
          input: "\(characters) characters", name: "KFL parsed, checked, planned",
          nanoseconds: try stopwatch.best {
            try EntryStages.compiled(text, times: times, $0)
          }, items: times, item: "filter", reference: unit * units))
    }
    return figures
  }
}

/// Writes a file anew.
private func save(_ bytes: [UInt8], to path: String) throws {
  guard let file = fopen(path, "w") else { throw BenchError.unwritable(path) }
  let written = fwrite(bytes, 1, bytes.count, file)
  guard fclose(file) == 0, written == bytes.count else { throw BenchError.unwritable(path) }
}
