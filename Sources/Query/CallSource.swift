/// Where entries are asked for: the store behind live traffic, a snapshot's store, a database that
/// holds more than one machine can.
package protocol CallSource: Sendable {
  /// One page of the entries that match.
  func query(_ query: Query) async throws(QueryError) -> QueryResult

  /// The entry of that name.
  func entry(_ id: EntryID) async throws(QueryError) -> EntryLookup

  /// Counts, errors, bytes and latencies of the entries that match, in groups.
  func aggregate(_ aggregation: Aggregation) async throws(QueryError) -> AggregationResult

  /// Why a query has no rows, or few: what each condition removes.
  func diagnose(_ query: Query) async throws(QueryError) -> Diagnosis

  /// Who talks to whom over which port, and how much, from connection records.
  func flows(_ query: FlowQuery) async throws(QueryError) -> FlowResult
}

/// What became of looking for one entry.
package enum EntryLookup: Sendable {
  case found(EntryView)
  /// None of that name is there. Within what is kept, it never was; older ones may have left.
  case unknown(oldestKept: Bool)
}
