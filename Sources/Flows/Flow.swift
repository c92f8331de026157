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
  /// VLANs of its first packet that had any.
  var tags: VLANTags
  /// Copies of its packets that were not taken into account.
  var copies = BySide<UInt32>(client: 0, server: 0)
  /// Slot of its `Undoubled`, or -1.
  var undoubled: Int32 = -1
  /// Too few of its packets came twice: what repeats is repeated by its sender.
  var isSingle = false

  func side(fromLow: Bool) -> Side { fromLow == isClientLow ? .client : .server }
}

/// Conversations that time out alike.
enum IdleClass: Int, CaseIterable, Sendable {
  case closed, tcp, datagrams
  /// Nobody has answered yet, and nothing was sent that needs one to be understood: floods and
  /// scans consist of those.
  case unansweredTCP, unansweredDatagrams

  /// The class of a conversation that begins.
  init(unanswered transport: Transport) {
    self = transport == .tcp ? .unansweredTCP : .unansweredDatagrams
  }

  /// The class of a conversation of this one that goes on.
  var answered: IdleClass {
    switch self {
    case .unansweredTCP: .tcp
    case .unansweredDatagrams: .datagrams
    case .closed, .tcp, .datagrams: self
    }
  }

  var isUnanswered: Bool { answered != self }
}
