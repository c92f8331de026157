import Bytes
import Layers

/// Packets of one side of a connection that acknowledge what nobody has seen of the other.
///
/// Either the capture lost that, or it was captured a moment later: interfaces with several queues
/// bring packets of both directions out of turn, by microseconds. So these wait for a short grace, and
/// what they answer goes before them. The first packet of the other side tells which it is.
struct EarlyPackets: Sendable {
  struct Packet: Sendable {
    var tcp: TCPFields
    var bytes: [UInt8]
    /// Bytes of payload as sent.
    var length: Int
    var moment: Moment

    /// Memory it is charged with.
    var cost: Int { bytes.count + 256 }
  }

  /// Who sent them.
  private(set) var side = Side.client
  private(set) var packets: [Packet] = []
  private(set) var cost = 0
  /// What was waited for in vain: everything before this was acknowledged and never came.
  private var missed: UInt32?

  var isEmpty: Bool { packets.isEmpty }
  /// When the first of them came.
  var since: Timestamp? { packets.first?.moment.timestamp }
  /// What they acknowledge.
  var awaited: UInt32 { packets.last?.tcp.acknowledgment ?? 0 }

  /// Whether a segment that acknowledges more of the other side than was seen of it does so for the
  /// first time.
  func isEarly(_ tcp: TCPFields, length: Int) -> Bool {
    guard length > 0, tcp.flags.hasACK, !tcp.flags.hasSYN, !tcp.flags.hasRST else { return false }
    return missed.map { tcp.acknowledgment.isAfter($0) } ?? true
  }

  mutating func add(_ packet: Packet, from side: Side) {
    self.side = side
    cost += packet.cost
    packets.append(packet)
  }

  /// All of them, in the order they came.
  ///
  /// - Parameter isInVain: what they acknowledge has not come.
  mutating func take(isInVain: Bool) -> [Packet] {
    if isInVain { missed = awaited }
    defer { (packets, cost) = ([], 0) }
    return packets
  }
}

/// Connections in which packets wait for what they acknowledge, in the order their grace ends.
struct EarlyQueue: Sendable {
  struct Place: Sendable {
    var slot: Int
    /// The conversation that had the slot then.
    var stream: UInt64
    var since: Timestamp
  }

  private var places: [Place] = []
  private var head = 0

  var count: Int { places.count - head }
  var first: Place? { head < places.count ? places[head] : nil }

  mutating func append(_ place: Place) { places.append(place) }

  mutating func removeFirst() {
    head += 1
    guard head >= 64, head * 2 >= places.count else {
      if head == places.count { (places, head) = ([], 0) }
      return
    }
    places.removeFirst(head)
    head = 0
  }
}
