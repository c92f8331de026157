/// The edits that mend a comparison of two types.
struct ComparisonFix {
  private(set) var edits: [Edit] = []

  init(
    _ a: Checked, _ b: Checked, _ comparison: Comparison, _ node: Syntax, _ left: Syntax,
    _ right: Syntax, _ checker: Checker
  ) {
    let (x, y) = (checker.text(left), checker.text(right))
    if a.type == .timestamp, b.type == .int, b.literal == nil, y.utf8.count >= 8,
      let instant = DateText.completed(y)
    {
      // `2026-03-14`, read as a difference
      edits = [Edit(right.range, "timestamp(\"\(instant)\")")]
      return
    }
    if let known = Self.byName(b, beside: x) {
      edits = [known.isField ? Edit(left.range, known.text) : Edit(right.range, known.text)]
      return
    }
    if b.literal != nil || b.isTimeConstant {
      edits = Self.literal(b, beside: a, comparison, node, right, x, checker)
    } else if a.literal != nil || a.isTimeConstant {
      edits = Self.literal(a, beside: b, comparison.mirrored, node, left, y, checker)
    }
    guard edits.isEmpty else { return }
    let isEqual = comparison == .equal
    guard isEqual || comparison == .notEqual else { return }
    func negated(_ text: String) -> String { isEqual ? text : "!(\(text))" }
    switch (a.type, b.type) {
    case (.string, .bool)
    where b.slot != nil && x == "protocol"
      && !(checker.schema.variable(x)?.values.isEmpty ?? true)
      && !(checker.schema.variable(x)?.values.contains(y.uppercased()) ?? false):
      // A flag such as `http2` is narrower than a family.
      edits = [Edit(node.range, isEqual ? y : "!" + y)]
    case (.string, .bool) where b.slot != nil && x == "protocol":
      edits = [Edit(right.range, "\"\(y.uppercased())\"")]
    case (.list(let element), let type) where type.fits(element):
      edits = [Edit(node.range, negated("\(y) in \(x)"))]
    case (let type, .list(let element)) where type.fits(element):
      edits = [Edit(node.range, negated("\(x) in \(y)"))]
    // As text a number has digits: it never equals a word.
    case (.int, .string), (.double, .string):
      edits = Self.isWord(b) ? [] : [Edit(left.range, "string(\(x))")]
    case (.string, .int), (.string, .double):
      edits = Self.isWord(a) ? [] : [Edit(right.range, "string(\(y))")]
    default: break
    }
  }

  /// Codes that people write by number where the field has names, or by name where it has numbers.
  private static func byName(
    _ literal: Checked, beside operand: String
  ) -> (text: String, isField: Bool)? {
    switch (operand, literal.literal) {
    case ("dns_rcode", .int?): return ("status_code", true)
    case ("grpc_status", .string(let name)?):
      return grpcCode(name).map { (String($0), false) }
    case ("tlsx_version", .string(let name)?):
      return tlsVersion(name).map { (String($0), false) }
    default: return nil
    }
  }

  /// Whether it is a text that no number has.
  private static func isWord(_ operand: Checked) -> Bool {
    guard case .string(let text)? = operand.literal else { return false }
    return Double(text) == nil
  }

  /// The number of a version of TLS by its name (RFC 8446 §4.2.1): 771 for `TLS 1.2`, `TLSv1.2`,
  /// `1.2`.
  static func tlsVersion(_ name: String) -> Int? {
    var folded = String(decoding: Nearest.folded(name), as: UTF8.self).filter { $0 != " " }
    let isSSL = folded.hasPrefix("ssl")
    if isSSL || folded.hasPrefix("tls") { folded.removeFirst(3) }
    if folded.hasPrefix("v") { folded.removeFirst() }
    return (isSSL ? sslVersions : tlsVersions)[folded]
  }

  private static let sslVersions = ["3": 768, "30": 768]
  private static let tlsVersions = ["1": 769, "10": 769, "11": 770, "12": 771, "13": 772]

  /// The number of a gRPC status by its name: 5 for `NOT_FOUND`.
  static func grpcCode(_ name: String) -> Int? {
    grpcCodes.firstIndex(of: String(decoding: Nearest.folded(name), as: UTF8.self))
  }

  /// Names of gRPC's status codes without underscores, in the order of their numbers.
  private static let grpcCodes = [
    "ok", "cancelled", "unknown", "invalidargument", "deadlineexceeded", "notfound",
    "alreadyexists", "permissiondenied", "resourceexhausted", "failedprecondition", "aborted",
    "outofrange", "unimplemented", "internal", "unavailable", "dataloss", "unauthenticated",
  ]

  /// A constant that has the wrong type for the operand beside it.
  private static func literal(
    _ literal: Checked, beside other: Checked, _ comparison: Comparison, _ node: Syntax,
    _ place: Syntax, _ operand: String, _ checker: Checker
  ) -> [Edit] {
    if let text = Problem.converted(literal, to: other.type) { return [Edit(place.range, text)] }
    let isEqual = comparison == .equal
    switch (other.type, literal.literal ?? literal.timeConstant) {
    case (.int, .duration(let nanoseconds)?):
      return [Edit(place.range, String(nanoseconds / 1000))]
    case (.int, .string(let text)?):
      if let range = statusRange(text, operand, isEqual: isEqual) {
        return [Edit(node.range, range)]
      }
      if let bytes = NumberWord.bytes(of: text.filter { $0 != " " }) {
        return [Edit(place.range, String(bytes))]
      }
      if let length = DateText.duration(text).flatMap(TimeText.duration) {
        return [Edit(place.range, String(length / 1000))]
      }
    case (.timestamp, .duration?):
      return [Edit(place.range, "now() - \(checker.text(place))")]
    case (.timestamp, .string(let text)?):
      if let length = DateText.duration(text) {
        return [Edit(place.range, "now() - duration(\"\(length)\")")]
      }
    case (.string, .bool(let flag)?):
      return [Edit(node.range, "\(operand) \(flag == isEqual ? "!=" : "==") \"\"")]
    case (.list, .null?), (.map, .null?):
      return [Edit(node.range, "size(\(operand)) \(isEqual ? "==" : ">") 0")]
    case (.list(let element), let value?) where comparison == .equal || comparison == .notEqual:
      guard value.type.fits(element) else { return [] }
      let text = "\(checker.text(place)) in \(operand)"
      return [Edit(node.range, isEqual ? text : "!(\(text))")]
    case (.bool, .string(let text)?):
      // `http == "yes"`
      return ["yes", "on"].contains(text.lowercased()) ? [Edit(place.range, "true")] : []
    default: break
    }
    return []
  }

  /// `5xx`, `5%`, `5*` as a range.
  private static func statusRange(_ text: String, _ operand: String, isEqual: Bool) -> String? {
    guard let class_ = text.first?.wholeNumberValue, (1...9).contains(class_),
      ["xx", "%", "*", "**", "..", ".*"].contains(text.dropFirst().lowercased())
    else { return nil }
    return isEqual
      ? "(\(operand) >= \(class_)00 && \(operand) < \(class_ + 1)00)"
      : "(\(operand) < \(class_)00 || \(operand) >= \(class_ + 1)00)"
  }
}

extension Checked {
  /// The instant or length of time a call with a literal stands for.
  fileprivate var timeConstant: Value? {
    if case .call(_, _, .constant(let value), _) = kind { value } else { nil }
  }
  fileprivate var isTimeConstant: Bool { timeConstant != nil }
}
