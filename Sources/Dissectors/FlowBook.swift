import Bytes
package import Entries
import Flows
import Layers

/// Flows: all conversations from one client to one port of one server, added up.
///
/// Each worker keeps one of those that ended; put together they give the flow records of a capture.
/// Of a scan every conversation is a flow of its own, with hardly a figure: until a second one comes,
/// the sum of a flow is kept packed, in a tenth of its memory.
package struct FlowBook: Sendable {
  /// Flows told apart; conversations of further ones are only counted.
  package static let maximumFlows = 100_000

  struct Key: Hashable, Sendable {
    var client: IPAddress
    var server: IPAddress
    var port: UInt16
    var kind: ProtocolKind
  }

  /// Where the sum of a flow is.
  private enum Place {
    case packed(at: Int)
    case whole(Int)
  }

  private var places: [Key: Place] = [:]
  private var packed: [UInt8] = []
  private var sums: [FlowSum] = []
  /// Conversations of flows beyond the limit.
  package internal(set) var leftOut: UInt64 = 0

  package init() {}

  /// Flows told apart so far.
  package var count: Int { places.count }

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
    if places.isEmpty, leftOut == 0 {
      self = other
      return
    }
    other.forEach { take($0, $1) }
    leftOut &+= other.leftOut
  }

  mutating func take(_ key: Key, _ sum: FlowSum) {
    switch places[key] {
    case .whole(let index): sums[index].add(sum)
    case .packed(let start):
      // What it leaves behind is never more than was packed of it once.
      var whole = unpacked(at: start)
      whole.add(sum)
      places[key] = .whole(sums.count)
      sums.append(whole)
    case nil:
      guard places.count < Self.maximumFlows else {
        leftOut &+= UInt64(sum.conversations)
        return
      }
      places[key] = .packed(at: packed.count)
      sum.store(in: &packed)
    }
  }

  private func sum(_ place: Place) -> FlowSum {
    switch place {
    case .packed(let start): unpacked(at: start)
    case .whole(let index): sums[index]
    }
  }

  private func unpacked(at start: Int) -> FlowSum {
    var input = Cursor(packed.span.bytes.slice(start..<packed.count))
    do throws(WireError) {
      return try FlowSum(stored: &input)
    } catch { preconditionFailure("a flow that was packed here: \(error)") }
  }

  /// Each flow, in no particular order.
  func forEach<E>(_ body: (Key, FlowSum) throws(E) -> Void) throws(E) {
    for (key, place) in places { try body(key, sum(place)) }
  }

  /// A record for each flow, in the order of their first packets.
  package var entries: [Entry] {
    var entries: [Entry] = []
    forEachRecord(atATime: .max) { entries += $0 }
    return entries
  }

  /// Gives the records of all flows in the order of their first packets, some at a time: there may be
  /// very many.
  package func forEachRecord<E>(
    atATime count: Int, _ body: ([Entry]) throws(E) -> Void
  ) throws(E) {
    let order = places.map { key, place in (key: key, place: place, stream: sum(place).stream) }
      .sorted { ($0.stream, $0.key.port) < ($1.stream, $1.key.port) }
    var records: [Entry] = []
    for (key, place, _) in order {
      records.append(
        sum(place).entry(
          key.kind, from: Endpoint(address: key.client, port: 0),
          to: Endpoint(address: key.server, port: key.port)))
      if records.count == count {
        try body(records)
        records.removeAll(keepingCapacity: true)
      }
    }
    if !records.isEmpty { try body(records) }
  }
}

extension FlowBook: Hashable {
  package static func == (one: FlowBook, other: FlowBook) -> Bool {
    one.leftOut == other.leftOut && one.count == other.count
      && one.places.allSatisfy { key, place in
        other.places[key].map { other.sum($0) == one.sum(place) } ?? false
      }
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(leftOut)
    hasher.combine(count)
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
