import Bytes
import Entries
import KFL
import Store
import TestSupport
import Testing

@testable import Query

/// Where sample traffic begins: 2023-11-14T22:13:20Z.
let start = Timestamp(milliseconds: 1_700_000_000_000)

/// Entries of many kinds with fields of all types, some of them missing.
struct RandomEntries {
  var random: SeededGenerator
  private let workloads: [Workload?]
  private var stream: UInt64 = 1

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    workloads = [
      nil,
      Workload(
        pod: "orders-1", podNamespace: "shop", service: "orders", serviceNamespace: "shop",
        node: "node-1", labels: ["app": "orders", "tier": "backend"], process: "java"),
      Workload(service: "payments", serviceNamespace: "money", dns: "pay.example.com"),
      Workload(pod: "frontend-7", podNamespace: "shop", node: "node-2", labels: ["app": "web"]),
      Workload(dns: "api.example.com"),
    ]
  }

  mutating func pick<Element>(_ list: [Element]) -> Element {
    list[Int.random(in: 0..<list.count, using: &random)]
  }

  private mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &random) < percent
  }

  /// An entry at that many milliseconds after `start`.
  mutating func entry(_ milliseconds: Int64) -> Entry {
    let kind = pick([
      ProtocolKind.http, .http, .http, .http2, .grpc, .gqlv1, .dns, .dns, .redis, .kafka, .mysql,
      .tlsx, .tcpConn, .udpConn, .tcpFlow, .icmp,
    ])
    let hasResponse = chance(85)
    let hasRequest = !hasResponse || chance(90)
    stream += UInt64.random(in: 0..<3, using: &random)
    var entry = Entry(
      kind: kind, transport: kind == .dns || kind == .udpConn ? .udp : .tcp,
      timestamp: start.advanced(by: milliseconds * 1_000_000 + (chance(50) ? 0 : 17)),
      elapsed: hasRequest && hasResponse
        ? pick([0, 1, 999, 2_500, 40_000, 1_500_000, 7_000_000_000]) : nil,
      source: endpoint(40_000), destination: endpoint(8_080), stream: stream,
      index: UInt32.random(in: 0..<4, using: &random), packets: chance(80) ? 3...9 : 0...0,
      hasRequest: hasRequest, hasResponse: hasResponse,
      requestSize: pick([0, 1, 99, 512, 100_000]), responseSize: pick([0, 7, 512, 1_000_000]),
      failed: chance(20), decrypted: chance(10))
    if chance(10) { entry.fault = .init(pick([.timeout, .pairNotFound, .connection]), "cut") }
    addFields(&entry)
    return entry
  }

  private mutating func endpoint(_ port: UInt16) -> Endpoint {
    Endpoint(
      address: IPAddress(v4: 0x0a00_0000 + UInt32.random(in: 1..<6, using: &random)),
      port: chance(70) ? port : 0, workload: pick(workloads))
  }

  private mutating func addFields(_ entry: inout Entry) {
    func add(_ id: FieldID, _ value: FieldValue) { entry.fields.add(id, value) }
    if chance(70) { add(.nodeName, .text(pick(["node-1", "node-2"]))) }
    if chance(20) { add(.captureSource, .text(pick(["af_packet", "ebpf_tls"]))) }
    switch entry.kind {
    case .http, .http2, .grpc, .gqlv1: addHTTP(&entry)
    case .dns:
      add(.dnsQuestions, .texts([pick(["a.example.com", "b.example.com", "c"])]))
      add(.dnsRcode, .text(pick(["NOERROR", "NXDOMAIN", ""])))
      add(.statusCode, .int(pick([0, 3])))
    case .redis:
      add(.redisType, .text(pick(["GET", "SET"])))
      if chance(80) { add(.redisKey, .text(pick(["session:1", "cart:2", ""]))) }
    case .kafka:
      add(.kafkaTopics, .texts(pick([["orders"], ["orders", "payments"], []])))
      add(.kafkaAPIKey, .int(pick([0, 1, 3])))
    case .mysql: add(.mysqlErrorCode, .int(pick([0, 1062])))
    case .tcpConn, .tcpFlow:
      add(.connState, .text(pick(["open", "closed"])))
      add(.connLocalPkts, .int(Int64.random(in: 0..<50, using: &random)))
      add(.connLocalBytes, .int(Int64.random(in: 0..<5_000, using: &random)))
      add(.connRemotePkts, .int(Int64.random(in: 0..<50, using: &random)))
      add(.connRemoteBytes, .int(Int64.random(in: 0..<5_000, using: &random)))
      if chance(60) { add(.metricRetransmissions, .int(pick([0, 1, 12]))) }
      if chance(60) { add(.metricSynToSynAck, .int(pick([90, 400]))) }
      add(.connL7Detected, .texts(pick([["HTTP"], ["TLS", "HTTP"], []])))
    default: break
    }
  }

  private mutating func addHTTP(_ entry: inout Entry) {
    func add(_ id: FieldID, _ value: FieldValue) { entry.fields.add(id, value) }
    add(.method, .text(pick(["GET", "POST", ""])))
    let path = pick(["/api/orders", "/api/users/42", "/", "/health", "/Über", ""])
    add(.path, .text(path))
    add(.url, .text(path + pick(["", "?id=7", "?id=7&q=x&q=y"])))
    if entry.hasResponse { add(.statusCode, .int(pick([200, 204, 301, 404, 500, 503]))) }
    if chance(90) { add(.httpVersion, .text(pick(["HTTP/1.1", "HTTP/2"]))) }
    if entry.kind == .grpc { add(.grpcStatus, .int(pick([0, 5, 14]))) }
    guard chance(70) else { return }
    var headers = HeaderBlock()
    headers.append("Host", pick(["shop", "pay"]))
    if chance(50) { headers.append("Authorization", pick(["Token abc", "Bearer x"])) }
    if chance(30) { headers.append("Cookie", "session=s-1; theme=dark") }
    entry.request = Content(
      headers: headers, body: chance(40) ? Array("{\"coupon\":1}".utf8) : [], bodyLength: 12)
  }
}

/// A store in memory with small blocks, which share their texts or do not.
func store(
  _ entries: [Entry], blockRows: Int = 200, sharingTexts: Bool = true
) throws -> EntryStore {
  var limits = StoreLimits()
  limits.blockRows = blockRows
  limits.textRows = sharingTexts ? 0 : .max
  let store = try EntryStore(.memory, limits: limits)
  try store.append(entries)
  try store.flush()
  return store
}

/// The filter of a text that compiles.
func filter(_ text: String) throws -> Filter {
  let compilation = Query.compile(text, now: start)
  return try #require(compilation.filter, "\(text): \(compilation.errors.first?.message ?? "")")
}
