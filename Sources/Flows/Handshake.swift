import Bytes
import Layers

/// The moments of a connection's beginning (RFC 9293 §3.5).
struct Handshake: Sendable {
  // In nanoseconds; `unseen` takes half the memory of optionals.
  private static let unseen = Int64.min
  private var firstSYN = unseen
  private var latestSYN = unseen
  private var synAck = unseen
  private var firstData = unseen
  private var firstServerData = unseen
  /// SYN to SYN-ACK and SYN-ACK to ACK in nanoseconds; -1 while unknown.
  private var toSynAck: Int64 = -1
  private var toAck: Int64 = -1
  private var acknowledger = Side.client

  @inline(__always)
  mutating func note(_ flags: TCPFlags, hasData: Bool, at timestamp: Timestamp, from side: Side) {
    let time = timestamp.nanoseconds
    if flags.hasSYN {
      noteSYN(isACK: flags.hasACK, time, side)
    } else if toAck < 0, synAck != Self.unseen, side == acknowledger, flags.hasACK,
      !flags.hasRST
    {
      toAck = max(0, time &- synAck)
    }
    guard hasData, !flags.hasRST else { return }
    if firstData == Self.unseen { firstData = time }
    if side == .server, firstServerData == Self.unseen { firstServerData = time }
  }

  private mutating func noteSYN(isACK: Bool, _ time: Int64, _ side: Side) {
    if !isACK {
      if firstSYN == Self.unseen { firstSYN = time }
      if synAck == Self.unseen { latestSYN = time }
    } else if synAck == Self.unseen {
      synAck = time
      acknowledger = side.other
      if latestSYN != Self.unseen { toSynAck = max(0, time &- latestSYN) }
    }
  }

  /// Nanoseconds; nil when either end was not seen.
  var synToSynAck: Int64? { toSynAck < 0 ? nil : toSynAck }
  var synAckToAck: Int64? { toAck < 0 ? nil : toAck }
  /// First SYN to the first data of either side.
  var synToData: Int64? { sinceSYN(firstData) }
  /// First SYN to the server's first data.
  var synToServerData: Int64? { sinceSYN(firstServerData) }

  private func sinceSYN(_ time: Int64) -> Int64? {
    firstSYN == Self.unseen || time == Self.unseen ? nil : time &- firstSYN
  }
}
