/// Writes a pcap file of HTTP/1.1 conversations: keep-alive connections, JSON bodies of 0.2 to
/// 20 KB in segments of 1,448 bytes, acknowledged, some errors. The same bytes for the same seed.
struct TrafficMaker {
  private(set) var file: [UInt8] = []
  private(set) var packets = 0
  private(set) var calls = 0
  private var clock: UInt64 = 1_770_000_000_000_000
  private var random: UInt64

  init(megabytes: Int, connections: Int = 64, seed: UInt64 = 1) {
    random = seed
    file.reserveCapacity((megabytes + 1) << 20)
    little32(0xa1b2_c3d4)
    little16(2)
    little16(4)
    little32(0)
    little32(0)
    little32(262_144)
    little32(1)
    var open = (0..<connections).map { Connection(number: $0) }
    for index in open.indices { handshake(&open[index]) }
    let body = [UInt8](
      #"{"id":42,"name":"blue shoes","price":1999,"tags":["a","b"],"stock":7},"#.utf8)
    while file.count < megabytes << 20 {
      let index = Int(next() % UInt64(connections))
      exchange(&open[index], body)
    }
  }

  private struct Connection {
    var number: Int
    var client: UInt32 = 1_000
    var server: UInt32 = 9_000_000

    init(number: Int) { self.number = number }
  }

  private enum Flags { static let syn = 2, ack = 16, pushAck = 24 }

  private mutating func handshake(_ connection: inout Connection) {
    frame(connection, fromClient: true, flags: Flags.syn, payload: [])
    connection.client &+= 1
    frame(connection, fromClient: false, flags: Flags.syn | Flags.ack, payload: [])
    connection.server &+= 1
    frame(connection, fromClient: true, flags: Flags.ack, payload: [])
  }

  private mutating func exchange(_ connection: inout Connection, _ piece: [UInt8]) {
    calls += 1
    let request = Array(
      """
      GET /api/orders/\(next() % 3_000)?page=\(next() % 9) HTTP/1.1\r
      Host: orders.shop.svc:8080\r
      User-Agent: shop-frontend/3.1\r
      Accept: application/json\r
      X-Request-Id: \(next())\r
      \r\n
      """.utf8)
    send(&connection, fromClient: true, request)
    let length = 200 + Int(next() % 20) * Int(next() % 1_000)
    var body: [UInt8] = []
    body.reserveCapacity(length)
    while body.count < length { body.append(contentsOf: piece.prefix(length - body.count)) }
    let status = next() % 50 == 0 ? "500 Internal Server Error" : "200 OK"
    let head = Array(
      """
      HTTP/1.1 \(status)\r
      Server: nginx/1.22.1\r
      Content-Type: application/json\r
      Content-Length: \(length)\r
      Connection: keep-alive\r
      \r\n
      """.utf8)
    send(&connection, fromClient: false, head + body)
  }

  private mutating func send(_ connection: inout Connection, fromClient: Bool, _ data: [UInt8]) {
    var at = 0
    while at < data.count {
      let end = min(at + 1_448, data.count)
      frame(connection, fromClient: fromClient, flags: Flags.pushAck, payload: data[at..<end])
      let count = UInt32(end - at)
      if fromClient { connection.client &+= count } else { connection.server &+= count }
      at = end
    }
    frame(connection, fromClient: !fromClient, flags: Flags.ack, payload: [])
  }

  private mutating func frame(
    _ connection: Connection, fromClient: Bool, flags: Int, payload: ArraySlice<UInt8>
  ) {
    packets += 1
    clock += 3 + next() % 40
    let length = 54 + payload.count
    little32(UInt32(clock / 1_000_000))
    little32(UInt32(clock % 1_000_000))
    little32(UInt32(length))
    little32(UInt32(length))
    // Ethernet II, IPv4 without options, TCP without options.
    file.append(contentsOf: [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0])
    big16(UInt16(length - 14))
    file.append(contentsOf: [0, 0, 0x40, 0, 64, 6, 0, 0])
    let client: [UInt8] = [10, 244, 1, UInt8(truncatingIfNeeded: 10 + connection.number % 40)]
    let server: [UInt8] = [10, 244, 2, 20]
    file.append(contentsOf: fromClient ? client + server : server + client)
    let port = UInt16(truncatingIfNeeded: 30_000 + connection.number)
    big16(fromClient ? port : 8_080)
    big16(fromClient ? 8_080 : port)
    big32(fromClient ? connection.client : connection.server)
    big32(flags == Flags.syn ? 0 : fromClient ? connection.server : connection.client)
    file.append(contentsOf: [0x50, UInt8(flags), 0xff, 0xff, 0, 0, 0, 0])
    file.append(contentsOf: payload)
  }

  /// SplitMix64.
  private mutating func next() -> UInt64 {
    random &+= 0x9e37_79b9_7f4a_7c15
    var value = random
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }

  private mutating func little16(_ value: UInt16) {
    file.append(UInt8(truncatingIfNeeded: value))
    file.append(UInt8(truncatingIfNeeded: value >> 8))
  }
  private mutating func little32(_ value: UInt32) {
    little16(UInt16(truncatingIfNeeded: value))
    little16(UInt16(truncatingIfNeeded: value >> 16))
  }
  private mutating func big16(_ value: UInt16) {
    file.append(UInt8(truncatingIfNeeded: value >> 8))
    file.append(UInt8(truncatingIfNeeded: value))
  }
  private mutating func big32(_ value: UInt32) {
    big16(UInt16(truncatingIfNeeded: value >> 16))
    big16(UInt16(truncatingIfNeeded: value))
  }
}
