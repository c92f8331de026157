import Bytes
package import KFL

/// Some of the entries of a source alone: whatever is asked, a condition is added.
package struct ScopedSource: CallSource {
  private let base: any CallSource
  private let filter: Filter
  private let allows: @Sendable (EntryView) -> Bool

  /// - Parameters:
  ///   - filter: holds for the entries that are shown.
  ///   - allows: the same of a single entry.
  package init(
    _ base: any CallSource, filter: Filter, allows: @escaping @Sendable (EntryView) -> Bool
  ) {
    (self.base, self.filter, self.allows) = (base, filter, allows)
  }

  package func query(_ query: Query) async throws(QueryError) -> QueryResult {
    var query = query
    query.filters.append(filter)
    var result = try await base.query(query)
    try await narrow(&result.coverage, &result.failures, query.families, query.filters)
    return result
  }

  package func entry(_ id: EntryID) async throws(QueryError) -> EntryLookup {
    let found = try await base.entry(id)
    guard case .found(let view) = found else { return found }
    return allows(view) ? found : .unknown(oldestKept: true)
  }

  package func aggregate(_ aggregation: Aggregation) async throws(QueryError) -> AggregationResult {
    var aggregation = aggregation
    aggregation.filters.append(filter)
    var result = try await base.aggregate(aggregation)
    try await narrow(&result.coverage, &result.failures, aggregation.families, aggregation.filters)
    return result
  }

  package func flows(_ query: FlowQuery) async throws(QueryError) -> FlowResult {
    var query = query
    query.filters.append(filter)
    var result = try await base.flows(query)
    try await narrow(&result.coverage, &result.failures, .connections, query.filters)
    return result
  }

  /// Takes what is not shown out of what an answer says beside its rows: how many entries there are,
  /// and what a filter failed on, which may quote one. How many are shown is counted where it is told:
  /// beside those on which a filter failed.
  private func narrow(
    _ coverage: inout QueryCoverage, _ failures: inout QueryResult.Failures,
    _ families: Query.Families, _ filters: [Filter]
  ) async throws(QueryError) {
    let damage = coverage.damage
    coverage = QueryCoverage()
    coverage.damage = damage
    guard failures.count > 0 else { return }
    failures.cause = nil
    let takesAll =
      families == .automatic && ScanPlan(filters, window: nil).asksForConnections
    coverage.entries = try await base.count(
      [filter], families: takesAll ? .everything : families)
  }

  /// What each condition removes of the entries that are shown. Values are not told: a diagnosis looks
  /// beyond its conditions for them, and so beyond what may be shown.
  package func diagnose(_ query: Query) async throws(QueryError) -> Diagnosis {
    func count(
      _ filters: [Filter], _ window: Range<Timestamp>?
    ) async throws(QueryError) -> Int {
      try await base.count(filters + [filter], window: window, families: query.families)
    }
    let entries = try await count([], nil)
    let inWindow = try await count([], query.window)
    let matching = try await count(query.filters, query.window)
    var conditions: [Diagnosis.Condition] = []
    for (index, condition) in query.filters.enumerated() {
      var others = query.filters
      others.remove(at: index)
      conditions.append(
        Diagnosis.Condition(
          text: condition.normalForm, alone: try await count([condition], query.window),
          remaining: try await count(Array(query.filters[...index]), query.window),
          without: try await count(others, query.window), values: []))
    }
    var coverage = QueryCoverage()
    coverage.entries = entries
    return Diagnosis(
      entries: entries, inWindow: inWindow,
      outsideWindow: try await count(query.filters, nil) - matching, matching: matching,
      conditions: conditions, isComplete: true, coverage: coverage)
  }
}
