import Bytes
import Layers

/// One conversation as the table keeps it.
struct Flow: Sendable {
  var key: FlowKey
  var hash: UInt32
  /// Slot of its TCP connection, or -1.
  var connection: Int32 = -1
  var stream: UInt64
  var first: Timestamp
  var last: Timestamp
  var sent = BySide<Conversation.Traffic>(
    client: Conversation.Traffic(), server: Conversation.Traffic())
  /// When it last moved to the end of its list, in nanoseconds.
  var touched: Int64
  /// Neighbours in its list; while the slot is free, `next` is the next free one.
  var previous: Int32 = -1
  var next: Int32 = -1
  var list: IdleClass
  var isOpen = true
  /// The client is the key's lower end.
  var isClientLow: Bool
  var evidence: Conversation.ClientEvidence
  var state: Conversation.State
  var reason: Conversation.CloseReason?
  /// Its packets are captured more than once.
  var isDoubled = false
  /// Repetitions that cannot be retransmissions, one after the other.
  var copies: UInt8 = 0
  /// Who sent the last packet.
  var latest: Side

  func side(fromLow: Bool) -> Side { fromLow == isClientLow ? .client : .server }
}

/// Conversations that time out alike.
enum IdleClass: Int, Sendable {
  case tcp, datagrams, closed
}

/// Conversations by the time of their last packet, the longest idle first: a chain through the
/// slots.
///
/// A conversation moves to the end at most once a second, so that busy ones cost nothing; the
/// order is that coarse.
struct IdleList: Sendable {
  private static let coarseness: Int64 = 1_000_000_000

  private(set) var head: Int32 = -1
  private var tail: Int32 = -1

  mutating func append(_ slot: Int, _ flows: inout [Flow]) {
    flows[slot].previous = tail
    flows[slot].next = -1
    if tail >= 0 { flows[Int(tail)].next = Int32(slot) } else { head = Int32(slot) }
    tail = Int32(slot)
  }

  mutating func remove(_ slot: Int, _ flows: inout [Flow]) {
    let (previous, next) = (flows[slot].previous, flows[slot].next)
    if previous >= 0 { flows[Int(previous)].next = next } else { head = next }
    if next >= 0 { flows[Int(next)].previous = previous } else { tail = previous }
  }

  /// Something happened in `slot` at `time`.
  @inline(__always)
  mutating func touch(_ slot: Int, at time: Int64, _ flows: inout [Flow]) {
    if time &- flows[slot].touched < Self.coarseness { return }
    moveToEnd(slot, &flows)
    flows[slot].touched = time
  }

  mutating func moveToEnd(_ slot: Int, _ flows: inout [Flow]) {
    guard tail != Int32(slot) else { return }
    remove(slot, &flows)
    append(slot, &flows)
  }
}
