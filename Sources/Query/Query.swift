package import Bytes
package import Entries
package import KFL

/// A question about entries: which ones, in which order, how many at a time.
package struct Query: Sendable {
  /// Most rows of one page.
  package static let maxLimit = 10_000

  /// The conditions that all must hold, each compiled on its own: the caller's filter, shorthand
  /// arguments, a scope. They meet as parsed expressions, so no text can escape its own.
  package var filters: [Filter]
  /// From its first instant up to, but without, its end; nil for all of time.
  package var window: Range<Timestamp>?
  package var families: Families
  package var order: Order
  /// Rows of a page, 1...`maxLimit`.
  package var limit: Int
  /// Where the page before ended (`QueryResult.nextCursor`).
  package var cursor: String?
  /// Fields that will be asked for; nil for whatever may come. A page of many blocks holds these
  /// alone; all others stay readable, but each is read from its block when it is asked for.
  package var fields: [FieldID]?
  /// How many more rows may be looked at only to count them, once a page is full. Rows that need
  /// more than columns count several times. Beyond it the total is a lower bound.
  package var countBudget: Int

  /// Which records an answer draws from.
  package enum Families: Sendable {
    case calls
    /// Connection and flow records.
    case connections
    case everything
    /// Calls, unless a filter asks for connection or flow records.
    case automatic
  }

  package enum Order: UInt8, Sendable {
    case newest = 0
    case oldest = 1
    /// Slowest first; entries without latency come last.
    case latency = 2
  }

  package init(
    _ filters: [Filter] = [], window: Range<Timestamp>? = nil, families: Families = .everything,
    order: Order = .newest, limit: Int = 100, cursor: String? = nil, fields: [FieldID]? = nil,
    countBudget: Int = 1_000_000
  ) {
    self.filters = filters
    self.window = window
    self.families = families
    self.order = order
    self.limit = limit
    self.cursor = cursor
    self.fields = fields
    self.countBudget = countBudget
  }

  /// The window `[start, end)`, either of which may be missing; empty when they are the wrong way
  /// round.
  package static func window(start: Timestamp?, end: Timestamp?) -> Range<Timestamp>? {
    guard start != nil || end != nil else { return nil }
    let from = start ?? .distantPast
    return from..<max(from, end ?? .distantFuture)
  }

  /// `text` compiled against the catalogue.
  /// - Parameter now: what `now()` stands for.
  package static func compile(
    _ text: String, now: Timestamp, schema: Schema = FieldSchema.schema
  ) -> Compilation {
    KFL.compile(text, schema: schema, now: now)
  }
}

/// Rows that answer a query, and how much they say.
package struct QueryResult: Sendable {
  package var rows: [EntryView]
  /// Entries that match in all, those of other pages included.
  package var total: Int
  /// Whether `total` is all there are; else it is a lower bound.
  package var isTotalExact: Bool
  /// Where the next page begins; nil when this is the last.
  package var nextCursor: String?
  package var failures: Failures
  package var coverage: QueryCoverage

  /// Whether there are matching entries beyond this page.
  package var isTruncated: Bool { nextCursor != nil }

  /// Entries on which the filter could not be evaluated: they are not selected.
  package struct Failures: Sendable {
    package var count = 0
    /// One of the causes, one sentence without full stop.
    package var cause: String?

    mutating func add(_ other: Failures) {
      count += other.count
      cause = cause ?? other.cause
    }
  }
}
