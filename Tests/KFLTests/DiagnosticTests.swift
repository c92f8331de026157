import KFL
import Testing

/// Codes, places and carets of what is wrong or doubtful.
@Suite struct DiagnosticTests {
  @Test(arguments: [
    ("http &&", "syntax"), ("status_code = 200", "syntax"), ("path == \"abc", "syntax"),
    ("(http", "syntax"), ("http)", "syntax"), ("path contains", "syntax"), ("[1, 2", "syntax"),
    ("{\"a\": 1", "syntax"), ("path == \"\\q\"", "syntax"), ("http ? dns", "syntax"),
    ("path.", "syntax"), ("import == 1", "syntax"), ("{\"a\"} == 1", "syntax"),
    ("nothing == 1", "undeclared"), ("nothing(path)", "undeclared"),
    ("path.nothing()", "undeclared"),
    ("path.nothing == 1", "undeclared"), ("raw.a.type(0) == 1", "undeclared"),
    ("status_code == \"200\"", "type"), ("path < 5", "type"),
    ("1 < 2 < 3", "type"), ("http && path", "type"), ("!path", "type"), ("-path == 1", "type"),
    ("size(status_code) == 1", "type"), ("size() == 1", "type"), ("path in path", "type"),
    ("5 in [1, \"a\"]", "type"), ("path[0] == \"a\"", "type"), ("local_labels[1] == \"a\"", "type"),
    ("path.exists(x, x == 1)", "type"), ("has(path)", "type"), ("(http ? 1 : \"a\") == 1", "type"),
    ("timestamp + 5 > now()", "type"), ("limit(0)", "type"), ("seconds(\"x\") < now()", "type"),
    ("path", "not-bool"), ("status_code + 1", "not-bool"), ("path.matches(\"(\")", "regex"),
    ("request.path == r\"(?=x)\"", "regex"), ("timestamp > timestamp(\"soon\")", "literal"),
    ("now() - duration(\"long\") < now()", "literal"),
    ("src.port == 99999999999999999999", "literal"),
    ("in_cidr(src.ip, \"10.0.0.0/99\")", "literal"),
    ("timestamp.getHours(\"Nowhere/Land\") == 1", "literal"),
    ("timestamp > datetime(\"soon\")", "literal"), ("redact(\"a\")", "unsupported"),
    ("rlimit(1)", "unsupported"), ("leftOff(1)", "unsupported"),
    ("http or limit(1)", "unsupported"),
    ("request..path == \"a\"", "unsupported"), ("path.json().a == 1", "unsupported"),
    ("request.headers.*", "unsupported"), ("broken", "syntax"),
  ])
  func aMistakeHasItsCode(_ text: String, _ code: String) throws {
    let compilation = Shop.compile(text)
    #expect(compilation.filter == nil)
    #expect(compilation.errors.first?.code.rawValue == code)
    for error in compilation.errors {
      #expect(error.suggestion != nil || !(error.expected ?? "").isEmpty, "\(error.message)")
    }
  }

  @Test func whatWasExpectedStandsLastWhereNothingCanBeTried() throws {
    let text = "path.nothing()"
    let error = try #require(Shop.compile(text).errors.first)
    #expect(
      error.caret(in: text) == """
        path.nothing()
             ^^^^^^^ there is no method nothing
        expected: one of contains, startsWith, endsWith, matches, size, lower, upper
        """)
  }

  @Test func namesAlikeAreTold() throws {
    let error = try #require(Shop.compile("dns.flags.weird == 1").errors.first)
    #expect(error.message.contains("there are") && error.message.contains("dns_rcode"))
  }

  @Test(arguments: [
    ("dns and http or tls", "mixed-precedence"), ("src.port == \"80\"", "coerced"),
    ("timestamp > 1773529180000", "coerced"), ("request.nothing == 1", "unknown-field"),
    ("response.status_code == 500", "unknown-field"),
    ("response.status == r\"5\"", "unanchored-regex"),
    ("!postgresql_success", "default-negation"), ("method != \"GET\"", "default-negation"),
    ("dns_questions.all(q, q == \"\")", "always-true"), ("1 == 1", "always-true"),
    ("1 == 2", "always-false"), ("HTTP", "case"), ("http AND dns", "case"),
    ("protocol == \"dns\"", "case"), ("dst.ip == \"10.0.0.0/8\"", "cidr-as-text"),
    ("tcp", "tcp-flag"), ("tlsx && tlsx_version < 1.2", "version-as-number"),
    ("src.pod.name == \"orders-*\"", "wildcard-as-text"),
  ])
  func aDoubtHasItsCode(_ text: String, _ code: String) {
    let compilation = Shop.compile(text)
    #expect(compilation.filter != nil)
    #expect(compilation.warnings.contains { $0.code.rawValue == code })
  }

  @Test(arguments: [
    "http && method != \"GET\"", "postgresql && !postgresql_success", "dns or http and tls",
    "dns && dns_questions.all(q, q != \"\")", "request.exchange == \"a\"",
    "grpc && method != \"GET\"",
    "(dns and http) or tls", "response.status == r\"^5\"", "protocol == \"DNS\"",
    "tcp_conn && conn_state != \"closed\"", "tlsx && tlsx_version < 771",
    "http && path == \"/*\"", "http && method == \"*\"",
  ])
  func whatIsWellSaidRaisesNoDoubt(_ text: String) {
    #expect(Shop.compile(text).warnings.isEmpty)
  }

  /// What stands in place of an unknown name is not compared.
  @Test func mistakesAreNoConstants() {
    let compilation = Shop.compile("nothing == \"x\"")
    #expect(compilation.errors.map(\.code) == [.undeclared] && compilation.warnings.isEmpty)
  }

  @Test func allMistakesAreToldAtOnce() {
    let errors = Shop.compile("statuscode == 1 && path == 5 && nothing").errors
    #expect(errors.map(\.code) == [.undeclared, .type, .undeclared])
    let many = Array(repeating: "nothing == 1", count: 50).joined(separator: " && ")
    #expect(Shop.compile(many).errors.count == Limits.errors)
  }

  @Test func placesCountBytesLinesAndCodePoints() throws {
    let text = "path == \"é\" &&\n  \"ü\" == nothing"
    let error = try #require(Shop.compile(text).errors.first)
    #expect(error.offset == text.utf8.count - 7)
    #expect((error.line, error.column, error.length) == (2, 10, 7))
  }

  @Test func theCaretStandsUnderTheMistake() throws {
    let text = "http && status_cod >= 500"
    let error = try #require(Shop.compile(text).errors.first)
    #expect(
      error.caret(in: text) == """
        http && status_cod >= 500
                ^^^^^^^^^^ there is no variable status_cod; did you mean status_code?
        try: http && status_code >= 500
        """)
  }

  @Test func longLinesAreCutAroundTheCaret() throws {
    let text =
      String(repeating: "http && ", count: 100) + "nothing"
      + String(repeating: " && http", count: 100)
    let error = try #require(Shop.compile(text).errors.first)
    let shown = error.caret(in: text).split(separator: "\n")
    #expect(shown[0].count <= 101)
    #expect(shown[0].contains("nothing"))
  }

  @Test func controlCharactersDoNotReachTheTerminal() throws {
    let text = "path == 5 \u{1b}[31m"
    for error in Shop.compile(text).errors {
      #expect(!error.caret(in: text).contains("\u{1b}"))
    }
  }

  @Test func mistakesInMacrosAreToldWhereTheMacroStands() throws {
    let error = try #require(Shop.compile("http && broken").errors.first)
    #expect(error.offset == 8)
    #expect(error.message.contains("broken"))
  }

  @Test(arguments: [
    ("http && status_code == 500", "kfl2"), ("http", "kfl2"), ("http and dns", "legacy"),
    ("http and response.status == 500", "legacy"), ("request.path == r\"^/a\"", "legacy"),
    ("http && not tls", "mixed"), ("http and status_code >= 400", "mixed"),
    ("path.contains(\"a\") and http", "mixed"), ("request.exchange == \"a\"", "legacy"),
  ])
  func theSpellingIsTold(_ text: String, _ spelling: String) {
    #expect(Shop.compile(text).spelling.rawValue == spelling)
  }

  @Test func conditionsFromMacrosStandWhereTheMacroStands() throws {
    let filter = try #require(Shop.compile("dns && https && slow").filter)
    let places = filter.conjuncts.map { $0.range }.sorted { $0.lowerBound < $1.lowerBound }
    #expect(places == [0..<3, 7..<12, 7..<12, 16..<20])
  }
}
