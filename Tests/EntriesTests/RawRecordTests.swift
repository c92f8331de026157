import JSON
import Testing

@testable import Entries

@Suite struct RawRecordTests {
  private func record(_ entry: Entry) -> JSONValue {
    .object(RawRecord(EntryRow(entry), id: "n/204/3").json)
  }

  @Test func anHTTPCallHasBothMessages() {
    let entry = sample(
      .http,
      request: Content(
        headers: headers(("Host", "shop"), ("Cookie", "a=1")), body: Array("x=1".utf8),
        bodyLength: 3),
      response: Content(
        headers: headers(("Set-Cookie", "a=1, b"), ("Set-Cookie", "c=2")), body: [0, 1],
        bodyLength: 9),
      fields: [
        (.method, .text("POST")), (.url, .text("/a/b?id=7")), (.path, .text("/a/b")),
        (.statusCode, .int(500)), (.httpVersion, .text("HTTP/1.1")),
      ])
    let json = record(entry)
    #expect(json["id"] == "n/204/3")
    #expect(json["protocol"]?["abbr"] == "HTTP")
    #expect(json["protocol"]?["version"] == "1.1")
    #expect(json["timestamp"] == 1_700_000_000_123)
    #expect(json["startTime"] == "2023-11-14T22:13:20.123Z")
    #expect(json["elapsedTime"] == 2)
    #expect(json["elapsedTimeUs"] == 2_500)
    #expect(json["src"]?["ip"] == "10.0.0.7")
    #expect(json["dst"]?["port"] == "8080")
    #expect(json["request"]?["pathSegments"] == ["a", "b"])
    #expect(json["request"]?["queryString"]?["id"] == "7")
    #expect(json["request"]?["cookies"]?["a"] == "1")
    #expect(json["request"]?["postData"]?["text"] == "x=1")
    #expect(json["response"]?["status"] == 500)
    #expect(json["response"]?["headers"]?["set-cookie"] == ["a=1, b", "c=2"])
    #expect(json["response"]?["content"]?["encoding"] == "base64")
    #expect(json["response"]?["content"]?["text"] == "AAE=")
    #expect(json["response"]?["content"]?["truncated"] == true)
    #expect(json["error"] == .null)
    #expect(json["request"]?["nothing"] == nil)
  }

  @Test func aTargetHasItsSchemeAndHost() {
    func target(_ fields: [(FieldID, FieldValue)], _ request: HeaderBlock = headers()) -> JSONValue?
    {
      record(sample(.http2, request: Content(headers: request), fields: fields))["request"]?[
        "targetUri"]
    }
    let host = (FieldID.host, FieldValue.text("shop:81"))
    #expect(target([(.url, .text("/a?b=1")), host]) == "http://shop:81/a?b=1")
    #expect(
      target([(.url, .text("/a")), host], headers((":scheme", "https"))) == "https://shop:81/a")
    #expect(target([(.url, .text("/a"))]) == "/a")
    #expect(target([(.url, .text("*")), host]) == "*")
  }

  @Test func formsShowTheirParameters() {
    let form = Content(
      headers: headers(("content-type", "application/x-www-form-urlencoded")),
      body: Array("a=1&b=x%20y".utf8), bodyLength: 11)
    let post = record(sample(.http, request: form, fields: []))["request"]?["postData"]
    #expect(post?["params"] == [["name": "a", "value": "1"], ["name": "b", "value": "x y"]])
  }

  @Test func versionsAreThoseOfTheProtocols() {
    let json = record(sample(.http2, fields: [(.httpVersion, .text("HTTP/2"))]))
    #expect(json["protocol"]?["version"] == "2.0")
  }

  @Test func gRPCCallsShowTheirOwnFields() {
    let json = record(sample(.grpc, fields: [(.grpcStream, .text("bidi"))]))
    #expect(json["grpc_stream"] == "bidi")
  }

  @Test func whatFollowsTheKeyOfACommandIsItsValue() {
    let json = record(
      sample(
        .redis,
        fields: [
          (.redisType, .text("SET")), (.redisCommand, .text("set cart:1 tea and milk")),
          (.redisKey, .text("cart:1")),
        ]))
    #expect(json["request"]?["value"] == "tea and milk")
  }

  @Test func theCaptureTellsTheVLAN() {
    func capture(_ fields: [(FieldID, FieldValue)]) -> JSONValue? {
      record(sample(.dns, fields: fields))["capture"]
    }
    #expect(capture([]) == [:])
    #expect(capture([(.captureVLAN, .int(42))]) == ["vlan": ["id": 42, "dot1q": true]])
    let double: [(FieldID, FieldValue)] = [
      (.captureVLAN, .int(7)), (.captureInnerVLAN, .int(9)),
      (.captureVLANIsOfProvider, .bool(true)),
    ]
    #expect(capture(double) == ["vlan": ["id": 7, "dot1q": false, "inner": 9]])
    let row = EntryRow(sample(.dns, fields: double))
    #expect(row.value(.capture) == .pairs([HeaderBlock.Field(name: "vlan", value: "7")]))
  }

  @Test func aMissingHalfIsNull() {
    var entry = sample(.dns, hasResponse: false, fields: [(.dnsQuestions, .texts(["a.b"]))])
    entry.fault = Entry.Fault(.timeout, "no reply in 10 s")
    let json = record(entry)
    #expect(json["request"]?["questions"]?[0]?["name"] == "a.b")
    #expect(json["response"] == .null)
    #expect(json["elapsedTime"] == .null)
    #expect(json["error"]?["type"] == "timeout")
    #expect(json["error"]?["msg"] == "no reply in 10 s")
  }

  @Test func detailsOfAProtocolAreMembersOfItsMessages() {
    let entry = sample(
      .amqp,
      fields: [
        (.amqpMethod, .text("basic.publish")),
        (.details, .text(#"{"request":{"exchange":"orders"},"response":{"x":1}}"#)),
      ])
    let json = record(entry)
    #expect(json["request"]?["exchange"] == "orders")
    #expect(json["amqp_method"] == "basic.publish")
    #expect(json["redis_type"] == nil)
    #expect(json["response"]?["x"] == 1)
    #expect(record(sample(.amqp, fields: [(.details, .text("{broken"))]))["request"] != nil)
  }

  @Test func theCodeOfADNSReplyIsItsName() {
    let json = record(
      sample(
        .dns,
        fields: [
          (.dnsRcode, .text("NXDOMAIN")),
          (.details, .text(#"{"response":{"rcode":3,"answers":[]}}"#)),
        ]))
    #expect(json["response"]?["code"] == "NXDOMAIN" && json["response"]?["rcode"] == 3)
  }

  @Test func connectionsShowTheirStateAndFigures() {
    let entry = sample(
      .tcpConn,
      fields: [(.connState, .text("closed")), (.metricResets, .int(1))])
    let json = record(entry)
    #expect(json["conn_state"] == "closed")
    #expect(json["tcp_metrics"]?["rst_count"]?.double == 1)
  }

  /// Next to an end a part of the handshake is the round trip, elsewhere all of it.
  @Test func theFirstRoundTripDependsOnWhereItWasCaptured() {
    let client = Workload(pod: "a", node: "node-1")
    let server = Workload(pod: "b", node: "node-2")
    for (node, vantage, roundTrip) in [
      ("node-1", "client", 300), ("node-2", "server", 20), ("node-3", "path", 330),
      ("", "path", 330),
    ] as [(String, String, Double)] {
      var fields: [(FieldID, FieldValue)] = [
        (.metricInitialRTT, .int(330)), (.metricHandshakeTime, .int(330)),
        (.metricSynToSynAck, .int(300)), (.metricSynAckToAck, .int(20)),
      ]
      if !node.isEmpty { fields.append((.nodeName, .text(node))) }
      let entry = sample(.tcpConn, client: client, server: server, fields: fields)
      let metrics = record(entry)["tcp_metrics"]
      #expect(metrics?["vantage"] == .string(vantage))
      #expect(metrics?["initial_rtt_us"]?.double == roundTrip)
      #expect(metrics?["handshake_time_us"]?.double == 330)
      #expect(metrics?["offload"] == nil)
    }
  }

  @Test func segmentsLongerThanThoseOfTheWireAreTold() {
    let entry = sample(
      .tcpConn, fields: [(.metricResets, .int(1)), (.metricOffload, .bool(true))])
    #expect(record(entry)["tcp_metrics"]?["offload"] == true)
  }

  @Test func connectionsAndFlowsNameTheirGroups() throws {
    let connection = record(sample(.tcpConn))
    let flow = try #require(connection["flow_id"]?.int)
    #expect(connection["conn_group_id"]?.int == flow)
    #expect(connection["flow_group_id"] == nil)
    let above = record(sample(.tcpFlow))
    let group = try #require(above["flow_group_id"]?.int)
    #expect(above["flow_id"]?.int == flow && group != flow)
    #expect(record(sample(.udpFlow))["flow_group_id"]?.int == group)
    #expect(record(sample(.http))["conn_group_id"] == nil)
  }

  @Test func base64IsPadded() {
    // RFC 4648 §10.
    let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
    for (text, coded) in cases { #expect(base64(Array(text.utf8)) == coded) }
  }
}
