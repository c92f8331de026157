import Bytes
import Entries
import Flows
import JSON
import Testing

@testable import Dissectors

@Suite struct MySQLTests {
  // MARK: Commands and answers

  @Test func everyCommandHasItsAnswer() throws {
    for deprecatesEOF in [false, true] {
      let calls = Self.session(deprecatesEOF: deprecatesEOF).calls()
      #expect(calls.allSatisfy { $0.kind == .mysql && $0.fault == nil })
      #expect(
        calls.map { $0.text(.mysqlCommand) } == [
          "LOGIN", "COM_QUERY", "COM_QUERY", "COM_QUERY", "COM_STMT_PREPARE", "COM_STMT_EXECUTE",
          "COM_STMT_CLOSE", "COM_INIT_DB", "COM_PING",
        ])
      #expect(calls.map { $0.int(.mysqlRows) } == [nil, 2, 3, nil, nil, 1, nil, 0, 0])
      #expect(calls.map(\.failed) == calls.indices.map { $0 == 3 })
      #expect(calls[3].int(.mysqlErrorCode) == 1146)
      #expect(calls[3].text(.mysqlSQLState) == "42S02")
      #expect(calls[3].text(.mysqlErrorMessage) == "no such table")
      #expect(calls[1].text(.mysqlQuery) == "select * from t")
      #expect(calls[1].text(.mysqlDatabase) == "shop")
      #expect(calls[8].text(.mysqlDatabase) == "other")
      let login = try JSONReader.value(of: calls[0].text(.details) ?? "")["request"]
      #expect(login?["user"] == "app")
      #expect(login?["serverVersion"] == "8.0.1")
    }
  }

  @Test func aPreparedStatementShowsItsTextWithEachRun() {
    let calls = Self.session(deprecatesEOF: true).calls()
    #expect(calls[4...6].map { $0.text(.mysqlQuery) } == ["select ?", "select ?", "select ?"])
    #expect(calls[4...6].map { $0.int(.mysqlStatementID) } == [9, 9, 9])
  }

  @Test func passwordsAreNeverKept() {
    var talk = Self.begun(deprecatesEOF: true)
    talk.says(.client, Self.command(3, "CREATE USER a IDENTIFIED BY \"hunter2\", b"))
    talk.says(.server, Self.packet(1, Self.ok()))
    let calls = talk.calls()
    #expect(calls.last?.text(.mysqlQuery) == "CREATE USER a IDENTIFIED BY \"[redacted]\", b")
    #expect(!calls.map(\.essence).joined().contains("scramble"))
  }

  @Test(arguments: [
    ("/* it's */ select password='hunter2'", "/* it's */ select password='[redacted]'"),
    ("# don't\nset password = 'hunter2'", "# don't\nset password = '[redacted]'"),
    ("set @`a'b`=1, password = 'hunter2'", "set @`a'b`=1, password = '[redacted]'"),
    (#"set a='\'', password='hunter2'"#, #"set a='\'', password='[redacted]'"#),
  ])
  func textsAreToldFromWhatLooksLikeThem(query: String, shown: String) {
    var talk = Self.begun(deprecatesEOF: true)
    talk.says(.client, Self.command(3, query))
    talk.says(.server, Self.packet(1, Self.ok()))
    #expect(talk.calls().last?.text(.mysqlQuery) == shown)
  }

  /// The database changes with the answer, and only where that is no error.
  @Test func theDatabaseIsTheOneThatTheServerTook() throws {
    let refused = Self.packet(1, [0xff, 0x19, 4] + Array("#42000Unknown database".utf8))
    let taken = Self.packet(1, Self.ok())
    let user = Array("eve\0".utf8) + [4, 1, 2, 3, 4] + Array("cellar\0".utf8)
    let change = Self.packet(0, [17] + user)
    let older = Array("eve\0scramble\0attic\0".utf8)
    for (command, answer, current) in [
      (Self.command(2, "cellar"), refused, "shop"), (Self.command(2, "cellar"), taken, "cellar"),
      (Self.command(3, "use `cellar`"), refused, "shop"),
      (Self.command(3, "use `cellar`; select 1"), taken, "cellar"),
      (change, refused, "shop"), (change, taken, "cellar"),
    ] {
      var talk = Self.begun()
      talk.says(.client, command)
      talk.says(.server, answer)
      talk.says(.client, Self.packet(0, [14]))
      talk.says(.server, taken)
      #expect(talk.calls().last?.text(.mysqlDatabase) == current)
      if command[4] != 3 { #expect(talk.calls()[1].text(.mysqlDatabase) == "cellar") }
      if command == change {
        Laws.split(talk)
        Laws.truncation(talk)
        Laws.reordering(talk)
      }
    }
    var talk = Talk(serverPort: 3306)
    talk.says(.server, Self.greeting)
    // Without the flag for answers that have their length in front.
    talk.says(
      .client,
      Self.packet(
        1,
        [0x85, 0x22, 0, 1, 0, 0, 0, 1, 45] + Array(repeating: 0, count: 23)
          + Array("app\0scramble\0".utf8)))
    talk.says(.server, Self.packet(2, Self.ok()))
    talk.says(.client, Self.packet(0, [17] + older))
    talk.says(.server, taken)
    #expect(talk.calls().last?.text(.mysqlDatabase) == "attic")
    let details = try JSONReader.value(of: talk.calls().last?.text(.details) ?? "")
    #expect(details["request"]?["user"] == "eve")
    #expect(!talk.calls().map(\.essence).joined().contains("scramble"))
  }

  /// MariaDB tells how far it is (`CLIENT_PROGRESS`); that was taken for an error.
  @Test func progressIsNoError() throws {
    let report = [0xff, 0xff, 0xff, 1, 2, 0x10, 0x27, 0, 6] + Array("copied".utf8)
    var talk = Self.begun()
    talk.says(.client, Self.command(3, "alter table t add x int"))
    talk.says(.server, Self.packet(1, report) + Self.packet(2, report))
    talk.says(.server, Self.packet(3, Self.ok(affected: 3)))
    talk.says(.client, Self.command(3, "select * from t"))
    let result = Self.result(rows: 2, deprecatesEOF: true)
    // Behind the two packets of the columns, before the rows.
    let rows = 5 + 4 + Self.column.count
    talk.says(.server, Array(result.prefix(rows)) + Self.packet(3, report))
    talk.says(.server, Array(result.dropFirst(rows)))
    talk.says(.client, Self.packet(0, [14]))
    talk.says(.server, Self.packet(1, Self.ok()))
    let calls = talk.calls()
    #expect(
      calls.map { $0.text(.mysqlCommand) } == ["LOGIN", "COM_QUERY", "COM_QUERY", "COM_PING"])
    #expect(calls.allSatisfy { !$0.failed && $0.fault == nil })
    #expect(calls.map { $0.int(.mysqlRows) } == [nil, 3, 2, 0])
    let details = try JSONReader.value(of: calls[1].text(.details) ?? "")
    #expect(details["response"]?["progressReports"] == 2)
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.reordering(talk)
    Laws.mutation(talk)
  }

  /// Attributes before the text of a query were taken for a part of it.
  @Test func attributesOfAQueryArePassedOver() {
    // A text, a number, nothing, and a date with a length in front.
    let typed: [UInt8] = [
      254, 0, 2, 0x69, 0x64, 8, 0, 1, 0x6e, 3, 0, 1, 0x7a, 12, 0, 1, 0x64,
    ]
    let values: [UInt8] = [3, 0x61, 0x62, 0x63, 7, 0, 0, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]
    let some: [UInt8] = [4, 1, 0b100, 1] + typed + values
    for isMidway in [false, true] {
      for attributes in [[0, 1], some] {
        var talk = isMidway ? Talk(serverPort: 3306) : Self.begun(hasAttributes: true)
        talk.isMidway = isMidway
        talk.says(.client, Self.packet(0, [3] + attributes + Array("select 1 from t".utf8)))
        talk.says(.server, Self.packet(1, Self.ok()))
        #expect(talk.calls().last?.text(.mysqlQuery) == "select 1 from t")
        #expect(talk.calls().last?.hasResponse == true)
        if !isMidway { Laws.split(talk) }
        Laws.mutation(talk, rounds: 50)
      }
    }
    var cut = Self.begun(hasAttributes: true)
    cut.says(.client, Self.packet(0, [3] + Array(some.dropLast(2))))
    cut.says(.server, Self.packet(1, Self.ok()))
    #expect(cut.calls().last?.text(.mysqlQuery) == "…", "values are never kept")
  }

  /// Numbers of packets have one byte: the 256th of a file was taken for a command.
  @Test func aFileMayHaveManyPackets() throws {
    var talk = Self.begun()
    talk.says(.client, Self.command(3, "load data local infile 'a' into table t"))
    talk.says(.server, Self.packet(1, [0xfb, 0x61]))
    let line = Array("\u{3}drop table t\n".utf8)
    var file: [UInt8] = []
    for number in 2..<302 { file += Self.packet(UInt8(number & 255), line) }
    talk.says(.client, file + Self.packet(UInt8(302 & 255), []))
    talk.says(.server, Self.packet(UInt8(303 & 255), Self.ok(affected: 100)))
    talk.says(.client, Self.packet(0, [14]))
    talk.says(.server, Self.packet(1, Self.ok()))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.mysqlCommand) } == ["LOGIN", "COM_QUERY", "COM_PING"])
    #expect(calls.map { $0.int(.mysqlRows) } == [nil, 100, 0])
    #expect(calls.allSatisfy { $0.fault == nil && $0.hasResponse })
    let details = try JSONReader.value(of: calls[1].text(.details) ?? "")
    #expect(details["response"]?["uploadedBytes"]?.int == Int64(300 * line.count))
  }

  /// MariaDB's clients run a statement before they know its number, and with many rows at once.
  @Test func theStatementPreparedLastNeedsNoNumber() {
    var talk = Self.begun()
    let values: [UInt8] = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 8, 0, 7]
    talk.says(
      .client,
      Self.command(22, "insert into t values (?)")
        + Self.packet(0, [250, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 8, 0, 0, 7]))
    talk.says(
      .server, Self.packet(1, [0, 9, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]) + Self.packet(2, Self.column))
    talk.says(.server, Self.packet(1, Self.ok(affected: 4)))
    talk.says(.client, Self.packet(0, [23, 9, 0, 0, 0] + values))
    talk.says(.server, Self.packet(1, Self.ok(affected: 1)))
    let calls = talk.calls()
    #expect(
      calls.map { $0.text(.mysqlCommand) } == [
        "LOGIN", "COM_STMT_PREPARE", "COM_STMT_BULK_EXECUTE", "COM_STMT_EXECUTE",
      ])
    #expect(
      calls.dropFirst().allSatisfy { $0.text(.mysqlQuery) == "insert into t values (?)" })
    #expect(calls.map { $0.int(.mysqlStatementID) } == [nil, 9, nil, 9])
    #expect(calls.map { $0.int(.mysqlRows) } == [nil, nil, 4, 1])
    #expect(calls.allSatisfy { $0.fault == nil && $0.hasResponse })
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.reordering(talk)
    Laws.mutation(talk, rounds: 50)
  }

  /// The dump was answered until its connection ended, and marked for that.
  @Test func theBinaryLogIsPushed() throws {
    func event(_ type: UInt8, _ content: String) -> [UInt8] {
      let length = UInt8(19 + content.utf8.count)
      return [1, 2, 3, 4, type, 1, 0, 0, 0, length, 0, 0, 0, 9, 1, 0, 0, 0, 0]
        + Array(content.utf8)
    }
    var talk = Self.begun()
    talk.says(.client, Self.packet(0, [18, 4, 0, 0, 0, 2, 0, 7, 0, 0, 0] + Array("bin.1".utf8)))
    talk.says(
      .server,
      Self.packet(1, [0] + event(15, "5.7.1")) + Self.packet(2, [0] + event(27, "bin.1")))
    talk.says(.server, Self.packet(3, [0, 0xef, 1] + event(30, "secret")))
    talk.says(.client, Self.packet(0, [0xef, 9, 1, 0, 0, 0, 0, 0, 0] + Array("bin.1".utf8)))
    talk.says(.server, Self.packet(4, [0xff, 0xd4, 4] + Array("#HY000gone".utf8)))
    let calls = talk.calls()
    #expect(
      calls.map { $0.text(.mysqlCommand) } == [
        "LOGIN", "COM_BINLOG_DUMP", "BINLOG_EVENT", "BINLOG_EVENT", "BINLOG_EVENT",
      ])
    #expect(calls.allSatisfy { $0.fault == nil && $0.int(.mysqlRows) == nil })
    #expect(calls.map(\.hasResponse) == [true, true, false, false, false])
    #expect(calls.dropFirst(2).allSatisfy { $0.source.port == 3306 })
    #expect(calls.map(\.failed) == [false, false, false, false, true])
    #expect(calls[4].int(.mysqlErrorCode) == 1236)
    let details = try JSONReader.value(of: calls[3].text(.details) ?? "")["request"]
    #expect(details?["event"] == "WRITE_ROWS")
    #expect(details?["position"] == 265)
    #expect(details?["bytes"] == 25)
    #expect(!calls.map(\.essence).joined().contains("secret"))
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.reordering(talk)
    Laws.mutation(talk, rounds: 50)
  }

  @Test func severalResultsAreOneAnswer() {
    var talk = Self.begun(deprecatesEOF: false)
    talk.says(.client, Self.command(3, "select 1; update t set a = 1"))
    talk.says(
      .server,
      Self.packet(1, [1]) + Self.packet(2, Self.column) + Self.packet(3, Self.eof())
        + Self.packet(4, [1, 0x31]) + Self.packet(5, Self.eof(status: 8))
        + Self.packet(6, Self.ok(affected: 5)))
    talk.says(.client, Self.packet(0, [14]))
    talk.says(.server, Self.packet(1, Self.ok()))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.mysqlCommand) } == ["LOGIN", "COM_QUERY", "COM_PING"])
    #expect(calls.allSatisfy { $0.fault == nil && $0.hasResponse })
  }

  @Test func afterASSLRequestAnotherProtocolFollows() {
    var talk = Talk(serverPort: 3306)
    talk.says(.server, Self.greeting)
    talk.says(.client, Self.packet(1, [0, 0xaa, 0, 0] + Array(repeating: 0, count: 28)))
    talk.client("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    talk.server("HTTP/1.1 204 No\r\n\r\n")
    #expect(talk.calls().map(\.kind) == [.mysql, .http])
  }

  @Test func aHostThatIsTurnedAwayIsALoginThatFailed() {
    for text in ["Host '10.0.0.9' is blocked because of many connection errors", "#08004Too many"] {
      var talk = Talk(serverPort: 3306)
      talk.says(.server, Self.packet(0, [0xff, 0x69, 4] + Array(text.utf8)))
      talk.finishes(.server)
      let calls = talk.calls()
      #expect(calls.map { $0.text(.mysqlCommand) } == ["LOGIN"])
      #expect(calls[0].failed && calls[0].fault == nil && !calls[0].hasRequest)
      #expect(calls[0].source.port == 40_000 && calls[0].destination.port == 3306)
      #expect(calls[0].int(.mysqlErrorCode) == 1129)
      #expect(calls[0].text(.mysqlErrorMessage)?.hasSuffix(String(text.suffix(8))) == true)
      Laws.split(talk)
      Laws.truncation(talk)
      Laws.reordering(talk)
      Laws.mutation(talk, rounds: 50)
    }
  }

  @Test func aConversationJoinedMidwayIsRead() {
    for deprecatesEOF in [false, true] {
      var talk = Talk(serverPort: 3306)
      talk.isMidway = true
      talk.says(.client, Self.command(3, "select * from t"))
      talk.says(.server, Self.result(rows: 2, deprecatesEOF: deprecatesEOF))
      let call = talk.calls().first
      #expect(call?.int(.mysqlRows) == 2)
      #expect(call?.fault == nil)
    }
  }

  @Test func commandsInPiecesAreFoundWhereTheReaderSearches() {
    let name: [UInt8] = [1, 1, 0, 1, 0xfe, 0] + [1] + Array("a".utf8) + [1] + Array("b".utf8)
    for body in [[3] as [UInt8], [3, 0, 1], [3] + name, [22]] {
      let command = Self.packet(0, body + Array(" select 1 from t".utf8))
      for cut in 1..<command.count {
        var talk = Self.begun()
        talk.lost(.client, 50)
        talk.says(.client, Array(command[..<cut]))
        talk.says(.client, Array(command[cut...]))
        let texts = talk.calls().compactMap { $0.text(.mysqlQuery) }
        #expect(texts.contains { $0.hasSuffix("select 1 from t") }, "\(body), cut at \(cut)")
        Laws.mutation(talk, rounds: 3)
      }
    }
  }

  /// The answer that was under way when the capture began waited with those behind it until the protocol
  /// was known, and was shown with them: every later answer went to the next command.
  @Test func anAnswerUnderWayWhenTheCaptureBeganShiftsNoPairs() {
    var talk = Talk(serverPort: 3306)
    talk.isMidway = true
    talk.says(.server, Self.packet(1, Self.ok()))
    let changes: [UInt8] = [1, 2, 3, 4]
    for affected in changes {
      talk.says(.client, Self.command(3, "update t set a = \(affected)"))
      talk.says(.server, Self.packet(1, Self.ok(affected: affected)))
    }
    let calls = talk.calls()
    #expect(calls.compactMap { $0.int(.mysqlRows) } == [1, 2, 3, 4])
    #expect(calls.compactMap { $0.text(.mysqlQuery) }.last == "update t set a = 4")
    #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse && $0.fault == nil })
  }

  /// Clients may do without the definitions of columns (`CLIENT_OPTIONAL_RESULTSET_METADATA`). The mark
  /// before the count, which tells that they are left out, was taken for OK.
  @Test func definitionsOfColumnsMayBeLeftOut() {
    for deprecatesEOF in [false, true] {
      var talk = Self.begun(deprecatesEOF: deprecatesEOF, isMetadataOptional: true)
      for areDefined in [false, true] {
        talk.says(.client, Self.command(3, "select * from t"))
        var bytes = Self.packet(1, [areDefined ? 1 : 0, 2])
        if areDefined { bytes += Self.packet(2, Self.column) + Self.packet(3, Self.column) }
        if !deprecatesEOF { bytes += Self.packet(4, Self.eof()) }
        for number: UInt8 in 5...7 { bytes += Self.packet(number, [1, 0x31, 1, 0x32]) }
        let end = deprecatesEOF ? [0xfe, 0, 0, 2, 0, 0, 0] : Self.eof()
        talk.says(.server, bytes + Self.packet(8, end))
      }
      talk.says(.client, Self.command(22, "select ?"))
      talk.says(.server, Self.packet(1, [0, 9, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]))
      talk.says(.client, Self.packet(0, [14]))
      talk.says(.server, Self.packet(1, Self.ok()))
      let calls = talk.calls()
      #expect(
        calls.map { $0.text(.mysqlCommand) } == [
          "LOGIN", "COM_QUERY", "COM_QUERY", "COM_STMT_PREPARE", "COM_PING",
        ])
      #expect(calls.map { $0.int(.mysqlRows) } == [nil, 3, 3, nil, 0])
      #expect(calls.allSatisfy { $0.hasResponse && $0.fault == nil })
      Laws.split(talk)
    }
  }

  /// An error repeats what it does not understand, and what is there already.
  @Test(arguments: [
    (
      "alter user a password 'x' identified by 'hunter2'",
      "You have an error near 'password 'x' identified by 'hunter2'' at line 1",
      "You have an error near 'password '[redacted]' identified by '[redacted]'' at line 1"
    ),
    (
      "update u set token = 'hunter2'", "Duplicate entry 'hunter2' for key 'u.x'",
      "Duplicate entry '[redacted]' for key 'u.x'"
    ),
    (
      "call add_user(1)", "Duplicate entry 'hunter2' for key 'u.api_key'",
      "Duplicate entry '[redacted]' for key 'u.api_key'"
    ),
    (
      "call add_user(1)", "Incorrect integer value: 'hunter2' for column 'secret' at row 1",
      "Incorrect integer value: '[redacted]' for column 'secret' at row 1"
    ),
    (
      "select 1", "Duplicate entry 'ann' for key 'u.name'",
      "Duplicate entry 'ann' for key 'u.name'"
    ),
    (
      "select 1", "Access denied for user 'a'@'b' (using password: NO)",
      "Access denied for user 'a'@'b' (using password: NO)"
    ),
  ])
  func errorsDoNotRepeatSecrets(query: String, error: String, shown: String) {
    var talk = Self.begun()
    talk.says(.client, Self.command(3, query))
    talk.says(.server, Self.packet(1, [0xff, 0x28, 4] + Array("#42000\(error)".utf8)))
    let call = talk.calls().last
    #expect(call?.text(.mysqlErrorMessage) == shown)
    #expect(call?.essence.contains("hunter2") == false)
  }

  /// Servers tell clients in whose sessions nobody asks that they end them (`wait_timeout`); it was told
  /// as the answer to a command that was not captured.
  @Test func theLastWordOfAServerAnswersNothing() {
    var talk = Self.begun()
    talk.says(.client, Self.packet(0, [14]))
    talk.says(.server, Self.packet(1, Self.ok()))
    talk.says(
      .server, Self.packet(0, [0xff, 0xbf, 0x0f] + Array("#HY000closed for inactivity".utf8)))
    let call = talk.calls().last
    #expect(call?.text(.mysqlCommand) == "ERROR")
    #expect(call?.int(.mysqlErrorCode) == 4031)
    #expect(call?.text(.mysqlDatabase) == "shop")
    #expect(call?.source.port == 3306)
    #expect(call?.failed == true && call?.fault == nil)
    Laws.split(talk)
  }

  /// However the rows before it are cut, the bytes of it that came count.
  @Test func aRowThatDoesNotEndCountsAsFarAsItCame() {
    var talk = Self.begun()
    talk.says(.client, Self.command(3, "select * from t"))
    // Without the end of the rows, and one byte less.
    talk.says(.server, Array(Self.result(rows: 3, deprecatesEOF: true).dropLast(12)))
    #expect(talk.calls().last?.fault?.kind == .connection)
    #expect(talk.calls().last?.responseSize == Int64(5 + 28 + 3 * 6 - 1))
    Laws.split(talk)
  }

  /// What a client sends to prove who it is was counted as a file.
  @Test func anotherUserUploadsNothing() {
    var talk = Self.begun()
    let challenge = Array("mysql_native_password\0scramblescramblescra\0".utf8)
    talk.says(.client, Self.packet(0, [17] + Array("bob\0\u{8}scrambleshop\0".utf8)))
    talk.says(.server, Self.packet(1, [0xfe] + challenge))
    talk.says(.client, Self.packet(2, Array(repeating: 7, count: 20)))
    talk.says(.server, Self.packet(3, Self.ok()))
    let call = talk.calls().last
    #expect(call?.text(.mysqlCommand) == "COM_CHANGE_USER")
    #expect(call?.hasResponse == true && call?.fault == nil)
    #expect(call?.text(.details)?.contains("uploadedBytes") == false)
  }

  /// Captures may keep the first bytes of each packet alone (`tcpdump -s 96`). Commands that are cut
  /// were passed over, and their answers went to nobody.
  @Test func cutPacketsAreReadAsFarAsTheyGo() {
    var talk = Self.begun()
    func says(_ side: Side, _ bytes: [UInt8], keeping count: Int) {
      talk.says(side, Array(bytes.prefix(count)))
      talk.lost(side, bytes.count - count)
    }
    says(.client, Self.command(3, "select name from customers"), keeping: 20)
    talk.says(.server, Self.result(rows: 2, deprecatesEOF: true))
    talk.says(.client, Self.command(3, "insert into t values (1)"))
    let failure = [0xff, 0x7a, 4] + Array("#42S02there is no such table".utf8)
    says(.server, Self.packet(1, failure), keeping: 24)
    talk.says(.client, Self.packet(0, [14]))
    talk.says(.server, Self.packet(1, Self.ok()))
    let calls = Array(talk.calls().sorted { $0.index < $1.index }.dropFirst())
    #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse })
    #expect(
      calls.map { $0.text(.mysqlQuery) } == ["select name fro…", "insert into t values (1)", nil])
    #expect(calls.map { $0.int(.mysqlRows) } == [2, nil, 0])
    #expect(calls.map { $0.int(.mysqlErrorCode) } == [nil, 1146, nil])
    #expect(calls.map { $0.fault?.kind } == [.dissection, .dissection, nil])
  }

  /// Who does not send commands ahead has the answer to everything before what it sends.
  @Test func behindLostAnswersTheNewestCommandIsAnswered() {
    var talk = Self.begun()
    talk.says(.client, Self.command(3, "use stock"))
    talk.heard(.client, 11)
    talk.says(.client, Self.command(3, "select 2"))
    talk.lost(.server, 11)
    talk.says(.server, Self.result(rows: 2, deprecatesEOF: true))
    // A hole within an answer.
    talk.says(.client, Self.command(3, "select 3"))
    talk.says(.server, Array(Self.result(rows: 3, deprecatesEOF: true).prefix(12)))
    talk.heard(.client, 60)
    talk.says(.client, Self.command(3, "select 4"))
    talk.lost(.server, 60)
    talk.says(.server, Self.result(rows: 4, deprecatesEOF: true))
    talk.says(.client, Self.command(3, "select 5"))
    talk.says(.server, Self.result(rows: 5, deprecatesEOF: true))
    let calls = talk.calls()
    func call(_ query: String) -> Entry? { calls.first { $0.text(.mysqlQuery) == query } }
    #expect(calls.count == 6)
    #expect(calls.allSatisfy { $0.hasRequest })
    #expect(call("use stock")?.hasResponse == false)
    #expect(["select 2", "select 4", "select 5"].map { call($0)?.int(.mysqlRows) } == [2, 4, 5])
    #expect(call("select 3")?.fault?.kind == .dissection)
    #expect(call("select 5")?.text(.mysqlDatabase) == "stock")
  }

  /// Commands are sent one behind the other, and one answer is lost.
  @Test func behindAHoleInAPipelineCommandsAreNotPairedByChance() {
    func ask(_ numbers: Int...) -> [UInt8] {
      numbers.flatMap { Self.command(3, "select \($0)") }
    }
    func answer(_ rows: Int) -> [UInt8] { Self.result(rows: rows, deprecatesEOF: true) }
    var talk = Self.begun()
    talk.says(.client, ask(1, 2, 3))
    talk.says(.server, answer(1))
    talk.lost(.server, answer(2).count)
    talk.says(.server, answer(3))
    talk.says(.client, ask(4, 5))
    talk.says(.server, answer(4) + answer(5))
    let calls = talk.calls()
    var rows: [String: Int64] = [:]
    for call in calls {
      if let query = call.text(.mysqlQuery) { rows[query] = call.int(.mysqlRows) }
    }
    #expect(rows == ["select 1": 1, "select 4": 4, "select 5": 5])
    let alone = calls.filter { !$0.hasRequest }
    #expect(alone.map { $0.int(.mysqlRows) } == [3])
    #expect(alone.first?.fault == AnswerOrder.unknownQuestion)
    let unanswered = calls.filter { !$0.hasResponse }
    #expect(unanswered.map { $0.text(.mysqlQuery) } == ["select 2", "select 3"])
    #expect(unanswered.allSatisfy { $0.fault == AnswerOrder.unknownAnswer })
  }

  @Test func behindALostAnswerToTheLoginCommandsAreRead() {
    var talk = Self.begun()
    talk.turns.removeLast()
    talk.says(.client, Self.command(3, "select 1"))
    talk.lost(.server, 11)
    talk.says(.server, Self.result(rows: 1, deprecatesEOF: true))
    talk.says(.client, Self.command(3, "select 2"))
    talk.says(.server, Self.result(rows: 2, deprecatesEOF: true))
    let calls = talk.calls()
    #expect(Set(calls.map { $0.text(.mysqlCommand) }) == ["LOGIN", "COM_QUERY"])
    #expect(calls.first { $0.text(.mysqlQuery) == "select 2" }?.int(.mysqlRows) == 2)
  }

  @Test func otherProtocolsAreNotMySQL() {
    var mail = Talk(serverPort: 3306)
    mail.server("220 mail ready\r\n")
    mail.client("HELO x\r\n")
    #expect(mail.calls().isEmpty)
    var http = Talk(serverPort: 3306)
    http.client("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    http.server("HTTP/1.1 204 No\r\n\r\n")
    #expect(http.calls().map(\.kind) == [.http])
  }

  // MARK: Laws

  @Test func anySplitGivesTheSameMessages() { for talk in Self.talks { Laws.split(talk) } }

  @Test func anyBeginningGivesABeginningOfTheMessages() {
    for talk in Self.talks { Laws.truncation(talk) }
  }

  @Test func anyOrderOfSegmentsGivesTheSameMessages() {
    for talk in Self.talks { Laws.reordering(talk) }
  }

  @Test func nothingBreaksIt() { for talk in Self.talks { Laws.mutation(talk) } }

  // MARK: Material

  private static let talks = [session(deprecatesEOF: false), session(deprecatesEOF: true)]

  static func packet(_ number: UInt8, _ body: [UInt8]) -> [UInt8] {
    [UInt8(body.count & 255), UInt8(body.count >> 8), 0, number] + body
  }

  static func command(_ code: UInt8, _ text: String) -> [UInt8] {
    packet(0, [code] + Array(text.utf8))
  }

  static func ok(affected: UInt8 = 0, status: UInt8 = 2) -> [UInt8] {
    [0, affected, 0, status, 0, 0, 0]
  }

  static func eof(status: UInt8 = 2) -> [UInt8] { [0xfe, 0, 0, status, 0] }

  /// The definition of a column; its insides are not looked at.
  static let column: [UInt8] = [3] + Array("def".utf8) + Array(repeating: UInt8(0), count: 20)

  static let greeting = packet(
    0,
    [10] + Array("8.0.1\0".utf8) + [7, 0, 0, 0] + Array("scramble\0".utf8)
      + [0xff, 0xff, 0xff, 2, 0, 0xff, 0xdf, 21] + Array(repeating: 0, count: 10)
      + Array("scramblescra\0mysql_native_password\0".utf8))

  static func result(rows: Int, deprecatesEOF: Bool) -> [UInt8] {
    var number: UInt8 = 0
    func next(_ body: [UInt8]) -> [UInt8] {
      number += 1
      return packet(number, body)
    }
    var bytes = next([1]) + next(column)
    if !deprecatesEOF { bytes += next(eof()) }
    for _ in 0..<rows { bytes += next([1, 0x31]) }
    return bytes + next(deprecatesEOF ? [0xfe, 0, 0, 2, 0, 0, 0] : eof())
  }

  static func begun(
    deprecatesEOF: Bool = true, hasAttributes: Bool = false, compresses: Bool = false,
    isMetadataOptional: Bool = false
  ) -> Talk {
    var talk = Talk(serverPort: 3306)
    talk.says(.server, greeting)
    let more: UInt8 =
      (deprecatesEOF ? 1 : 0) | (isMetadataOptional ? 2 : 0) | (hasAttributes ? 8 : 0)
    let flags: [UInt8] = [compresses ? 0xad : 0x8d, 0xa2, 0x08, more]
    talk.says(
      .client,
      packet(
        1,
        flags + [0, 0, 0, 1, 45] + Array(repeating: 0, count: 23) + Array("app\0".utf8) + [8]
          + Array("scramble".utf8) + Array("shop\0mysql_native_password\0".utf8)))
    talk.says(.server, packet(2, ok()))
    return talk
  }

  static func session(deprecatesEOF: Bool) -> Talk {
    var talk = begun(deprecatesEOF: deprecatesEOF)
    talk.says(.client, command(3, "select * from t"))
    talk.says(.server, result(rows: 2, deprecatesEOF: deprecatesEOF))
    talk.says(.client, command(3, "update t set a = 1"))
    talk.says(.server, packet(1, ok(affected: 3)))
    talk.says(.client, command(3, "select * from nowhere"))
    talk.says(.server, packet(1, [0xff, 0x7a, 4] + Array("#42S02no such table".utf8)))
    talk.says(.client, command(22, "select ?"))
    var prepared = packet(1, [0, 9, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]) + packet(2, column)
    if !deprecatesEOF { prepared += packet(3, eof()) }
    prepared += packet(4, column)
    if !deprecatesEOF { prepared += packet(5, eof()) }
    talk.says(.server, prepared)
    talk.says(.client, packet(0, [23, 9, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 8, 0, 7]))
    talk.says(.server, result(rows: 1, deprecatesEOF: deprecatesEOF))
    talk.says(.client, packet(0, [25, 9, 0, 0, 0]))
    talk.says(.client, command(2, "other"))
    talk.says(.server, packet(1, ok()))
    talk.says(.client, packet(0, [14]))
    talk.says(.server, packet(1, ok()))
    talk.says(.client, packet(0, [1]))
    return talk
  }
}
