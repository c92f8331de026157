import Bytes
import JSON
import KFL
import Pipeline
import Query
import ToolKit

/// The two sides of a comparison, from whichever arguments name them.
struct ComparedSides {
  struct Side {
    var query: Query
    /// What is asked: the Hub's own traffic, or a snapshot's.
    var traffic: Traffic
    /// The argument `db` that names it; nil for the Hub's own.
    var database: String? { traffic.database }
    /// The side's own filter in KFL2 spelling.
    var text: String?
    var warnings: [String] = []
    /// Begin and end, as far as there is traffic: rates are of this time.
    var start: Timestamp
    var end: Timestamp
    /// Whether there is no traffic of that time at all.
    var isOutside = false

    var minutes: Double { max(0, Double(end.nanoseconds(since: start)) / 60e9) }
    var windowJSON: JSONObject {
      ["start": .int(start.milliseconds), "end": .int(end.milliseconds)]
    }
    var words: String {
      (database.map { "\($0), " } ?? "") + "\(moment(start)) to \(moment(end)) UTC"
        + (text.map { ", \($0)" } ?? "")
    }

    /// Of a short side also the fraction of the second, without which both may look the same.
    private func moment(_ instant: Timestamp) -> String {
      minutes < 1
        ? String(Shown.date(instant).prefix(11)) + Shown.clock(instant) : Shown.date(instant)
    }
  }

  /// Length of the windows when nobody says.
  static let standardWindow: Int64 = 15 * 60_000_000_000
  private static let members = ["start", "end", "kfl", "db", "snapshot_id"]

  let a: Side
  let b: Side

  /// - Parameter library: where the snapshots are that a side may name.
  init(
    _ arguments: Arguments, _ shared: FilteredQuery, _ traffic: Traffic,
    _ library: SnapshotLibrary?
  ) async throws(ToolError) {
    let windows = try Self.windows(arguments, traffic)
    let first = try await Self.traffic(of: CompareAPIStats.a, arguments, library)
    let second = try await Self.traffic(of: CompareAPIStats.b, arguments, library)
    a = try Self.side(
      .init(CompareAPIStats.a, first.map(Self.whole) ?? windows.a), arguments, shared,
      first ?? traffic)
    b = try Self.side(
      .init(CompareAPIStats.b, second.map(Self.whole) ?? windows.b), arguments, shared,
      second ?? traffic)
  }

  /// The traffic that a side names by `db` or `snapshot_id`; nil for the Hub's own.
  private static func traffic(
    of parameter: Parameter, _ arguments: Arguments, _ library: SnapshotLibrary?
  ) async throws(ToolError) -> Traffic? {
    var given = JSONObject()
    for member in arguments.labels(parameter) where ["db", "snapshot_id"].contains(member.name) {
      given[member.name] = .string(member.value)
    }
    if arguments.flag(CompareAPIStats.autoDissect) { given["auto_dissect"] = true }
    return try await SnapshotArguments.traffic(&given, of: ListAPICalls.row, library)
  }

  /// All there is of a traffic.
  private static func whole(_ traffic: Traffic) -> Range<Timestamp> {
    let start = traffic.coverage.statistics.oldest ?? traffic.now
    return start..<max(start, traffic.now)
  }

  private struct Named {
    var parameter: Parameter
    var window: Range<Timestamp>

    init(_ parameter: Parameter, _ window: Range<Timestamp>) {
      (self.parameter, self.window) = (parameter, window)
    }
  }

  /// The windows of sides that give none.
  private static func windows(
    _ arguments: Arguments, _ traffic: Traffic
  ) throws(ToolError) -> (a: Range<Timestamp>, b: Range<Timestamp>) {
    let statistics = traffic.coverage.statistics
    let end = traffic.now
    let start = statistics.oldest ?? end
    // Two filters are compared over the same time, unless times are given.
    let differ = [CompareAPIStats.a, CompareAPIStats.b].contains { parameter in
      arguments.labels(parameter).contains { $0.name == "kfl" }
    }
    if differ, !arguments.has(CompareAPIStats.pivot), !arguments.has(CompareAPIStats.window) {
      return (start..<max(start, end), start..<max(start, end))
    }
    // Rounded up: two halves of an odd length would leave out the first call.
    let half = end.nanoseconds(since: start) / 2 + end.nanoseconds(since: start) % 2
    var length = min(standardWindow, max(1, half))
    if let text = arguments.text(CompareAPIStats.window) {
      guard let given = Instant.duration(text), given > 0 else {
        throw .invalid(
          "window", "window is not a duration: \(JSONValue.string(String(text.prefix(64))).text)",
          hint: "For example window=15m.")
      }
      length = given
    }
    let pivot = arguments.instant(CompareAPIStats.pivot) ?? end.advanced(by: -length)
    return (pivot.advanced(by: -length)..<pivot, pivot..<pivot.advanced(by: length))
  }

  private static func side(
    _ named: Named, _ arguments: Arguments, _ shared: FilteredQuery, _ traffic: Traffic
  ) throws(ToolError) -> Side {
    let name = named.parameter.name
    var (start, end) = (named.window.lowerBound, named.window.upperBound)
    var (isStartGiven, isEndGiven) = (false, false)
    var side = Side(query: shared.query, traffic: traffic, start: start, end: end)
    for member in arguments.labels(named.parameter) {
      switch member.name {
      case "start", "start_time":
        start = try Instant.read(.string(member.value), name: "\(name).start", now: traffic.now)
        isStartGiven = true
      case "end", "end_time":
        end = try Instant.read(.string(member.value), name: "\(name).end", now: traffic.now)
        isEndGiven = true
      case "kfl":
        let compiled = try traffic.compile(member.value, argument: "\(name).kfl")
        if let filter = compiled.filter { side.query.filters.append(filter) }
        side.text = compiled.filter?.normalForm
        side.warnings = compiled.warnings.map(\.message)
      case "db", "snapshot_id": break
      default:
        let near = nearest(to: member.name, among: members)
        throw .invalid(
          name, "\(name) has no member \(JSONValue.string(String(member.name.prefix(64))).text)",
          hint: near.map { "Did you mean \"\($0)\"?" }
            ?? "Its members are \(members.joined(separator: ", ")).")
      }
    }
    // An end alone is read from the beginning, a start alone to the end.
    if isStartGiven, !isEndGiven { end = max(start, traffic.now) }
    if isEndGiven, !isStartGiven { start = min(end, traffic.coverage.statistics.oldest ?? end) }
    guard start <= end else {
      throw .invalid(
        name, "\(name).start (\(start.rfc3339)) is after \(name).end (\(end.rfc3339))",
        hint: "Swap the two.")
    }
    side.query.window = start..<end
    cut(&side, named.parameter.name, start..<end, to: whole(traffic))
    return side
  }

  /// Takes the time of which there is no traffic off a side: calls in it are not known to be none.
  private static func cut(
    _ side: inout Side, _ name: String, _ asked: Range<Timestamp>, to traffic: Range<Timestamp>
  ) {
    side.start = max(asked.lowerBound, traffic.lowerBound)
    side.end = min(asked.upperBound, traffic.upperBound)
    guard side.start < side.end else {
      (side.start, side.end) = (asked.lowerBound, asked.upperBound)
      side.isOutside = true
      return
    }
    let length = asked.upperBound.nanoseconds(since: asked.lowerBound)
    let kept = side.end.nanoseconds(since: side.start)
    guard length - kept > length / 10 else { return }
    side.warnings.append(
      """
      Of \(name) only \(Shown.date(side.start)) to \(Shown.date(side.end)) UTC lies in the \
      traffic; rates are of that part.
      """)
  }
}
