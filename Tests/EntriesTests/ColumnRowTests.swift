import Bytes
import Testing

@testable import Entries

@Suite struct ColumnRowTests {
  private func value(_ id: FieldID, _ entry: Entry) -> FieldValue { EntryRow(entry).value(id) }

  @Test func flagsFollowTheKind() {
    let grpc = sample(.grpc, fields: [(.httpVersion, .text("HTTP/2"))])
    for id in [FieldID.http, .http2, .grpc] { #expect(value(id, grpc) == .bool(true)) }
    for id in [FieldID.dns, .gql, .conn, .tcp] { #expect(value(id, grpc) == .bool(false)) }
    let web = sample(.grpc, fields: [(.httpVersion, .text("HTTP/1.1"))])
    #expect(value(.http2, web) == .bool(false))
    #expect(value(.conn, sample(.udpConn)) == .bool(true))
    #expect(value(.udpFlow, sample(.udpConn)) == .bool(false))
  }

  @Test func identifiersComeFromStreamAndPlace() {
    let entry = sample(.http)
    #expect(value(.id, entry) == .int(204 << 24 | 3))
    #expect(value(.stream, entry) == .text("0000000000cc"))
    #expect(value(.connID, entry) == .int(204))
    #expect(value(.index, entry) == .int(3))
    #expect(value(.hasPCAP, entry) == .bool(true))
  }

  @Test func oneFlowForAllConnectionsToOnePort() {
    var (a, b, c) = (sample(.http), sample(.tcpConn), sample(.http))
    (a.source.port, b.source.port) = (1, 2)
    c.destination.port = 9
    #expect(value(.flowID, a) == value(.flowID, b))
    #expect(value(.flowID, a) != value(.flowID, c))
    guard case .int(let number) = value(.flowID, a) else { return }
    #expect(number > 0 && number < 1 << 53)
  }

  @Test func timesAreMicroseconds() {
    #expect(value(.elapsedTime, sample(.http)) == .int(2_500))
    #expect(value(.elapsedTime, sample(.http, hasResponse: false)) == .none)
    #expect(
      value(.timestamp, sample(.http)) == .instant(Timestamp(milliseconds: 1_700_000_000_123)))
  }

  @Test func namesPreferThePod() {
    let pod = Workload(
      pod: "orders-1", podNamespace: "shop", service: "orders", serviceNamespace: "shop")
    let service = Workload(service: "payments", serviceNamespace: "money")
    let entry = sample(.http, client: pod, server: service)
    #expect(value(.sourceName, entry) == .text("orders-1"))
    #expect(value(.destinationName, entry) == .text("payments"))
    #expect(value(.destinationPodName, entry) == .none)
    #expect(Catalogue[.destinationPodName].fallback == .destinationServiceName)
    #expect(value(.destinationNamespace, entry) == .text("money"))
    #expect(value(.namespaces, entry) == .texts(["shop", "money"]))
    #expect(value(.pods, entry) == .texts(["orders-1"]))
    #expect(value(.services, entry) == .texts(["orders", "payments"]))
  }

  @Test func localIsTheSideOnTheCapturingNode() {
    let client = Workload(pod: "a", node: "node-1", process: "curl")
    let server = Workload(pod: "b", node: "node-2", process: "java")
    let unknown = sample(.http, client: client, server: server)
    #expect(value(.localProcessName, unknown) == .text("curl"))
    #expect(value(.remoteProcessName, unknown) == .text("java"))
    let there = sample(
      .http, client: client, server: server, fields: [(.nodeName, .text("node-2"))])
    #expect(value(.localProcessName, there) == .text("java"))
    #expect(value(.localNodeName, there) == .text("node-2"))
    #expect(value(.remoteNodeName, there) == .text("node-1"))
    let both = sample(.http, client: client, server: client, fields: [(.nodeName, .text("node-1"))])
    #expect(value(.localProcessName, both) == .text("curl"))
  }

  @Test func sizesBelongToTheirOwnProtocol() {
    let redis = sample(.redis)
    #expect(value(.redisRequestSize, redis) == .int(100))
    #expect(value(.redisTotalSize, redis) == .int(120))
    #expect(value(.mysqlTotalSize, redis) == .none)
    #expect(value(.kafkaSize, sample(.kafka)) == .int(100))
    #expect(value(.kafkaSize, sample(.kafka, hasRequest: false)) == .int(20))
    #expect(value(.dnsRequest, sample(.dns, hasResponse: false)) == .bool(true))
    #expect(value(.dnsResponse, sample(.dns, hasResponse: false)) == .bool(false))
  }

  @Test func whatBrokersSayByThemselvesIsOfTheDirectionOfReplies() {
    for (method, isOfBrokers) in [
      ("basic.deliver", true), ("basic.return", true), ("connection.start", true),
      ("basic.publish", false), ("basic.ack", false),
    ] {
      let alone = sample(.amqp, hasResponse: false, fields: [(.amqpMethod, .text(method))])
      #expect(value(.amqpResponse, alone) == .bool(isOfBrokers))
      #expect(value(.amqpRequest, alone) == .bool(true))
    }
    #expect(
      value(.amqpResponse, sample(.amqp, fields: [(.amqpMethod, .text("queue.declare"))]))
        == .bool(true))
    #expect(
      value(.amqpResponse, sample(.http, fields: [(.amqpMethod, .text("basic.deliver"))]))
        == .bool(false))
  }

  @Test func successNeedsAnAnswer() {
    var entry = sample(.mysql)
    #expect(value(.mysqlSuccess, entry) == .bool(true))
    entry.failed = true
    #expect(value(.mysqlSuccess, entry) == .bool(false))
    #expect(value(.callFailed, entry) == .bool(true))
    #expect(value(.mysqlSuccess, sample(.mysql, hasResponse: false)) == .bool(false))
    #expect(value(.mysqlSuccess, sample(.http)) == .bool(false))
  }

  @Test func faultsAreNamed() {
    var entry = sample(.http)
    #expect(value(.error, entry) == .bool(false))
    #expect(value(.errorType, entry) == .none)
    entry.fault = Entry.Fault(.pairNotFound, "no reply")
    #expect(value(.error, entry) == .bool(true))
    #expect(value(.errorType, entry) == .text("pair-not-found"))
  }

  @Test func metricsHaveTheirNamesAndOrder() {
    #expect(TCPMetrics.names.count == 30)
    let entry = sample(
      .tcpConn,
      fields: [
        (.metricRetransmissions, .int(12)), (.connLocalPkts, .int(1_600)),
        (.connRemotePkts, .int(800)), (.metricGoodput, .int(7)),
        (.metricServerWindowScale, .int(7)), (.metricClientRetransmissions, .int(8)),
        (.metricServerRetransmissions, .int(4)),
      ])
    #expect(
      value(.tcpMetrics, entry)
        == .numbers([
          .init("retransmissions", 12), .init("retransmission_rate", 0.005),
          .init("goodput_bytes", 7), .init("server_window_scale", 7),
          .init("client_retransmission_rate", 0.005), .init("server_retransmission_rate", 0.005),
        ]))
    let unheard = sample(
      .tcpConn,
      fields: [
        (.metricRetransmissions, .int(1)), (.metricClientRetransmissions, .int(1)),
        (.metricServerRetransmissions, .int(0)), (.connLocalPkts, .int(4)),
        (.connRemotePkts, .int(0)),
      ])
    #expect(
      value(.tcpMetrics, unheard)
        == .numbers([
          .init("retransmissions", 1), .init("retransmission_rate", 0.25),
          .init("client_retransmission_rate", 0.25),
        ]), "a side that was not captured has no rate")
    #expect(value(.tcpMetrics, sample(.http)) == .none)
  }

  @Test func theQueryIsReadAsFormsWriteIt() {
    let entry = sample(.http, fields: [(.url, .text("/a?id=7&q=x+y%21&id=8&flag&bad=%zz#f"))])
    let expected = [("id", "7,8"), ("q", "x y!"), ("flag", ""), ("bad", "%zz")]
    #expect(value(.queryString, entry) == .pairs(expected.map { .init(name: $0, value: $1) }))
    #expect(value(.queryString, sample(.http, fields: [(.url, .text("/a"))])) == .pairs([]))
  }
}
