import ArgumentParser
import Bytes
import Entries
import JSON
import Query
import Store

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `kubeshark-bench store`: a day of a shop written to a store, exported for another database, and
/// questions asked of it.
struct StoreBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store",
    abstract: "Measures writing, opening and asking a store file; prints one JSON object.")

  @Option(help: "Calls of the day.")
  var rows = 1_000_000

  @Option(help: "Write the day to this new store file, and measure that.")
  var make: String?

  @Option(help: "Write the day to this file or pipe as comma-separated values.")
  var csv: String?

  @Option(help: "Open this store file, ask the questions, and measure that.")
  var ask: String?

  /// Not `runs`: options of the command above are taken by that.
  @Option(help: "Runs of each question after a first one; the fastest counts.")
  var times = 5

  @Option(help: "Ask this question alone.")
  var only: String?

  mutating func validate() throws {
    guard (1...1_000_000_000).contains(rows) else {
      throw ValidationError("--rows takes 1 to 1000000000.")
    }
    guard (1...10_000).contains(times) else { throw ValidationError("--times takes 1 to 10000.") }
  }

  @concurrent
  func run() async throws {
    var answer: JSONObject = [:]
    if let make { answer["made"] = .object(try written(to: make)) }
    if let csv { try export(to: csv) }
    if csv != nil || make == nil && ask == nil {
      answer["columns"] = .string(ShopDay.columns)
      answer["questions"] = .array(StoreQuestion.all.map { .object($0.json) })
    }
    if let ask { answer["asked"] = .object(try await asked(ask)) }
    print(JSONValue.object(answer).text)
  }

  /// Entries are made in batches; only taking them in is timed, with the flush in the end.
  private func written(to path: String) throws -> JSONObject {
    var day = ShopDay(Shop(), rows: rows)
    let store = try EntryStore(.file(path: path))
    var spent: UInt64 = 0
    var batch: [Entry] = []
    var isOver = false
    while !isOver {
      batch.removeAll(keepingCapacity: true)
      while batch.count < 4_096, !isOver {
        if let call = day.next() { batch.append(day.entry(call)) } else { isOver = true }
      }
      spent += try Stopwatch.cpu { try store.append(batch) }
    }
    let bytes = store.snapshot().byteCount
    spent += try Stopwatch.cpu { try store.close() }
    var status = stat()
    stat(path, &status)
    return [
      "rows": JSONValue(rows), "cpuSeconds": JSONValue(Double(spent) / 1e9),
      "blockBytes": .int(bytes), "fileBytes": .int(Int64(status.st_size)),
    ]
  }

  private func export(to path: String) throws {
    guard let file = fopen(path, "w") else { throw BenchError.unwritable(path) }
    var day = ShopDay(Shop(), rows: rows)
    var lines: [UInt8] = []
    var isOver = false
    while !isOver {
      lines.removeAll(keepingCapacity: true)
      while lines.count < 1 << 20, !isOver {
        if let call = day.next() { day.write(call, to: &lines) } else { isOver = true }
      }
      guard fwrite(lines, 1, lines.count, file) == lines.count else {
        throw BenchError.unwritable(path)
      }
    }
    guard fclose(file) == 0 else { throw BenchError.unwritable(path) }
  }

  private func asked(_ path: String) async throws -> JSONObject {
    var openings: [UInt64] = []
    for _ in 0..<5 {
      openings.append(
        try Stopwatch.cpu {
          let store = try EntryStore(.file(path: path))
          try store.close()
        })
    }
    let store = try EntryStore(.file(path: path))
    let source = StoreSource(store)
    var results: [JSONValue] = []
    for question in StoreQuestion.all where only == nil || only == question.name {
      var first: UInt64 = 0
      var best = UInt64.max
      var answer = JSONValue.null
      for run in 0...times {
        let start = Stopwatch.cpuNanoseconds
        answer = try await question.ask(source)
        let spent = Stopwatch.cpuNanoseconds - start
        if run == 0 { first = spent } else { best = min(best, spent) }
      }
      results.append([
        "name": .string(question.name), "answer": answer,
        "firstCPUSeconds": JSONValue(Double(first) / 1e9),
        "cpuSeconds": JSONValue(Double(best) / 1e9),
      ])
    }
    return [
      "openCPUSeconds": JSONValue(Double(openings.min() ?? 0) / 1e9),
      "rows": JSONValue(store.snapshot().rows()), "questions": .array(results),
      "residentBytes": JSONValue(Self.peakBytes),
    ]
  }

  /// The most memory this process has held.
  private static var peakBytes: Int {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #elseif canImport(Glibc)
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss << 10
    #else
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss << 10
    #endif
  }
}
