import Bytes
package import Entries
import Flows
import Layers

/// Flows: all conversations from one client to one port of one server, added up.
///
/// Each worker keeps one of those that ended; put together they give the flow records of a capture.
package struct FlowBook: Hashable, Sendable {
  /// Flows told apart; conversations of further ones are only counted.
  package static let maximumFlows = 100_000

  struct Key: Hashable, Sendable {
    var client: IPAddress
    var server: IPAddress
    var port: UInt16
    var kind: ProtocolKind
  }

  var flows: [Key: FlowSum] = [:]
  /// Conversations of flows beyond the limit.
  package internal(set) var leftOut: UInt64 = 0

  package init() {}

  /// Flows told apart so far.
  package var count: Int { flows.count }

  /// Adds a conversation of which `client` is the side that asked.
  mutating func add(
    _ conversation: Conversation, as kind: ProtocolKind, client: Side, kinds: KindSet
  ) {
    let isTurned = client == .server
    let (asking, asked) =
      isTurned
      ? (conversation.server, conversation.client) : (conversation.client, conversation.server)
    take(
      Key(client: asking.address, server: asked.address, port: asked.port, kind: kind),
      FlowSum(conversation, client: client, kinds: kinds))
  }

  /// Adds the flows of another worker.
  package mutating func merge(_ other: FlowBook) {
    for (key, sum) in other.flows { take(key, sum) }
    leftOut &+= other.leftOut
  }

  private mutating func take(_ key: Key, _ sum: FlowSum) {
    if flows[key] != nil {
      flows[key]?.add(sum)
    } else if flows.count < Self.maximumFlows {
      flows[key] = sum
    } else {
      leftOut &+= UInt64(sum.conversations)
    }
  }

  /// A record for each flow, in the order of their first packets.
  package var entries: [Entry] {
    flows.sorted { ($0.value.stream, $0.key.port) < ($1.value.stream, $1.key.port) }
      .map { key, sum in
        sum.entry(
          key.kind, from: Endpoint(address: key.client, port: 0),
          to: Endpoint(address: key.server, port: key.port))
      }
  }
}

extension ProtocolKind {
  /// The kind of the flow records of a transport; nil where there are none.
  init?(flowsOver transport: Transport) {
    switch transport {
    case .tcp: self = .tcpFlow
    case .udp: self = .udpFlow
    case .sctp, .icmp, .icmpv6, .other: return nil
    }
  }
}

/// What the conversations of one flow come to.
struct FlowSum: Hashable, Sendable {
  /// The place of a flow's record in the stream of its first conversation: behind every message,
  /// and the same however often the record is written.
  static let index = UInt32.max

  var stream: UInt64
  var conversations = 1
  var first: Timestamp
  var last: Timestamp
  var lastPacket: UInt64
  var isFromBeginning: Bool
  var isClosed: Bool
  /// Of the side that asks, then of the other.
  var sent: BySide<Conversation.Traffic>
  var kinds: KindSet
  var health: HealthSum?

  init(_ conversation: Conversation, client: Side, kinds: KindSet) {
    stream = conversation.stream
    (first, last) = (conversation.first, conversation.last)
    lastPacket = conversation.stream
    isFromBeginning = conversation.state != .inProgress
    isClosed = conversation.state == .closed
    sent = BySide(client: conversation.sent[client], server: conversation.sent[client.other])
    self.kinds = kinds
    health = conversation.health.map {
      HealthSum(client == .client ? $0 : $0.turned, stream: conversation.stream)
    }
  }

  mutating func add(_ other: FlowSum) {
    if other.stream < stream { (stream, isFromBeginning) = (other.stream, other.isFromBeginning) }
    conversations += other.conversations
    first = min(first, other.first)
    last = max(last, other.last)
    lastPacket = max(lastPacket, other.lastPacket)
    isClosed = isClosed && other.isClosed
    sent.client.add(other.sent.client)
    sent.server.add(other.sent.server)
    kinds.formUnion(other.kinds)
    if let more = other.health {
      if health == nil { health = more } else { health?.add(more) }
    }
  }

  func entry(_ kind: ProtocolKind, from client: Endpoint, to server: Endpoint) -> Entry {
    var entry = Entry(
      kind: kind, transport: kind == .tcpFlow ? .tcp : .udp, timestamp: first, source: client,
      destination: server, stream: stream, index: Self.index,
      packets: stream...max(stream, lastPacket), hasRequest: sent.client.packets > 0,
      hasResponse: sent.server.packets > 0, requestSize: Int64(clamping: sent.client.bytes),
      responseSize: Int64(clamping: sent.server.bytes))
    entry.fields.reserve(bytes: 512)
    let state: Conversation.State = isClosed ? .closed : isFromBeginning ? .open : .inProgress
    entry.fields.add(.flowState, .text(state.name))
    for (id, count) in [
      (FieldID.flowLocalPkts, sent.client.packets), (.flowLocalBytes, sent.client.bytes),
      (.flowRemotePkts, sent.server.packets), (.flowRemoteBytes, sent.server.bytes),
      (.flowLocalPPS, perSecond(sent.client.packets)),
      (.flowLocalBPS, perSecond(sent.client.bytes)),
      (.flowRemotePPS, perSecond(sent.server.packets)),
      (.flowRemoteBPS, perSecond(sent.server.bytes)),
    ] { entry.fields.add(id, .int(Int64(clamping: count))) }
    entry.fields.add(.flowL7Detected, .texts(kinds.families))
    if let health {
      entry.fields.add(health.health, client: .client, isOneSided: sent.isOneSided)
    }
    return entry
  }

  /// Rounded, over the time from the first packet to the last; 0 for a single instant.
  private func perSecond(_ count: UInt64) -> UInt64 {
    let seconds = Double(last.nanoseconds(since: first)) / 1e9
    guard seconds > 0 else { return 0 }
    return UInt64(min(Double(count) / seconds, 1e18).rounded())
  }
}
