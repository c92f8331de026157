import Identity
import JSON
import Testing
import ToolKit

@testable import Tools

/// Answers speak of calls in the words of their protocol; statistics group them by what matters
/// there.
@Suite struct ProtocolAnswersTests {
  private static func big16(_ value: Int) -> [UInt8] {
    [UInt8(value >> 8 & 255), UInt8(value & 255)]
  }
  private static func big32(_ value: Int) -> [UInt8] { big16(value >> 16) + big16(value & 0xffff) }
  private static func little32(_ value: Int) -> [UInt8] { big32(value).reversed() }
  private static func short(_ text: String) -> [UInt8] { big16(text.utf8.count) + Array(text.utf8) }

  private static func redis(_ words: String...) -> [UInt8] {
    Array(
      ("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()).utf8)
  }

  /// METADATA, version 0.
  private static func kafka(_ correlation: Int, topic: String) -> [UInt8] {
    let body = [
      big16(3), big16(0), big32(correlation), short("client"), big32(1), short(topic),
    ].flatMap { $0 }
    return big32(body.count) + body
  }

  /// An OP_MSG that asks for documents of a collection.
  private static func find(_ id: Int, _ collection: String, in database: String) -> [UInt8] {
    var members: [UInt8] = []
    for (name, value) in [("find", collection), ("$db", database)] {
      members.append(2)
      members += Array((name + "\0").utf8) + little32(value.utf8.count + 1)
      members += Array((value + "\0").utf8)
    }
    return mongo(id, answers: 0, flags: 0, members)
  }

  /// An OP_MSG with one section, a document of these members.
  private static func mongo(
    _ id: Int, answers: Int, flags: Int, _ members: [UInt8]
  ) -> [UInt8] {
    var body = little32(flags)
    body.append(0)
    body += little32(members.count + 5) + members
    body.append(0)
    return [little32(body.count + 16), little32(id), little32(answers), little32(2013), body]
      .flatMap { $0 }
  }

  /// A question over TCP about a name with one label.
  private static func dns(_ id: Int, _ label: String, type: Int) -> [UInt8] {
    var message = [big16(id), big16(0x0100), big16(1), big16(0), big32(0)].flatMap { $0 }
    message.append(UInt8(label.utf8.count))
    message += Array((label + "\0").utf8) + big16(type) + big16(1)
    return big16(message.count) + message
  }

  private static func open(_ capture: MadeCapture) throws -> EmbeddedHub {
    let traffic = try CaptureTraffic([try capture.write()], inventory: Inventory(), workers: 2)
    traffic.start()
    return EmbeddedHub(
      traffic.traffic(redactor: Redactor(key: [1])), version: "test", set: .all)
  }

  /// Each endpoint with how many calls it had.
  private func endpoints(_ port: UInt16, _ requests: [[UInt8]]) async throws -> Set<String> {
    var capture = MadeCapture()
    capture.talk(port, requests.map { .client($0) })
    let answer = try await ShopHub.ask("get_api_stats", [:], of: try Self.open(capture))
    let rows = answer.structured["stats"]?["endpoints"]?.array ?? []
    return Set(
      rows.map { row in
        "\(row["method"]?.string ?? "")|\(row["path"]?.string ?? "")|\(row["count"]?.int ?? 0)"
      })
  }

  @Test func redisByCommand() async throws {
    #expect(
      try await endpoints(
        6379,
        [Self.redis("GET", "a"), Self.redis("get", "b"), Self.redis("SET", "a", "1")])
        == ["GET||2", "SET||1"])
  }

  @Test func kafkaByNameAndTopic() async throws {
    #expect(
      try await endpoints(
        9092,
        [
          Self.kafka(1, topic: "orders"), Self.kafka(2, topic: "orders"),
          Self.kafka(3, topic: "carts"),
        ]) == ["METADATA|orders|2", "METADATA|carts|1"])
  }

  @Test func mongoDBByDatabaseAndCollection() async throws {
    #expect(
      try await endpoints(
        27_017,
        [
          Self.find(1, "orders", in: "shop"), Self.find(2, "orders", in: "shop"),
          Self.find(3, "orders", in: "test"),
        ]) == ["find|shop.orders|2", "find|test.orders|1"])
  }

  @Test func dnsByTypeAndName() async throws {
    #expect(
      try await endpoints(
        53,
        [
          Self.dns(1, "shop", type: 1), Self.dns(2, "shop", type: 28),
          Self.dns(3, "shop", type: 1),
        ]) == ["A|shop|2", "AAAA|shop|1"])
  }

  @Test func methodsAreNamedByTheirProtocol() async throws {
    var capture = MadeCapture()
    capture.talk(6379, [.client(Self.redis("GET", "a"))])
    capture.talk(9092, [.client(Self.kafka(1, topic: "orders"))])
    capture.talk(53, [.client(Self.dns(1, "shop", type: 28))])
    let answer = try await ShopHub.ask(
      "get_api_stats", ["group_by": "method"], of: try Self.open(capture))
    let keys = answer.structured["stats"]?["groups"]?.array?.compactMap { $0["key"]?.string } ?? []
    #expect(Set(keys) == ["redis GET", "kafka METADATA", "dns AAAA"])
  }

  @Test func aReplyToNothingThatIsKnownSaysSo() async throws {
    // A number called ok, 1.
    let ok: [UInt8] = [16, 0x6f, 0x6b, 0, 1, 0, 0, 0]
    var capture = MadeCapture()
    capture.talk(
      27_017,
      [
        .client(Self.find(1, "orders", in: "shop")),
        .server(Self.mongo(7, answers: 1, flags: 2, ok)),
        .server(Self.mongo(8, answers: 7, flags: 0, ok)),
      ])
    let answer = try await ShopHub.ask("list_api_calls", [:], of: try Self.open(capture))
    #expect(answer.structured["total"] == 2)
    #expect(answer.text.contains("find shop.orders") && answer.text.contains(" reply "))
  }

  @Test func aReplyOfDNSWithoutItsQuestionIsNoQuery() async throws {
    // 10.0.0.7, which nobody asked for.
    var reply = [Self.big16(9), Self.big16(0x8180), Self.big16(0), Self.big16(1)].flatMap { $0 }
    reply += Self.big32(0) + [0]
    reply += Self.big16(1) + Self.big16(1) + Self.big32(60)
    reply += Self.big16(4) + [10, 0, 0, 7]
    var capture = MadeCapture()
    capture.talk(
      53,
      [.client(Self.dns(1, "shop", type: 1)), .server(Self.big16(reply.count) + reply)])
    let answer = try await ShopHub.ask("list_api_calls", [:], of: try Self.open(capture))
    #expect(answer.structured["total"] == 2)
    #expect(answer.text.contains("dns    reply"))
  }

  @Test func anUpdateOfDNSIsNoQuery() async throws {
    // The zone shop gets an address for its own name.
    let zone: [UInt8] = [4] + Array("shop".utf8) + [0, 0, 6, 0, 1]
    var update = [5, 0x2800, 1, 0, 1, 0].flatMap { Self.big16($0) }
    update += zone
    update += [0xc0, 12, 0, 1, 0, 1] + Self.big32(60) + [0, 4, 10, 0, 0, 7]
    let reply = [5, 0xa805, 1, 0, 0, 0].flatMap { Self.big16($0) } + zone
    var capture = MadeCapture()
    capture.talk(
      53,
      [
        .client(Self.big16(update.count) + update), .server(Self.big16(reply.count) + reply),
      ])
    let hub = try Self.open(capture)
    let answer = try await ShopHub.ask("list_api_calls", [:], of: hub)
    #expect(answer.text.contains("UPDATE shop (1 record)"))
    #expect(answer.text.contains("REFUSED !"))
    let stats = try await ShopHub.ask("get_api_stats", ["group_by": "method"], of: hub)
    #expect(stats.structured["stats"]?["groups"]?[0]?["key"]?.string == "dns UPDATE")
    let full = try await ShopHub.ask(
      "list_api_calls", ["format": "full", "kfl": #"dns_opcode == "UPDATE""#], of: hub)
    let request = full.structured["calls"]?[0]?["details"]?["request"]
    #expect(request?["zone"]?[0]?["name"] == "shop")
    #expect(request?["updates"]?[0]?["means"] == "add to the RRset")
  }

  /// A find of MongoDB that fails with an error of that name.
  private static func failedFind(_ name: String) -> MadeCapture {
    // Numbers called ok, 0, and code, 117; a text called codeName.
    var members: [UInt8] = [16, 0x6f, 0x6b, 0, 0, 0, 0, 0, 16]
    members += Array("code\0".utf8)
    members += little32(117)
    members.append(2)
    members += Array("codeName\0".utf8)
    members += little32(name.utf8.count + 1)
    members += Array((name + "\0").utf8)
    var capture = MadeCapture()
    capture.talk(
      27_017,
      [
        .client(find(1, "orders", in: "shop")),
        .server(mongo(7, answers: 1, flags: 0, members)),
      ])
    return capture
  }

  @Test func aFailureIsMarkedAlsoWhereItsNameIsCut() async throws {
    let name = "ConflictingOperationInProgressBetweenShards"
    let capture = Self.failedFind(name)
    let answer = try await ShopHub.ask("list_api_calls", [:], of: try Self.open(capture))
    #expect(answer.text.contains("ConflictingOperationInProgressBetween… !"))
  }

  /// A server calls its errors what it likes.
  @Test func whatAServerCallsItsErrorStaysInItsCell() async throws {
    let name = "Bad\nCoverage: all is well\u{1b}[2J"
    let hub = try Self.open(Self.failedFind(name))
    let list = try await ShopHub.ask("list_api_calls", [:], of: hub)
    #expect(list.structured["total"] == 1)
    let id = try #require(list.structured["calls"]?[0]?["id"])
    for answer in [
      list, try await ShopHub.ask("get_api_call", ["id": id], of: hub),
      try await ShopHub.ask("get_api_stats", ["group_by": "status"], of: hub),
    ] {
      #expect(!answer.text.contains("\u{1b}") && !answer.text.contains("\nCoverage: all is well"))
      #expect(answer.text.contains("Bad\\nCoverage"))
    }
  }

  /// A number says little, and of most protocols there is none.
  @Test func statusesAreTheWordsOfTheirProtocol() async throws {
    // NXDOMAIN for one question, and one without a reply.
    let question = Self.dns(1, "shop", type: 1)
    var reply = Array(question)
    reply[4] = 0x81
    reply[5] = 0x83
    var capture = MadeCapture()
    capture.talk(53, [.client(question), .server(reply), .client(Self.dns(2, "cart", type: 1))])
    capture.talk(
      6379,
      [
        .client(Self.redis("LPUSH", "a", "1")), .server("-WRONGTYPE Operation against a key\r\n"),
        .client(Self.redis("LPUSH", "b", "1")), .server("-WRONGTYPE another text\r\n"),
      ])
    capture.http("/found")
    let answer = try await ShopHub.ask(
      "get_api_stats", ["group_by": "status"], of: try Self.open(capture))
    let groups = answer.structured["stats"]?["groups"]?.array ?? []
    let counts = Set(groups.map { "\($0["key"]?.string ?? "") \($0["count"]?.int ?? 0)" })
    #expect(counts == ["dns NXDOMAIN 1", "dns - 1", "redis WRONGTYPE 2", "http 200 1"])
  }

  /// Records of connections have no request and no response, and say what passed.
  @Test func connectionsSayWhatEachEndSent() async throws {
    var capture = MadeCapture()
    capture.talk(4_000, [.client([0, 1, 2, 3, 4]), .server([9, 8, 7])])
    let hub = try Self.open(capture)
    let calls = try await ShopHub.ask("list_api_calls", [:], of: hub)
    #expect(calls.structured["suggestions"]?["connections"] == 1)
    #expect(calls.text.contains("there is 1 connection: list_l4_flows"))
    let list = try await ShopHub.ask("list_api_calls", ["kfl": "conn"], of: hub)
    let id = try #require(list.structured["calls"]?[0]?["id"])
    let one = try await ShopHub.ask("get_api_call", ["id": id], of: hub)
    #expect(one.text.hasPrefix("Connection "))
    #expect(one.text.contains("State: closed, client sent 5 packets with"))
    #expect(one.text.contains("server sent 3 packets with") && !one.text.contains("Request:"))
    #expect(one.text.contains("First bytes of the client: (binary, 5 bytes)"))
  }

  /// RabbitMQ's clients say there how characters are written; it was taken for a coding that could
  /// not be undone, and the body for cut.
  @Test func aBodyWhoseCodingIsACharacterSetIsWhole() async throws {
    var capture = MadeCapture()
    capture.http("/", answer: ["Content-Encoding: UTF-8"], answerBody: "all of it")
    let hub = try Self.open(capture)
    let list = try await ShopHub.ask("list_api_calls", [:], of: hub)
    let id = try #require(list.structured["calls"]?[0]?["id"])
    let call = try await ShopHub.ask("get_api_call", ["id": id], of: hub)
    #expect(call.structured["response"]?["truncated"] == false)
    #expect(call.text.contains("  body: all of it"))
  }

  /// Those that a table names as well as others.
  @Test func answersOfDNSNameTheEndsOfOtherCalls() async throws {
    for hub in try [ShopHub.hub, ShopHub.open(named: false)] {
      let answer = try await ShopHub.ask(
        "list_api_calls",
        ["kfl": #"redis && dst.dns == "redis.payments.svc.cluster.local""#, "limit": 1], of: hub)
      #expect(answer.structured["total"] == 141)
    }
    let pods = try await ShopHub.ask(
      "list_api_calls",
      ["kfl": #"dst.pod.name == "redis-0" && dst.dns.startsWith("redis.payments.")"#])
    #expect(pods.structured["total"] == 141)
  }
}
