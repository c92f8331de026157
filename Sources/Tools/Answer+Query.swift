import Bytes
import Entries
import JSON
import KFL
import Query
import ToolKit

extension Answer {
  /// What a query could not evaluate or read.
  mutating func note(_ failures: QueryResult.Failures, of coverage: QueryCoverage) {
    if failures.count > 0 {
      let cause = failures.cause.map { ": " + $0 } ?? ""
      warn(
        """
        The filter could not be evaluated on \(Shown.count(Int64(failures.count))) of \
        \(Shown.count(Int64(coverage.entries))) entries, which are left out\(cause).
        """)
    }
    for damage in coverage.damage { warn("A part of the store is missing: \(damage).") }
  }

  /// Why nothing was found: what each condition removed, which values exist, what would match.
  ///
  /// - Parameters:
  ///   - connections: how many there are where no call was recognised.
  ///   - words: what the caller wrote for a condition, by its KFL spelling.
  ///   - base: a condition that is the tool's own and no concern of the caller, who cannot give a
  ///     filter.
  mutating func explain(
    _ diagnosis: Diagnosis, _ redactor: Redactor, connections: Int = 0,
    words: [String: String] = [:], base: String? = nil
  ) {
    var suggestions = JSONObject()
    suggestions["entries"] = JSONValue(diagnosis.entries)
    suggestions["in_window"] = JSONValue(diagnosis.inWindow)
    if connections > 0 {
      suggestions["connections"] = JSONValue(connections)
      say(
        """
        No call was recognised in the traffic, but there \(connections == 1 ? "is" : "are") \
        \(Shown.counted(connections, "connection")): list_l4_flows lists what they carried, kfl=conn \
        each of them.
        """)
    } else if diagnosis.entries == 0 {
      say("There are no entries at all: no call was recognised in the traffic.")
    } else if diagnosis.inWindow == 0 {
      say(
        """
        None of the \(Shown.count(Int64(diagnosis.entries))) entries lies in the window; \
        \(Shown.count(Int64(diagnosis.outsideWindow))) match outside it.
        """)
    }
    if diagnosis.inWindow > 0, diagnosis.conditions.contains(where: \.showsText) { say(Self.fence) }
    var conditions: [JSONValue] = []
    var before = diagnosis.inWindow
    for condition in diagnosis.conditions {
      defer { before = condition.remaining }
      if condition.text == base { continue }
      conditions.append(.object(json(condition, of: before, redactor)))
      if diagnosis.inWindow > 0 {
        let text = words[condition.text] ?? condition.text
        say(sentence(condition, text, of: before, redactor))
      }
    }
    suggestions["conditions"] = .array(conditions)
    if base == nil, let relaxed = diagnosis.relaxed {
      suggestions["relaxed"] = [
        "kfl": .string(relaxed.filter), "hits": JSONValue(relaxed.hits),
        "left_out": .array(relaxed.leftOut.map { .string($0) }),
      ]
      let filter =
        relaxed.filter.isEmpty ? "no filter" : "kfl=" + JSONValue.string(relaxed.filter).text
      say("\(Shown.count(Int64(relaxed.hits))) match with \(filter).")
    }
    let paths = diagnosis.conditions.filter { $0.alone == 0 }.compactMap { words[$0.text] }
    if paths.contains(where: { $0.hasPrefix("path=") && !$0.hasSuffix("*") }) {
      say("path is the whole path, name or topic; with a trailing * its beginning: path=/api/*.")
    }
    if diagnosis.conditions.contains(where: { $0.text == "tls" && $0.alone == 0 }) {
      say("`tls` selects calls that were read out of TLS; its handshakes are `tlsx`.")
    }
    structured["suggestions"] = .object(suggestions)
  }

  /// - Parameter before: entries that the conditions before it left.
  private func sentence(
    _ condition: Diagnosis.Condition, _ text: String, of before: Int, _ redactor: Redactor
  ) -> String {
    let id = condition.fields.first?.id
    var line =
      "`\(text)` removes \(Shown.count(Int64(condition.removed(from: before)))) of "
      + "\(Shown.count(Int64(before))) entries; it holds for \(Shown.count(Int64(condition.alone))) "
      + "alone, and \(Shown.count(Int64(condition.without))) match without it."
    // What is there as it was asked for is not another value.
    if let nearest = condition.nearest, condition.alone == 0 {
      line += " Near: \(Shown.text(redactor.value(id, nearest)))."
    }
    let values = condition.values.prefix(6).map {
      "\(Self.shown($0.value, id, redactor)) (\(Shown.count(Int64($0.count))))"
    }
    if !values.isEmpty { line += " Values there: \(values.joined(separator: ", "))." }
    return line
  }

  private func json(
    _ condition: Diagnosis.Condition, of before: Int, _ redactor: Redactor
  ) -> JSONObject {
    var object: JSONObject = [
      "condition": .string(condition.text),
      "removed": JSONValue(condition.removed(from: before)), "alone": JSONValue(condition.alone),
      "remaining": JSONValue(condition.remaining), "without": JSONValue(condition.without),
    ]
    if let field = condition.field?.name { object["field"] = .string(field) }
    let id = condition.fields.first?.id
    if let nearest = condition.nearest, condition.alone == 0 {
      object["nearest"] = .string(Shown.text(redactor.value(id, nearest)))
    }
    object["values"] = .array(
      condition.values.prefix(10).map {
        [
          "value": .string(Self.shown($0.value, id, redactor)),
          "count": JSONValue($0.count),
        ]
      })
    return object
  }

  static func shown(
    _ value: FieldValue, _ field: FieldID?, _ redactor: Redactor
  ) -> String {
    switch value {
    case .none: "(none)"
    case .bool(let flag): String(flag)
    case .int(let number): String(number)
    case .text(let text): text.isEmpty ? "\"\"" : Shown.text(redactor.value(field, text), limit: 60)
    case .texts(let texts): Shown.text(redactor.text(texts.joined(separator: ",")), limit: 60)
    case .instant(let instant): instant.rfc3339
    case .bytes(let bytes): "\(bytes.count) bytes"
    case .pairs(let pairs): Shown.text(pairs.map(\.name).joined(separator: ","), limit: 60)
    case .numbers(let numbers): "\(numbers.count) numbers"
    }
  }
}

extension Diagnosis.Condition {
  /// Whether texts are among the values that the entries have instead.
  fileprivate var showsText: Bool {
    nearest != nil
      || values.contains { value in
        switch value.value {
        case .text, .texts, .pairs: true
        default: false
        }
      }
  }
}

extension Traffic {
  /// - Parameters:
  ///   - words: what the caller wrote for a condition, by its KFL spelling.
  ///   - base: a condition that is the tool's own.
  func explainEmpty(
    _ query: Query, words: [String: String] = [:], base: String? = nil, in answer: inout Answer
  ) async throws(ToolError) {
    let diagnosis = try await ask { (source) throws(QueryError) in
      try await source.diagnose(query)
    }
    var connections = 0
    if diagnosis.entries == 0, base == nil {
      let filters = [try compile("conn", argument: "kfl").filter].compactMap(\.self)
      connections = try await ask { (source) throws(QueryError) in
        try await source.count(filters, families: .connections)
      }
    }
    answer.explain(
      diagnosis, redactor, connections: connections, words: words, base: base)
  }
}
