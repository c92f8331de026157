import Bytes
import Layers
import Packets

/// Packets for tests, made from the inside out.
enum Frames {
  static func big16(_ value: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
  }
  static func big32(_ value: UInt32) -> [UInt8] {
    big16(Int(value >> 16)) + big16(Int(value & 0xffff))
  }

  static func ethernet(_ type: Int, _ payload: [UInt8]) -> [UInt8] {
    [UInt8](repeating: 2, count: 12) + big16(type) + payload
  }

  static let (client, server) = (UInt32(0x0a00_0001), UInt32(0x0a00_0002))

  static func ipv4(
    _ number: UInt8, _ payload: [UInt8], length: Int? = nil, options: [UInt8] = [],
    from source: UInt32 = client, to destination: UInt32 = server, identification: Int = 1,
    fragment: Int = 0
  ) -> [UInt8] {
    let header = 20 + options.count
    var bytes: [UInt8] = [0x40 | UInt8(header / 4), 0]
    bytes += big16(length ?? header + payload.count)
    bytes += big16(identification) + big16(fragment) + [64, number, 0, 0]
    bytes += big32(source) + big32(destination) + options
    let sum = internetChecksum(bytes.rawSpan)
    bytes.replaceSubrange(10..<12, with: big16(Int(sum)))
    return bytes + payload
  }

  static func ipv6(_ next: UInt8, _ payload: [UInt8], length: Int? = nil) -> [UInt8] {
    [0x60, 0, 0, 0] + big16(length ?? payload.count) + [next, 64]
      + [0xfd] + [UInt8](repeating: 0, count: 14) + [1]
      + [0xfd] + [UInt8](repeating: 0, count: 14) + [2] + payload
  }

  static func tcp(
    _ payload: [UInt8], flags: Int = 0x18, options: [UInt8] = [], ports: (Int, Int) = (40_000, 80)
  ) -> [UInt8] {
    big16(ports.0) + big16(ports.1) + big32(1_000) + big32(2_000)
      + big16((5 + options.count / 4) << 12 | flags) + big16(512) + [0, 0, 0, 0] + options
      + payload
  }

  static func udp(_ payload: [UInt8], ports: (Int, Int) = (5_353, 53), length: Int? = nil)
    -> [UInt8]
  {
    big16(ports.0) + big16(ports.1) + big16(length ?? payload.count + 8) + [0, 0] + payload
  }

  static func sctp(_ chunks: [[UInt8]], ports: (Int, Int) = (36_412, 36_413)) -> [UInt8] {
    var packet = big16(ports.0) + big16(ports.1) + big32(0x0102_0304) + big32(0)
    for chunk in chunks { packet += chunk }
    let sum = crc32c(packet.rawSpan)
    packet.replaceSubrange(8..<12, with: big32(sum.byteSwapped))
    return packet
  }

  /// A chunk with its padding.
  static func chunk(_ type: UInt8, _ value: [UInt8], flags: UInt8 = 0) -> [UInt8] {
    [type, flags] + big16(value.count + 4) + value
      + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
  }

  /// `text` in TCP in IPv4: what tests put into wrappings.
  static func packet(_ text: String = "hello") -> [UInt8] { ipv4(6, tcp(Array(text.utf8))) }
}

/// What a test looks at of a packet that was decoded.
struct Seen: Equatable, CustomStringConvertible {
  var ends: String
  var transport: Transport
  var payload: [UInt8]
  var declared: Int
  var marks: Decoded.Marks

  var text: String { String(decoding: payload, as: UTF8.self) }
  var description: String { "\(ends) \(transport) \(payload.count)/\(declared) \(marks)" }
}

/// Decodes packets that lie somewhere in a chunk, as those of a capture do.
struct Bench {
  var layers = Decapsulator()
  private(set) var last = Decoded.none
  private var number: UInt64 = 0

  init() {}
  init(limits: FragmentLimits) { layers = Decapsulator(limits: limits) }

  mutating func outcome(
    _ bytes: [UInt8], _ link: LinkType = .ethernet, original: Int? = nil, at nanoseconds: Int64 = 0
  ) -> (Outcome, Seen?) {
    number += 1
    let chunk = ByteStore([UInt8](repeating: 0xee, count: 100) + bytes + [0xee, 0xee])
    let packet = Packet(
      number: number, timestamp: Timestamp(nanoseconds: nanoseconds),
      range: 100..<100 + bytes.count, originalLength: original ?? bytes.count, linkType: link,
      interface: 3)
    let outcome = layers.decode(packet, in: chunk.bytes.slice(packet.range), into: &last)
    guard outcome == .decoded else { return (outcome, nil) }
    let memory = layers.datagram ?? chunk
    let seen = Seen(
      ends: "\(last.source):\(last.sourcePort) > \(last.destination):\(last.destinationPort)",
      transport: last.transport, payload: memory.bytes.slice(last.payload).array(),
      declared: last.declaredPayload, marks: last.marks)
    return (outcome, seen)
  }

  mutating func seen(
    _ bytes: [UInt8], _ link: LinkType = .ethernet, original: Int? = nil
  ) -> Seen? { outcome(bytes, link, original: original).1 }
}

/// What `Frames.packet()` is, whatever it was wrapped in.
func plain(_ text: String = "hello", marks: Decoded.Marks = []) -> Seen {
  Seen(
    ends: "10.0.0.1:40000 > 10.0.0.2:80", transport: .tcp, payload: Array(text.utf8),
    declared: text.utf8.count, marks: marks)
}
