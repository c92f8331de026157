import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Testing

@Suite struct MongoDBTests {
  @Test func everyCommandHasItsReply() throws {
    let calls = Self.session.calls().sorted { $0.index < $1.index }
    #expect(calls.allSatisfy { $0.kind == .mongodb && $0.fault == nil && $0.hasResponse })
    #expect(
      calls.map { $0.text(.mongodbCommand) } == [
        "ismaster", "saslStart", "find", "insert", "drop",
      ])
    #expect(calls.map { $0.text(.mongodbDatabase) } == ["admin", "admin", "shop", "shop", "shop"])
    #expect(
      calls.map { $0.text(.mongodbCollection) } == [nil, nil, "orders", "orders", "nothing"])
    #expect(calls.map { $0.int(.mongodbDocuments) } == [1, nil, 2, 2, nil])
    #expect(calls.map(\.failed) == [false, false, false, true, true])
    #expect(calls.map { $0.int(.mongodbErrorCode) } == [nil, nil, nil, 11000, 26])
    #expect(calls[4].text(.mongodbErrorCodeName) == "NamespaceNotFound")
    #expect(calls[3].text(.mongodbErrorMessage) == "E11000 duplicate key")
    #expect(calls.map { $0.text(.mongodbOpcode) }[0] == "OP_QUERY")
    let request = try JSONReader.value(of: calls[2].text(.details) ?? "")["request"]
    #expect(
      request?["document"] == [
        "find": "orders", "filter": ["qty": 3, "open": true], "$db": "shop",
      ])
  }

  @Test func credentialsAreNeverKept() {
    let text = Self.session.calls().map(\.essence).joined()
    #expect(!text.contains("hunter2"))
    #expect(text.contains("\"payload\":\"[redacted]\""))
  }

  @Test func aMessageThatNobodyAnswersStandsAlone() {
    var talk = Talk(serverPort: 27_017)
    talk.says(
      .client, Self.message(1, 0, Self.document(Self.text("insert", "a") + Self.db), flags: 2))
    talk.says(.client, Self.message(2, 0, Self.document(Self.int("ping", 1) + Self.db)))
    talk.says(.server, Self.message(9, 2, Self.document(Self.ok)))
    let calls = talk.calls()
    #expect(calls.map(\.hasResponse) == [false, true])
    #expect(calls.allSatisfy { $0.fault == nil })
  }

  @Test func repliesOfAStreamTellWhatWasAsked() {
    var talk = Talk(serverPort: 27_017)
    talk.says(
      .client,
      Self.message(1, 0, Self.document(Self.text("find", "orders") + Self.db), flags: 0x1_0000))
    talk.says(.server, Self.message(8, 1, Self.document(Self.ok), flags: 2))
    talk.says(.server, Self.message(9, 8, Self.document(Self.ok), flags: 2))
    talk.says(.server, Self.message(10, 9, Self.document(Self.ok)))
    talk.says(.client, Self.message(2, 0, Self.document(Self.int("ping", 1) + Self.db)))
    talk.says(.server, Self.message(11, 2, Self.document(Self.ok)))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map(\.hasRequest) == [true, false, false, true])
    #expect(calls.map { $0.text(.mongodbCommand) } == ["find", "find", "find", "ping"])
    #expect(calls.map { $0.text(.mongodbCollection) } == ["orders", "orders", "orders", nil])
    #expect(calls.allSatisfy { $0.fault == nil && $0.text(.mongodbDatabase) == "shop" })
  }

  /// A document of a collection was taken for the outcome of a command.
  @Test func whatAFoundDocumentSaysIsNoOutcome() {
    func asks(_ number: Int, _ namespace: String, _ document: [UInt8]) -> [UInt8] {
      Self.framed(
        number, 0, 2004,
        Self.little(0) + Array((namespace + "\0").utf8) + Self.little(0) + Self.little(1)
          + document)
    }
    func found(_ answers: Int, _ members: [UInt8]) -> [UInt8] {
      Self.framed(
        answers + 50, answers, 1,
        Self.little(8) + Self.little(0) + Self.little(0) + Self.little(0) + Self.little(1)
          + Self.document(members))
    }
    var talk = Talk(serverPort: 27_017)
    talk.says(.client, asks(1, "shop.jobs", Self.document(Self.int("id", 1))))
    talk.says(
      .server, found(1, Self.int("ok", 0) + Self.text("err", "late") + Self.int("n", 70)))
    talk.says(.client, asks(2, "shop.$cmd", Self.document(Self.int("getLastError", 1))))
    talk.says(.server, found(2, Self.int("n", 0) + Self.text("err", "no room") + Self.ok))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.mongodbCommand) } == ["find", "getLastError"])
    #expect(calls.map(\.failed) == [false, true])
    #expect(calls.map { $0.int(.mongodbDocuments) } == [1, 0])
    #expect(calls.map { $0.text(.mongodbErrorMessage) } == [nil, "no room"])
    Laws.split(talk)
    Laws.mutation(talk, rounds: 50)
  }

  /// Captures may keep the first bytes of each packet alone (`tcpdump -s 96`): such messages were passed
  /// over.
  @Test func cutMessagesAreReadAsFarAsTheyGo() {
    var talk = Talk(serverPort: 27_017)
    func says(_ side: Side, _ bytes: [UInt8], keeping count: Int) {
      talk.says(side, Array(bytes.prefix(count)))
      talk.lost(side, bytes.count - count)
    }
    let filter = Self.inner("filter", Self.text("city", "a city with a name that is rather long"))
    let asks = Self.document(Self.text("find", "orders") + filter + Self.db)
    let cursor = Self.inner("cursor", Self.inner("firstBatch", filter, type: 4))
    says(.client, Self.message(1, 0, asks), keeping: 60)
    says(.server, Self.message(7, 1, Self.document(cursor + Self.ok)), keeping: 60)
    talk.says(.client, Self.message(2, 0, Self.document(Self.int("ping", 1) + Self.db)))
    talk.says(.server, Self.message(8, 2, Self.document(Self.ok)))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.mongodbCommand) } == ["find", "ping"])
    #expect(calls.map { $0.text(.mongodbCollection) } == ["orders", nil])
    #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse })
    #expect(calls.map { $0.fault?.kind } == [.dissection, nil])
  }

  /// Drivers wrap a command to say which servers may answer it; it was called `$query`.
  @Test func aCommandBesideAReadPreferenceIsFound() {
    func asks(_ number: Int, _ members: [UInt8]) -> [UInt8] {
      Self.framed(
        number, 0, 2004,
        Self.little(0) + Array("shop.$cmd\0".utf8) + Self.little(0) + Self.little(1)
          + Self.document(members))
    }
    let preference = Self.inner("$readPreference", Self.text("mode", "secondary"))
    let login =
      Self.int("authenticate", 1) + Self.text("user", "app") + Self.text("key", "hunter2")
    var talk = Talk(serverPort: 27_017)
    talk.says(
      .client, asks(1, Self.inner("$query", Self.text("count", "orders")) + preference))
    talk.says(.client, asks(2, Self.inner("query", login)))
    talk.says(.client, asks(3, Self.text("distinct", "orders") + Self.text("key", "city")))
    talk.says(
      .client,
      Self.framed(
        4, 0, 2005,
        Self.little(0) + Array("shop.orders\0".utf8) + Self.little(9) + [1, 0, 0, 0, 0, 0, 0, 0]
      ))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(
      calls.map { $0.text(.mongodbCommand) } == ["count", "authenticate", "distinct", "getMore"])
    #expect(calls.map { $0.text(.mongodbCollection) } == ["orders", nil, "orders", "orders"])
    #expect(calls.allSatisfy { $0.text(.mongodbDatabase) == "shop" })
    let details = calls.map { $0.text(.details) ?? "" }
    #expect(details[0].contains("secondary") && details[2].contains("city"))
    #expect(!details.joined().contains("hunter2"))
  }

  @Test func aBulkWriteFailsWithOneOfItsOperations() {
    func section(_ name: String, _ documents: [UInt8]) -> [UInt8] {
      let content = Array((name + "\0").utf8) + documents
      return [1] + Self.little(content.count + 4) + content
    }
    let operation = Self.document(Self.int("insert", 0))
    let body = Self.int("bulkWrite", 1) + Self.text("$db", "admin")
    let sections =
      section("ops", operation + operation)
      + section("nsInfo", Self.document(Self.text("ns", "shop.orders")))
    let good = Self.inner("0", Self.ok + Self.int("n", 1))
    let bad = Self.inner(
      "1", Self.int("ok", 0) + Self.int("code", 11000) + Self.text("errmsg", "E11000 twice"))
    let batch = Self.inner("firstBatch", good + bad, type: 4)
    var talk = Talk(serverPort: 27_017)
    talk.says(.client, Self.message(1, 0, Self.document(body), sequence: sections))
    talk.says(
      .server,
      Self.message(
        9, 1, Self.document(Self.inner("cursor", batch) + Self.int("nErrors", 1) + Self.ok)))
    let call = talk.calls().first
    #expect(call?.text(.mongodbCommand) == "bulkWrite")
    #expect(call?.text(.mongodbDatabase) == "shop")
    #expect(call?.text(.mongodbCollection) == "orders")
    #expect(call?.failed == true)
    #expect(call?.int(.mongodbErrorCode) == 11000)
    #expect(call?.text(.mongodbErrorMessage) == "E11000 twice")
    Laws.mutation(talk, rounds: 50)
  }

  @Test func olderMessagesThatNobodyAnswersAreNamed() {
    let name = Array("shop.orders\0".utf8)
    let orders = Self.document(Self.int("a", 1)) + Self.document(Self.int("a", 2))
    var talk = Talk(serverPort: 27_017)
    talk.says(.client, Self.message(5, 0, Self.document(Self.int("ping", 1) + Self.db)))
    talk.says(.server, Self.message(9, 5, Self.document(Self.ok)))
    talk.says(.client, Self.framed(1, 0, 2002, Self.little(0) + name + orders))
    talk.says(
      .client,
      Self.framed(2, 0, 2007, Self.little(0) + Self.little(1) + Self.little(7) + Self.little(0)))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.mongodbCommand) } == ["ping", "insert", "killCursors"])
    #expect(calls.map { $0.int(.mongodbDocuments) } == [nil, 2, nil])
    #expect(calls.allSatisfy { $0.fault == nil })
    #expect(calls.map(\.hasResponse) == [true, false, false])
  }

  @Test func compressedMessagesAreRead() {
    var talk = Talk(serverPort: 27_017)
    let inner = Array(
      Self.message(1, 0, Self.document(Self.int("ping", 1) + Self.db)).dropFirst(16))
    talk.says(.client, Self.compressed(1, 0, inner))
    talk.says(
      .server,
      Self.compressed(2, 1, Array(Self.message(2, 1, Self.document(Self.ok)).dropFirst(16))))
    let call = talk.calls().first
    #expect(call?.text(.mongodbCommand) == "ping")
    #expect(call?.fault == nil)
  }

  @Test func otherProtocolsAreNotMongoDB() {
    var kafka = Talk(serverPort: 27_017)
    kafka.says(
      .client, [0, 0, 0, 14, 0, 18, 0, 0, 0, 0, 0, 1, 0, 4] + Array("demo".utf8))
    kafka.says(.server, [0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    #expect(!kafka.calls().contains { $0.kind == .mongodb })
    var http = Talk(serverPort: 27_017)
    http.client("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    http.server("HTTP/1.1 204 No\r\n\r\n")
    #expect(http.calls().map(\.kind) == [.http])
  }

  // MARK: Laws

  /// The length may come in a packet of its own.
  @Test func aReplyInPiecesIsFoundWhereTheReaderSearches() {
    let reply = Self.message(8, 2, Self.document(Self.ok))
    for cut in 4..<reply.count {
      var talk = Talk(serverPort: 27_017)
      talk.isMidway = true
      talk.says(.client, Self.message(2, 0, Self.document(Self.int("ping", 1) + Self.db)))
      talk.says(.server, Array(reply[..<cut]))
      talk.says(.server, Array(reply[cut...]))
      #expect(talk.calls().map(\.hasResponse) == [true], "cut at \(cut)")
    }
  }

  @Test func anySplitGivesTheSameMessages() { Laws.split(Self.session) }
  @Test func anyBeginningGivesABeginningOfTheMessages() { Laws.truncation(Self.session) }
  @Test func anyOrderOfSegmentsGivesTheSameMessages() { Laws.reordering(Self.session) }
  @Test func nothingBreaksIt() { Laws.mutation(Self.session) }

  // MARK: Material

  private static func little(_ value: Int) -> [UInt8] {
    [UInt8(value & 255), UInt8(value >> 8 & 255), UInt8(value >> 16 & 255), UInt8(value >> 24)]
  }

  private static func named(_ type: UInt8, _ name: String, _ value: [UInt8]) -> [UInt8] {
    [type] + Array(name.utf8) + [0] + value
  }

  static func text(_ name: String, _ value: String) -> [UInt8] {
    named(2, name, little(value.utf8.count + 1) + Array(value.utf8) + [0])
  }

  static func int(_ name: String, _ value: Int) -> [UInt8] { named(16, name, little(value)) }
  static func document(_ members: [UInt8]) -> [UInt8] { little(members.count + 5) + members + [0] }
  static func inner(_ name: String, _ members: [UInt8], type: UInt8 = 3) -> [UInt8] {
    named(type, name, document(members))
  }

  static let db = text("$db", "shop")
  static let ok = named(1, "ok", [0, 0, 0, 0, 0, 0, 0xf0, 0x3f])

  private static func framed(
    _ number: Int, _ answers: Int, _ opcode: Int, _ body: [UInt8]
  ) -> [UInt8] {
    little(body.count + 16) + little(number) + little(answers) + little(opcode) + body
  }

  static func message(
    _ number: Int, _ answers: Int, _ document: [UInt8], flags: Int = 0, sequence: [UInt8] = []
  ) -> [UInt8] {
    framed(number, answers, 2013, little(flags) + [0] + document + sequence)
  }

  /// OP_COMPRESSED with the compressor that changes nothing.
  static func compressed(_ number: Int, _ answers: Int, _ body: [UInt8]) -> [UInt8] {
    framed(number, answers, 2012, little(2013) + little(body.count) + [0] + body)
  }

  static var session: Talk {
    var talk = Talk(serverPort: 27_017)
    talk.says(
      .client,
      framed(
        1, 0, 2004,
        little(0) + Array("admin.$cmd\0".utf8) + little(0) + little(-1 & 0x7fff_ffff)
          + document(int("ismaster", 1))))
    talk.says(
      .server,
      framed(
        7, 1, 1, little(8) + little(0) + little(0) + little(0) + little(1) + document(ok)))
    talk.says(
      .client,
      message(
        2, 0,
        document(
          int("saslStart", 1) + named(5, "payload", little(7) + [0] + Array("hunter2".utf8))
            + text("$db", "admin"))))
    talk.says(.server, message(8, 2, document(text("payload", "hunter2") + ok)))
    let filter = inner("filter", int("qty", 3) + named(8, "open", [1]))
    talk.says(.client, message(3, 0, document(text("find", "orders") + filter + db)))
    let batch = inner(
      "firstBatch", inner("0", int("a", 1)) + inner("1", int("a", 2)), type: 4)
    talk.says(.server, message(9, 3, document(inner("cursor", batch) + ok)))
    let documents =
      little(4 + 10 + 26) + Array("documents\0".utf8) + document(int("_id", 1))
      + document(int("b", 22))
    talk.says(
      .client,
      message(4, 0, document(text("insert", "orders") + db), sequence: [1] + documents))
    let error = int("index", 0) + int("code", 11000) + text("errmsg", "E11000 duplicate key")
    talk.says(
      .server,
      message(10, 4, document(inner("writeErrors", inner("0", error), type: 4) + ok)))
    talk.says(.client, message(5, 0, document(text("drop", "nothing") + db)))
    talk.says(
      .server,
      message(
        11, 5,
        document(
          named(1, "ok", Array(repeating: 0, count: 8)) + text("errmsg", "ns not found")
            + int("code", 26) + text("codeName", "NamespaceNotFound"))))
    return talk
  }
}
