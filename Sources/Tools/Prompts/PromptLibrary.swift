import Bytes
import JSON
import KFL
import Query
package import ToolKit

/// The prompts of every mode, in the order of `prompts/list`.
package enum PromptLibrary {
  package static let all: [Prompt] = [
    usage, analyzeTraffic, findErrors, traceRequest, showTopology, latencyAnalysis, securityAudit,
    compareTraffic, debugConnection,
  ]

  /// Most characters of one argument that reach a body.
  static let maxArgument = 1_000
}

/// Builds one body: sentences appear only when what they speak of exists.
struct PromptBody {
  let arguments: PromptArguments
  let setting: PromptSetting
  private var paragraphs: [String] = []

  init(_ arguments: PromptArguments, _ setting: PromptSetting) {
    (self.arguments, self.setting) = (arguments, setting)
  }

  var isQuick: Bool { arguments["depth"] == "quick" }
  var isDeep: Bool { arguments["depth"] == "deep" }

  func has(_ tool: String) -> Bool { setting.tools.contains(tool) }

  /// Adds a paragraph.
  mutating func add(_ text: String) {
    let text = text.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
      .replacing(" .", with: ".").replacing(" ,", with: ",")
    if !text.isEmpty { paragraphs.append(text) }
  }

  /// Adds the steps whose tools exist, numbered.
  mutating func steps(_ steps: [(tools: [String], text: String)]) {
    let shown = steps.filter { $0.tools.allSatisfy(has) }
    guard !shown.isEmpty else { return }
    paragraphs.append(
      shown.enumerated().map { "\($0.offset + 1). \($0.element.text)" }.joined(separator: "\n"))
  }

  var text: String { paragraphs.joined(separator: "\n\n") }
}

/// The arguments of a prompt, cleaned: quoted where they are shown, checked where they must be
/// numbers or times.
struct PromptArguments {
  private let values: [String: String]

  init(_ given: [String: String]) {
    values = given.compactMapValues { value in
      let clean = String(
        String.UnicodeScalarView(
          value.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }
            .prefix(PromptLibrary.maxArgument)))
      return clean.isEmpty ? nil : clean
    }
  }

  subscript(name: String) -> String? { values[name] }

  /// The value as quoted data.
  func quoted(_ name: String) -> String? { values[name].map(quote) }

  func require(_ name: String) throws(ToolError) {
    guard values[name] != nil else {
      throw .invalid(name, "\(name) is required", hint: "Give \(name) as a text.")
    }
  }

  /// One of the choices, or the first of them.
  func choice(_ name: String, _ choices: [String]) throws(ToolError) -> String {
    guard let value = values[name] else { return choices[0] }
    guard choices.contains(value) else {
      throw .invalid(
        name, "\(name) must be one of \(choices.joined(separator: ", ")), not \(quote(value))",
        hint: "For example \(name)=\(choices[0]).")
    }
    return value
  }

  func number(_ name: String, or standard: Int) throws(ToolError) -> Int {
    guard let value = values[name] else { return standard }
    guard let number = Int(value), number >= 0 else {
      throw .invalid(
        name, "\(name) must be a whole number, not \(quote(value))",
        hint: "For example \(name)=\(standard).")
    }
    return number
  }

  /// ", between … and …", ", over the last …" or ", in snapshot …".
  func period() throws(ToolError) -> String {
    if let snapshot = quoted("snapshot_id") { return "in snapshot \(snapshot)" }
    if values["start"] != nil || values["end"] != nil {
      let start = try instant("start")
      let end = try instant("end")
      try requireOrder("start", "end")
      return "from \(start ?? "the beginning") to \(end ?? "now")"
    }
    // As an argument, too: of files "now" is the end of the traffic, and not what a clock says.
    let window = try look("window") ?? "15m"
    return "over the last \(window) (start=-\(window))"
  }

  /// A look-back such as 15m.
  func look(_ name: String) throws(ToolError) -> String? {
    guard let value = values[name] else { return nil }
    guard Instant.duration(value) != nil else {
      throw .invalid(
        name, "\(name) is not a duration: \(quote(value))", hint: "For example \(name)=15m.")
    }
    return value
  }

  /// - Throws: when the first of two instants is after the second.
  func requireOrder(_ first: String, _ second: String) throws(ToolError) {
    guard let start = values[first], let end = values[second] else { return }
    let now = wallClockNow()
    let times = (
      try Instant.read(.string(start), name: first, now: now),
      try Instant.read(.string(end), name: second, now: now)
    )
    guard times.0 <= times.1 else {
      throw .invalid(
        first, "\(first) (\(quote(start))) is after \(second) (\(quote(end)))",
        hint: "Swap the two, for example \(first)=-30m and \(second)=now.")
    }
  }

  func instant(_ name: String) throws(ToolError) -> String? {
    guard let value = values[name] else { return nil }
    _ = try Instant.read(.string(value), name: name, now: Timestamp(nanoseconds: 0))
    return value
  }

  /// "in namespace …", "of service …", "only …": what narrows the traffic.
  ///
  /// - Throws: that the filter is none.
  func scope() throws(ToolError) -> String {
    var parts: [String] = []
    if let namespace = quoted("namespace") { parts.append("in namespace \(namespace)") }
    if let service = quoted("service") { parts.append("of service \(service)") }
    if let value = quoted("protocol") { parts.append("of protocol \(value)") }
    if let filter = values["kfl"] {
      let compiled = Query.compile(filter, now: Timestamp(nanoseconds: 0))
      if let first = compiled.errors.first {
        throw KFLErrors.error(compiled, first: first, argument: "kfl")
      }
      parts.append("that also match the KFL condition \(quote(filter))")
    }
    return parts.joined(separator: " ")
  }
}

/// `"…"` with quotes and backslashes escaped, as a KFL text would be written.
private func quote(_ value: String) -> String {
  var text = "\""
  for character in value {
    if character == "\"" || character == "\\" { text.append("\\") }
    text.append(character)
  }
  return text + "\""
}

extension PromptDescription.Argument {
  static let shared: [Self] = [
    .init(
      name: "namespace", description: "Only this namespace, on either side; several with commas"),
    .init(name: "service", description: "Only this service or workload, on either side"),
    window, start, end, snapshot,
    .init(name: "protocol", description: "Only this protocol, such as http, grpc or dns"),
    .init(name: "kfl", description: "One more KFL condition"),
    depth,
  ]
  static let namespace = Self(
    name: "namespace", description: "Only this namespace, on either side; several with commas")
  static let service = Self(
    name: "service", description: "Only this service or workload, on either side")
  static let window = Self(
    name: "window", description: "Look-back such as 15m, 1h or 2d (default 15m)")
  static let start = Self(
    name: "start", description: "Begin of the period: RFC 3339, Unix ms or -30m")
  static let end = Self(name: "end", description: "End of the period: RFC 3339, Unix ms or now")
  static let snapshot = Self(
    name: "snapshot_id", description: "Work on this snapshot, not live data")
  static let depth = Self(name: "depth", description: "quick, normal or deep (default normal)")
}
