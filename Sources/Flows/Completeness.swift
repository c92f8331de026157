import Layers

/// Which parts of a connection's life were captured, as a bit mask.
struct Completeness: Sendable {
  private static let syn: UInt8 = 1
  private static let synAck: UInt8 = 2
  private static let ack: UInt8 = 4
  private static let data: UInt8 = 8
  private static let fin: UInt8 = 16
  private static let rst: UInt8 = 32

  private var seen: UInt8 = 0
  /// What the very first packet showed when it was no SYN: a packet alone does not make a
  /// connection, so it counts once a second one came.
  private var alone: UInt8 = 0
  private var isBegun = false

  @inline(__always)
  mutating func note(_ flags: TCPFlags, hasData: Bool) {
    let isSYN = flags.hasSYN
    let isACK = flags.hasACK
    var bits: UInt8 = 0
    if isSYN, isACK { bits |= Self.synAck }
    if !isSYN, isACK { bits |= hasData ? Self.data : Self.ack }
    if flags.hasFIN, isACK { bits |= Self.fin }
    if flags.hasRST { bits |= Self.rst }
    if isBegun {
      seen |= bits | alone
    } else if isSYN, !isACK {
      seen = Self.syn | bits | (hasData ? Self.data : 0)
    } else {
      alone = bits
    }
    isBegun = true
  }

  /// 1 SYN, 2 SYN-ACK, 4 ACK, 8 data, 16 FIN, 32 RST.
  var mask: UInt8 { seen }
}
