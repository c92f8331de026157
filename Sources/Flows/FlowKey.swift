import Bytes
import Layers

/// What packets of one conversation share, whichever way they travel: both ends, the lower one
/// first, and the transport.
struct FlowKey: Equatable, Sendable {
  // Words, not addresses: the comparison then is of this module, and inlined.
  private let lowLow: UInt64
  private let lowHigh: UInt64
  private let highLow: UInt64
  private let highHigh: UInt64
  private let lowPort: UInt16
  private let highPort: UInt16
  let transport: Transport

  /// The key of a packet, and whether its source is the key's lower end.
  @inline(__always)
  static func of(_ packet: borrowing Decoded) -> (key: FlowKey, fromLow: Bool) {
    let source = packet.source
    let destination = packet.destination
    let fromLow =
      source.low != destination.low
      ? source.low < destination.low
      : source.high != destination.high
        ? source.high < destination.high : packet.sourcePort <= packet.destinationPort
    let transport = packet.transport
    return fromLow
      ? (
        FlowKey(source, packet.sourcePort, destination, packet.destinationPort, transport), true
      )
      : (
        FlowKey(destination, packet.destinationPort, source, packet.sourcePort, transport), false
      )
  }

  @inline(__always)
  private init(
    _ low: IPAddress, _ lowPort: UInt16, _ high: IPAddress, _ highPort: UInt16,
    _ transport: Transport
  ) {
    (lowLow, lowHigh, highLow, highHigh) = (low.low, low.high, high.low, high.high)
    (self.lowPort, self.highPort, self.transport) = (lowPort, highPort, transport)
  }

  var low: Conversation.Peer {
    Conversation.Peer(address: IPAddress(high: lowHigh, low: lowLow), port: lowPort)
  }
  var high: Conversation.Peer {
    Conversation.Peer(address: IPAddress(high: highHigh, low: highLow), port: highPort)
  }

  @inline(__always)
  static func == (a: FlowKey, b: FlowKey) -> Bool {
    a.lowLow == b.lowLow && a.highLow == b.highLow && a.lowPort == b.lowPort
      && a.highPort == b.highPort && a.lowHigh == b.lowHigh && a.highHigh == b.highHigh
      && a.transport.rawValue == b.transport.rawValue
  }

  /// A hash that nobody who does not know `seed` can make collide at will.
  ///
  /// IPv4 addresses share their high half, which then adds nothing and is left out.
  @inline(__always)
  func hash(seed: UInt64) -> UInt32 {
    let ports =
      UInt64(lowPort) << 32 | UInt64(highPort) << 8 | UInt64(transport.rawValue)
    var state = fold(lowLow ^ seed, 0x9e37_79b9_7f4a_7c15)
    state = fold(state ^ highLow, 0xd6e8_feb8_6659_fd93 ^ seed)
    if lowHigh | highHigh != 0 {
      state = fold(state ^ lowHigh, 0xa076_1d64_78bd_642f)
      state = fold(state ^ highHigh, 0xe703_7ed1_a0b4_28db)
    }
    return UInt32(truncatingIfNeeded: fold(state ^ ports, 0x8ebc_6af0_9c88_c6e3))
  }
}

/// Both halves of the 128-bit product, laid over each other: every input bit reaches every
/// output bit.
///
/// The constant keeps small numbers from small products. It must not be set by `|`: inputs that
/// differ in those bits alone would have results that do, and two such differences cancel out.
@inline(__always)
func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
  let product = (a ^ 0x2d35_8dcc_aa6c_78a5).multipliedFullWidth(by: b)
  return product.high ^ product.low ^ a
}
