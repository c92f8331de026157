import Bytes
import Foundation
import Packets

/// A capture made of bytes: TCP conversations between two addresses, as Ethernet frames.
struct MadeCapture {
  /// Who says what, in order.
  enum Line {
    case client([UInt8])
    case server([UInt8])

    static func client(_ text: String) -> Line { .client(Array(text.utf8)) }
    static func server(_ text: String) -> Line { .server(Array(text.utf8)) }
  }

  private static let segment = 1_400
  private let writer = PcapWriter(linkType: .ethernet)
  private(set) var bytes: [UInt8] = []
  private var time = Timestamp(milliseconds: 1_770_000_000_000)
  private var port: UInt16 = 40_000
  /// Addresses: four bytes, or sixteen of IPv6.
  var client: [UInt8] = [10, 1, 0, 1]
  var server: [UInt8] = [10, 1, 0, 2]

  init() { writer.start(&bytes) }

  /// A connection with its handshake and its end.
  mutating func talk(_ serverPort: UInt16, _ lines: [Line]) {
    port += 1
    var (client, server): (UInt32, UInt32) = (1_000, 5_000)
    add(fromClient: true, serverPort, client, 0, flags: 0x02, [])
    add(fromClient: false, serverPort, server, client + 1, flags: 0x12, [])
    (client, server) = (client + 1, server + 1)
    add(fromClient: true, serverPort, client, server, flags: 0x10, [])
    for line in lines {
      switch line {
      case .client(let data):
        for part in parts(data) {
          add(fromClient: true, serverPort, client, server, flags: 0x18, part)
          client += UInt32(part.count)
        }
      case .server(let data):
        for part in parts(data) {
          add(fromClient: false, serverPort, server, client, flags: 0x18, part)
          server += UInt32(part.count)
        }
      }
    }
    add(fromClient: true, serverPort, client, server, flags: 0x11, [])
    add(fromClient: false, serverPort, server, client + 1, flags: 0x11, [])
    add(fromClient: true, serverPort, client + 1, server + 1, flags: 0x10, [])
  }

  /// An HTTP request with its answer.
  mutating func http(
    _ target: String = "/", method: String = "GET", headers: [String] = [], body: String = "",
    answer: [String] = [], answerBody: String = "ok"
  ) {
    var request = "\(method) \(target) HTTP/1.1\r\nHost: shop.test\r\n"
    for header in headers { request += header + "\r\n" }
    if !body.isEmpty { request += "Content-Length: \(body.utf8.count)\r\n" }
    var response = "HTTP/1.1 200 OK\r\nContent-Length: \(answerBody.utf8.count)\r\n"
    for header in answer { response += header + "\r\n" }
    request += "\r\n\(body)"
    response += "\r\n\(answerBody)"
    talk(80, [Line.client(Array(request.utf8)), Line.server(Array(response.utf8))])
  }

  /// Nothing happens for so long.
  mutating func wait(hours: Int64) { time = time.advanced(by: hours * 3_600_000_000_000) }

  /// Writes it where tests write, and gives the path.
  func write() throws -> String {
    let path = NSTemporaryDirectory() + "made-\(UUID().uuidString).pcap"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func parts(_ data: [UInt8]) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    var rest = data[...]
    while !rest.isEmpty {
      parts.append(Array(rest.prefix(Self.segment)))
      rest = rest.dropFirst(Self.segment)
    }
    return parts
  }

  private mutating func add(
    fromClient: Bool, _ serverPort: UInt16, _ sequence: UInt32, _ acknowledgment: UInt32,
    flags: UInt8, _ data: [UInt8]
  ) {
    let source = fromClient ? client : server
    let destination = fromClient ? server : client
    var frame = [UInt8](repeating: 2, count: 12)
    if source.count == 16 {
      frame += [0x86, 0xdd, 0x60, 0, 0, 0]
      frame += Self.big16(20 + data.count)
      frame += [6, 64]
    } else {
      frame += [0x08, 0x00, 0x45, 0]
      frame += Self.big16(40 + data.count)
      frame += Self.big16(bytes.count & 0xffff)
      frame += [0x40, 0, 64, 6, 0, 0]
    }
    frame += source
    frame += destination
    frame += Self.big16(Int(fromClient ? port : serverPort))
    frame += Self.big16(Int(fromClient ? serverPort : port))
    for number in [sequence, acknowledgment] {
      frame += Self.big16(Int(number >> 16))
      frame += Self.big16(Int(number & 0xffff))
    }
    frame += [0x50, flags, 0xff, 0xff, 0, 0, 0, 0]
    frame += data
    writer.add(frame.rawSpan, at: time, to: &bytes)
    time = time.advanced(by: 1_000_000)
  }

  private static func big16(_ number: Int) -> [UInt8] {
    [UInt8(number >> 8 & 0xff), UInt8(number & 0xff)]
  }
}

/// HTTP/2 frames, as much as a gRPC call needs (RFC 9113 §4.1, RFC 7541 §6.2.3).
enum MadeHTTP2 {
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  static func frame(
    _ type: UInt8, flags: UInt8 = 0, stream: UInt8 = 0, _ body: [UInt8]
  ) -> [UInt8] {
    var frame: [UInt8] = [0, UInt8(body.count >> 8), UInt8(body.count & 255), type, flags]
    frame += [0, 0, 0, stream]
    frame += body
    return frame
  }

  /// Literal fields that are never indexed.
  static func headers(_ fields: [(String, String)]) -> [UInt8] {
    var block: [UInt8] = []
    for (name, value) in fields {
      block += [0x10, UInt8(name.utf8.count)]
      block += name.utf8
      block.append(UInt8(value.utf8.count))
      block += value.utf8
    }
    return block
  }

  /// A unary gRPC call with this metadata.
  static func grpc(
    metadata: [(String, String)], text: String? = nil
  ) -> [MadeCapture.Line] {
    var fields: [(String, String)] = [
      (":method", "POST"), (":scheme", "http"), (":path", "/shop.Orders/Get"),
      (":authority", "orders"), ("content-type", "application/grpc"), ("te", "trailers"),
    ]
    fields += metadata
    var message: [UInt8] = [0, 0, 0, 0, 2, 0x08, 0x01]
    if let text {
      // Field 2, a text.
      message[4] += UInt8(text.utf8.count + 2)
      message += [0x12, UInt8(text.utf8.count)] + Array(text.utf8)
    }
    var request = preface
    request += frame(4, [])
    request += frame(1, flags: 4, stream: 1, headers(fields))
    request += frame(0, flags: 1, stream: 1, message)
    var answer = frame(4, [])
    answer += frame(4, flags: 1, [])
    answer += frame(
      1, flags: 4, stream: 1,
      headers([(":status", "200"), ("content-type", "application/grpc")]))
    answer += frame(0, stream: 1, message)
    answer += frame(1, flags: 5, stream: 1, headers([("grpc-status", "0")]))
    return [.client(request), .server(answer)]
  }
}
