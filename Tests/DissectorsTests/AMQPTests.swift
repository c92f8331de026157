import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Testing

@Suite struct AMQPTests {
  @Test func methodsFindTheirAnswersAndTheOthersStandAlone() {
    let calls = Self.session.calls().sorted { $0.index < $1.index }
    #expect(calls.allSatisfy { $0.kind == .amqp && $0.fault == nil })
    #expect(
      calls.map { $0.text(.amqpMethod) } == [
        "connection.start", "connection.tune", "connection.open", "channel.open", "queue.declare",
        "basic.publish", "basic.deliver", "basic.get", "basic.get", "basic.ack", "channel.close",
      ])
    #expect(
      calls.map(\.hasResponse) == [
        true, true, true, true, true, false, false, true, true, false, true,
      ])
    #expect(calls.map(\.failed) == calls.indices.map { $0 == 10 })
    #expect(calls[0...2].map { $0.text(.amqpSummary) } == ["0.9", "2047", "/"])
    #expect(calls[4].text(.amqpSummary) == "orders")
    #expect(calls[5].text(.amqpSummary) == "shop")
    #expect(calls[5].text(.amqpRoutingKey) == "orders.new")
    #expect(calls[6].source.port == 5672)
    #expect(calls[8].text(.statusText) == "empty")
    #expect(calls[10].text(.amqpSummary) == "NOT_FOUND")
    #expect(calls[10].text(.statusText) == "404")
  }

  @Test func olderVersionsWithTheSameFramesAreReadAsWell() {
    for version: [UInt8] in [[1, 1, 0, 9], [1, 1, 8, 0]] {
      var older = Self.session
      older.turns[0] = .says(.client, Array("AMQP".utf8) + version)
      #expect(older.calls().count == Self.session.calls().count)
    }
  }

  @Test func contentsHaveTheirPropertiesAndBodies() throws {
    let calls = Self.session.calls().sorted { $0.index < $1.index }
    #expect(calls[5].request?.text == "{\"id\":1}")
    #expect(calls[5].request?.headers.value(of: "content-type") == "application/json")
    #expect(calls[5].request?.headers.value(of: "x-retry") == "3")
    #expect(calls[6].request?.text == "hello")
    #expect(calls[7].hasResponse && calls[7].response == nil)
    let details = try JSONReader.value(of: calls[5].text(.details) ?? "")["request"]
    #expect(details?["bodySize"] == 8)
    #expect(details?["method"] == "basic.publish")
  }

  /// Values of other types than text are shown as JSON shows them; what has a text of its own is that.
  @Test func tablesOfContentsBecomeHeaderFields() {
    func entry(_ name: String, _ value: [UInt8]) -> [UInt8] { Self.short(name) + value }
    let table =
      entry("a:b", [0x53] + Self.long("x\r\ny")) + entry("Ünder", [0x74, 1])
      + entry("n", [0x56]) + entry("d", [0x44, 2, 0, 0, 0, 7])
      + entry("f", [0x64, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0])
      + entry("list", [0x41, 0, 0, 0, 4, 0x62, 1, 0x62, 0xff])
      + entry("in", [0x46, 0, 0, 0, 4] + Self.short("k") + [0x74, 0])
    let properties = [0x20, 0x80, 0, 0, 0, UInt8(table.count)] + table + Self.short("m1")
    func content(_ properties: [UInt8]) -> [UInt8] {
      Self.method(1, 60, 40, [0, 0] + Self.short("shop") + Self.short("k") + [0])
        + Self.frame(2, 1, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] + properties)
        + Self.frame(3, 1, [0x31])
    }
    var talk = Self.begun
    talk.says(.client, content(properties))
    // A table that is malformed at its end is left out, and what follows it cannot be found.
    var broken = properties
    broken[broken.count - 5] = 0x3f
    talk.says(.client, content(broken))
    let fields = talk.calls().sorted { $0.index < $1.index }.suffix(2).map {
      $0.request?.headers.fields.map { "\($0.name)=\($0.value)" } ?? []
    }
    #expect(
      fields == [
        [
          "a_b=x  y", "Ünder=true", "n=null", "d=7e-2", "f=1.5", "list=[1,-1]",
          #"in={"k":false}"#, "message-id=m1",
        ], [],
      ])
  }

  /// What the details are made of later is not kept as it came where it is secret, or long.
  @Test func longMethodsAndSecretsAreReadAtOnce() throws {
    var talk = Self.begun
    talk.says(.client, Self.method(0, 10, 70, Self.long("hunter2") + Self.short("renewed")))
    let name = String(repeating: "n", count: 200)
    var table: [UInt8] = []
    for _ in 0..<50 { table += Self.short(name) + [0x74, 1] }
    let arguments =
      [0, 0] + Self.short("orders") + [2, 0, 0] + [
        UInt8(table.count >> 8), UInt8(table.count & 255),
      ]
      + table
    talk.says(.client, Self.method(1, 50, 10, arguments))
    let calls = talk.calls().sorted { $0.index < $1.index }.suffix(2)
    let details = try calls.map { try JSONReader.value(of: $0.text(.details) ?? "")["request"] }
    #expect(details[0]?["newSecret"] == "[redacted]" && details[0]?["reason"] == "renewed")
    #expect(details[1]?["arguments"]?.object?.count == 50)
    #expect(calls.allSatisfy { $0.fields[.requestFacts] == .none })
    #expect(!talk.calls().map(\.essence).joined().contains("hunter2"))
  }

  @Test func answersToAuthenticationAreNeverKept() {
    #expect(!Self.session.calls().map(\.essence).joined().contains("hunter2"))
  }

  @Test func bodiesOfSeveralChannelsMayMix() {
    var talk = Self.begun
    let first = Self.publish("a", "x", channel: 1, size: 4)
    let second = Self.publish("b", "y", channel: 2, size: 2)
    talk.says(.client, first + second + Self.frame(3, 1, Array("12".utf8)))
    talk.says(.client, Self.frame(3, 2, Array("zz".utf8)) + Self.frame(3, 1, Array("34".utf8)))
    let bodies = talk.calls().sorted { $0.index < $1.index }.suffix(2).map { $0.request?.text }
    #expect(bodies == ["1234", "zz"])
  }

  @Test func otherVersionsAndProtocolsAreNotAMQP() {
    var talk = Talk(serverPort: 5672)
    talk.says(.client, Array("AMQP".utf8) + [3, 1, 0, 0])
    talk.says(.server, Array("AMQP".utf8) + [3, 1, 0, 0])
    #expect(talk.calls().isEmpty)
    var http = Talk(serverPort: 5672)
    http.client("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    http.server("HTTP/1.1 204 No\r\n\r\n")
    #expect(http.calls().map(\.kind) == [.http])
  }

  /// Captures may keep the first bytes of each packet alone (`tcpdump -s 96`): such methods were passed
  /// over, and with them why a channel was closed.
  @Test func cutMethodsAreReadAsFarAsTheyGo() throws {
    var talk = Self.begun
    let count = talk.calls().count
    func says(_ side: Side, _ bytes: [UInt8], keeping count: Int) {
      talk.says(side, Array(bytes.prefix(count)))
      talk.lost(side, bytes.count - count)
    }
    let declare = [0, 0] + Self.short("orders") + [2] + Self.long("arguments of the queue")
    says(.client, Self.method(1, 50, 10, declare), keeping: 24)
    let reason = Self.short("PRECONDITION_FAILED - inequivalent arg 'durable'")
    says(.server, Self.method(1, 20, 40, [1, 150] + reason + [0, 50, 0, 10]), keeping: 33)
    talk.says(.client, Self.method(1, 20, 41))
    let calls = talk.calls().sorted { $0.index < $1.index }.dropFirst(count)
    #expect(calls.map { $0.text(.amqpMethod) } == ["queue.declare", "channel.close"])
    #expect(calls.map { $0.text(.amqpSummary) } == ["orders", "PRECONDITION_FAILED…"])
    #expect(calls.map(\.failed) == [false, true])
    #expect(calls.last?.text(.statusText) == "406")
    #expect(calls.map(\.hasResponse) == [false, true])
    // A frame tells its length.
    #expect(calls.first?.requestSize == Int64(Self.method(1, 50, 10, declare).count))
    for call in calls { _ = try JSONReader.value(of: call.text(.details) ?? "") }
  }

  /// With the end of a large body were lost its length and properties, which its header had told.
  @Test func whatTheHeaderToldOfAContentOutlivesAHole() throws {
    var talk = Self.begun
    let count = talk.calls().count
    talk.says(.client, Self.publish("a", "x", channel: 1, size: 60) + Self.frame(3, 1, [1, 2]))
    talk.lost(.client, 80)
    talk.says(.client, Self.publish("a", "y", channel: 1, size: 1) + Self.frame(3, 1, [0x31]))
    let calls = talk.calls().sorted { $0.index < $1.index }.dropFirst(count)
    let details = try calls.map { try JSONReader.value(of: $0.text(.details) ?? "")["request"] }
    #expect(details.map { $0?["bodySize"] } == [60, 1])
    #expect(calls.first?.fault == Entry.Fault(.dissection, "80 bytes were not captured"))
  }

  /// A sender may leave thousands of bodies out: what their headers said is charged meanwhile, and
  /// forgotten first.
  @Test func whatHeadersToldOfContentsWithoutBodiesIsCharged() {
    let talk = {
      var talk = Self.begun
      for channel in 1...20 as ClosedRange<UInt8> {
        // What comes at once is read at once.
        let bytes = Self.publish("shop", "new", channel: channel, size: 4)
        talk.says(.client, Array(bytes.dropLast(22)))
        talk.says(.client, Array(bytes.suffix(22)))
      }
      for channel in 1...20 as ClosedRange<UInt8> {
        talk.says(.client, Self.frame(3, channel, Array("1234".utf8)))
      }
      return talk
    }()
    var limits = DissectionLimits()
    limits.waitingInAll = 300
    let small = Dissection(limits: limits, switches: .everything)
    talk.play(to: small)
    #expect(small.counters.referencesForgotten > 0 && small.counters.waitingDropped == 0)
    #expect(small.isIdle)
    let whole = Dissection(switches: .everything)
    talk.play(to: whole)
    #expect(whole.counters.referencesForgotten == 0)
    let published = { (calls: [Entry]) in
      calls.filter { $0.text(.amqpMethod) == "basic.publish" }
    }
    let (few, all) = (published(small.drain()), published(whole.drain()))
    #expect(few.count == 20 && all.count == 20)
    #expect(few.allSatisfy { $0.request?.text == "1234" && $0.fault == nil })
    let tellsSize = { (call: Entry) in (call.text(.details) ?? "").contains("bodySize") }
    #expect(all.allSatisfy(tellsSize) && !few.allSatisfy(tellsSize))
  }

  @Test func aConversationJoinedMidwayIsRead() {
    var talk = Talk(serverPort: 5672)
    talk.isMidway = true
    talk.says(
      .client, Self.publish("a", "x", channel: 1, size: 2) + Self.frame(3, 1, [0x31, 0x32]))
    #expect(talk.calls().map { $0.text(.amqpMethod) } == ["basic.publish"])
    #expect(talk.calls().first?.fault == nil)
  }

  @Test func aConversationJoinedWithinAContentIsRead() {
    let header = Self.frame(2, 1, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0])
    let body = Self.frame(3, 1, [0x31, 0x32])
    for beginning in [[header, body], [header + body], [body]] {
      var talk = Talk(serverPort: 5672)
      talk.isMidway = true
      for bytes in beginning { talk.says(.client, bytes) }
      talk.says(.client, Self.publish("a", "x", channel: 1, size: 2) + body)
      #expect(talk.calls().map { $0.text(.amqpMethod) } == ["basic.publish"])
    }
    // The end of the frame is not where its length says.
    var other = Talk(serverPort: 5672)
    other.isMidway = true
    other.says(.client, Array(body.dropLast()) + [0])
    #expect(other.calls().isEmpty)
  }

  @Test func aMethodInPiecesIsFoundWhereTheReaderSearches() {
    let ack = Self.method(1, 60, 80, [0, 0, 0, 0, 0, 0, 0, 1, 0])
    for cut in 1..<ack.count {
      var talk = Talk(serverPort: 5672)
      talk.isMidway = true
      talk.says(.client, Self.publish("a", "x", channel: 1, size: 0))
      talk.says(.server, Array(ack[..<cut]))
      talk.says(.server, Array(ack[cut...]))
      let methods = talk.calls().map { $0.text(.amqpMethod) }
      #expect(Set(methods) == ["basic.publish", "basic.ack"], "cut at \(cut)")
    }
  }

  // MARK: Laws

  @Test func anySplitGivesTheSameMessages() { Laws.split(Self.session) }
  @Test func anyBeginningGivesABeginningOfTheMessages() { Laws.truncation(Self.session) }
  @Test func anyOrderOfSegmentsGivesTheSameMessages() { Laws.reordering(Self.session) }
  @Test func nothingBreaksIt() { Laws.mutation(Self.session) }

  // MARK: Material

  static func frame(_ type: UInt8, _ channel: UInt8, _ payload: [UInt8]) -> [UInt8] {
    [type, 0, channel, 0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 255)] + payload
      + [0xce]
  }

  static func method(
    _ channel: UInt8, _ kind: UInt8, _ number: UInt8, _ arguments: [UInt8] = []
  ) -> [UInt8] {
    frame(1, channel, [0, kind, 0, number] + arguments)
  }

  static func short(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
  static func long(_ text: String) -> [UInt8] { [0, 0, 0] + short(text) }

  static func publish(
    _ exchange: String, _ key: String, channel: UInt8, size: UInt8
  ) -> [UInt8] {
    method(channel, 60, 40, [0, 0] + short(exchange) + short(key) + [0])
      + frame(2, channel, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, size, 0, 0])
  }

  static var begun: Talk {
    var talk = Talk(serverPort: 5672)
    talk.says(.client, Array("AMQP".utf8) + [0, 0, 9, 1])
    talk.says(
      .server, method(0, 10, 10, [0, 9, 0, 0, 0, 0] + long("PLAIN") + long("en_US")))
    talk.says(
      .client,
      method(
        0, 10, 11, [0, 0, 0, 0] + short("PLAIN") + long("\0app\0hunter2") + short("en_US")))
    talk.says(.server, method(0, 10, 30, [7, 0xff, 0, 1, 0, 0, 0, 60]))
    talk.says(
      .client,
      method(0, 10, 31, [0, 0, 0, 1, 0, 0, 0, 60]) + method(0, 10, 40, short("/") + [0, 0]))
    talk.says(.server, method(0, 10, 41, [0]))
    return talk
  }

  /// A declaration that is refused with the channel is answered by nobody; what comes when the channel
  /// is opened again has answers of its own.
  @Test func aChannelThatIsOpenedAgainBeginsAnew() {
    func declare(_ name: String) -> [UInt8] {
      Self.method(1, 50, 10, [0, 0] + Self.short(name) + [2, 0, 0, 0, 0])
    }
    func declared(_ name: String) -> [UInt8] {
      Self.method(1, 50, 11, Self.short(name) + [0, 0, 0, 0, 0, 0, 0, 0])
    }
    var talk = Self.begun
    for turn in ["bad", "good"] {
      talk.says(.client, Self.method(1, 20, 10, [0]))
      talk.says(.server, Self.method(1, 20, 11, [0, 0, 0, 0]))
      talk.says(.client, declare(turn))
      if turn == "bad" {
        talk.says(
          .server, Self.method(1, 20, 40, [1, 0x94] + Self.short("NOT_FOUND") + [0, 50, 0, 10]))
        talk.says(.client, Self.method(1, 20, 41))
      } else {
        talk.says(.server, declared(turn))
      }
    }
    let declarations = talk.calls().filter { $0.text(.amqpMethod) == "queue.declare" }
      .sorted { $0.index < $1.index }
    #expect(declarations.map { $0.text(.amqpSummary) } == ["bad", "good"])
    #expect(declarations.map(\.hasResponse) == [false, true])
    #expect(declarations[0].fault?.kind == .connection)
    #expect(declarations[0].fault?.message == "the channel was closed: NOT_FOUND")
    #expect(declarations[1].fault == nil)
  }

  /// Who does not ask ahead has the answer to everything of the kind before.
  @Test func behindLostAnswersTheNewestOfTheKindIsAnswered() {
    func get(_ queue: String) -> [UInt8] {
      Self.method(1, 60, 70, [0, 0] + Self.short(queue) + [0])
    }
    let empty = Self.method(1, 60, 72, [0])
    var talk = Self.begun
    talk.says(.client, get("a"))
    talk.heard(.client, empty.count)
    talk.says(.client, get("b"))
    talk.lost(.server, empty.count)
    talk.says(.server, empty)
    talk.says(.client, get("c"))
    talk.says(.server, empty)
    let gets = talk.calls().filter { $0.text(.amqpMethod) == "basic.get" }
    #expect(gets.count == 3)
    #expect(gets.allSatisfy { $0.hasRequest })
    #expect(
      Set(gets.filter(\.hasResponse).map { $0.text(.amqpSummary) }) == ["b", "c"])
  }

  @Test func whatTheEndOfTheConnectionLeavesUnansweredSaysWhy() {
    var talk = Self.begun
    talk.turns.removeLast()
    let arguments = [2, 0x12] + Self.short("NOT_ALLOWED") + [0, 10, 0, 40]
    talk.says(.server, Self.method(0, 10, 50, arguments))
    talk.says(.client, Self.method(0, 10, 51))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(
      calls.map { $0.text(.amqpMethod) } == [
        "connection.start", "connection.tune", "connection.open", "connection.close",
      ])
    #expect(calls.map(\.hasResponse) == [true, true, false, true])
    #expect(calls[2].fault?.message == "the connection was closed: NOT_ALLOWED")
  }

  static var session: Talk {
    var talk = begun
    talk.says(.client, method(1, 20, 10, [0]))
    talk.says(.server, method(1, 20, 11, [0, 0, 0, 0]))
    talk.says(.client, method(1, 50, 10, [0, 0] + short("orders") + [2, 0, 0, 0, 0]))
    talk.says(
      .server, method(1, 50, 11, short("orders") + [0, 0, 0, 3, 0, 0, 0, 1]) + frame(8, 0, []))
    let table = short("x-retry") + [0x49, 0, 0, 0, 3]
    let properties =
      [0xa0, 0] + short("application/json") + [0, 0, 0, UInt8(table.count)] + table
    talk.says(
      .client,
      method(1, 60, 40, [0, 0] + short("shop") + short("orders.new") + [0])
        + frame(2, 1, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8] + properties)
        + frame(3, 1, Array("{\"id".utf8)) + frame(3, 1, Array("\":1}".utf8)))
    talk.says(
      .server,
      method(
        1, 60, 60,
        short("c1") + [0, 0, 0, 0, 0, 0, 0, 7, 0] + short("shop") + short("orders.new"))
        + frame(2, 1, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0])
        + frame(3, 1, Array("hello".utf8)))
    let get = method(1, 60, 70, [0, 0] + short("orders") + [0])
    talk.says(.client, get + get)
    talk.says(
      .server,
      method(
        1, 60, 71, [0, 0, 0, 0, 0, 0, 0, 8, 0] + short("") + short("orders") + [0, 0, 0, 0])
        + frame(2, 1, [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) + method(1, 60, 72, [0]))
    talk.says(.client, method(1, 60, 80, [0, 0, 0, 0, 0, 0, 0, 7, 0]))
    talk.says(.server, method(1, 20, 40, [1, 0x94] + short("NOT_FOUND") + [0, 50, 0, 10]))
    talk.says(.client, method(1, 20, 41))
    return talk
  }
}
