package import Bytes
import Entries
package import Identity
import JSON
import KFL
package import Pipeline
package import Query
package import ToolKit

/// The traffic of an embedded Hub: what its tools ask.
package struct Traffic: Sendable {
  private var source: @Sendable () -> any CallSource
  private var inventory: @Sendable () -> Inventory
  private let statistics: @Sendable () -> Statistics
  private let waitUntilReady: @Sendable (@escaping ProgressReport) async throws(ToolError) -> Void
  private let clock: (@Sendable () -> Timestamp)?
  let redactor: Redactor
  let packets: PacketSource
  /// The argument `db` that asks this traffic; nil for the Hub's own.
  let database: String?
  let dissection: DissectionControl
  /// How it is chosen what agents capture; nil where there are none.
  let targeting: TargetControl?
  /// Whether only some namespaces are shown.
  private(set) var isScoped = false
  private let shelf = CoverageShelf()

  /// - Parameter packets: where the packets behind entries can be had again.
  /// - Parameter database: the argument `db` that asks this traffic.
  /// - Parameter source: where entries are asked for, once `ready` has returned.
  /// - Parameter statistics: what the pipeline has seen, at any moment.
  /// - Parameter ready: returns when questions can be answered, reporting progress until then;
  ///   throws why they never will.
  /// - Parameter now: the clock of live traffic; files end where their packets do.
  package init(
    _ source: @escaping @Sendable () -> any CallSource, inventory: Inventory, redactor: Redactor,
    packets: PacketSource = .none("Its packets are not kept here."), database: String? = nil,
    statistics: @escaping @Sendable () -> Statistics,
    ready: @escaping @Sendable (@escaping ProgressReport) async throws(ToolError) -> Void,
    now: (@Sendable () -> Timestamp)? = nil, dissection: DissectionControl = .files,
    targeting: TargetControl? = nil
  ) {
    self.source = source
    self.inventory = { inventory }
    self.redactor = redactor
    (self.packets, self.database) = (packets, database)
    self.statistics = statistics
    waitUntilReady = ready
    (clock, self.dissection, self.targeting) = (now, dissection, targeting)
  }

  /// The same traffic with names that change while it is asked.
  func with(inventory: @escaping @Sendable () -> Inventory) -> Traffic {
    var changed = self
    changed.inventory = inventory
    return changed
  }

  func ready(progress: @escaping ProgressReport) async throws(ToolError) {
    try await waitUntilReady(progress)
  }

  /// What "now" means here: of live traffic the time of day, of files the end of the traffic, so that
  /// a look-back into an old capture finds something and the same question gets the same answer
  /// tomorrow.
  var now: Timestamp {
    if let clock { return clock() }
    return statistics().newest.map { $0.advanced(by: 1) } ?? Timestamp(nanoseconds: 0)
  }

  /// The traffic of some namespaces alone, by entries and by names; sums over all are not told.
  func scoped(to scope: NamespaceScope) -> Traffic {
    guard let filter = Query.compile(scope.condition, now: Timestamp(nanoseconds: 0)).filter else {
      preconditionFailure("the condition of a scope is not KFL: \(scope.condition)")
    }
    var scoped = self
    scoped.isScoped = true
    let source = source
    scoped.source = {
      ScopedSource(source(), filter: filter) { view in
        [FieldID.sourceNamespace, .destinationNamespace].contains { id in
          view.text(id).map(scope.contains) ?? false
        }
      }
    }
    let inventory = inventory
    scoped.inventory = { Inventory(inventory().items.filter { scope.contains($0.namespace) }) }
    return scoped
  }

  var hasInventory: Bool { !inventory().items.isEmpty }
  var items: [Inventory.Item] { inventory().items }
  func services(of pod: Inventory.Item) -> [String] { inventory().services(of: pod) }
  var coverage: Coverage {
    Coverage(
      statistics: statistics(),
      notes: redactor.isOff ? ["credentials are shown as captured (--show-secrets)"] : [],
      hidesTotals: isScoped, shelf: shelf)
  }

  // MARK: Questions

  /// A question from the arguments that every traffic tool shares: `kfl`, shorthands, the window.
  func query(_ arguments: Arguments) throws(ToolError) -> FilteredQuery {
    var query = Query(families: .automatic)
    var result = FilteredQuery(query: query)
    if let text = arguments.text(.kfl) {
      let compiled = try compile(text, argument: "kfl")
      if let filter = compiled.filter { query.filters.append(filter) }
      result.text = compiled.filter?.normalForm
      result.rowLimit = compiled.filter?.rowLimit
      result.warnings = compiled.warnings.map(\.message)
    }
    for condition in try Shorthand.conditions(arguments) {
      if let filter = try compile(condition.text, argument: "kfl").filter {
        query.filters.append(filter)
        result.conditionWords[filter.normalForm] = condition.given
      }
    }
    let words = [result.text ?? ""].filter { !$0.isEmpty } + Shorthand.given(arguments)
    result.text = words.isEmpty ? nil : words.joined(separator: ", ")
    query.window = try window(arguments)
    result.query = query
    return result
  }

  func window(_ arguments: Arguments) throws(ToolError) -> Range<Timestamp>? {
    let (start, end) = (arguments.instant(.start), arguments.instant(.end))
    if let start, let end, start > end {
      throw .invalid(
        "start", "start (\(start.rfc3339)) is after end (\(end.rfc3339))",
        hint: "Swap the two, or leave end out.")
    }
    return Query.window(start: start, end: end)
  }

  func compile(_ text: String, argument: String) throws(ToolError) -> Compilation {
    let compiled = Query.compile(text, now: now)
    guard let first = compiled.errors.first else { return compiled }
    throw KFLErrors.error(compiled, first: first, argument: argument)
  }

  /// The source's answer, with its errors in the words of tools.
  func ask<Result>(
    _ question: (any CallSource) async throws(QueryError) -> Result
  ) async throws(ToolError) -> Result {
    do throws(QueryError) { return try await question(source()) } catch { throw error.toolError }
  }
}

/// A query with what its filter text said.
struct FilteredQuery {
  var query: Query
  /// The caller's filter in KFL2 spelling, and the shorthands beside it.
  var text: String?
  /// What was given for a condition, such as `svc=orders`, by its KFL2 spelling.
  var conditionWords: [String: String] = [:]
  var rowLimit: Int?
  var warnings: [String] = []
}

extension QueryError {
  var toolError: ToolError {
    switch self {
    case .badCursor:
      ToolError(
        status: 400, code: "invalid_cursor", message: sentence,
        hint: "Leave cursor out to begin with the first page.", argument: "cursor")
    case .cancelled: ToolError(status: 499, code: "cancelled", message: sentence)
    case .tooLarge:
      ToolError(
        status: 422, code: "too_large", message: sentence,
        hint: "Narrow the window or the filter, or group by something with fewer values.")
    case .store: ToolError(status: 500, code: "store", message: sentence)
    }
  }
}
