package import Bytes
import Entries
import Flows

// Flows of conversations that ended are kept between two runs that read one capture: their packets
// are not followed a second time. In memory most are kept as these bytes as well.

extension FlowBook {
  /// The first byte of what is stored.
  private static let version: UInt8 = 1

  /// All of it, as bytes for `init(stored:)`; in no particular order.
  package var stored: [UInt8] {
    var bytes = [Self.version]
    bytes.append(number: leftOut)
    bytes.append(number: UInt64(count))
    forEach { key, sum in
      for address in [key.client, key.server] {
        bytes.append(little: address.high)
        bytes.append(little: address.low)
      }
      bytes.append(little: key.port)
      bytes.append(key.kind.rawValue)
      sum.store(in: &bytes)
    }
    return bytes
  }

  /// - Throws: when the bytes are not what `stored` gave.
  package init(stored bytes: RawSpan) throws(WireError) {
    self.init()
    var input = Cursor(bytes)
    guard try input.uint8() == Self.version else { throw WireError(.invalid, at: 0) }
    leftOut = try input.number()
    for _ in 0..<(try input.varint(limit: Self.maximumFlows)) {
      let client = IPAddress(high: try input.little64(), low: try input.little64())
      let server = IPAddress(high: try input.little64(), low: try input.little64())
      let port = try input.little16()
      guard let kind = ProtocolKind(rawValue: try input.uint8()) else {
        throw WireError(.invalid, at: input.offset)
      }
      take(
        Key(client: client, server: server, port: port, kind: kind), try FlowSum(stored: &input))
    }
    guard input.isAtEnd else { throw WireError(.invalid, at: input.offset) }
  }
}

extension FlowSum {
  /// More are damage: sums of as many flows as a book has stay in range.
  private static let mostConversations = 1 << 40

  func store(in bytes: inout [UInt8]) {
    for value in [stream, UInt64(conversations), lastPacket] { bytes.append(number: value) }
    for instant in [first, last] {
      bytes.append(little: UInt64(bitPattern: instant.nanoseconds))
    }
    bytes += [isFromBeginning ? 1 : 0, isClosed ? 1 : 0, health == nil ? 0 : 1]
    for traffic in [sent.client, sent.server] {
      for value in [traffic.packets, traffic.bytes, traffic.payload] { bytes.append(number: value) }
    }
    bytes.append(little: kinds.bits)
    health?.store(in: &bytes)
  }

  init(stored input: inout Cursor) throws(WireError) {
    stream = try input.number()
    conversations = try input.varint(limit: Self.mostConversations)
    lastPacket = try input.number()
    first = Timestamp(nanoseconds: Int64(bitPattern: try input.little64()))
    last = Timestamp(nanoseconds: Int64(bitPattern: try input.little64()))
    isFromBeginning = try input.uint8() > 0
    isClosed = try input.uint8() > 0
    let hasHealth = try input.uint8() > 0
    sent = BySide(client: Conversation.Traffic(), server: Conversation.Traffic())
    for side in [Side.client, .server] {
      sent[side].packets = try input.number()
      sent[side].bytes = try input.number()
      sent[side].payload = try input.number()
    }
    kinds = KindSet()
    kinds.bits = try input.little32()
    health = hasHealth ? try HealthSum(stored: &input) : nil
  }
}
