// Names that mean nothing, or nothing here.

extension Problem {
  /// A name that is neither variable, macro nor legacy name.
  static func undeclared(
    _ name: String, at range: Range<Int>, in checker: Checker, path: NamePath? = nil
  ) -> Problem {
    let meant = checker.dialect == .kfl ? ForeignName.meant(by: name, schema: checker.schema) : nil
    var fix: [Edit] = []
    if let function = Function.named(name, checker.dialect), function.name == "now" {
      fix = [Edit(range, "now()")]
    } else if name.lowercased() == "yesterday" {
      fix = [Edit(range, "now() - duration(\"24h\")")]
    } else if let meant, checker.text(range).hasPrefix(name) {
      fix = [Edit(range.lowerBound..<range.lowerBound + name.utf8.count, meant)]
    } else if let meant, let path, let nearest = path.fix(meant, checker) {
      fix = [nearest]
    }
    let alike = meant == nil ? namesAlike(name, in: checker.schema) : ""
    // Answers give latencies in milliseconds.
    let unit = meant == "elapsed_time" ? ", which is in microseconds" : ""
    return Problem(
      .undeclared,
      "there is no variable \(name)"
        + (meant.map { "; did you mean \($0)\(unit)?" }
          ?? (alike.isEmpty ? "" : "; there are \(alike)")),
      at: range, expected: meant ?? (alike.isEmpty ? "a field" : alike), found: name, fix: fix)
  }

  /// Some names that have a part in common with one that is not declared.
  private static func namesAlike(_ name: String, in schema: Schema) -> String {
    let parts = name.lowercased().split { $0 == "." || $0 == "_" }.filter { $0.utf8.count >= 3 }
    let alike = schema.variables.lazy.map(\.name).filter { candidate in
      parts.contains { part in
        candidate.split { $0 == "." || $0 == "_" }.contains { $0.hasPrefix(part) }
      }
    }
    let first = parts.first.map(String.init) ?? ""
    let nearest = alike.filter { $0.hasPrefix(first) } + alike.filter { !$0.hasPrefix(first) }
    return nearest.prefix(5).joined(separator: ", ")
  }

  /// A word that was meant as text: `method == GET`.
  static func bareText(_ text: String, at range: Range<Int>) -> Problem {
    Problem(
      .undeclared, "there is no variable \(text); text stands in quotes", at: range,
      expected: Value.quoted(text), found: text, fix: [Edit(range, Value.quoted(text))])
  }

  /// A member of something that has none.
  static func unknownMember(
    _ name: String, of target: Checked, _ node: Syntax, in checker: Checker
  ) -> Problem {
    let whole = checker.text(node)
    var fix: [Edit] = []
    var meant: String?
    let isElement = if case .index = target.kind { true } else { false }
    if isElement, target.type == .string, ["name", "data", "type"].contains(name) {
      meant = checker.text(target.range)
    } else if let path = NamePath(node), !isElement {
      meant = ForeignName.meant(by: path.dotted, schema: checker.schema)
    }
    let receiver = checker.text(target.range)
    switch Nearest.folded(name) {
    case Array("length".utf8), Array("size".utf8), Array("len".utf8), Array("count".utf8):
      meant = "size(\(receiver))"
    case Array("lower".utf8), Array("lowercase".utf8): meant = "lower(\(receiver))"
    case Array("keyword".utf8), Array("text".utf8), Array("value".utf8), Array("raw".utf8):
      meant = receiver
    default:
      if target.type == .timestamp,
        let part = timePart(String(decoding: Nearest.folded(name), as: UTF8.self))
      {
        meant = "\(receiver).\(part)()"
      }
    }
    if let meant { fix = [Edit(node.range, meant)] }
    let isVariable = target.slot != nil
    let alike = isVariable && meant == nil ? namesAlike(whole, in: checker.schema) : ""
    return Problem(
      isVariable ? .undeclared : .type,
      isVariable
        ? "there is no variable \(whole)"
          + (meant.map { "; did you mean \($0)?" } ?? (alike.isEmpty ? "" : "; there are \(alike)"))
        : "\(target.type.phrase) has no member \(name)",
      at: node.range, expected: meant ?? (isVariable ? "a field" : "a map"), found: name, fix: fix)
  }

  static func noMember(_ name: String, _ type: KFLType, at range: Range<Int>) -> Problem {
    Problem(
      .type, "the keys of a \(type) are not text: there is no member \(name)", at: range,
      found: name)
  }

  static func badIndex(
    _ found: KFLType, _ expected: KFLType, at range: Range<Int>
  ) -> Problem {
    Problem(
      .type, "\(found.phrase) cannot stand in these brackets", at: range,
      expected: expected.description, found: found.description)
  }

  static func notIndexable(_ type: KFLType, at range: Range<Int>) -> Problem {
    Problem(
      .type, "\(type.phrase) has no elements", at: range, expected: "a list or map",
      found: type.description)
  }

  /// `a.*` where no value stands beside it.
  static func misplacedStar(_ range: Range<Int>) -> Problem {
    Problem(
      .unsupported,
      "`.*` stands for any value of a map or list, beside a comparison or text test only",
      at: range, expected: "a comparison or text test")
  }

  static func macroInItself(_ name: String, at range: Range<Int>) -> Problem {
    Problem(
      .undeclared,
      "the macro \(name) uses itself, or macros are nested deeper than "
        + "\(Limits.nestedMacros)", at: range, found: name)
  }
}

extension NamePath {
  /// The edit that puts `meant` in place of the dotted part.
  fileprivate func fix(_ meant: String, _ checker: Checker) -> Edit? {
    Edit(range(dottedCount), meant)
  }
}
