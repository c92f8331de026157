import Bytes
import Entries

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The calls of one day, in the order in which they ended, as a capture gives them. The same calls
/// for the same number of them; made one by one, so that any number needs little memory.
struct ShopDay {
  /// One call as numbers; `Shop` knows the names.
  struct Call {
    var timestamp: Int64 = 0
    var elapsed: Int64 = 0
    var stream: UInt64 = 0
    var index: UInt32 = 0
    var packets: ClosedRange<UInt64> = 0...0
    var route = 0
    var service = 0
    var client = 0
    var clientPod = 0
    var serverPod = 0
    var clientPort: UInt16 = 0
    var requestBytes: Int64 = 0
    var responseBytes: Int64 = 0
    /// HTTP status, DNS response code, or 0.
    var status: Int64 = 0
    var failed = false
  }

  /// A connection that is kept alive.
  private struct Connection {
    var stream: UInt64 = 0
    var index: UInt32 = 0
    var port: UInt16 = 0
    var client = 0
    var clientPod = 0
    var serverPod = 0
  }

  /// Midnight, 2026-03-14 UTC, in nanoseconds.
  static let begin: Int64 = 1_773_446_400 * 1_000_000_000
  static let length: Int64 = 86_400 * 1_000_000_000
  private static let connectionsOfService = 24

  let shop: Shop
  let rows: Int
  private var random = SplitMix(3)
  private var made = 0
  private var packets: UInt64 = 1
  private var connections: [Connection]

  init(_ shop: Shop, rows: Int) {
    (self.shop, self.rows) = (shop, rows)
    connections = [Connection](
      repeating: Connection(), count: shop.services.count * Self.connectionsOfService)
  }

  /// The next call; nil at the end of the day.
  mutating func next() -> Call? {
    guard made < rows else { return nil }
    let (a, b) = (random.next(), random.next())
    var call = Call()
    call.route = Int(shop.routePlaces[Int(a & 0xffff)])
    let route = shop.routes[call.route]
    call.service = route.service
    connect(&call, b)
    call.elapsed = max(20, Int64(route.median * shop.factors[Int(a >> 16 & 0xfff)]))
    let ended = Self.instant(Double(made) + Double(b >> 40) / Double(1 << 24), of: rows)
    // Clocks of captures count microseconds.
    call.timestamp = (ended / 1_000 - call.elapsed) * 1_000
    let outcome = a >> 28 & 0xffff
    call.failed = outcome < 1_311
    call.status = status(call, Int(outcome))
    call.requestBytes = 180 + Int64(b >> 8 & 0x1ff)
    call.responseBytes = 150 + Int64(60 * shop.factors[Int(b >> 20 & 0xfff)]) * Int64(1 + a >> 60)
    let first = packets
    packets += 2 + UInt64(call.responseBytes / 1_448)
    call.packets = first...packets
    packets += UInt64(a >> 44 & 7)
    made += 1
    return call
  }

  /// Puts the call on one of the connections of its service; some of them are new.
  private mutating func connect(_ call: inout Call, _ b: UInt64) {
    let slot = call.service * Self.connectionsOfService + Int(b & 0xff) % Self.connectionsOfService
    if connections[slot].index == 0 || b >> 48 & 0x3f == 0 {
      let seed = random.next()
      connections[slot] = Connection(
        stream: packets, port: 32_768 + UInt16(seed & 0x6fff),
        client: (Int(seed >> 16 & 0xff) * shop.services.count) >> 8, clientPod: Int(seed >> 24) % 3,
        serverPod: Int(seed >> 32) % 3)
      packets += 3
    }
    call.stream = connections[slot].stream
    call.index = connections[slot].index
    call.client = connections[slot].client
    call.clientPod = connections[slot].clientPod
    call.serverPod = connections[slot].serverPod
    call.clientPort = connections[slot].port
    connections[slot].index += 1
  }

  private func status(_ call: Call, _ outcome: Int) -> Int64 {
    switch shop.services[call.service].kind {
    case .http:
      guard call.failed else { return outcome & 15 == 0 ? 204 : outcome & 15 == 1 ? 304 : 200 }
      return [500, 502, 503, 503, 504, 500, 404, 401, 429, 404][outcome % 10]
    case .grpc: return 200
    case .dns: return call.failed ? 3 : 0
    default: return 0
    }
  }

  /// When call number `place` of `rows` ends: noon is four times as busy as midnight.
  private static func instant(_ place: Double, of rows: Int) -> Int64 {
    // The busyness is 1 − 0.6 cos(2πt); its integral is inverted by three steps of Newton's.
    let share = place / Double(rows)
    var t = share
    for _ in 0..<3 {
      let angle = 2 * Double.pi * t
      t -= (t - 0.6 * sin(angle) / (2 * Double.pi) - share) / (1 - 0.6 * cos(angle))
    }
    return begin + Int64(t * Double(length))
  }
}

// As an entry.
extension ShopDay {
  func entry(_ call: Call) -> Entry {
    let service = shop.services[call.service]
    let route = shop.routes[call.route]
    let client = shop.services[call.client].pods[call.clientPod]
    let server = service.pods[call.serverPod]
    var entry = Entry(
      kind: service.kind, transport: service.kind == .dns ? .udp : .tcp,
      timestamp: Timestamp(nanoseconds: call.timestamp), elapsed: call.elapsed,
      source: Endpoint(
        address: client.address, port: call.clientPort, workload: client.workload),
      destination: Endpoint(
        address: server.address, port: service.port, workload: server.workload),
      stream: call.stream, index: call.index, packets: call.packets, hasRequest: true,
      hasResponse: true, requestSize: call.requestBytes, responseSize: call.responseBytes,
      failed: call.failed)
    entry.fields.reserve(bytes: 160)
    switch service.kind {
    case .http, .grpc:
      entry.fields.add(.method, .text(route.method))
      entry.fields.add(.host, .text(service.name))
      entry.fields.add(.path, .text(route.path))
      entry.fields.add(.statusCode, .int(call.status))
      entry.fields.add(.httpVersion, .text(service.kind == .grpc ? "HTTP/2" : "HTTP/1.1"))
      if service.kind == .grpc { entry.fields.add(.grpcStatus, .int(call.failed ? 14 : 0)) }
    case .dns:
      entry.fields.add(.dnsQuestions, .texts([route.path]))
      entry.fields.add(.dnsQuestionTypes, .texts([route.method]))
      entry.fields.add(.statusCode, .int(call.status))
      entry.fields.add(.dnsRcode, .text(call.failed ? "NXDOMAIN" : "NOERROR"))
    case .redis:
      entry.fields.add(.redisType, .text(route.method))
      entry.fields.add(.redisKey, .text(route.path))
    default:
      entry.fields.add(.kafkaAPIKeyName, .text(route.method))
      entry.fields.add(.kafkaTopics, .texts([route.path]))
    }
    return entry
  }
}

// As a line of comma-separated values.
extension ShopDay {
  /// Names and SQL types of the columns of a line.
  static let columns = """
    ts TIMESTAMP_NS, elapsed BIGINT, stream BIGINT, idx INTEGER, first_packet BIGINT, \
    last_packet BIGINT, protocol VARCHAR, transport VARCHAR, src_ip VARCHAR, src_port INTEGER, \
    src_pod VARCHAR, src_ns VARCHAR, src_service VARCHAR, src_node VARCHAR, dst_ip VARCHAR, \
    dst_port INTEGER, dst_pod VARCHAR, dst_ns VARCHAR, dst_service VARCHAR, dst_node VARCHAR, \
    halves TINYINT, request_bytes BIGINT, response_bytes BIGINT, failed BOOLEAN, method VARCHAR, \
    host VARCHAR, path VARCHAR, status_code INTEGER, http_version VARCHAR, grpc_status INTEGER, \
    question VARCHAR, question_type VARCHAR, rcode VARCHAR, redis_type VARCHAR, redis_key VARCHAR, \
    api_key_name VARCHAR, topic VARCHAR
    """

  func write(_ call: Call, to out: inout [UInt8]) {
    let service = shop.services[call.service]
    let route = shop.routes[call.route]
    func text(_ text: String) {
      out.append(contentsOf: text.utf8)
      out.append(0x2c)
    }
    func number(_ value: Int64) {
      Self.append(UInt64(value), to: &out)
      out.append(0x2c)
    }
    func blanks(_ count: Int) { out.append(contentsOf: repeatElement(0x2c, count: count)) }
    // Nanoseconds since 1970; the reader turns them into an instant.
    number(call.timestamp)
    number(call.elapsed)
    number(Int64(call.stream))
    number(Int64(call.index))
    number(Int64(call.packets.lowerBound))
    number(Int64(call.packets.upperBound))
    text(service.kind.family)
    text(service.kind == .dns ? "udp" : "tcp")
    for (name, pod, port) in [
      (call.client, call.clientPod, call.clientPort), (call.service, call.serverPod, service.port),
    ] {
      let end = shop.services[name].pods[pod]
      text(end.addressText)
      number(Int64(port))
      text(end.name)
      text(shop.services[name].namespace)
      text(shop.services[name].name)
      text(end.node)
    }
    text("3")
    number(call.requestBytes)
    number(call.responseBytes)
    text(call.failed ? "true" : "false")
    switch service.kind {
    case .http, .grpc:
      text(route.method)
      text(service.name)
      text(route.path)
      number(call.status)
      text(service.kind == .grpc ? "HTTP/2" : "HTTP/1.1")
      text(service.kind == .grpc ? call.failed ? "14" : "0" : "")
      blanks(6)
    case .dns:
      blanks(3)
      number(call.status)
      blanks(2)
      text(route.path)
      text(route.method)
      text(call.failed ? "NXDOMAIN" : "NOERROR")
      blanks(3)
    case .redis:
      blanks(9)
      text(route.method)
      text(route.path)
      blanks(1)
    default:
      blanks(11)
      text(route.method)
      out.append(contentsOf: route.path.utf8)
    }
    out.append(0x0a)
  }

  private static func append(_ value: UInt64, to out: inout [UInt8]) {
    if value >= 10 { append(value / 10, to: &out) }
    out.append(0x30 + UInt8(value % 10))
  }
}

func exponential(_ value: Double) -> Double { exp(value) }
func naturalLogarithm(_ value: Double) -> Double { log(value) }
