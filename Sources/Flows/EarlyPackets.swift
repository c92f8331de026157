import Bytes
import Layers

/// Packets of one side of a connection that acknowledge what nobody has seen of the other.
///
/// Either the capture lost that, or it was captured a moment later: interfaces with several queues
/// bring packets of both directions out of turn, by microseconds. So these wait for a short grace, and
/// what they answer goes before them. The first packet of the other side that was not sent before them
/// tells which it is. Of a connection of which nothing but one side was seen nobody knows what was lost:
/// there only what comes first waits.
struct EarlyPackets: Sendable {
  struct Packet: Sendable {
    var tcp: TCPFields
    var bytes: [UInt8]
    /// Bytes of payload as sent.
    var length: Int
    var moment: Moment

    /// Memory it is charged with.
    var cost: Int { bytes.count + 256 }
    /// It says nothing else.
    fileprivate var isAcknowledgment: Bool { length == 0 && !tcp.flags.hasFIN && tcp.flags.hasACK }
  }

  /// Who sent them.
  private(set) var side = Side.client
  private(set) var packets: [Packet] = []
  private(set) var cost = 0
  /// What packets of each side have waited for in vain: everything before this was acknowledged and
  /// never came.
  private var missed: (client: UInt32?, server: UInt32?) = (nil, nil)

  var isEmpty: Bool { packets.isEmpty }
  /// Nothing that side sent has waited in vain so far.
  func isFresh(_ side: Side) -> Bool { missed(side) == nil }
  /// When the first of them came.
  var since: Timestamp? { packets.first?.moment.timestamp }
  /// What they acknowledge.
  var awaited: UInt32 { packets.last?.tcp.acknowledgment ?? 0 }

  /// Whether a segment that acknowledges more of the other side than was seen of it does so for the
  /// first time.
  func isEarly(_ tcp: TCPFields, length: Int, from side: Side) -> Bool {
    guard length > 0, tcp.flags.hasACK, !tcp.flags.hasSYN, !tcp.flags.hasRST else { return false }
    return missed(side).map { tcp.acknowledgment.isAfter($0) } ?? true
  }

  private func missed(_ side: Side) -> UInt32? { side == .client ? missed.client : missed.server }

  /// Adds a packet of the side that waits, or that begins to; false where there are `limit` of them.
  ///
  /// A mere acknowledgment takes the place of one before it: it says the same and more.
  mutating func add(_ packet: Packet, from side: Side, limit: Int) -> Bool {
    if packet.isAcknowledgment, let last = packets.last, last.isAcknowledgment {
      packets[packets.count - 1].tcp = packet.tcp
      return true
    }
    guard packets.count < limit else { return false }
    self.side = side
    cost += packet.cost
    packets.append(packet)
    return true
  }

  /// The first, taken out, where it acknowledges nothing from `next` on.
  mutating func takeAnswer(to next: UInt32) -> Packet? {
    guard let first = packets.first,
      !first.tcp.flags.hasACK || !first.tcp.acknowledgment.isAfter(next)
    else { return nil }
    cost -= first.cost
    return packets.removeFirst()
  }

  /// All of them, in the order they came.
  ///
  /// - Parameter isInVain: what they acknowledge has not come.
  mutating func take(isInVain: Bool) -> [Packet] {
    if isInVain {
      switch side {
      case .client: missed.client = awaited
      case .server: missed.server = awaited
      }
    }
    defer { (packets, cost) = ([], 0) }
    return packets
  }
}

/// Connections in which packets wait for what they acknowledge, in the order their grace ends; one of
/// which the first went on comes last again, for what is left of its own.
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
