import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Testing

@Suite struct KafkaTests {
  // MARK: Requests and responses

  @Test func requestsArePairedByTheirIdsInAnyOrder() throws {
    let calls = Self.session.calls().sorted { $0.index < $1.index }
    #expect(
      calls.map { $0.text(.kafkaAPIKeyName) } == [
        "API_VERSIONS", "METADATA", "PRODUCE", "FETCH", "HEARTBEAT",
      ])
    #expect(calls.map { $0.int(.kafkaAPIKey) } == [18, 3, 0, 1, 12])
    #expect(calls.allSatisfy { $0.kind == .kafka && $0.fault == nil && $0.hasResponse })
    #expect(calls.allSatisfy { $0.text(.kafkaClientID) == "shop" })
    #expect(
      calls.map { $0.texts(.kafkaTopics) } == [nil, ["orders"], ["orders"], ["orders"], nil])
    #expect(calls.map(\.failed) == [false, false, true, false, true])
    #expect(
      calls.map { $0.text(.statusText) } == [
        nil, nil, "NOT_LEADER_OR_FOLLOWER", nil, "UNKNOWN_MEMBER_ID",
      ])
    let metadata = try Self.details(calls[1])
    #expect(metadata["request"]?["apiVersion"] == 1)
    #expect(metadata["response"]?["correlationID"] == 2)
    #expect(metadata["response"]?["payload"]?["brokers"]?[0]?["host"] == "b1")
    #expect(metadata["response"]?["payload"]?["topics"]?[0]?["partitions"]?[0]?["leaderId"] == 7)
    let produce = try Self.details(calls[2])
    let partition = produce["request"]?["payload"]?["topicData"]?[0]?["partitions"]?[0]
    #expect(partition?["records"]?["records"] == 1)
    let batch = partition?["records"]?["recordBatch"]
    #expect(batch?["compression"] == "none")
    #expect(
      batch?["record"] == [["key": "k", "value": "v1", "headers": ["trace": "abc"]]])
    #expect(
      produce["response"]?["payload"]?["responses"]?[0]?["partitionResponses"]?[0]?["error"]
        == "NOT_LEADER_OR_FOLLOWER")
  }

  @Test func theLawsHold() {
    for talk in [Self.session, Self.flexible] {
      Laws.split(talk)
      Laws.truncation(talk)
      Laws.mutation(talk)
      Laws.reordering(talk)
    }
  }

  @Test func flexibleVersionsHaveCompactLengthsAndTags() throws {
    let calls = Self.flexible.calls()
    #expect(calls.map { $0.text(.kafkaAPIKeyName) } == ["METADATA", "FETCH", "API_VERSIONS"])
    #expect(calls.allSatisfy { $0.fault == nil && !$0.failed })
    // The fetch names its topic by an id that the metadata told.
    #expect(calls[1].texts(.kafkaTopics) == ["orders"])
    let fetch = try Self.details(calls[1])
    #expect(
      fetch["request"]?["payload"]?["topics"]?[0]?["topicID"] == "AAAAAAAAAAEAAAAAAAAAAg")
  }

  @Test func aFetchThatNamesNoTopicHasThoseOfItsResponse() {
    let session = Frame().int32(-1).int32(500).int32(1).int32(1000).byte(0).int32(9).int32(3)
    let partition = Frame().int32(0).int16(0).int64(5).int64(5).int64(0).int32(0).int32(0)
    let news = Frame().int32(0).int16(0).int32(9).int32(1).text("orders").int32(1)
      .raw(partition.plain)
    let incremental = Frame.call(1, 7, session.int32(0).int32(0), news)
    #expect(incremental?.texts(.kafkaTopics) == ["orders"])
    // What the request names stays.
    let named = session.int32(1).text("tea").int32(0).int32(0)
    #expect(Frame.call(1, 7, named, news)?.texts(.kafkaTopics) == ["tea"])
  }

  @Test func produceWithoutAcknowledgementExpectsNoAnswer() {
    var talk = Talk(serverPort: 9092)
    talk.says(.client, Self.produce(id: 1, acks: 0))
    talk.says(.client, Self.produce(id: 2, acks: 1))
    let calls = talk.calls()
    #expect(calls.map { $0.fault?.kind } == [nil, .pairNotFound])
    // Some brokers answer all the same.
    talk.says(.server, Answer(id: 1).int32(0).bytes)
    talk.says(.server, Answer(id: 2).int32(0).int32(0).bytes)
    let answered = talk.calls()
    #expect(answered.map(\.hasResponse) == [false, true])
    #expect(answered.allSatisfy { $0.fault == nil })
  }

  @Test func unknownApisTellTheirHeader() throws {
    var talk = Talk(serverPort: 9092)
    talk.says(.client, Frame(key: 10_000, version: 3, id: 9).bytes)
    talk.says(.server, Answer(id: 9).int32(0).bytes)
    talk.says(.client, Frame(key: 1, version: 99, id: 10).int32(1).bytes)
    talk.says(.server, Answer(id: 10).int32(0).bytes)
    let calls = talk.calls()
    #expect(calls.map { $0.text(.kafkaAPIKeyName) } == ["API_10000", "FETCH"])
    #expect(calls.allSatisfy { $0.fault == nil && $0.hasResponse })
    #expect(try Self.details(calls[1])["request"]?["payload"] == nil)
  }

  @Test func aBrokerThatDoesNotKnowTheVersionSaysSoInTheFirst() {
    var talk = Talk(serverPort: 9092)
    talk.says(
      .client, Frame(key: 18, version: 3, id: 1).byte(0).compact("lib").compact("1").byte(0).bytes)
    talk.says(.server, Answer(id: 1).int16(35).int32(1).int16(18).int16(0).int16(2).bytes)
    let calls = talk.calls()
    #expect(calls.first?.text(.statusText) == "UNSUPPORTED_VERSION")
    #expect(calls.first?.fault == nil)
    // librdkafka's mock brokers write the rest in no version's form.
    talk.turns.removeLast()
    talk.says(
      .server, Answer(id: 1).int16(35).raw([1, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0]).bytes)
    let mocked = talk.calls().first
    #expect(mocked?.text(.statusText) == "UNSUPPORTED_VERSION" && mocked?.fault == nil)
  }

  @Test func passwordsAreNeverKept() {
    var talk = Talk(serverPort: 9092)
    talk.says(.client, Frame(key: 17, version: 1, id: 1).text("PLAIN").bytes)
    talk.says(.server, Answer(id: 1).int16(0).int32(1).text("PLAIN").bytes)
    talk.says(.client, Frame(key: 36, version: 0, id: 2).int32(12).raw("\0bob\0hunter2").bytes)
    talk.says(.server, Answer(id: 2).int16(0).int16(-1).int32(0).bytes)
    // The first version sends tokens without any header.
    var old = Talk(serverPort: 9092)
    old.says(.client, Frame(key: 17, version: 0, id: 1).text("PLAIN").bytes)
    old.says(.server, Answer(id: 1).int16(0).int32(1).text("PLAIN").bytes)
    old.says(.client, [0, 0, 0, 12] + Array("\0bob\0hunter2".utf8))
    old.says(.server, [0, 0, 0, 0])
    old.says(.client, Self.heartbeat(id: 2))
    old.says(.server, Answer(id: 2).int16(0).bytes)
    let (calls, oldCalls) = (talk.calls(), old.calls())
    #expect(calls.map { $0.text(.kafkaAPIKeyName) } == ["SASL_HANDSHAKE", "SASL_AUTHENTICATE"])
    #expect(oldCalls.map { $0.text(.kafkaAPIKeyName) } == ["SASL_HANDSHAKE", "HEARTBEAT"])
    #expect((calls + oldCalls).allSatisfy { $0.fault == nil && !$0.essence.contains("hunter2") })
    Laws.split(old)
  }

  // MARK: Groups

  @Test func groupsAreNamedAndTheirErrorsCount() {
    let deleted = Frame.call(
      42, 1, Frame().int32(2).text("billing").text("mail"),
      Frame().int32(0).int32(2).text("billing").int16(68).text("mail").int16(0))
    #expect(deleted?.text(.kafkaAPIKeyName) == "DELETE_GROUPS")
    #expect(deleted?.texts(.kafkaGroups) == ["billing", "mail"])
    #expect(deleted?.failed == true && deleted?.text(.statusText) == "NON_EMPTY_GROUP")
    let compact = Frame.call(
      42, 2, Frame().byte(0).byte(2).compact("mail").byte(0),
      Frame().byte(0).int32(0).byte(2).compact("mail").int16(0).byte(0).byte(0))
    #expect(compact?.texts(.kafkaGroups) == ["mail"] && compact?.failed == false)
    let offsets = Frame.call(
      47, 0, Frame().text("billing").int32(1).text("orders").int32(1).int32(3),
      Frame().int16(0).int32(0).int32(1).text("orders").int32(1).int32(3).int16(86))
    #expect(
      offsets?.texts(.kafkaGroups) == ["billing"] && offsets?.texts(.kafkaTopics) == ["orders"])
    #expect(offsets?.text(.statusText) == "GROUP_SUBSCRIBED_TO_TOPIC")
    // Of transactions the same request asks for a coordinator.
    let named: [(type: UInt8, groups: [String]?)] = [(0, ["billing"]), (1, nil)]
    for (type, groups) in named {
      let found = Frame.call(
        10, 1, Frame().text("billing").byte(type),
        Frame().int32(0).int16(0).int16(-1).int32(7).text("b1").int32(9092))
      #expect(found?.texts(.kafkaGroups) == groups)
    }
  }

  // MARK: Size and holes

  @Test func longMessagesPassWithoutWaiting() throws {
    var talk = Talk(serverPort: 9092)
    talk.says(.client, Self.fetch(id: 1))
    let records = [UInt8](repeating: 0, count: 3_000_000)
    let answer = Answer(id: 1).int32(1).text("orders").int32(1).int32(0).int16(0).int64(5)
      .int32(Int32(records.count)).raw(records).bytes
    for start in stride(from: 0, to: answer.count, by: 60_000) {
      talk.says(.server, Array(answer[start..<min(start + 60_000, answer.count)]))
    }
    talk.says(.client, Self.heartbeat(id: 2))
    talk.says(.server, Answer(id: 2).int16(0).bytes)
    let calls = talk.calls()
    #expect(calls.map { $0.text(.kafkaAPIKeyName) } == ["FETCH", "HEARTBEAT"])
    #expect(calls.allSatisfy { $0.fault == nil })
    #expect(calls[0].responseSize == Int64(answer.count))
    #expect(try Self.details(calls[0])["response"]?["truncated"] == true)
  }

  @Test func manyTopicsAreAllReadAndSomeShown() throws {
    var request = Frame(key: 3, version: 0, id: 1).int32(2000)
    for number in 0..<2000 { request = request.text("topic-\(number)") }
    var talk = Talk(serverPort: 9092)
    talk.says(.client, request.bytes)
    let call = try #require(talk.calls().first)
    #expect(call.texts(.kafkaTopics)?.count == 256)
    #expect(call.fault?.kind == .pairNotFound)
    #expect((call.text(.details) ?? "").utf8.count < 10_000)
    #expect(try Self.details(call)["request"]?["truncated"] == true)
  }

  @Test func afterAHoleTheNextMessagesArePaired() {
    var talk = Talk(serverPort: 9092)
    talk.says(.client, Self.heartbeat(id: 1))
    talk.says(.server, Answer(id: 1).int16(0).bytes)
    talk.says(.client, Array(Self.fetch(id: 2).prefix(20)))
    talk.lost(.client, 100)
    talk.says(.client, [1, 2, 3, 4, 5] + Self.heartbeat(id: 4))
    talk.lost(.server, 300)
    talk.says(.server, [9, 9, 9] + Answer(id: 4).int16(0).bytes)
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.kafkaAPIKeyName) } == ["HEARTBEAT", "FETCH", "HEARTBEAT"])
    #expect(calls.map { $0.fault == nil } == [true, false, true])
  }

  @Test func aConversationJoinedMidwayIsRead() {
    var talk = Talk(serverPort: 40_001)
    talk.isMidway = true
    talk.clientPort = 36_333
    // The client was taken for the server.
    talk.says(.server, Self.heartbeat(id: 7))
    talk.says(.client, Answer(id: 7).int16(0).bytes)
    let calls = talk.calls()
    #expect(calls.map { $0.source.port } == [40_001])
    #expect(calls.first?.hasResponse == true)
  }

  /// The length may come in a packet of its own.
  @Test func messagesInPiecesAreFoundWhereTheReaderSearches() {
    let (request, answer) = (Self.heartbeat(id: 7), Answer(id: 7).int16(0).bytes)
    for cut in 1..<answer.count {
      var talk = Talk(serverPort: 40_001)
      talk.isMidway = true
      talk.says(.client, request)
      talk.says(.server, Array(answer[..<cut]))
      talk.says(.server, Array(answer[cut...]))
      #expect(talk.calls().map(\.hasResponse) == [true], "cut at \(cut)")
    }
    for cut in 1..<request.count {
      var talk = Talk(serverPort: 9092)
      talk.says(.client, Self.heartbeat(id: 1))
      talk.lost(.client, 100)
      talk.says(.client, Array(request[..<cut]))
      talk.says(.client, Array(request[cut...]))
      talk.says(.server, answer)
      let found = talk.calls().first { $0.hasResponse }
      #expect(found?.text(.kafkaAPIKeyName) == "HEARTBEAT" && found?.fault == nil, "cut at \(cut)")
    }
  }

  @Test func aResponseBeforeItsRequestWaitsForIt() {
    var talk = Talk(serverPort: 9092)
    talk.says(.client, Self.heartbeat(id: 1))
    talk.says(.server, Answer(id: 1).int16(0).bytes)
    talk.says(.server, Answer(id: 2).int16(0).bytes)
    talk.says(.client, Self.heartbeat(id: 2))
    talk.says(.server, Answer(id: 99).int16(0).bytes)
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.fault?.kind } == [nil, nil, .pairNotFound])
    #expect(calls.map(\.hasRequest) == [true, true, false])
  }

  // MARK: Recognition

  @Test func itIsFoundOnAnyPortAndOnlyWhereItIs() {
    func kinds(_ port: UInt16, _ bytes: [UInt8]) -> [ProtocolKind] {
      var talk = Talk(serverPort: port)
      talk.says(.client, bytes)
      return talk.calls().map(\.kind)
    }
    #expect(kinds(36_333, Self.heartbeat(id: 1)) == [.kafka])
    #expect(kinds(36_333, Self.fetch(id: 1)) == [.kafka])
    // A body that does not fit.
    #expect(kinds(36_333, Frame(key: 12, version: 0, id: 1).text("group").bytes).isEmpty)
    // PostgreSQL and ZooKeeper begin with a length, too.
    let startup = Array("user\0postgres\0database\0shop\0\0".utf8)
    #expect(
      kinds(5432, [0, 0, 0, UInt8(startup.count + 8), 0, 3, 0, 0] + startup) == [.postgresql])
    #expect(kinds(2181, [0, 0, 0, 45] + [UInt8](repeating: 0, count: 45)).isEmpty)
    #expect(kinds(36_333, [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3]).isEmpty)
  }

  // MARK: Material

  private typealias Frame = KafkaFrame
  private typealias Answer = Frame

  private static func details(_ entry: Entry) throws -> JSONValue {
    try JSONReader.value(of: entry.text(.details) ?? "null")
  }

  private static func heartbeat(id: Int32) -> [UInt8] {
    Frame(key: 12, version: 0, id: id).text("group").int32(3).text("member").bytes
  }

  private static func fetch(id: Int32) -> [UInt8] {
    Frame(key: 1, version: 0, id: id).int32(-1).int32(500).int32(1).int32(1).text("orders")
      .int32(1).int32(0).int64(5).int32(1000).bytes
  }

  private static func produce(id: Int32, acks: Int16) -> [UInt8] {
    let record: [UInt8] =
      [0, 0, 0, 2] + Array("k".utf8) + [4] + Array("v1".utf8) + [2, 10] + Array("trace".utf8) + [6]
      + Array("abc".utf8)
    let body = Frame(id: 0).byte(2).int32(7).int16(0).int32(0).int64(1).int64(1).int64(-1)
      .int16(-1).int32(-1).int32(1).byte(UInt8(record.count * 2)).raw(record).plain
    let batch = Frame(id: 0).int32(0).int32(Int32(body.count)).raw(body).plain
    return Frame(key: 0, version: 3, id: id).int16(-1).int16(acks).int32(1500).int32(1)
      .text("orders").int32(1).int32(0).int32(Int32(batch.count)).raw(batch).bytes
  }

  private static var session: Talk {
    var talk = Talk(serverPort: 9092)
    talk.says(.client, Frame(key: 18, version: 0, id: 1).bytes)
    talk.says(.server, Answer(id: 1).int16(0).int32(1).int16(0).int16(0).int16(9).bytes)
    talk.says(.client, Frame(key: 3, version: 1, id: 2).int32(1).text("orders").bytes)
    talk.says(
      .server,
      Answer(id: 2).int32(1).int32(7).text("b1").int32(9092).int16(-1).int32(7).int32(1).int16(0)
        .text("orders").byte(0).int32(1).int16(0).int32(0).int32(7).int32(1).int32(7).int32(0)
        .bytes)
    talk.says(.client, produce(id: 3, acks: 1) + fetch(id: 4))
    talk.says(.client, heartbeat(id: 5))
    let fetched = Answer(id: 4).int32(1).text("orders").int32(1).int32(0).int16(0).int64(5).int32(0)
    let produced = Answer(id: 3).int32(1).text("orders").int32(1).int32(0).int16(6).int64(-1)
      .int64(-1).int32(0)
    talk.says(.server, fetched.bytes + produced.bytes)
    talk.says(.server, Answer(id: 5).int16(25).bytes)
    return talk
  }

  static var flexible: Talk {
    let id: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    var talk = Talk(serverPort: 9092)
    // Metadata 12: one topic by name, two flags; a tagged field in the header.
    talk.says(
      .client,
      Frame(key: 3, version: 12, id: 1).raw([1, 5, 2, 9, 9]).byte(2)
        .raw([UInt8](repeating: 0, count: 16)).compact("orders").byte(0).raw([1, 0, 0]).bytes)
    talk.says(
      .server,
      Answer(id: 1).byte(0).int32(0).byte(2).int32(7).compact("b1").int32(9092).raw([0, 0]).byte(0)
        .int32(7).byte(2).int16(0).compact("orders").raw(id).byte(0).byte(1).int32(0).byte(0)
        .byte(0).bytes)
    // Fetch 13 names topics by their ids.
    talk.says(
      .client,
      Frame(key: 1, version: 13, id: 2).byte(0).int32(-1).int32(500).int32(1).int32(1000).byte(0)
        .int32(0).int32(-1).byte(2).raw(id).byte(2).int32(0).int32(-1).int64(5).int32(-1).int64(-1)
        .int32(1000).byte(0).byte(0).byte(1).byte(1).byte(0).bytes)
    talk.says(.server, Answer(id: 2).byte(0).int32(0).int16(0).int32(0).byte(1).byte(0).bytes)
    // The response of ApiVersions has no tagged fields in its header.
    talk.says(
      .client, Frame(key: 18, version: 3, id: 3).byte(0).compact("lib").compact("1").byte(0).bytes)
    talk.says(
      .server,
      Answer(id: 3).int16(0).byte(2).int16(0).int16(0).int16(9).byte(0).int32(0).byte(0).bytes)
    return talk
  }
}
