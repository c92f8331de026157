import Bytes
import Entries
import KFL
import Query
import Store

/// What is done with entries once they are there: written, filtered; and filters made.
enum EntryStages {
  /// Half of it an integer column, half a text column.
  static let filter = #"http && status_code >= 500 && path.startsWith("/api")"#

  /// A filter of 200 characters: names, comparisons, calls, a list.
  static let longFilter =
    #"http && (method == "GET" || method in ["POST", "PUT"]) && status_code >= 400 && "#
    + #"path.startsWith("/api/v1/orders") && !path.contains("health") && src.pod.namespace == "shop-a" "#
    + #"&& elapsed_time > 1250000"#

  /// A filter of about that many characters: the long one, again and again.
  static func filter(characters: Int) -> String {
    let times = max(1, characters / longFilter.utf8.count)
    return [String](repeating: times == 1 ? longFilter : "(\(longFilter))", count: times)
      .joined(separator: " || ")
  }

  /// A store in memory with `rows` calls made from `entries`, later copies at later times.
  /// Bodies are left out: no filter here reads them.
  static func store(of rows: Int, from entries: [Entry]) throws -> EntryStore {
    let store = try EntryStore(.memory)
    var batch: [Entry] = []
    let calls = entries.filter(\.kind.isCall)
    guard let first = calls.first, let last = calls.last else { return store }
    let span = max(1, last.timestamp.nanoseconds - first.timestamp.nanoseconds)
    for row in 0..<rows {
      var entry = calls[row % calls.count]
      entry.request = nil
      entry.response = nil
      entry.timestamp = entry.timestamp.advanced(by: span * Int64(row / calls.count))
      batch.append(entry)
      if batch.count == 1_024 || row == rows - 1 {
        try store.append(batch)
        batch.removeAll(keepingCapacity: true)
      }
    }
    try store.flush()
    return store
  }

  /// Writes entries that are ready, with all their bodies, into a new store in memory.
  static func written(_ entries: [Entry], _ seed: UInt64) throws -> UInt64 {
    let store = try EntryStore(.memory)
    var start = 0
    while start < entries.count {
      let end = min(start + 256, entries.count)
      try store.append(Array(entries[start..<end]))
      start = end
    }
    try store.flush()
    return seed &+ UInt64(store.snapshot().byteCount)
  }

  /// Asks `times` times for the newest page of what matches, and counts all of it.
  static func filtered(
    _ source: StoreSource, _ filter: Filter, times: Int, _ seed: UInt64
  ) async throws -> UInt64 {
    let query = Query([filter], families: .calls, limit: 50, countBudget: .max)
    var sum = seed
    for _ in 0..<times {
      let result = try await source.query(query)
      guard result.isTotalExact else { throw BenchError.notCounted }
      sum = sum &+ UInt64(result.total)
    }
    return sum
  }

  /// Compiles a text `times` times.
  static func compiled(_ text: String, times: Int, _ seed: UInt64) throws -> UInt64 {
    var sum = seed
    for _ in 0..<times {
      // The instant takes part in the result and is different each time.
      let now = Timestamp(nanoseconds: Int64(truncatingIfNeeded: sum & 0xffff_ffff))
      let compilation = Query.compile(text, now: now)
      guard let filter = compilation.filter else {
        throw BenchError.badFilter(compilation.errors.map { "\($0)" }.joined(separator: "; "))
      }
      sum = sum &+ UInt64(filter.normalForm.utf8.count)
    }
    return sum
  }
}

/// Why a measurement means nothing.
enum BenchError: Error {
  /// The total of a query was only a lower bound, so not every entry was filtered.
  case notCounted
  /// A filter of the benchmark does not compile; the text says why.
  case badFilter(String)
  /// A stage did not see all that was made; the text has the numbers.
  case incomplete(String)
  /// A file could not be written.
  case unwritable(String)
  /// A file could not be mapped.
  case unreadable(String)
}
