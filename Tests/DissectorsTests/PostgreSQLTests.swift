import Bytes
import Entries
import Flows
import JSON
import Testing

@testable import Dissectors

@Suite struct PostgreSQLTests {
  // MARK: Statements and answers

  @Test func theStartupSaysWhoAndHow() throws {
    let call = try #require(Self.session.calls().first)
    #expect(call.kind == .postgresql)
    #expect(call.text(.postgresqlCommand) == "STARTUP")
    #expect(call.text(.postgresqlUser) == "app")
    #expect(call.text(.postgresqlDatabase) == "shop")
    #expect(call.text(.postgresqlTransaction) == "idle")
    #expect(try Self.details(call, "response")["authentication"] == "md5")
    #expect(try Self.details(call, "request")["application_name"] == "psql")
  }

  @Test func everyStatementHasItsAnswer() {
    let calls = Self.session.calls().dropFirst()
    #expect(calls.allSatisfy { $0.kind == .postgresql && $0.fault == nil && $0.hasResponse })
    #expect(calls.map { $0.text(.postgresqlCommand) } == ["SELECT", "SELECT", "INSERT; DELETE"])
    #expect(calls.map { $0.int(.postgresqlRows) } == [2, nil, 7])
    #expect(calls.map(\.failed) == [false, true, false])
    #expect(calls.map { $0.text(.postgresqlErrorCode) } == [nil, "42P01", nil])
    #expect(calls.map { $0.text(.postgresqlErrorMessage) } == [nil, "no such relation", nil])
    #expect(calls.map { $0.text(.postgresqlTransaction) } == ["idle", "failed", "open"])
    #expect(calls.map { $0.text(.postgresqlQuery) }[0] == "select * from orders")
    #expect(calls.allSatisfy { $0.text(.postgresqlDatabase) == "shop" })
    #expect(calls.map(\.requestSize) == [26, 27, 34])
  }

  @Test func passwordsAreNeverKept() {
    let text = Self.session.calls().map(\.essence).joined()
    #expect(!text.contains("md5secret"))
    var talk = Self.begun
    talk.says(.client, Self.query("ALTER ROLE bob PASSWORD 'hunter2' VALID UNTIL '2030-01-01'"))
    talk.says(.server, Self.complete("ALTER ROLE") + Self.ready)
    talk.says(.client, Self.query("insert into users(name, password) values ('bob', $$hunter2$$)"))
    talk.says(.server, Self.complete("INSERT 0 1") + Self.ready)
    talk.says(.client, Self.query("select \"password\" from users where token = 'hunter2'"))
    talk.says(.server, Self.complete("SELECT 0") + Self.ready)
    let queries = talk.calls().dropFirst().compactMap { $0.text(.postgresqlQuery) }
    #expect(
      queries == [
        "ALTER ROLE bob PASSWORD '[redacted]' VALID UNTIL '2030-01-01'",
        "insert into users(name, password) values ('[redacted]', $[redacted]$)",
        "select \"password\" from users where token = '[redacted]'",
      ])
  }

  /// An apostrophe in a comment or a quoted name does not turn texts and code round, and a backslash
  /// ends no text too late.
  @Test(arguments: [
    (
      "-- don't\nalter role bob password 'hunter2'",
      "-- don't\nalter role bob password '[redacted]'"
    ),
    (
      "/* it's */ select 1 where password='hunter2'",
      "/* it's */ select 1 where password='[redacted]'"
    ),
    (
      #"update t set "it's"=1, password='hunter2'"#,
      #"update t set "it's"=1, password='[redacted]'"#
    ),
    (#"set path='C:\', password='hunter2'"#, #"set path='C:\', password='[redacted]'"#),
    (#"set a=E'\'', password='hunter2'"#, #"set a=E'\'', password='[redacted]'"#),
    // Texts that only a line break stands between are one.
    (
      "alter role bob password 'hun' -- a\n 'ter2' valid until 'x'",
      "alter role bob password '[redacted]' -- a\n '[redacted]' valid until 'x'"
    ),
  ])
  func textsAreToldFromWhatLooksLikeThem(query: String, shown: String) {
    var talk = Self.begun
    talk.says(.client, Self.query(query))
    talk.says(.server, Self.complete("SELECT 0") + Self.ready)
    #expect(talk.calls().last?.text(.postgresqlQuery) == shown)
  }

  /// Servers repeat what they do not understand, what is there already, and whole rows.
  @Test(arguments: [
    (
      "alter role bob password 'x' 'hunter2'",
      "Msyntax error at or near \"'hunter2'\"", "syntax error at or near \"'[redacted]'\""
    ),
    (
      "select add_user(1)", "Mtwice\0DKey (api_token)=(hunter2) already exists.",
      "Key (api_token)=([redacted]) already exists."
    ),
    (
      "select add_user(1)",
      "Mno\0DKey (token)=(hunter2) conflicts with existing key (token)=(hunter2).",
      "Key (token)=([redacted])."
    ),
    (
      "select add_user(1)", "Mnull value\0DFailing row contains (1, hunter2 (a) b).",
      "Failing row contains ([redacted])."
    ),
    (
      "copy users from stdin", "Mextra data\0WCOPY users, line 7: \"1\thunter2\"",
      "COPY users, line 7: \"[redacted]\""
    ),
    (
      "select add_user(1)", "Mno\0Wportal \"p\" with parameters: $1 = '7', $2 = 'hunter2'",
      "portal \"p\" with parameters: $1 = '[redacted]', $2 = '[redacted]'"
    ),
    (
      "select add_user(1)", "Mno\0WSQL statement \"alter role a password 'hunter2'\"",
      "SQL statement \"[redacted]\""
    ),
    (
      "select add_user(1)", "Mtwice\0DKey (name)=(ann) already exists.",
      "Key (name)=(ann) already exists."
    ),
    (
      "select 1", "Mpassword authentication failed for user \"ann\"",
      "password authentication failed for user \"ann\""
    ),
  ])
  func errorsRepeatNoSecretsAndNoRows(query: String, fields: String, shown: String) throws {
    var talk = Self.begun
    talk.says(.client, Self.query(query))
    talk.says(
      .server,
      Self.message("E", Array("SERROR\0VERROR\0C23505\0\(fields)\0\0".utf8)) + Self.ready)
    let call = try #require(talk.calls().last)
    let error = try Self.details(call, "response")["error"]
    let texts = [error?["message"], error?["detail"], error?["where"]]
    #expect(texts.contains(JSONValue.string(shown)), "\(texts)")
    #expect(!call.essence.contains("hunter2"))
  }

  // MARK: The extended protocol

  @Test func aPreparedStatementShowsItsTextWithEachRun() {
    let calls = Self.prepared.calls().dropFirst()
    #expect(calls.map { $0.text(.postgresqlCommand) } == ["PREPARE", "SELECT", "SELECT", "UPDATE"])
    #expect(
      calls.map { $0.text(.postgresqlQuery) } == [
        "SELECT $1", "SELECT $1", "SELECT $1", "update t set a = 1",
      ])
    #expect(calls.map { $0.int(.postgresqlRows) } == [nil, 1, 1, 3])
    #expect(calls.allSatisfy { $0.fault == nil && $0.hasResponse })
  }

  /// However many there are, and in whatever order they come again.
  @Test func statementsThatArePreparedAgainShowTheirTexts() {
    let texts =
      (1...11).map { "select \($0)" } + ["", "alter role bob password 'hunter2'", "--\nselect é"]
    var talk = Self.begun
    var expected: [String] = []
    for round in [texts, texts.reversed(), texts + texts] {
      for text in round {
        talk.says(.client, Self.run(text) + Self.sync)
        talk.says(.server, Self.ran(1) + Self.ready)
        expected.append(text.replacing("hunter2", with: "[redacted]"))
      }
    }
    let calls = talk.calls().dropFirst()
    #expect(calls.compactMap { $0.text(.postgresqlQuery) } == expected)
    #expect(calls.allSatisfy { $0.int(.postgresqlRows) == 1 && $0.fault == nil })
  }

  /// By their names, of which some begin alike and some mean another text later.
  @Test func statementsThatAreRunAgainShowTheTextsThatTheirNamesStandFor() {
    var talk = Self.begun
    var texts: [String: String] = [:]
    var expected: [String] = []
    for step in 0..<60 {
      let name = "s\(step * 7 % 13)"
      if texts[name] == nil || step % 11 == 10 {
        texts[name] = "select \(step)"
        talk.says(.client, Self.message("C", Array("S\(name)\0".utf8)) + Self.sync)
        talk.says(.server, Self.message("3") + Self.ready)
        talk.says(.client, Self.parse(name, "select \(step)") + Self.sync)
        talk.says(.server, Self.message("1") + Self.ready)
      }
      talk.says(.client, Self.bind(name) + Self.execute + Self.sync)
      talk.says(.server, Self.message("2") + Self.complete("SELECT 1") + Self.ready)
      expected.append(texts[name] ?? "")
    }
    let runs = talk.calls().filter { $0.text(.postgresqlCommand) == "SELECT" }
    #expect(runs.map { $0.text(.postgresqlQuery) } == expected)
    #expect(runs.allSatisfy { $0.fault == nil && $0.hasResponse })
  }

  /// Whether it comes with the messages before it or by itself.
  @Test func aSyncIsNoneOfTheBytesOfAnEntry() {
    let run = Self.parse("", "select 1") + Self.bind("") + Self.execute
    let split = [run + Self.sync.prefix(3), Array(Self.sync.suffix(2))]
    for pieces in [[run + Self.sync], [run, Self.sync], split] {
      var talk = Self.begun
      for piece in pieces { talk.says(.client, piece) }
      talk.says(.server, Self.ran(1) + Self.ready)
      talk.says(.client, Self.query("select 2"))
      talk.says(.server, Self.complete("SELECT 1") + Self.ready)
      let calls = talk.calls().dropFirst()
      #expect(calls.map(\.requestSize) == [Int64(run.count), Int64(Self.query("select 2").count)])
      #expect(calls.map { $0.text(.postgresqlQuery) } == ["select 1", "select 2"])
      #expect(calls.allSatisfy { $0.fault == nil && $0.hasResponse })
    }
  }

  /// In texts of any length, in either case.
  @Test func eachTellingWordIsFoundWhereverItStands() {
    func tells(_ text: String) -> Bool {
      let bytes = Array(text.utf8)
      return SQLSecrets.tells(bytes.rawSpan)
    }
    let words = [
      "api_key", "apikey", "access_key", "credential", "crypt(", "identified", "password", "passwd",
      "passphrase", "pwd", "private_key", "pgp_sym", "secret", "token",
    ]
    var missed: [String] = []
    for word in words + words.map({ $0.uppercased() }) {
      for before in 0..<35 {
        for behind in [0, 1, 2, 15, 16, 17] {
          let text =
            String(repeating: "x", count: before) + word + String(repeating: "x", count: behind)
          if !tells(text) { missed.append(text) }
        }
      }
    }
    #expect(missed.isEmpty)
    let others = [
      "select key, ok from monkeys where graph like 'pwrd%' and t = 'f'", "create", "x", "",
    ]
    for text in others {
      #expect(!tells(text), "\(text)")
    }
  }

  @Test func whatTheServerPassesOverAfterAnErrorIsMarked() {
    var talk = Self.begun
    let first = Self.parse("", "SELECT 1") + Self.bind("") + Self.execute
    let second = Self.parse("", "SELECT 1/0") + Self.bind("") + Self.execute
    let third = Self.parse("", "SELECT 3") + Self.bind("") + Self.execute
    talk.says(.client, first + second + third + Self.sync)
    talk.says(.server, Self.message("1") + Self.message("2") + Self.row + Self.complete("SELECT 1"))
    talk.says(.server, Self.message("1") + Self.error("22012", "division by zero") + Self.ready)
    talk.says(.client, Self.query("select 4"))
    talk.says(.server, Self.complete("SELECT 1") + Self.ready)
    let calls = talk.calls().sorted { $0.index < $1.index }.dropFirst()
    #expect(calls.map { $0.text(.postgresqlErrorCode) } == [nil, "22012", nil, nil])
    #expect(calls.map(\.hasResponse) == [true, true, false, true])
    #expect(calls.map { $0.fault?.kind } == [nil, nil, .pairNotFound, nil])
  }

  /// The text that the portal had before was shown.
  @Test func aRunOfAnUnknownStatementShowsNoOther() {
    var talk = Self.begun
    talk.says(.client, Self.parse("", "SELECT 1") + Self.bind("") + Self.execute + Self.sync)
    talk.says(
      .server,
      Self.message("1") + Self.message("2") + Self.row + Self.complete("SELECT 1") + Self.ready)
    talk.says(.client, Self.query("prepare other as delete from t"))
    talk.says(.server, Self.complete("PREPARE") + Self.ready)
    talk.says(.client, Self.bind("other") + Self.execute + Self.sync)
    talk.says(.server, Self.message("2") + Self.complete("DELETE 1") + Self.ready)
    let calls = talk.calls().dropFirst()
    #expect(
      calls.map { $0.text(.postgresqlQuery) } == [
        "SELECT 1", "prepare other as delete from t", nil,
      ])
    #expect(calls.map { $0.text(.postgresqlCommand) } == ["SELECT", "PREPARE", "DELETE"])
  }

  /// It was a call of its own, which doubled the calls of clients that always close.
  @Test func whatIsClosedBehindItsRunBelongsToIt() {
    var talk = Self.begun
    let run =
      Self.parse("s1", "SELECT 1") + Self.bind("s1") + Self.execute
      + Self.message("C", Array("P\0".utf8))
    let answer =
      Self.message("1") + Self.message("2") + Self.row + Self.complete("SELECT 1")
      + Self.message("3")
    talk.says(.client, run + run + Self.sync)
    talk.says(.server, answer + answer + Self.ready)
    talk.says(.client, Self.message("C", Array("Ss1\0".utf8)) + Self.sync)
    talk.says(.server, Self.message("3") + Self.ready)
    let calls = talk.calls().dropFirst()
    #expect(calls.map { $0.text(.postgresqlCommand) } == ["SELECT", "SELECT", "CLOSE"])
    #expect(calls.allSatisfy { $0.fault == nil && $0.hasResponse })
    #expect(calls.map { $0.int(.postgresqlRows) } == [1, 1, nil])
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.reordering(talk)
    Laws.mutation(talk, rounds: 50)
  }

  /// The Sync before the end of the data is ignored (COPY operations, extended protocol): one
  /// ReadyForQuery answers both.
  @Test func aCopyOfTheExtendedProtocolHasTwoSyncs() {
    var talk = Self.begun
    talk.says(
      .client, Self.parse("", "copy t from stdin") + Self.bind("") + Self.execute + Self.sync)
    talk.says(
      .server, Self.message("1") + Self.message("2") + Self.message("G", [0, 0, 1, 0, 0]))
    talk.says(
      .client, Self.message("d", Array("1\t2\n".utf8)) + Self.message("c") + Self.sync)
    talk.says(.server, Self.complete("COPY 1") + Self.ready)
    talk.says(.server, Self.error("57P01", "terminating connection"))
    let calls = talk.calls().dropFirst()
    #expect(calls.map { $0.text(.postgresqlCommand) } == ["COPY", "ERROR"])
    #expect(calls.map { $0.text(.postgresqlErrorCode) } == [nil, "57P01"])
    #expect(calls.allSatisfy { $0.fault == nil })
  }

  /// The end of a stream was a reply to nothing, and the stream was not shown.
  @Test func replicationIsPushed() throws {
    var talk = Self.begun
    talk.says(.client, Self.query("START_REPLICATION SLOT s LOGICAL 1/0"))
    talk.says(.server, Self.message("W", [0, 0, 0]))
    let log: [UInt8] = [0x77, 0, 0, 0, 1, 0x0a, 0, 0, 0x10] + [UInt8](repeating: 0, count: 16)
    talk.says(.server, Self.message("d", log + Array("secret".utf8)))
    talk.says(.server, Self.message("d", [0x6b] + [UInt8](repeating: 0, count: 17)))
    talk.says(.client, Self.message("d", [0x72] + [UInt8](repeating: 0, count: 33)))
    talk.says(.client, Self.message("c"))
    talk.says(
      .server,
      Self.message("c") + Self.columns + Self.row + Self.complete("START_STREAMING") + Self.ready)
    talk.says(.client, Self.query("select 1"))
    talk.says(.server, Self.columns + Self.row + Self.complete("SELECT 1") + Self.ready)
    let calls = talk.calls().dropFirst()
    #expect(
      calls.map { $0.text(.postgresqlCommand) } == ["COPY BOTH", "XLOGDATA", "SELECT"])
    #expect(calls.allSatisfy { $0.fault == nil })
    let push = try #require(calls.dropFirst().first)
    #expect(push.source.port == 5432 && !push.hasResponse)
    let details = try Self.details(push, "request")
    #expect(details["start"] == "1/A000010")
    #expect(details["bytes"] == 6)
    #expect(!calls.map(\.essence).joined().contains("secret"))
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.reordering(talk)
    Laws.mutation(talk, rounds: 50)
  }

  @Test func aCopyCountsItsBytes() throws {
    var talk = Self.begun
    talk.says(.client, Self.query("copy t from stdin"))
    talk.says(.server, Self.message("G", [0, 0, 1, 0, 0]))
    talk.says(.client, Self.message("d", Array("1\t2\n".utf8)) + Self.message("c"))
    talk.says(.server, Self.complete("COPY 1") + Self.ready)
    talk.says(.client, Self.query("copy t to stdout"))
    talk.says(
      .server, Self.message("H", [0, 0, 1, 0, 0]) + Self.message("d", Array("1\t2\n".utf8)))
    talk.says(.server, Self.message("c") + Self.complete("COPY 1") + Self.ready)
    let calls = talk.calls().dropFirst()
    for call in calls { #expect(try Self.details(call, "response")["copiedBytes"] == 4) }
    #expect(calls.map { $0.int(.postgresqlRows) } == [1, 1])
  }

  @Test func notificationsStandAlone() throws {
    var talk = Self.begun
    talk.says(.server, Self.message("A", [0, 0, 0, 7] + Array("news\0hello\0".utf8)))
    let call = try #require(talk.calls().last)
    #expect(call.text(.postgresqlCommand) == "NOTIFY")
    #expect(call.source.port == 5432)
    #expect(try Self.details(call, "request")["channel"] == "news")
  }

  // MARK: Encryption, and the middle of things

  /// A server may speak an older version than it is asked for: its answer begins with that.
  @Test func theVersionThatTheServerSpeaksIsTold() throws {
    let settings: [UInt8] = [0, 3, 0, 2] + Array("user\0bob\0\0".utf8)
    var talk = Talk(serverPort: 5432)
    talk.says(.client, [0, 0, 0, UInt8(settings.count + 4)] + settings)
    talk.says(.server, Self.message("v", [0, 3, 0, 0, 0, 0, 0, 0]))
    talk.says(.server, Self.message("R", [0, 0, 0, 0]) + Self.ready)
    let call = try #require(talk.calls().first)
    #expect(call.elapsed == 1000)
    #expect(call.responseSize == 13 + 9 + 6)
    #expect(try Self.details(call, "request")["protocol"] == "3.2")
    #expect(try Self.details(call, "response")["protocol"] == "3.0")
    Laws.split(talk)
  }

  @Test func afterAnAgreedSSLRequestAnotherProtocolFollows() throws {
    var talk = Talk(serverPort: 5432)
    talk.says(.client, Self.sslRequest)
    talk.server("S")
    talk.client("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    talk.server("HTTP/1.1 204 No\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map(\.kind) == [.postgresql, .http])
    #expect(calls[0].text(.postgresqlCommand) == "SSLREQUEST")
  }

  @Test func aConversationJoinedMidwayIsRead() {
    var talk = Talk(serverPort: 6000)
    talk.isMidway = true
    talk.says(.server, Self.query("select 1"))
    talk.says(.client, Self.columns + Self.row + Self.complete("SELECT 1") + Self.ready)
    let calls = talk.calls()
    #expect(calls.count == 1)
    #expect(calls.first?.source.port == 6000)
    #expect(calls.first?.int(.postgresqlRows) == 1)
    #expect(calls.first?.fault == nil)
  }

  @Test func messagesInPiecesAreFoundWhereTheReaderSearches() {
    let answer = Self.columns + Self.row + Self.complete("SELECT 1") + Self.ready
    for cut in 1..<answer.count {
      var talk = Talk(serverPort: 5432)
      talk.isMidway = true
      talk.says(.client, Self.query("select 1"))
      talk.says(.server, Array(answer[..<cut]))
      talk.says(.server, Array(answer[cut...]))
      let calls = talk.calls()
      #expect(calls.map { $0.int(.postgresqlRows) } == [1], "cut at \(cut)")
      #expect(calls.first?.fault == nil)
    }
    let parse = Self.message("P", Array("name\0select 2\0\0\0".utf8))
    let steps = Self.message("B", Array("\0name\0".utf8) + [0, 0, 0, 0, 0, 0])
    let end = Self.message("E", [0, 0, 0, 0, 0]) + Self.message("S")
    for (question, rest) in [
      (Self.query("select 2"), []), (Self.query("  -- why\n select 2"), []), (parse, steps + end),
    ] as [([UInt8], [UInt8])] {
      for cut in 1..<question.count {
        var talk = Self.begun
        talk.lost(.client, 50)
        talk.says(.client, Array(question[..<cut]))
        talk.says(.client, Array(question[cut...]) + rest)
        let texts = talk.calls().compactMap { $0.text(.postgresqlQuery) }
        #expect(texts.contains { $0.hasSuffix("select 2") }, "cut at \(cut)")
      }
    }
  }

  /// The end of an answer of which the beginning is lost, cut anywhere.
  @Test func theEndOfAnAnswerIsFoundInPieces() {
    var talk = Self.begun
    talk.says(.client, Self.query("select 1"))
    talk.lost(.server, 50)
    talk.says(.server, Array("0123456789".utf8) + Self.ready)
    talk.says(.client, Self.query("select 2"))
    talk.says(.server, Self.columns + Self.row + Self.complete("SELECT 1") + Self.ready)
    Laws.split(talk)
  }

  /// It was told as the last word of the server, which nobody had asked for.
  @Test func anErrorWithWhichItIsJoinedMidwayIsAnAnswer() {
    var talk = Talk(serverPort: 5432)
    talk.isMidway = true
    talk.says(.server, Self.error("23505", "twice") + Self.ready)
    talk.says(.client, Self.query("select 1"))
    talk.says(.server, Self.columns + Self.row + Self.complete("SELECT 1") + Self.ready)
    talk.says(.server, Self.message("E", Array("SFATAL\0VFATAL\0C57P01\0Mend\0\0".utf8)))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map(\.hasRequest) == [false, true, true])
    #expect(calls.map(\.hasResponse) == [true, true, false])
    #expect(calls.map(\.failed) == [true, false, true])
    #expect(calls.map { $0.fault?.kind } == [.pairNotFound, nil, nil])
    #expect(calls.map { $0.text(.postgresqlErrorCode) } == ["23505", nil, "57P01"])
  }

  @Test func aHoleInAnAnswerLeavesTheNextOnesPaired() {
    var talk = Self.begun
    talk.says(.client, Self.query("select 1"))
    talk.says(.server, Self.columns)
    talk.lost(.server, 100)
    talk.says(.server, [1, 2, 3] + Self.complete("SELECT 2") + Self.ready)
    talk.says(.client, Self.query("select 2"))
    talk.says(.server, Self.columns + Self.row + Self.complete("SELECT 1") + Self.ready)
    let calls = talk.calls().sorted { $0.index < $1.index }.dropFirst()
    #expect(calls.map { $0.text(.postgresqlQuery) } == ["select 1", "select 2"])
    #expect(calls.map { $0.fault == nil } == [false, true])
  }

  /// Captures may keep the first bytes of each packet alone (`tcpdump -s 96`). Statements that are cut
  /// were passed over, and their answers went to nobody.
  @Test func cutMessagesAreReadAsFarAsTheyGo() {
    var talk = Self.begun
    func says(_ side: Side, _ bytes: [UInt8], keeping count: Int) {
      talk.says(side, Array(bytes.prefix(count)))
      talk.lost(side, bytes.count - count)
    }
    says(.client, Self.query("select name from customers"), keeping: 20)
    talk.says(.server, Self.columns + Self.row + Self.complete("SELECT 1") + Self.ready)
    let round = Self.parse("", "select * from orders") + Self.bind("") + Self.execute + Self.sync
    says(.client, round, keeping: 24)
    let failure = Self.error("22012", "division by zero, as it happens")
    says(.server, Self.message("1") + Self.message("2") + failure, keeping: 50)
    talk.says(.server, Self.ready)
    talk.says(.client, Self.query("insert into t values (1)"))
    says(.server, Self.error("23505", "duplicate key value"), keeping: 40)
    talk.says(.server, Self.ready)
    talk.says(.client, Self.query("select 2"))
    talk.says(.server, Self.columns + Self.row + Self.complete("SELECT 1") + Self.ready)
    let calls = Array(talk.calls().sorted { $0.index < $1.index }.dropFirst())
    #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse })
    #expect(
      calls.map { $0.text(.postgresqlQuery) } == [
        "select name fro…", "select * from orde…", "insert into t values (1)", "select 2",
      ])
    #expect(calls.map(\.failed) == [false, true, true, false])
    #expect(calls.map { $0.text(.postgresqlErrorCode) } == [nil, "22012", "23505", nil])
    #expect(calls.map { $0.fault?.kind } == [.dissection, .dissection, .dissection, nil])
  }

  /// Cursors are bound in one round and run in others.
  @Test func withoutARunTheStepIsTold() {
    var talk = Self.begun
    talk.says(
      .client, Self.parse("s1", "SELECT 1") + Self.message("D", Array("Ss1\0".utf8)) + Self.sync)
    talk.says(.server, Self.message("1") + Self.message("n") + Self.ready)
    talk.says(.client, Self.bind("s1") + Self.sync)
    talk.says(.server, Self.message("2") + Self.ready)
    talk.says(.client, Self.message("D", Array("Pc1\0".utf8)) + Self.sync)
    talk.says(.server, Self.columns + Self.ready)
    talk.says(.client, Self.message("C", Array("Pc1\0".utf8)) + Self.sync)
    talk.says(.server, Self.message("3") + Self.ready)
    #expect(
      talk.calls().dropFirst().map { $0.text(.postgresqlCommand) }
        == ["PREPARE", "BIND", "DESCRIBE", "CLOSE"])
  }

  /// Without pipelines a client has the answer to everything before what it sends.
  @Test func behindLostAnswersTheNewestStatementIsAnswered() {
    func answer(rows: Int) -> [UInt8] {
      Self.columns + Array(repeatElement(Self.row, count: rows).joined())
        + Self.complete("SELECT \(rows)") + Self.ready
    }
    var talk = Self.begun
    talk.says(.client, Self.query("select 1"))
    talk.heard(.client, answer(rows: 1).count)
    talk.says(.client, Self.query("select 2"))
    talk.lost(.server, answer(rows: 1).count)
    talk.says(.server, answer(rows: 2))
    // The end of an answer belongs to nobody else.
    talk.says(.client, Self.query("select 3"))
    talk.says(.server, Self.columns)
    talk.lost(.server, 3 * Self.row.count)
    talk.says(.server, Self.complete("SELECT 3") + Self.ready)
    talk.says(.client, Self.query("select 4"))
    talk.says(.server, answer(rows: 4))
    let calls = talk.calls()
    func rows(_ query: String) -> Int64? {
      calls.first { $0.text(.postgresqlQuery) == query }?.int(.postgresqlRows)
    }
    #expect(calls.count == 5)
    #expect(calls.allSatisfy { $0.hasRequest })
    #expect(["select 1", "select 2", "select 4"].map(rows) == [nil, 2, 4])
  }

  /// Rows of answers by their statements, and of answers that stand alone.
  private static func rows(_ talk: Talk) -> (asked: [String: Int64], alone: [Int64]) {
    var asked: [String: Int64] = [:]
    var alone: [Int64] = []
    for call in talk.calls() where call.hasResponse {
      guard let rows = call.int(.postgresqlRows) else { continue }
      if let query = call.text(.postgresqlQuery) { asked[query] = rows } else { alone.append(rows) }
    }
    return (asked, alone)
  }

  private static func run(_ text: String) -> [UInt8] { parse("", text) + bind("") + execute }
  private static func ran(_ rows: Int) -> [UInt8] {
    message("1") + message("2") + Array(repeatElement(row, count: rows).joined())
      + complete("SELECT \(rows)")
  }

  /// Of several statements before one Sync some have had their answers in the hole.
  @Test func behindAHoleInARoundItsStatementsAreNotPairedByChance() {
    var talk = Self.begun
    talk.says(
      .client, Self.run("select 1") + Self.run("select 2") + Self.run("select 3") + Self.sync)
    talk.says(.server, Self.ran(1))
    talk.lost(.server, Self.ran(2).count)
    talk.says(.server, Self.ran(3) + Self.ready)
    talk.says(.client, Self.run("select 4") + Self.sync)
    talk.says(.server, Self.ran(4) + Self.ready)
    let (asked, alone) = Self.rows(talk)
    #expect(asked == ["select 1": 1, "select 4": 4])
    #expect(alone == [3])
    let unanswered = talk.calls().filter { !$0.hasResponse }
    #expect(unanswered.map { $0.text(.postgresqlQuery) } == ["select 2", "select 3"])
    #expect(unanswered.allSatisfy { $0.fault == AnswerOrder.unknownAnswer })
  }

  /// Rounds are sent one behind the other, and the answer to one is lost.
  @Test func behindAHoleInAPipelineRoundsAreNotPairedByChance() {
    var talk = Self.begun
    talk.says(.client, [1, 2, 3].flatMap { Self.run("select \($0)") + Self.sync })
    talk.says(.server, Self.ran(1) + Self.ready)
    talk.lost(.server, Self.ran(2).count + Self.ready.count)
    talk.says(.server, Self.ran(3) + Self.ready)
    talk.says(.client, [4, 5].flatMap { Self.run("select \($0)") + Self.sync })
    talk.says(.server, [4, 5].flatMap { Self.ran($0) + Self.ready })
    let (asked, alone) = Self.rows(talk)
    #expect(asked == ["select 1": 1, "select 4": 4, "select 5": 5])
    #expect(alone == [3])
  }

  /// One that does not wait for its answers: behind the hole only a rest tells that nobody waits.
  @Test func roundsThatGoOnThroughAHoleArePairedAgainAfterARest() {
    func ask(_ number: Int) -> [UInt8] { Self.query("select \(number)") }
    func answer(_ rows: Int) -> [UInt8] {
      Self.columns + Array(repeatElement(Self.row, count: rows).joined())
        + Self.complete("SELECT \(rows)") + Self.ready
    }
    var talk = Self.begun
    talk.says(.client, ask(1) + ask(2))
    talk.says(.server, answer(1))
    talk.says(.client, ask(3))
    talk.says(.server, answer(2))
    talk.lost(.server, answer(3).count)
    talk.says(.client, ask(4) + ask(5))
    talk.says(.server, answer(4))
    talk.says(.client, ask(6))
    talk.says(.server, answer(5) + answer(6))
    #expect(Self.rows(talk).asked == ["select 1": 1, "select 2": 2])
    talk.pause(1500)
    talk.says(.client, ask(7) + ask(8))
    talk.says(.server, answer(7) + answer(8))
    let (asked, alone) = Self.rows(talk)
    #expect(asked == ["select 1": 1, "select 2": 2, "select 7": 7, "select 8": 8])
    #expect(alone == [4, 5, 6])
  }

  @Test func whenTheAnswerToSSLRequestIsLostTheStartupIsReadAllTheSame() {
    var talk = Talk(serverPort: 5432)
    talk.says(.client, Self.sslRequest)
    talk.heard(.client, 1)
    talk.says(.client, Self.startup)
    talk.lost(.server, 1)
    talk.says(.server, Self.message("R", [0, 0, 0, 0]) + Self.ready)
    let startup = talk.calls().first { $0.text(.postgresqlCommand) == "STARTUP" }
    #expect(startup?.text(.postgresqlTransaction) == "idle")
    #expect(startup?.fault == nil)
  }

  @Test func behindLostAnswersTheNewestRoundIsAnswered() {
    let round =
      Self.message("P", Array("\0select $1\0\0\0".utf8))
      + Self.message("B", Array(repeating: 0, count: 8)) + Self.message("E", [0, 0, 0, 0, 0])
    let answer = Self.message("1") + Self.message("2") + Self.complete("SELECT 1")
    var talk = Self.begun
    talk.says(.client, round + round + Self.message("S"))
    talk.says(.server, answer + answer + Self.ready)
    talk.says(.client, round + round + Self.message("S"))
    talk.heard(.client, 2 * answer.count + Self.ready.count)
    talk.says(.client, Self.query("select 2"))
    talk.lost(.server, 2 * answer.count + Self.ready.count)
    talk.says(.server, Self.columns + Self.complete("SELECT 0") + Self.ready)
    let calls = talk.calls().sorted { $0.index < $1.index }
    let statements = calls.filter { $0.text(.postgresqlCommand) == "SELECT" }
    #expect(statements.count == 5)
    #expect(statements.allSatisfy { $0.hasRequest })
    #expect(statements.last { $0.hasResponse }?.text(.postgresqlQuery) == "select 2")
    #expect(statements.filter(\.hasResponse).count == 3)
  }

  @Test func otherProtocolsAreNotPostgreSQL() {
    var talk = Talk(serverPort: 5432)
    // Metadata of Kafka, version 0: the same number as that of a startup packet.
    talk.says(
      .client, [0, 0, 0, 18, 0, 3, 0, 0, 0, 0, 0, 1, 0, 4] + Array("demo".utf8) + [0, 0, 0, 0])
    talk.says(.server, [0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(!talk.calls().contains { $0.kind == .postgresql })
    var http = Talk(serverPort: 5432)
    http.client("POST /query HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    http.server("HTTP/1.1 204 No\r\n\r\n")
    #expect(http.calls().map(\.kind) == [.http])
  }

  /// Mostly words and then numbers; of those the last one counts rows, whatever stands before it.
  @Test func tagsTellWhatWasDoneAndToHowManyRows() throws {
    var talk = Self.begun
    for tag in [
      "INSERT 0 5", "CREATE TABLE", "SELECT 12", "COPY  3", "V2 7 X", "FETCH +4", "MOVE é 6", "8",
    ] {
      talk.says(.client, Self.query("select 1"))
      talk.says(.server, Self.complete(tag) + Self.ready)
    }
    let calls = talk.calls().suffix(8)
    let commands = ["INSERT", "CREATE TABLE", "SELECT", "COPY", "V2 7 X", "FETCH +4", "MOVE é", ""]
    #expect(calls.map { $0.text(.postgresqlCommand) } == commands)
    #expect(calls.map { $0.int(.postgresqlRows) } == [5, nil, 12, 3, nil, 4, 6, 8])
    let details = try calls.map { try Self.details($0, "response") }
    #expect(details.map { $0["command"]?.string } == commands)
    #expect(details.map { $0["rows"] } == [5, nil, 12, 3, nil, 4, 6, 8])
  }

  // MARK: Laws

  @Test func anySplitGivesTheSameMessages() {
    for talk in Self.talks { Laws.split(talk) }
  }

  @Test func anyBeginningGivesABeginningOfTheMessages() {
    for talk in Self.talks { Laws.truncation(talk) }
  }

  @Test func anyOrderOfSegmentsGivesTheSameMessages() {
    for talk in Self.talks { Laws.reordering(talk) }
  }

  @Test func nothingBreaksIt() { for talk in Self.talks { Laws.mutation(talk) } }

  // MARK: Material

  static let talks = [session, prepared]

  static func message(_ type: Character, _ body: [UInt8] = []) -> [UInt8] {
    [type.asciiValue ?? 0] + big32(body.count + 4) + body
  }

  private static func big32(_ value: Int) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
  }

  static func query(_ text: String) -> [UInt8] { message("Q", Array((text + "\0").utf8)) }
  static func complete(_ tag: String) -> [UInt8] { message("C", Array((tag + "\0").utf8)) }
  static let ready = message("Z", [0x49])
  static let row = message("D", [0, 1, 0, 0, 0, 1, 0x31])
  static let columns = message(
    "T", [0, 1] + Array("a\0".utf8) + Array(repeating: UInt8(0), count: 18))

  static func error(_ code: String, _ text: String) -> [UInt8] {
    message("E", Array("SERROR\0VERROR\0C\(code)\0M\(text)\0\0".utf8))
  }

  static func parse(_ name: String, _ text: String) -> [UInt8] {
    message("P", Array("\(name)\0\(text)\0".utf8) + [0, 0])
  }

  static func bind(_ name: String) -> [UInt8] {
    message("B", Array("\0\(name)\0".utf8) + [0, 0, 0, 1, 0, 0, 0, 1, 0x37, 0, 0])
  }

  static let execute = message("E", [0, 0, 0, 0, 0])
  static let sync = message("S")
  static let sslRequest: [UInt8] = [0, 0, 0, 8, 4, 210, 22, 47]

  static var startup: [UInt8] {
    let body =
      [0, 3, 0, 0] + Array("user\0app\0database\0shop\0application_name\0psql\0\0".utf8)
    return big32(body.count + 4) + body
  }

  /// The first exchange of a connection.
  static var begun: Talk {
    var talk = Talk(serverPort: 5432)
    talk.says(.client, startup)
    talk.says(
      .server,
      message("R", [0, 0, 0, 0]) + message("S", Array("server_version\u{0}15\0".utf8)) + ready)
    return talk
  }

  static var session: Talk {
    var talk = Talk(serverPort: 5432)
    talk.says(.client, startup)
    talk.says(.server, message("R", [0, 0, 0, 5, 1, 2, 3, 4]))
    talk.says(.client, message("p", Array("md5secret\0".utf8)))
    talk.says(
      .server, message("R", [0, 0, 0, 0]) + message("K", [0, 0, 0, 1, 0, 0, 0, 2]) + ready)
    talk.says(.client, query("select * from orders"))
    talk.says(.server, columns + row + row + complete("SELECT 2") + ready)
    talk.says(.client, query("select * from missing"))
    talk.says(
      .server,
      message("N", Array("SNOTICE\0C00000\0Mhi\0\0".utf8)) + error("42P01", "no such relation")
        + message("Z", [0x45]))
    talk.says(.client, query("insert into a; delete from b"))
    talk.says(
      .server, complete("INSERT 0 5") + complete("DELETE 2") + message("Z", [0x54]))
    talk.says(.client, message("X"))
    return talk
  }

  static var prepared: Talk {
    var talk = begun
    talk.says(.client, parse("s1", "SELECT $1") + message("D", Array("Ss1\0".utf8)) + sync)
    talk.says(
      .server, message("1") + message("t", [0, 1, 0, 0, 0, 23]) + columns + ready)
    talk.says(.client, bind("s1") + execute + bind("s1") + execute + sync)
    talk.says(.server, message("2") + row + complete("SELECT 1"))
    talk.says(.server, message("2") + row + complete("SELECT 1") + ready)
    talk.says(
      .client,
      parse("", "update t set a = 1") + bind("") + message("D", [0x50, 0]) + execute + sync)
    talk.says(.server, message("1") + message("2") + message("n") + complete("UPDATE 3") + ready)
    return talk
  }

  /// What the details say of one message.
  private static func details(_ entry: Entry, _ half: String) throws -> JSONValue {
    try JSONReader.value(of: entry.text(.details) ?? "null")[half] ?? .null
  }
}
