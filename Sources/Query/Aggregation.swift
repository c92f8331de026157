package import Bytes
package import Entries
package import KFL

/// A question about many entries at once: figures of all that match, and of groups of them.
package struct Aggregation: Sendable {
  /// Groups kept while counting; entries of further ones are counted together.
  package static let maxGroups = 16_384
  /// Bytes that the keys of all groups hold; entries of groups beyond are counted together.
  static let keyBytes = 16 << 20
  /// Bytes of all histograms of latencies. Where groups are so many that theirs would not fit, each
  /// keeps its share of this, with its lowest values put together (`LatencySketch.collapsedBelow`).
  static let sketchBytes = 40 << 20

  package var filters: [Filter]
  package var window: Range<Timestamp>?
  package var families: Query.Families
  /// What makes a group, outermost first; empty for one figure over all.
  package var keys: [GroupKey]
  package var order: Order
  /// Groups returned.
  package var limit: Int
  package var measures: Measures

  package enum Order: Sendable {
    case count, errors, errorRate, bytes
    /// By the 99th percentile of latency, slowest first.
    case slowest
    /// By their keys, ascending: for time series.
    case key
  }

  /// Which figures are wanted beside the number of entries; the others stay 0.
  package struct Measures: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let errors = Measures(rawValue: 1)
    package static let bytes = Measures(rawValue: 2)
    package static let latencies = Measures(rawValue: 4)

    /// How many entries, alone. `span` is that of the blocks they are in.
    package static let count: Measures = []
    /// Also how many errors. `span` as for `count`.
    package static let counts: Measures = .errors
    package static let everything: Measures = [.errors, .bytes, .latencies]
  }

  package init(
    _ filters: [Filter] = [], window: Range<Timestamp>? = nil,
    families: Query.Families = .calls, by keys: [GroupKey] = [], order: Order = .count,
    limit: Int = 20, measures: Measures = .everything
  ) {
    self.filters = filters
    self.window = window
    self.families = families
    self.keys = keys
    self.order = order
    self.limit = limit
    self.measures = measures
  }
}

/// What entries of one group have in common.
package struct GroupKey: Hashable, Sendable {
  enum Source: Hashable, Sendable {
    /// The first of these fields that is not empty.
    case fields([FieldID])
    /// The span of time it falls into: length in nanoseconds.
    case interval(Int64)
  }

  let source: Source
  /// Applied to texts, once for each distinct one of a block.
  let map: TextMap?
  /// Of the fields those to whose texts it is not applied.
  var verbatim: Set<FieldID> = []

  package static func field(_ ids: FieldID...) -> GroupKey { firstOf(ids) }

  /// The first of these fields that is not empty.
  package static func firstOf(_ ids: [FieldID]) -> GroupKey {
    GroupKey(source: .fields(ids), map: nil)
  }

  /// A text field after `map`, such as a path with its identifiers taken out.
  ///
  /// - Parameter verbatim: fields whose texts stay as they are.
  package static func field(
    _ ids: FieldID..., verbatim: Set<FieldID> = [], map: TextMap
  ) -> GroupKey {
    GroupKey(source: .fields(ids), map: map, verbatim: verbatim)
  }

  /// Spans of that many nanoseconds, counted from 1970; the key is the instant they begin.
  package static func interval(nanoseconds: Int64) -> GroupKey {
    GroupKey(source: .interval(max(1, nanoseconds)), map: nil)
  }
}

/// What is made of a text before it becomes a key. Two of the same name do the same.
package struct TextMap: Hashable, Sendable {
  package let name: String
  let apply: @Sendable (String) -> String

  package init(_ name: String, _ apply: @escaping @Sendable (String) -> String) {
    (self.name, self.apply) = (name, apply)
  }

  package static func == (a: TextMap, b: TextMap) -> Bool { a.name == b.name }
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// Figures of all entries that match, and of their groups.
package struct AggregationResult: Sendable {
  package var total: Metrics
  /// Best first, at most as many as asked for.
  package var groups: [Group]
  /// Groups there are; a lower bound when `ungrouped` is not empty.
  package var groupCount: Int
  /// Entries of groups beyond `Aggregation.maxGroups`.
  package var ungrouped: Metrics
  /// Times of the first and the last entry that matches; nil when none does.
  package var span: ClosedRange<Timestamp>?
  package var failures: QueryResult.Failures
  package var coverage: QueryCoverage

  package struct Group: Sendable {
    /// One for each key; `.none` where an entry has no such field.
    package var keys: [FieldValue]
    package var metrics: Metrics
  }
}

/// The values of one field that occur most.
package struct TopValues: Sendable {
  package var values: [(value: FieldValue, count: Int)]
  /// Distinct values there are.
  package var distinct: Int
}

extension CallSource {
  /// The values of a field that occur most among the entries that match, and how many there are.
  package func topValues(
    of id: FieldID, _ filters: [Filter] = [], window: Range<Timestamp>? = nil,
    families: Query.Families = .calls, limit: Int = 10
  ) async throws(QueryError) -> TopValues {
    let result = try await aggregate(
      Aggregation(
        filters, window: window, families: families, by: [.field(id)], limit: limit,
        measures: .count))
    return TopValues(
      values: result.groups.map { ($0.keys[0], $0.metrics.count) }, distinct: result.groupCount)
  }

  /// How many entries match.
  package func count(
    _ filters: [Filter] = [], window: Range<Timestamp>? = nil, families: Query.Families = .calls
  ) async throws(QueryError) -> Int {
    try await aggregate(
      Aggregation(filters, window: window, families: families, measures: .count)
    ).total.count
  }
}
