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
