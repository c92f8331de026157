import Bytes
import Layers

/// The moments of a connection's beginning (RFC 9293 §3.5).
struct Handshake: Sendable {
  // `distantPast` stands for "not seen": half the memory of optionals.
  private var firstSYN = Timestamp.distantPast
  private var latestSYN = Timestamp.distantPast
  private var synAck = Timestamp.distantPast
  private var firstData = Timestamp.distantPast
  private var firstServerData = Timestamp.distantPast
  /// SYN to SYN-ACK and SYN-ACK to ACK in nanoseconds; -1 while unknown.
  private var toSynAck: Int64 = -1
  private var toAck: Int64 = -1
  private var acknowledger = Side.client

  mutating func note(_ flags: TCPFlags, hasData: Bool, at time: Timestamp, from side: Side) {
    if flags.contains(.syn) {
      noteSYN(isACK: flags.contains(.ack), time, side)
    } else if toAck < 0, synAck != .distantPast, side == acknowledger, flags.contains(.ack),
      !flags.contains(.rst)
    {
      toAck = max(0, time.nanoseconds(since: synAck))
    }
    guard hasData, !flags.contains(.rst) else { return }
    if firstData == .distantPast { firstData = time }
    if side == .server, firstServerData == .distantPast { firstServerData = time }
  }

  private mutating func noteSYN(isACK: Bool, _ time: Timestamp, _ side: Side) {
    if !isACK {
      if firstSYN == .distantPast { firstSYN = time }
      if synAck == .distantPast { latestSYN = time }
    } else if synAck == .distantPast {
      synAck = time
      acknowledger = side.other
      if latestSYN != .distantPast { toSynAck = max(0, time.nanoseconds(since: latestSYN)) }
    }
  }

  /// Nanoseconds; nil when either end was not seen.
  var synToSynAck: Int64? { toSynAck < 0 ? nil : toSynAck }
  var synAckToAck: Int64? { toAck < 0 ? nil : toAck }
  /// First SYN to the first data of either side.
  var synToData: Int64? { sinceSYN(firstData) }
  /// First SYN to the server's first data.
  var synToServerData: Int64? { sinceSYN(firstServerData) }

  private func sinceSYN(_ time: Timestamp) -> Int64? {
    firstSYN == .distantPast || time == .distantPast ? nil : time.nanoseconds(since: firstSYN)
  }
}

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

  mutating func note(_ flags: TCPFlags, hasData: Bool) {
    let isSYN = flags.contains(.syn)
    let isACK = flags.contains(.ack)
    var bits: UInt8 = 0
    if isSYN, isACK { bits |= Self.synAck }
    if !isSYN, isACK { bits |= hasData ? Self.data : Self.ack }
    if flags.contains(.fin), isACK { bits |= Self.fin }
    if flags.contains(.rst) { bits |= Self.rst }
    if isBegun {
      seen |= bits | alone
    } else if isSYN, !isACK {
      seen = Self.syn | (hasData ? Self.data : 0)
    } else {
      alone = bits
    }
    isBegun = true
  }

  /// 1 SYN, 2 SYN-ACK, 4 ACK, 8 data, 16 FIN, 32 RST.
  var mask: UInt8 { seen }
}
