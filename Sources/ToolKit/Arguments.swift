package import Bytes
package import JSON

/// The arguments of one call, checked against the tool's rows and read leniently.
///
/// `"5"` passes for 5 and `"true"` for true, a comma list for an array. An argument that the tool
/// does not have is named in `warnings` with its nearest neighbour; one that cannot be right is an
/// error that says what would be.
package struct Arguments: Sendable {
  private enum Value: Sendable {
    case text(String)
    case count(Int)
    case flag(Bool)
    case instant(Timestamp)
    case names([String])
    case labels([(name: String, value: String)])
  }

  private var values: [String: Value] = [:]
  /// What was given for each, as JSON text.
  private var given: [String: String] = [:]
  /// What was ignored, moved into range or read in an unusual way, one sentence each.
  package private(set) var warnings: [String] = []

  /// - Parameter now: what `now` and relative instants refer to. For capture files that is the
  ///   end of the traffic, so that `-15m` finds something.
  package init(
    _ given: JSONObject, for parameters: [Parameter], now: Timestamp
  ) throws(ToolError) {
    for member in given.members {
      guard
        let parameter = parameters.first(where: {
          $0.name == member.name || $0.aliases.contains(member.name)
        })
      else {
        warnings.append(unknown(member.name, among: parameters))
        continue
      }
      // Models send null and "" for "not given".
      if member.value.isNull || member.value == "" { continue }
      values[parameter.name] = try read(member.value, parameter, now: now)
      self.given[parameter.name] = member.value.text
    }
    for parameter in parameters where parameter.required && values[parameter.name] == nil {
      throw .invalid(parameter.name, "\(parameter.name) is required", hint: parameter.doc + ".")
    }
  }

  package mutating func warn(_ sentence: String) { warnings.append(sentence) }

  package func text(_ parameter: Parameter) -> String? {
    switch values[parameter.name] {
    case .text(let text): text
    case nil:
      if case .choice(_, let standard) = parameter.kind { standard } else { nil }
    default: nil
    }
  }

  /// The number given, else the default, else the lower bound.
  package func count(_ parameter: Parameter) -> Int {
    if case .count(let count) = values[parameter.name] { return count }
    guard case .count(let range, let standard) = parameter.kind else { return 0 }
    return standard ?? range.lowerBound
  }

  package func flag(_ parameter: Parameter) -> Bool {
    if case .flag(let flag) = values[parameter.name] { return flag }
    if case .flag(let standard) = parameter.kind { return standard }
    return false
  }

  package func instant(_ parameter: Parameter) -> Timestamp? {
    if case .instant(let instant) = values[parameter.name] { instant } else { nil }
  }

  package func names(_ parameter: Parameter) -> [String] {
    if case .names(let names) = values[parameter.name] { names } else { [] }
  }

  package func labels(_ parameter: Parameter) -> [(name: String, value: String)] {
    if case .labels(let labels) = values[parameter.name] { labels } else { [] }
  }

  package func has(_ parameter: Parameter) -> Bool { values[parameter.name] != nil }

  /// The arguments as one text, in order of their names: equal for equal questions.
  package func text(leavingOut left: [Parameter]) -> String {
    given.filter { member in !left.contains { $0.name == member.key } }
      .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
  }

  private mutating func read(
    _ value: JSONValue, _ parameter: Parameter, now: Timestamp
  ) throws(ToolError) -> Value {
    let name = parameter.name
    switch parameter.kind {
    case .text:
      guard let text = scalarText(value) else { throw mismatch(parameter, "a text", value) }
      return .text(text)
    case .count(let range, _):
      guard let count = wholeNumber(value) else {
        throw mismatch(parameter, "a whole number", value)
      }
      let clamped = min(max(count, range.lowerBound), range.upperBound)
      if clamped != count {
        warnings.append("\(name) \(count) is outside \(bounds(range)); \(clamped) was used.")
      }
      return .count(clamped)
    case .flag:
      switch value {
      case .bool(let flag): return .flag(flag)
      case "true", "1", 1: return .flag(true)
      case "false", "0", 0: return .flag(false)
      default: throw mismatch(parameter, "true or false", value)
      }
    case .choice(let choices, _):
      guard let text = value.string, choices.contains(text) else {
        let near = scalarText(value).flatMap { nearest(to: $0, among: choices) }
        throw .invalid(
          name, "\(name) must be one of \(choices.joined(separator: ", ")), not \(value.text)",
          hint: near.map { "Did you mean \"\($0)\"?" } ?? parameter.doc + ".")
      }
      return .text(text)
    case .instant: return .instant(try Instant.read(value, name: name, now: now))
    case .names:
      if let text = value.string { return .names(split(text)) }
      guard let array = value.array else { throw mismatch(parameter, "a list of names", value) }
      var names: [String] = []
      for element in array {
        guard let text = element.string else {
          throw mismatch(parameter, "a list of names", value)
        }
        names.append(text)
      }
      return .names(names)
    case .labels: return .labels(try labels(value, parameter))
    }
  }

  private func labels(
    _ value: JSONValue, _ parameter: Parameter
  ) throws(ToolError) -> [(name: String, value: String)] {
    if let object = value.object {
      return object.members.map { ($0.name, scalarText($0.value) ?? $0.value.text) }
    }
    guard let text = value.string else {
      throw mismatch(parameter, "an object such as {\"app\": \"web\"}", value)
    }
    var result: [(name: String, value: String)] = []
    for pair in split(text) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw .invalid(
          parameter.name,
          "\(parameter.name) must look like name=value,name=value, not \(value.text)",
          hint: parameter.doc + ".")
      }
      result.append((String(parts[0]), String(parts[1])))
    }
    return result
  }
}

private func unknown(_ name: String, among parameters: [Parameter]) -> String {
  let shown = JSONValue.string(String(name.prefix(64))).text
  guard !parameters.isEmpty else {
    return "Unknown argument \(shown) was ignored: the tool takes none."
  }
  if let near = nearest(to: name, among: parameters.map(\.name)) {
    return "Unknown argument \(shown) was ignored; did you mean \"\(near)\"?"
  }
  return "Unknown argument \(shown) was ignored; the tool takes "
    + parameters.map(\.name).joined(separator: ", ") + "."
}

private func mismatch(_ parameter: Parameter, _ wanted: String, _ value: JSONValue) -> ToolError {
  let shown = String(value.text.prefix(80))
  return .invalid(
    parameter.name, "\(parameter.name) must be \(wanted), not \(shown)", hint: parameter.doc + ".")
}

private func bounds(_ range: ClosedRange<Int>) -> String {
  range.upperBound == .max
    ? "\(range.lowerBound) and up" : "\(range.lowerBound) to \(range.upperBound)"
}

private func scalarText(_ value: JSONValue) -> String? {
  switch value {
  case .string(let text): text
  case .int(let number): String(number)
  case .number(let number): number.text
  case .bool(let flag): String(flag)
  default: nil
  }
}

private func wholeNumber(_ value: JSONValue) -> Int? {
  if let number = value.int { return Int(exactly: number) }
  return value.string.flatMap { Int($0.filter { $0 != " " }) }
}

private func split(_ text: String) -> [String] {
  text.split(separator: ",").map { part in
    String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }.filter { !$0.isEmpty }
}
