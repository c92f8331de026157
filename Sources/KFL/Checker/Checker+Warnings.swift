// Doubts: filters that check but probably do not mean what their writer thinks.

extension Checker {
  /// `!postgresql_success` is true for every entry of another protocol.
  mutating func warnAboutDefault(negating operand: Checked, _ node: Syntax) {
    guard dialect == .kfl, let slot = operand.slot, !schema.variables[slot].isFlag,
      let flag = unassertedFlag(of: slot)
    else { return }
    warn(.defaultNegation(schema.variables[slot].name, flag: flag, at: node.range))
  }

  /// Flags whose entries have the variables of another flag, too: HTTP's are also set on what runs
  /// over HTTP.
  private static let narrower = [
    "http": ["http2", "grpc", "gql", "gqlv1", "gqlv2"], "conn": ["tcp_conn", "udp_conn"],
    "flow": ["tcp_flow", "udp_flow"],
  ]

  /// The flag a variable belongs to when nothing beside it asserts that flag.
  private func unassertedFlag(of slot: Int) -> String? {
    guard let name = schema.scopes[slot], let flag = schema.slot(name) else { return nil }
    if assertedFlags.contains(flag) { return nil }
    if Self.narrower[name, default: []].contains(where: {
      schema.slot($0).map(assertedFlags.contains) ?? false
    }) {
      return nil
    }
    return name
  }

  /// Doubts about `a comparison b`.
  mutating func warnAboutComparison(
    _ comparison: Comparison, _ a: Checked, _ b: Checked, _ node: Syntax
  ) {
    guard dialect == .kfl else { return }
    if let x = a.literal, let y = b.literal {
      // What stands in place of a mistake is no constant.
      if a.type != .dyn, b.type != .dyn, let holds = x.compares(comparison, to: y) {
        warn(.constant(holds, at: node.range))
      }
      return
    }
    guard let slot = a.slot, let value = b.literal else { return }
    let variable = schema.variables[slot]
    if comparison == .notEqual, !variable.missing.equals(value), !variable.isFlag, isPositive,
      let flag = unassertedFlag(of: slot)
    {
      warn(.defaultNegation(variable.name, flag: flag, at: node.range))
    }
    if variable.name == "tlsx_version", Self.isVersionInWords(value) {
      warn(.versionAsNumber(variable.name, at: node.range))
    }
    guard case .string(let text) = value else { return }
    if comparison == .equal || comparison == .notEqual, text.count > 1, text.hasSuffix("*"),
      text.dropLast().allSatisfy({ $0 != "*" && $0 != "/" && !$0.isWhitespace })
    {
      warn(.wildcardAsText(variable.name, text, at: node.range))
    }
    if variable.name == "protocol", text != text.uppercased() {
      warn(.lowerCaseProtocol(text, at: node.range))
    }
    if variable.name.hasSuffix("ip"), text.contains("/") {
      warn(.networkAsText(variable.name, text, at: node.range))
    }
  }

  /// Whether a number is a version as people write it, 1.2, and not its code.
  private static func isVersionInWords(_ value: Value) -> Bool {
    switch value {
    case .double(let number): number > 0 && number < 100
    case .int(let number): number > 0 && number < 100
    default: false
    }
  }

  /// A pattern beside a number that is not anchored takes more than was meant.
  mutating func warnAboutRegex(_ pattern: String, _ operand: Checked, _ node: Syntax) {
    guard !pattern.hasPrefix("^") else { return }
    warn(.unanchored(pattern, at: node.range))
  }

  /// `x.all(…)` is true where the list is empty, as it is on every other protocol.
  mutating func warnAboutEmptyAll(
    _ kind: Comprehension.Kind, _ range: Checked, _ node: Syntax
  ) {
    guard kind == .all, dialect == .kfl, let slot = range.slot, let flag = unassertedFlag(of: slot)
    else { return }
    warn(.trueWhenEmpty(schema.variables[slot].name, flag: flag, at: node.range))
  }

  /// `tcp` and `udp` are flags of raw dissectors, not of the transport.
  mutating func warnAboutTransport(_ name: String, _ slot: Int, _ range: Range<Int>) {
    guard dialect == .kfl, name == "tcp" || name == "udp", schema.variables[slot].isFlag else {
      return
    }
    warn(.transportFlag(name, at: range))
  }
}
