import Bytes
import Entries
import KFL
import Store
import Testing

@testable import Query

@Suite struct FlowAggregatorTests {
  private static let web = Workload(
    pod: "web-1", podNamespace: "shop", service: "web", serviceNamespace: "shop", node: "node-1")
  private static let orders = Workload(
    pod: "orders-1", podNamespace: "shop", service: "orders", serviceNamespace: "shop",
    node: "node-2")
  private static let outside = Workload(dns: "s3.example.com")

  private func connection(
    _ number: UInt64, _ client: Workload?, _ server: Workload?, port: UInt16,
    kind: ProtocolKind = .tcpConn, fields: [(FieldID, FieldValue)] = []
  ) -> Entry {
    var values = FieldValues()
    for (id, value) in [
      (FieldID.connLocalPkts, FieldValue.int(10)), (.connLocalBytes, .int(1_000)),
      (.connRemotePkts, .int(5)), (.connRemoteBytes, .int(9_000)), (.connState, .text("closed")),
    ] + fields { values.set(id, value) }
    return Entry(
      kind: kind, transport: kind == .udpConn ? .udp : .tcp,
      timestamp: start.advanced(by: Int64(number) * 1_000_000),
      source: Endpoint(
        address: IPAddress(v4: 0x0a00_0001), port: UInt16(40_000 + number), workload: client),
      destination: Endpoint(address: IPAddress(v4: 0x0a00_0002), port: port, workload: server),
      stream: number, index: 0, fields: values)
  }

  private func source() throws -> StoreSource {
    StoreSource(
      try store([
        connection(
          1, Self.web, Self.orders, port: 80,
          fields: [
            (.metricSynToSynAck, .int(300)), (.metricSynAckToAck, .int(20)),
            (.metricRetransmissions, .int(2)), (.connL7Detected, .texts(["HTTP"])),
            (.metricCompleteness, .int(31)),
          ]),
        connection(
          2, Self.web, Self.orders, port: 80,
          fields: [
            (.metricSynToSynAck, .int(500)), (.connL7Detected, .texts(["TLS", "HTTP"])),
            (.metricResets, .int(1)),
          ]),
        connection(3, Self.web, Self.orders, port: 9_000),
        connection(4, Self.web, Self.outside, port: 443, fields: [(.metricCompleteness, .int(33))]),
        connection(5, nil, Self.orders, port: 53, kind: .udpConn),
        // The server lives on the capturing node: local is the server.
        connection(
          6, Self.web, Self.orders, port: 7_000, fields: [(.nodeName, .text("node-2"))]),
        connection(7, Self.web, Self.orders, port: 80, kind: .tcpFlow),
      ]))
  }

  /// A flow of one long connection ended where it began, and so had no rate.
  @Test func aFlowLastsToItsLastPacket() async throws {
    let source = StoreSource(
      try store([
        connection(
          1, Self.web, Self.orders, port: 80, fields: [(.connDuration, .int(5_000_000))]),
        connection(2, Self.web, Self.orders, port: 80, fields: [(.connDuration, .int(1_000))]),
        connection(3, Self.web, Self.orders, port: 81, fields: [(.connDuration, .int(.max))]),
      ]))
    let flows = try await source.flows(FlowQuery(order: .newest)).flows
    #expect(flows.map(\.server.port) == [80, 81])
    #expect(flows[0].first == start.advanced(by: 1_000_000))
    #expect(flows[0].last == start.advanced(by: 5_001_000_000))
    #expect(flows[1].last == flows[1].first)
  }

  @Test func connectionsToOnePortAreOneFlow() async throws {
    let result = try await source().flows(FlowQuery())
    #expect(result.total == 5 && result.connectionsLeftOut == 0)
    let flow = try #require(result.flows.first)
    #expect(flow.server.port == 80 && flow.transport == "tcp" && flow.connections == 2)
    #expect(flow.client.pod == "web-1" && flow.server.service == "orders")
    #expect(flow.clientPackets == 20 && flow.serverBytes == 18_000 && flow.bytes == 20_000)
    #expect(flow.retransmissions == 2 && flow.resets == 1 && flow.closed == 2)
    #expect(flow.clientHandshake.quantile(1) == 500 && flow.serverHandshake.count == 1)
    #expect(flow.protocols == ["HTTP", "TLS"])
    #expect(flow.first == start.advanced(by: 1_000_000))
    #expect(flow.last == start.advanced(by: 2_000_000))
    #expect((flow.flowID ?? 0) > 0)
  }

  @Test func aNameHeardInBetweenMakesNoOtherFlow() async throws {
    let source = StoreSource(
      try store([
        connection(1, Self.web, nil, port: 443), connection(2, Self.web, Self.outside, port: 443),
      ]))
    let result = try await source.flows(FlowQuery())
    #expect(result.total == 1 && result.flows.first?.connections == 2)
    #expect(result.flows.first?.server.dns == "s3.example.com")
  }

  @Test func theServerCanBeLocal() async throws {
    let result = try await source().flows(FlowQuery([try filter("dst.port == 7000")]))
    let flow = try #require(result.flows.first)
    #expect(flow.clientBytes == 9_000 && flow.serverBytes == 1_000)
  }

  @Test func unansweredConnectionsAreCounted() async throws {
    let result = try await source().flows(FlowQuery([try filter("dst.port == 443")]))
    #expect(result.flows.first?.unanswered == 1)
  }

  @Test func levelsKeepOnlyTheirIdentity() async throws {
    let source = try source()
    func names(_ level: FlowQuery.Level) async throws -> [String] {
      try await source.flows(FlowQuery(level: level)).flows.map {
        "\($0.client.name)>\($0.server.name)/\($0.transport) \($0.connections)"
      }.sorted()
    }
    #expect(
      try await names(.service)
        == ["10.0.0.1>orders/udp 1", "web>orders/tcp 4", "web>s3.example.com/tcp 1"])
    #expect(
      try await names(.namespace)
        == ["10.0.0.1>shop/udp 1", "shop>s3.example.com/tcp 1", "shop>shop/tcp 4"])
    #expect(
      try await names(.node)
        == ["10.0.0.1>node-2/udp 1", "node-1>node-2/tcp 4", "node-1>s3.example.com/tcp 1"])
    #expect(
      try await names(.pod)
        == ["10.0.0.1>orders-1/udp 1", "web-1>orders-1/tcp 4", "web-1>s3.example.com/tcp 1"])
  }

  @Test func ordersAndLimits() async throws {
    let source = try source()
    let newest = try await source.flows(FlowQuery(order: .newest, limit: 1))
    #expect(newest.flows.map(\.server.port) == [7_000] && newest.total == 5)
    let slow = try await source.flows(FlowQuery(order: .handshake, limit: 1))
    #expect(slow.flows.map(\.server.port) == [80])
  }
}
