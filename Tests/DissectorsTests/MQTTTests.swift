import Bytes
import Dissectors
import Entries
import Flows
import JSON
import TestSupport
import Testing

@Suite struct MQTTTests {
  // MARK: Version 3.1.1

  @Test func packetsFindEachOther() throws {
    let calls = Self.session.calls().sorted { $0.index < $1.index }
    #expect(calls.allSatisfy { $0.kind == .mqtt && $0.fault == nil && !$0.failed })
    #expect(
      calls.map { $0.text(.mqttType) } == [
        "connect", "subscribe", "publish", "publish", "publish", "publish", "ping", "unsubscribe",
        "disconnect",
      ])
    #expect(calls.allSatisfy { $0.text(.mqttClientID) == "meter-1" })
    #expect(calls.allSatisfy { $0.text(.mqttVersion) == "3.1.1" })
    #expect(
      calls.map(\.hasResponse) == [true, true, false, true, true, false, true, true, false])
    #expect(calls.map { $0.int(.mqttQoS) } == [nil, 1, 0, 1, 2, 0, nil, nil, nil])
    #expect(
      calls.map { $0.text(.mqttTopic) } == [
        nil, "a/#", "a/1", "a/1", "a/1", "a/1", nil, "a/#", nil,
      ])
    #expect(calls[1].texts(.mqttTopics) == ["a/#", "b"])
    #expect(calls.map(\.source.port)[2...5] == [40_000, 40_000, 40_000, 1883])
    #expect(calls[2].request?.text == "21.5")
    #expect(calls[3].text(.mqttReason) == "success")
    // From PUBLISH to PUBCOMP.
    #expect(calls[4].elapsed == 3000)
    let connect = try JSONReader.value(of: calls[0].text(.details) ?? "")
    #expect(
      connect["request"] == [
        "type": "connect", "version": "3.1.1", "keepAliveSeconds": 60, "cleanStart": true,
        "clientId": "meter-1",
        "will": ["topic": "w", "qos": 1, "retain": false, "payloadLength": 3], "user": "bob",
        "password": "[redacted]",
      ])
    #expect(
      connect["response"] == ["sessionPresent": true, "reasonCode": 0, "reason": "success"])
  }

  @Test func refusalsAreFailures() {
    var talk = Talk(serverPort: 1883)
    talk.says(.client, Self.connect(4, id: "x"))
    talk.says(.server, [0x20, 2, 0, 4])
    talk.says(.client, [0x82, 6, 0, 7, 0, 1, 0x61, 1])
    talk.says(.server, [0x90, 3, 0, 7, 0x80])
    let calls = talk.calls()
    #expect(calls.map(\.failed) == [true, true])
    #expect(calls.map { $0.text(.mqttReason) } == ["bad user name or password", "failure"])
    #expect(calls.map { $0.int(.mqttReasonCode) } == [4, 0x80])
  }

  /// Behind a new connection the session goes on with the second step. What ended it was told as a reply
  /// to nobody, or as that of the next message with its number.
  @Test func aReleaseWithoutItsMessageIsACall() {
    var talk = Talk(serverPort: 1883)
    talk.says(.client, Self.connect(4, id: "x"))
    talk.says(.server, [0x20, 2, 1, 0])
    talk.says(.client, [0x62, 2, 0, 3])
    talk.says(.server, [0x70, 2, 0, 3])
    talk.says(.server, [0x70, 2, 0, 3])
    talk.says(.client, Self.publish(qos: 1, 3))
    talk.says(.server, [0x40, 2, 0, 3])
    talk.says(.client, Self.publish(qos: 2, 4))
    talk.says(.server, [0x50, 2, 0, 4])
    talk.says(.client, [0x62, 2, 0, 4])
    talk.says(.client, [0x62, 2, 0, 4])
    talk.says(.server, [0x70, 2, 0, 4])
    let calls = talk.calls().sorted { $0.index < $1.index }
    let types = calls.map { $0.text(.mqttType) }
    #expect(types.compactMap { $0 } == ["connect", "pubrel", "publish", "publish"])
    let asked = calls.filter(\.hasRequest)
    #expect(asked.map { $0.int(.mqttQoS) } == [nil, 2, 1, 2])
    #expect(asked.allSatisfy { $0.hasResponse && $0.fault == nil })
    // PUBACK, not the PUBCOMP before it.
    #expect(asked[2].elapsed == 1000)
    Laws.split(talk)
    var resumed = Talk(serverPort: 1883)
    resumed.says(.client, Self.connect(4, id: "x"))
    resumed.says(.server, [0x20, 2, 1, 0])
    resumed.says(.client, [0x62, 2, 0, 3])
    resumed.says(.server, [0x70, 2, 0, 3])
    resumed.says(.client, Self.publish(qos: 1, 3))
    resumed.says(.server, [0x40, 2, 0, 3])
    Laws.truncation(resumed)
    Laws.reordering(resumed)
  }

  @Test func aMessageSentAgainIsOneCall() {
    var talk = Talk(serverPort: 1883)
    talk.says(.client, Self.connect(4, id: "x"))
    talk.says(.client, Self.publish(qos: 1, 9))
    talk.says(.client, Self.publish(qos: 1, 9, isAgain: true))
    talk.says(.server, [0x40, 2, 0, 9])
    talk.says(.client, Self.publish(qos: 1, 9))
    talk.says(.server, [0x40, 2, 0, 9])
    let messages = talk.calls().filter { $0.text(.mqttType) == "publish" }
    #expect(messages.map(\.hasResponse) == [true, true])
  }

  // MARK: Version 5

  @Test func propertiesAndReasonsAreRead() throws {
    let calls = Self.newSession.calls().sorted { $0.index < $1.index }
    #expect(calls.allSatisfy { $0.kind == .mqtt && $0.fault == nil })
    #expect(calls.allSatisfy { $0.text(.mqttVersion) == "5" })
    #expect(
      calls.map { $0.text(.mqttType) } == [
        "connect", "auth", "publish", "publish", "publish", "subscribe", "disconnect",
      ])
    #expect(calls.map(\.failed) == [false, false, false, false, true, true, true])
    #expect(
      calls.map { $0.text(.mqttReason) } == [
        "success", "continue authentication", nil, "no matching subscribers", "quota exceeded",
        "not authorized", "session taken over",
      ])
    // The broker gave the client its name, and the topic a number.
    #expect(calls[0].text(.mqttClientID) == "given")
    #expect(calls[2...3].map { $0.text(.mqttTopic) } == ["t/1", "t/1"])
    #expect(calls[2].request?.headers.fields.map(\.name) == ["trace"])
    #expect(calls[2].text(.requestContentType) == "text/plain")
    #expect(calls[2].request?.text == "hi")
    let auth = try JSONReader.value(of: calls[1].text(.details) ?? "")["request"]
    #expect(
      auth?["properties"] == [
        "authenticationMethod": "SCRAM", "authenticationData": "[redacted]",
      ])
    let subscribe = try JSONReader.value(of: calls[5].text(.details) ?? "")
    #expect(subscribe["request"]?["properties"] == ["subscriptionIdentifier": 200])
    #expect(subscribe["response"]?["codes"] == ["granted QoS 1", "not authorized"])
  }

  @Test func optionsOfASubscriptionAreTold() throws {
    var talk = Talk(serverPort: 1883)
    talk.says(.client, Self.connect(5, id: "x"))
    talk.says(
      .client, Self.packet(0x82, join([0, 1, 0], Self.text("a"), [0x2d], Self.text("b"), [2])))
    let call = try #require(talk.calls().first { $0.text(.mqttType) == "subscribe" })
    let shown: JSONValue = [
      [
        "filter": "a", "qos": 1, "noLocal": true, "retainAsPublished": true, "retainHandling": 2,
      ],
      ["filter": "b", "qos": 2],
    ]
    let request = try JSONReader.value(of: call.text(.details) ?? "")["request"]
    #expect(request?["topics"] == shown)
  }

  /// Beyond the limit of numbers, those that are known still change their topics.
  @Test func anAliasMayChangeItsTopic() {
    func publish(_ topic: String, _ alias: Int) -> [UInt8] {
      let properties = [3, 35, UInt8(alias >> 8), UInt8(alias & 255)]
      return Self.packet(0x30, Self.text(topic) + properties)
    }
    var talk = Talk(serverPort: 1883)
    talk.says(.client, Self.connect(5, id: "x"))
    talk.says(.client, (1...1024).flatMap { publish("t", $0) })
    talk.says(.client, publish("new", 7) + publish("", 7))
    #expect(talk.calls().count { $0.text(.mqttTopic) == "new" } == 2)
  }

  /// Captures may keep the first bytes of each packet alone (`tcpdump -s 96`). Without CONNECT the client
  /// and the version were not known.
  @Test func aConnectThatIsCutTellsTheVersion() {
    let login = join(
      Self.text("MQTT"), [5, 0xc2, 0, 60, 0], Self.text("meter-1"), Self.text("bob"),
      Self.text("hunter2"))
    let connect = Self.packet(0x10, login)
    var talk = Talk(serverPort: 1883)
    talk.says(.client, Array(connect.prefix(30)))
    talk.lost(.client, connect.count - 30)
    talk.says(.server, [0x20, 3, 0, 0, 0])
    talk.says(.client, Self.packet(0x30, join(Self.text("t/1"), [0], Array("hi".utf8))))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.mqttType) } == ["connect", "publish"])
    #expect(calls.allSatisfy { $0.text(.mqttClientID) == "meter-1" })
    #expect(calls.allSatisfy { $0.text(.mqttVersion) == "5" })
    #expect(calls.first?.text(.mqttUser) == "bob" && calls.first?.hasResponse == true)
    #expect(calls.map { $0.fault?.kind } == [.dissection, nil])
    #expect(calls.last?.request?.text == "hi")
    #expect(!calls.map(\.essence).joined().contains("hunter2"))
  }

  @Test func malformedPropertiesAreMarked() {
    var talk = Talk(serverPort: 1883)
    talk.says(.client, Self.connect(5, id: "x"))
    talk.says(.server, Self.packet(0x20, [0, 0, 2, 0x7f, 1]))
    #expect(talk.calls().map { $0.fault?.kind } == [.dissection])
  }

  // MARK: In the middle

  @Test func joinedMidwayItIsFoundByItsMessages() {
    var talk = Talk(serverPort: 9999)
    talk.isMidway = true
    talk.says(.client, Self.publish(qos: 1, 3))
    talk.says(.server, [0x40, 2, 0, 3])
    let calls = talk.calls()
    #expect(calls.map { $0.text(.mqttTopic) } == ["a/1"])
    #expect(calls.map(\.hasResponse) == [true])
    var other = Talk(serverPort: 9999)
    other.isMidway = true
    other.client("0123456789 abc")
    #expect(other.calls().isEmpty)
  }

  /// The handshake of TCP was not captured, that of MQTT was.
  @Test func aConnectOfAConnectionJoinedMidwayIsRead() {
    var talk = Talk(serverPort: 1883)
    talk.isMidway = true
    talk.says(.client, Self.connect(4, id: "x"))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.mqttType) } == ["connect"])
    #expect(calls.map { $0.text(.mqttClientID) } == ["x"])
  }

  /// Behind a gap, and where a capture begins.
  @Test func packetsInPiecesAreFoundWhereTheReaderSearches() {
    let message = Self.publish(qos: 1, 3)
    for cut in 1..<message.count {
      var talk = Talk(serverPort: 1883)
      talk.isMidway = true
      talk.says(.server, [0xd0, 0])
      talk.says(.client, Array(message[..<cut]))
      talk.says(.client, Array(message[cut...]))
      talk.says(.server, [0x40, 2, 0, 3])
      let calls = talk.calls().filter { $0.text(.mqttType) == "publish" }
      #expect(calls.map { $0.text(.mqttTopic) } == ["a/1"], "cut at \(cut)")
      #expect(calls.map(\.hasResponse) == [true])
    }
    let connect = Self.connect(4, id: "x")
    for cut in 1..<connect.count {
      var talk = Talk(serverPort: 1883)
      talk.says(.client, connect)
      talk.says(.server, [0x20, 2, 0, 0])
      talk.lost(.client, 20)
      talk.says(.client, Array(connect[..<cut]))
      talk.says(.client, Array(connect[cut...]))
      talk.says(.server, [0x20, 2, 0, 0])
      #expect(talk.calls().count { $0.text(.mqttType) == "connect" } == 2, "cut at \(cut)")
    }
  }

  @Test func behindAGapItFindsTheNextPacket() {
    var talk = Talk(serverPort: 1883)
    talk.says(.client, Self.connect(4, id: "x"))
    talk.lost(.client, 20)
    talk.says(.client, [0, 0, 0, 0, 0])
    talk.says(.client, Self.publish(qos: 0, 0))
    #expect(Set(talk.calls().map { $0.text(.mqttType) }) == ["connect", "publish"])
  }

  @Test func aPacketThatIsTooLongIsPassedOver() {
    var talk = Talk(serverPort: 1883)
    talk.says(.client, Self.connect(4, id: "x"))
    talk.says(.client, Self.packet(0x82, [UInt8](repeating: 0, count: 300_000)))
    talk.says(.client, [0xc0, 0])
    talk.says(.server, [0xd0, 0])
    #expect(talk.calls().map { $0.text(.mqttType) } == ["ping", "connect"])
  }

  // MARK: Limits

  /// Numbers of messages whose release is awaited, and topics by number, cost memory: both have a limit,
  /// and are charged to what waits.
  @Test func whatLaterPacketsReferToIsLimitedAndCharged() throws {
    func publish(_ number: Int) -> [UInt8] {
      Self.packet(
        0x34, join(Self.text("a/1"), [UInt8(number >> 8), UInt8(number & 255)], [0x31]))
    }
    var talk = Talk(serverPort: 1883)
    talk.says(.client, Self.connect(4, id: "x"))
    for number in 1...5000 { talk.says(.client, publish(number)) }
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    #expect(dissection.counters.referencesForgotten == 5000 - 4096)
    #expect(dissection.counters.waitingDropped == 0)
    #expect(dissection.isIdle)
    // A limit on memory forgets them all; the releases are then told.
    var limits = DissectionLimits()
    limits.waitingInAll = 100
    let small = Dissection(limits: limits, switches: .everything)
    var few = Talk(serverPort: 1883)
    few.says(.client, Self.connect(4, id: "x"))
    for number in 1...13 { few.says(.client, publish(number)) }
    few.says(.client, [0x62, 2, 0, 5])
    few.says(.server, [0x70, 2, 0, 5])
    few.play(to: small)
    #expect(small.counters.referencesForgotten == 13)
    #expect(small.isIdle)
  }

  @Test func whatIsKeptWaitsWhileTheConnectionIsOpen() {
    let dissection = Dissection(switches: .everything)
    var talk = Talk(serverPort: 1883)
    let alias: [UInt8] = [3, 0x23, 0, 1]
    dissection.opened(0, talk.conversation)
    talk.says(.client, Self.connect(5, id: "x"))
    talk.says(.client, Self.packet(0x30, join(Self.text("a/1"), alias, [0x31])))
    for case .says(let side, let bytes) in talk.turns {
      let moment = Moment(timestamp: Timestamp(milliseconds: 1), packet: 1)
      dissection.received(bytes.rawSpan, on: 0, from: side, at: moment)
    }
    #expect(dissection.held.waitingBytes == 64 + 3)
    dissection.closed(0, talk.conversation)
    #expect(dissection.held.waitingBytes == 0)
  }

  // MARK: Laws

  @Test func anySplitGivesTheSameMessages() {
    Laws.split(Self.session)
    Laws.split(Self.newSession)
  }
  @Test func anyOrderOfSegmentsGivesTheSameMessages() { Laws.reordering(Self.session) }
  @Test func anyBeginningGivesABeginningOfTheMessages() {
    Laws.truncation(Self.session)
    Laws.truncation(Self.newSession)
  }
  @Test func nothingBreaksIt() {
    Laws.mutation(Self.session)
    Laws.mutation(Self.newSession)
  }

  // MARK: Material

  static func text(_ text: String) -> [UInt8] { [0, UInt8(text.utf8.count)] + Array(text.utf8) }

  static func packet(_ first: UInt8, _ content: [UInt8]) -> [UInt8] {
    mqttPacket(first, content)
  }

  static func connect(_ level: UInt8, id: String) -> [UInt8] {
    packet(0x10, join(text("MQTT"), [level, 2, 0, 60], level == 5 ? [0] : [], text(id)))
  }

  static func publish(qos: UInt8, _ number: UInt8, isAgain: Bool = false) -> [UInt8] {
    packet(
      0x30 | qos << 1 | (isAgain ? 8 : 0),
      join(text("a/1"), qos > 0 ? [0, number] : [], Array("21.5".utf8)))
  }

  static var session: Talk {
    var talk = Talk(serverPort: 1883)
    talk.says(
      .client,
      packet(
        0x10,
        join(
          text("MQTT"), [4, 0xce, 0, 60], text("meter-1"), text("w"), text("off"), text("bob"),
          text("hunter2"))))
    talk.says(.server, [0x20, 2, 1, 0])
    talk.says(.client, packet(0x82, join([0, 1], text("a/#"), [1], text("b"), [0])))
    talk.says(.server, [0x90, 4, 0, 1, 1, 0])
    talk.says(.client, publish(qos: 0, 0))
    talk.says(.client, publish(qos: 1, 2))
    talk.says(.server, [0x40, 2, 0, 2])
    talk.says(.client, publish(qos: 2, 3))
    talk.says(.server, [0x50, 2, 0, 3])
    talk.says(.client, [0x62, 2, 0, 3])
    talk.says(.server, [0x70, 2, 0, 3])
    talk.says(.server, publish(qos: 0, 0))
    talk.says(.client, [0xc0, 0])
    talk.says(.server, [0xd0, 0])
    talk.says(.client, packet(0xa2, [0, 4] + text("a/#")))
    talk.says(.server, [0xb0, 2, 0, 4])
    talk.says(.client, [0xe0, 0])
    return talk
  }

  static var newSession: Talk {
    var talk = Talk(serverPort: 1883)
    talk.says(.client, connect(5, id: ""))
    talk.says(.client, packet(0xf0, join([24, 14, 21], text("SCRAM"), [22], text("abc"))))
    talk.says(.server, packet(0x20, [0, 0, 8, 18] + text("given")))
    let properties = join([35, 0, 1, 3], text("text/plain"), [38], text("trace"), text("7"))
    talk.says(
      .client,
      packet(
        0x30, join(text("t/1"), [UInt8(properties.count)], properties, Array("hi".utf8))))
    talk.says(.client, packet(0x32, join(text(""), [0, 5, 3, 35, 0, 1], Array("yo".utf8))))
    talk.says(.server, packet(0x40, [0, 5, 16]))
    talk.says(.client, packet(0x34, join(text("t/2"), [0, 6, 0], Array("no".utf8))))
    talk.says(.server, packet(0x50, [0, 6, 151, 0]))
    talk.says(
      .client, packet(0x82, join([0, 8, 3, 11, 0xc8, 1], text("ok"), [1], text("no"), [1])))
    talk.says(.server, packet(0x90, [0, 8, 0, 1, 135]))
    talk.says(.server, packet(0xe0, [142, 0]))
    return talk
  }
}
