import JSON
import ToolKit

/// Conditions applied one after the other to a list short enough to be walked, with what each
/// removed, so that nothing found is explained.
struct Sieve<Row> {
  private struct Step {
    /// The argument as its caller would write it.
    var condition: String
    var before: Int
    var after: Int
    /// Rows that fulfil it whatever the others say.
    var alone: Int
    /// Values there are among the rows it was asked of, most frequent first.
    var values: [(value: String, count: Int)]
    var nearest: String?
  }

  private let all: [Row]
  private(set) var rows: [Row]
  private var steps: [Step] = []
  private static var shownValues: Int { 8 }

  init(_ rows: [Row]) { (all, self.rows) = (rows, rows) }

  /// Keeps the rows for which `holds`.
  ///
  /// - Parameters:
  ///   - name: the argument, and `asked` its value.
  ///   - values: what a row has to compare with; empty when there is nothing to list.
  mutating func keep(
    _ name: String, _ asked: String, values: (Row) -> [String] = { _ in [] },
    where holds: (Row) -> Bool
  ) {
    let before = rows
    rows = before.filter(holds)
    guard rows.isEmpty else { return }
    var counts: [String: Int] = [:]
    for row in before.isEmpty ? all : before {
      for value in Set(values(row)) where !value.isEmpty { counts[value, default: 0] += 1 }
    }
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    steps.append(
      Step(
        condition: "\(name)=\(asked)", before: before.count, after: 0,
        alone: all.count(where: holds),
        values: sorted.prefix(Self.shownValues).map { ($0.key, $0.value) },
        nearest: ToolKit.nearest(to: asked, among: sorted.prefix(2_000).map(\.key))))
  }

  /// Says which condition removed the last rows and what there is instead.
  func explain(_ what: String, in answer: inout Answer) {
    guard let step = steps.first else {
      answer.say("There are no \(what) at all.")
      answer.structured["suggestions"] = ["entries": JSONValue(all.count), "conditions": []]
      return
    }
    var line =
      "`\(Shown.text(step.condition))` removes \(Shown.count(Int64(step.before))) of "
      + "\(Shown.count(Int64(step.before))) \(what) left; it holds for "
      + "\(Shown.count(Int64(step.alone))) of all \(Shown.count(Int64(all.count)))."
    if let nearest = step.nearest { line += " Near: \(Shown.text(nearest))." }
    if !step.values.isEmpty {
      line += " Values there: "
      line += step.values.map { "\(Shown.text($0.value, limit: 60)) (\($0.count))" }
        .joined(separator: ", ")
      line += "."
    }
    answer.say(line)
    answer.structured["suggestions"] = [
      "entries": JSONValue(all.count),
      "conditions": .array(
        steps.map { step in
          var object: JSONObject = [
            "condition": .string(Shown.text(step.condition)),
            "removed": JSONValue(step.before - step.after), "alone": JSONValue(step.alone),
            "remaining": JSONValue(step.after),
          ]
          if let nearest = step.nearest { object["nearest"] = .string(Shown.text(nearest)) }
          object["values"] = .array(
            step.values.map {
              ["value": .string(Shown.text($0.value)), "count": JSONValue($0.count)]
            })
          return .object(object)
        }),
    ]
  }
}
