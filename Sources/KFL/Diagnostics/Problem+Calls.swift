// Functions and methods that do not exist, or not for these arguments.

extension Problem {
  // MARK: Functions

  /// `contains(path, "x")`: a method called like a function.
  static func methodCalledGlobally(
    _ node: Syntax, _ name: String, _ arguments: [Syntax], in checker: Checker
  ) -> Problem? {
    guard let function = Function.named(name, checker.dialect), function.style == .method,
      let first = arguments.first
    else { return nil }
    let rest = arguments.dropFirst().map { checker.text($0) }.joined(separator: ", ")
    return Problem(
      .undeclared, "\(name) is called on a value: x.\(name)(…)", at: node.range,
      found: name, fix: [Edit(node.range, "\(checker.text(first)).\(name)(\(rest))")])
  }

  static func unknownFunction(
    _ name: String, _ node: Syntax, _ arguments: [Syntax], in checker: Checker
  ) -> Problem {
    let texts = arguments.map { checker.text($0) }
    var meant: String?
    if checker.schema.slot(name) != nil, arguments.count == 1 {
      // `http (dns)`: two conditions without a connective.
      let place = node.range.lowerBound + name.utf8.count
      return Problem(
        .undeclared, "\(name) is a variable, not a function; join conditions with `&&` or `||`",
        at: node.range, found: name, fix: [.insert(" &&", at: place)])
    }
    if checker.dialect == .kfl {
      meant =
        translated(name, texts)
        ?? Nearest.name(to: name, among: Function.all.lazy.map(\.name)).map { near in
          "\(near)(\(texts.joined(separator: ", ")))"
        }
    }
    return Problem(
      .undeclared, "there is no function \(name)" + (meant.map { "; did you mean \($0)?" } ?? ""),
      at: node.range, expected: meant ?? functionNames(checker.dialect), found: name,
      fix: meant.map { [Edit(node.range, $0)] } ?? [])
  }

  /// The functions there are.
  private static func functionNames(_ dialect: KFL.Dialect) -> String {
    let rows = Function.all.filter { $0.style != .method && (dialect == .kfl || $0.isStandard) }
    return "one of " + rows.map(\.name).joined(separator: ", ")
  }

  /// The methods a value of that type has.
  private static func methodNames(of type: KFLType) -> String {
    let rows = Function.all.filter { function in
      function.style != .global
        && function.signatures.contains { $0.arguments.first.map(type.fits) ?? false }
    }
    let forms: [SpecialForm] =
      switch type {
      case .list, .map, .dyn: SpecialForm.walks
      default: []
      }
    let names = rows.map(\.name) + forms.map(\.name)
    return names.isEmpty
      ? "an operator; \(type.phrase) has no methods" : "one of " + names.joined(separator: ", ")
  }

  /// A function of other languages in ours.
  private static func translated(_ name: String, _ arguments: [String]) -> String? {
    let folded = String(decoding: Nearest.folded(name), as: UTF8.self)
    switch (folded, arguments.count) {
    case ("len", 1), ("length", 1), ("count", 1), ("strlen", 1), ("charlength", 1):
      return "size(\(arguments[0]))"
    case ("tolower", 1), ("lowercase", 1), ("lcase", 1): return "lower(\(arguments[0]))"
    case ("toupper", 1), ("uppercase", 1), ("ucase", 1): return "upper(\(arguments[0]))"
    case ("exists", 1), ("isnotnull", 1), ("defined", 1): return "\(arguments[0]) != null"
    case ("isnull", 1), ("isempty", 1), ("empty", 1): return "\(arguments[0]) == null"
    case ("regex", 2), ("regexp", 2), ("rematch", 2), ("regexpmatch", 2), ("match", 2):
      return "\(arguments[0]).matches(\(arguments[1]))"
    case ("includes", 2), ("strpos", 2), ("has", 2):
      return "\(arguments[0]).contains(\(arguments[1]))"
    case ("haskey", 2), ("containskey", 2), ("mapcontains", 2):
      return "\(arguments[1]) in \(arguments[0])"
    case ("cidr", 2), ("ipincidr", 2), ("cidrmatch", 2), ("insubnet", 2), ("incidrrange", 2):
      return "in_cidr(\(arguments[0]), \(arguments[1]))"
    case ("ago", 1): return "now() - duration(\(arguments[0]))"
    case ("date", 1), ("totimestamp", 1), ("parsetime", 1), ("todatetime", 1):
      return "timestamp(\(arguments[0]))"
    case ("toint", 1), ("integer", 1), ("parseint", 1): return "int(\(arguments[0]))"
    case ("float", 1), ("todouble", 1), ("tofloat", 1): return "double(\(arguments[0]))"
    case ("str", 1), ("tostring", 1): return "string(\(arguments[0]))"
    case ("not", 1): return "!(\(arguments[0]))"
    case ("get", 3), ("mapget", 3), ("getordefault", 3):
      return "map_get(\(arguments.joined(separator: ", ")))"
    case ("currenttime", 0), ("time", 0), ("currenttimestamp", 0): return "now()"
    default: return nil
    }
  }

  // MARK: Methods

  static func unknownMethod(
    _ name: String, on target: Checked, _ node: Syntax, _ receiver: Syntax,
    _ arguments: [Syntax], at range: Range<Int>, in checker: Checker
  ) -> Problem {
    let subject = checker.text(receiver)
    let texts = arguments.map { checker.text($0) }
    if checker.dialect == .kfl, name == "json" || name == "xml" {
      return Problem(
        .unsupported,
        "bodies are text: use \(subject).contains(…) or \(subject).matches(…)", at: node.range,
        expected: "contains or matches", found: name)
    }
    var fix: [Edit] = []
    var meant: String?
    if checker.dialect == .kfl {
      if isPresenceTest(name), arguments.isEmpty, checker.negation == nil,
        case .index(let map, let key) = receiver.kind, case .string? = key.literal
      {
        meant = "\(checker.text(key)) in \(checker.text(map))"
        fix = [Edit(node.range, meant ?? "")]
      } else if let negation = checker.negation, isPresenceTest(name), arguments.isEmpty,
        let test = truth(of: target.type, subject, isNegated: true)
      {
        fix = [Edit(negation, test)]
        meant = test
      } else if let text = translated(method: name, subject, target.type, texts) {
        meant = text
        fix = [Edit(node.range, text)]
      } else if let near = Nearest.name(to: name, among: methodNames) {
        meant = near
        fix = [Edit(range, near)]
      }
    }
    return Problem(
      .undeclared,
      "there is no method \(name)" + (meant.map { "; did you mean \($0)?" } ?? ""), at: range,
      expected: meant ?? methodNames(of: target.type), found: name, fix: fix)
  }

  private static let methodNames =
    Function.all.filter { $0.style != .global }.map(\.name)
    + ["all", "exists", "exists_one", "filter", "map"]

  private static func isPresenceTest(_ name: String) -> Bool {
    ["exists", "isnotempty", "notempty", "ispresent", "present"].contains(name.lowercased())
  }

  /// A method of other languages in ours.
  private static func translated(
    method name: String, _ subject: String, _ type: KFLType, _ arguments: [String]
  ) -> String? {
    let folded = String(decoding: Nearest.folded(name), as: UTF8.self)
    let isText = type == .string
    if type == .timestamp, arguments.isEmpty, let part = timePart(folded) {
      return "\(subject).\(part)()"
    }
    switch (folded, arguments.count) {
    case ("keys", 0): return subject
    case ("like", 1) where arguments[0].contains("%") && arguments[0].count > 2:
      return subject
        + LikePattern(String(arguments[0].dropFirst().dropLast()), wildcard: "%")
        .test(ignoringCase: false)
    case ("exists", 0), ("isnotempty", 0), ("notempty", 0), ("ispresent", 0), ("present", 0):
      return truth(of: type, subject)
    case ("isempty", 0), ("empty", 0), ("isnull", 0), ("isblank", 0):
      return truth(of: type, subject, isNegated: true)
    case ("length", 0), ("len", 0), ("count", 0): return "size(\(subject))"
    case ("tolower", 0), ("tolowercase", 0), ("lowercase", 0), ("lowerascii", 0):
      return "lower(\(subject))"
    case ("toupper", 0), ("touppercase", 0), ("uppercase", 0), ("upperascii", 0):
      return "upper(\(subject))"
    case ("tostring", 0): return "string(\(subject))"
    case ("equals", 1), ("eq", 1), ("is", 1): return "\(subject) == \(arguments[0])"
    case ("notequals", 1), ("ne", 1): return "\(subject) != \(arguments[0])"
    case ("equalsignorecase", 1): return "lower(\(subject)) == lower(\(arguments[0]))"
    case ("includes", 1), ("has", 1), ("haskey", 1), ("containskey", 1), ("exists", 1),
      ("contain", 1),
      ("haselement", 1):
      return isText ? "\(subject).contains(\(arguments[0]))" : "\(arguments[0]) in \(subject)"
    case ("get", 1): return "\(subject)[\(arguments[0])]"
    case ("get", 2), ("getordefault", 2):
      return "map_get(\(subject), \(arguments.joined(separator: ", ")))"
    case ("hasprefix", 1), ("startwith", 1), ("beginswith", 1), ("prefix", 1):
      return "\(subject).startsWith(\(arguments[0]))"
    case ("hassuffix", 1), ("endwith", 1), ("suffix", 1):
      return "\(subject).endsWith(\(arguments[0]))"
    case ("match", 1), ("regex", 1), ("regexp", 1), ("like", 1), ("test", 1), ("search", 1):
      return "\(subject).matches(\(arguments[0]))"
    case ("in", 1): return "\(subject) in \(arguments[0])"
    case ("incidr", 1): return "in_cidr(\(subject), \(arguments[0]))"
    case ("any", 2), ("some", 2): return "\(subject).exists(\(arguments.joined(separator: ", ")))"
    case ("every", 2): return "\(subject).all(\(arguments.joined(separator: ", ")))"
    default: return nil
    }
  }

  /// The method that gives a part of an instant: `hour` → `getHours`.
  static func timePart(_ folded: String) -> String? {
    switch folded {
    case "year", "fullyear": "getFullYear"
    case "month": "getMonth"
    case "day", "date", "dayofmonth": "getDate"
    case "weekday", "dayofweek": "getDayOfWeek"
    case "hour", "hours": "getHours"
    case "minute", "minutes": "getMinutes"
    case "second", "seconds": "getSeconds"
    default: nil
    }
  }

  /// `path.contains("/api" && http)`: the bracket closes too late.
  static func lateParenthesis(
    _ name: String, _ node: Syntax, _ arguments: [Syntax], in checker: Checker
  ) -> Problem? {
    guard ["contains", "startsWith", "endsWith", "matches"].contains(name), arguments.count == 1,
      arguments[0].parentheses == 0, checker.text(node).hasSuffix(")")
    else { return nil }
    let operands: [Syntax]
    switch arguments[0].kind {
    case .and(let list, _), .or(let list): operands = list
    default: return nil
    }
    guard operands[0].literalText != nil else { return nil }
    return Problem(
      .type, "\(name) takes text; the `)` closes too late", at: arguments[0].range,
      expected: "string", found: "bool",
      fix: [
        .insert(")", at: operands[0].range.upperBound),
        .delete(node.range.upperBound - 1..<node.range.upperBound),
      ])
  }

  // MARK: Arguments

  /// A function that exists, with arguments it does not take.
  static func badArguments(
    _ function: Function, _ arguments: [Checked], _ syntax: [Syntax], _ node: Syntax,
    isMethod: Bool, in checker: Checker
  ) -> Problem {
    let found = arguments.map(\.type.description).joined(separator: ", ")
    let counts = Set(function.signatures.map(\.arguments.count))
    let message =
      counts.contains(arguments.count)
      ? "\(function.name) is not defined for \(arguments.map(\.type.phrase).joined(separator: " and "))"
      : "\(function.name) takes \(countPhrase(counts.map { $0 - (isMethod ? 1 : 0) })), "
        + "not \(arguments.count - (isMethod ? 1 : 0))"
    return Problem(
      .type, message, at: node.range, expected: function.usage, found: found,
      fix: ArgumentFix(function, arguments, syntax, node, checker).edits)
  }

  private static func countPhrase(_ counts: [Int]) -> String {
    let text = counts.sorted().map(String.init).joined(separator: " or ")
    return text + (counts == [1] ? " argument" : " arguments")
  }

  /// A literal argument that can never work: patterns, instants, networks, zones.
  static func badLiteral(
    _ error: Function.BadLiteral, _ function: Function, _ syntax: [Syntax], _ node: Syntax,
    in checker: Checker
  ) -> Problem {
    let place = syntax.indices.contains(error.argument) ? syntax[error.argument] : node
    var fix: [Edit] = []
    if let text = place.literalText {
      switch function.name {
      case "duration":
        if let length = DateText.duration(text) { fix = [Edit(place.range, "\"\(length)\"")] }
      case "timestamp":
        if let instant = DateText.completed(text) {
          fix = [Edit(place.range, "\"\(instant)\"")]
        } else if let length = DateText.duration(text.replacing(" ago", with: "")) {
          fix = [Edit(node.range, "now() - duration(\"\(length)\")")]
        } else if ["yesterday", "today", "now"].contains(text.lowercased()) {
          fix = [
            Edit(node.range, text.lowercased() == "now" ? "now()" : "now() - duration(\"24h\")")
          ]
        }
      case "matches":
        if let test = globTest(text), let receiver = syntax.first {
          fix = [Edit(node.range, checker.text(receiver) + test)]
        }
      case "in_cidr":
        if text.contains("."), !text.contains("/") { fix = [Edit(place.range, "\"\(text)/32\"")] }
      default: break
      }
    }
    let expected =
      switch function.name {
      case "matches": "a regular expression in the syntax of RE2"
      case "in_cidr": "a network such as \"10.0.0.0/8\""
      case "timestamp": "an instant such as \"2026-03-14T22:50:00Z\""
      case "duration": "a length of time such as \"5m\""
      default: "a time zone such as \"+02:00\" or \"Europe/Berlin\""
      }
    return Problem(
      error.code, error.message, at: place.range, expected: expected, found: place.literalText,
      fix: fix)
  }

  /// The test a pattern that is no regular expression was meant as: a glob, or plain text.
  private static func globTest(_ text: String) -> String? {
    if text.hasPrefix("*") { return LikePattern(text, wildcard: "*").test(ignoringCase: false) }
    let special = text.filter { #"\*+?|{}^$"#.contains($0) }
    return special.isEmpty ? ".contains(\(Value.quoted(text)))" : nil
  }

  // MARK: has and comprehensions

  static func badHas(_ node: Syntax, _ arguments: [Syntax], in checker: Checker) -> Problem {
    var fix: [Edit] = []
    if arguments.count == 1 {
      let type = checker.typeAhead(arguments[0]) ?? .dyn
      if let negation = checker.negation,
        let test = truth(of: type, checker.text(arguments[0]), isNegated: true)
      {
        fix = [Edit(negation, test)]
      } else if let test = truth(of: type, checker.text(arguments[0])) {
        fix = [Edit(node.range, test)]
      } else if case .index(let map, let key) = arguments[0].kind {
        fix = [Edit(node.range, "\(checker.text(key)) in \(checker.text(map))")]
      }
      if case .index(let map, let key) = arguments[0].kind {
        fix = [Edit(node.range, "\(checker.text(key)) in \(checker.text(map))")]
      }
    } else if arguments.count == 2 {
      fix = [
        Edit(node.range, "\(checker.text(arguments[1])) in \(checker.text(arguments[0]))")
      ]
    }
    return Problem(
      .type,
      "has() asks for a member of a map: has(request.headers.authorization); a variable is "
        + "always there", at: node.range, expected: "a member of a map", fix: fix)
  }

  static func notIterable(
    _ name: String, _ type: KFLType, _ node: Syntax, _ receiver: Syntax, in checker: Checker
  ) -> Problem {
    Problem(
      .type, "\(name) walks lists and maps; this is \(type.phrase)", at: node.range,
      expected: "a list or map", found: type.description)
  }

  // MARK: Legacy functions

  static func badLimit(_ range: Range<Int>) -> Problem {
    Problem(.type, "limit(n) takes a number of rows of at least 1", at: range, expected: "int")
  }

  static func misplacedLimit(_ range: Range<Int>) -> Problem {
    Problem(
      .unsupported, "limit(n) must be joined to the whole filter by `and`", at: range,
      expected: "… and limit(n)")
  }

  static func redactUnsupported(_ range: Range<Int>) -> Problem {
    Problem(
      .unsupported,
      "filters do not redact: what is shown is configured in the Hub, for every consumer alike",
      at: range, expected: "a condition")
  }

  static func cursorUnsupported(_ name: String, at range: Range<Int>) -> Problem {
    Problem(
      .unsupported, "\(name) is gone: pages are asked for by the query's cursor and limit",
      at: range, expected: "a condition")
  }

  static func badDatetime(_ range: Range<Int>) -> Problem {
    Problem(
      .literal,
      "datetime() takes text such as \"3/14/2026, 10:59:40.000 PM\"; better write timestamp(\"…\")",
      at: range, expected: "timestamp(\"2026-03-14T22:59:40Z\")")
  }

  static func badRelativeInstant(_ name: String, at range: Range<Int>) -> Problem {
    Problem(
      .type, "\(name)(n) takes one whole number; better write now() - duration(\"…\")", at: range,
      expected: "int")
  }
}
