package import Bytes
package import Layers

/// All conversations of one worker: takes packets in capture order, gives streams in byte order.
///
/// A value with one owner. Time comes in with the packets; nothing here looks at a clock. Memory
/// is bounded by `limits`, and every packet, byte or conversation turned away is in `counters`.
/// The sink is called while the table changes, so it must not reach back into it.
package struct FlowTable: Sendable {
  package var limits: FlowLimits {
    get { account.limits }
    set { account.limits = newValue }
  }
  package var counters: FlowCounters {
    var counters = account.counters
    counters.untimedSegments = outstanding.untimed
    return counters
  }
  /// Conversations open now, finished ones that may still get late packets among them.
  package private(set) var openCount = 0

  private var account: Account
  private var flows: [Flow] = []
  private var connections: [TCPConnection] = []
  private var outstanding = Outstanding()
  private var lists = [IdleList](repeating: IdleList(), count: 3)
  /// Conversations that are over and wait for late packets.
  private var closedCount = 0
  private var freeFlow: Int32 = -1
  private var freeConnections: [Int32] = []
  private var index = FlowIndex()
  private var duplicates = DuplicateFilter()
  private var clock = PacketClock()
  private let trustsPorts: Bool
  private let seed: UInt64

  /// - Parameters:
  ///   - trustsPorts: without a handshake a well-known port tells the server; else, and when no
  ///     port is known, the first sender is the client.
  ///   - seed: makes hashes unpredictable to whoever chooses ports and addresses; what the table
  ///     delivers does not depend on it.
  package init(
    limits: FlowLimits = FlowLimits(), trustsPorts: Bool = false,
    seed: UInt64 = .random(in: 0 ... .max)
  ) {
    account = Account(limits)
    self.trustsPorts = trustsPorts
    self.seed = seed
  }

  /// Takes one packet into account and delivers what it completes.
  ///
  /// - Parameter payload: the captured part of the transport's payload.
  package mutating func receive(
    _ packet: borrowing Decoded, payload: RawSpan, into sink: any FlowSink
  ) {
    account.counters.packets &+= 1
    if clock.advance(to: packet.timestamp) { expire(at: clock.now, into: sink) }
    if closedCount > account.limits.closedConversations {
      close(Int(lists[IdleClass.closed.rawValue].head), because: .idle, into: sink)
    }
    guard packet.transport != .other, (packet.transport == .tcp) == (packet.tcp != nil) else {
      account.counters.unfollowed &+= 1
      return
    }
    let (key, fromLow) = FlowKey.of(packet)
    let hash = key.hash(seed: seed)
    var found = index.slot(hash) { flows[$0].key == key }
    if account.limits.duplicateWindow > 0,
      isDuplicate(packet, payload, slot: found, hash: hash, fromLow: fromLow)
    {
      account.counters.duplicates &+= 1
      return
    }
    if let slot = found, let tcp = packet.tcp, tcp.flags.hasSYN {
      if startsAnew(tcp, slot: slot, side: flows[slot].side(fromLow: fromLow)) {
        close(slot, because: .portReuse, into: sink)
        found = nil
      }
    }
    let slot = found ?? open(packet, key, hash, fromLow: fromLow, into: sink)
    let side = flows[slot].side(fromLow: fromLow)
    note(packet, slot, side)
    let moment = Moment(timestamp: packet.timestamp, packet: packet.number)
    if let tcp = packet.tcp {
      let outcome = connections[Int(flows[slot].connection)].receive(
        tcp, payload, declared: packet.declaredPayload, from: side,
        isAlone: flows[slot].sent[side.other].packets == 0, at: moment, slot: slot, sink,
        &account, &outstanding)
      switch outcome {
      case .goesOn: break
      case .finished: linger(slot, .finished)
      case .reset: linger(slot, .reset)
      }
    } else {
      if payload.byteCount > 0 { sink.received(payload, on: slot, from: side, at: moment) }
      let cut = packet.declaredPayload - payload.byteCount
      if cut > 0 {
        account.counters.bytesLost &+= UInt64(cut)
        sink.lost(cut, on: slot, from: side, at: moment)
      }
    }
  }

  /// Closes what has been idle for its time at `now`.
  package mutating func expire(at now: Timestamp, into sink: any FlowSink) {
    for list in [IdleClass.closed, .tcp, .datagrams] {
      let patience = patience(of: list)
      while lists[list.rawValue].head >= 0 {
        let slot = Int(lists[list.rawValue].head)
        let limit = now.advanced(by: -max(0, patience)).nanoseconds
        if flows[slot].touched >= limit { break }
        if flows[slot].last.nanoseconds >= limit {
          // The list is coarse: it was active since.
          flows[slot].touched = flows[slot].last.nanoseconds
          lists[list.rawValue].moveToEnd(slot, &flows)
        } else {
          close(slot, because: .idle, into: sink)
        }
      }
    }
  }

  /// Closes everything, in the order of the stream numbers: the capture is over.
  package mutating func finish(into sink: any FlowSink) {
    let open = flows.indices.filter { flows[$0].isOpen }
    for slot in open.sorted(by: { flows[$0].stream < flows[$1].stream }) {
      close(slot, because: .endOfCapture, into: sink)
    }
  }

  /// The open conversation in `slot`, as far as it went; nil when there is none.
  package func conversation(in slot: Int) -> Conversation? {
    flows.indices.contains(slot) && flows[slot].isOpen ? conversation(slot) : nil
  }

  /// Calls `body` with every open conversation and its slot, in the order of slots.
  package func forEachOpen(_ body: (Int, Conversation) -> Void) {
    for slot in flows.indices where flows[slot].isOpen { body(slot, conversation(slot)) }
  }

  // MARK: Opening and closing

  private mutating func open(
    _ packet: borrowing Decoded, _ key: FlowKey, _ hash: UInt32, fromLow: Bool,
    into sink: any FlowSink
  ) -> Int {
    while openCount > 0, openCount >= account.limits.conversations { evict(into: sink) }
    let flags = packet.tcp?.flags ?? TCPFlags(rawValue: 0)
    let isSYN = flags.hasSYN
    let isAnswer = isSYN && flags.hasACK
    let isReply =
      trustsPorts && !isSYN
      && PortHint.isReply(from: packet.sourcePort, to: packet.destinationPort)
    var flow = Flow(
      key: key, hash: hash, stream: packet.number, first: packet.timestamp,
      last: packet.timestamp, touched: packet.timestamp.nanoseconds,
      list: packet.tcp == nil ? .datagrams : .tcp, isClientLow: fromLow != (isAnswer || isReply),
      evidence: isAnswer ? .synAck : isSYN ? .syn : isReply ? .portHint : .firstPacket,
      state: packet.tcp == nil || isSYN ? .open : .inProgress, latest: .client)
    if packet.tcp != nil { flow.connection = takeConnection() }
    let slot = takeSlot(flow)
    lists[flow.list.rawValue].append(slot, &flows)
    index.insert(slot, hash: hash)
    openCount += 1
    account.counters.conversations &+= 1
    sink.opened(slot, conversation(slot))
    return slot
  }

  /// Ends the conversation in `slot`: what still waits is delivered or lost, and the slot is free.
  private mutating func close(
    _ slot: Int, because reason: Conversation.CloseReason, into sink: any FlowSink
  ) {
    let connection = Int(flows[slot].connection)
    if connection >= 0 { connections[connection].flush(slot: slot, sink, &account) }
    flows[slot].state = .closed
    if flows[slot].reason == nil { flows[slot].reason = reason }
    sink.closed(slot, conversation(slot))
    if connection >= 0 {
      connections[connection].release(&outstanding)
      connections[connection] = TCPConnection()
      freeConnections.append(Int32(connection))
    }
    index.remove(slot, hash: flows[slot].hash)
    lists[flows[slot].list.rawValue].remove(slot, &flows)
    if flows[slot].list == .closed { closedCount -= 1 }
    flows[slot].isOpen = false
    flows[slot].next = freeFlow
    freeFlow = Int32(slot)
    openCount -= 1
  }

  /// The connection is over; it is kept for its late packets.
  private mutating func linger(_ slot: Int, _ reason: Conversation.CloseReason) {
    if flows[slot].reason == nil { flows[slot].reason = reason }
    flows[slot].state = .closed
    guard flows[slot].list != .closed else { return }
    lists[flows[slot].list.rawValue].remove(slot, &flows)
    flows[slot].list = .closed
    closedCount += 1
    flows[slot].touched = flows[slot].last.nanoseconds
    lists[IdleClass.closed.rawValue].append(slot, &flows)
  }

  /// Makes room: the longest idle conversation goes, one that is over already before others.
  private mutating func evict(into sink: any FlowSink) {
    let heads = lists.map(\.head)
    let over = heads[IdleClass.closed.rawValue]
    let oldest =
      over >= 0
      ? over
      : heads.filter { $0 >= 0 }.min { flows[Int($0)].touched < flows[Int($1)].touched }
    guard let oldest else { return }
    account.counters.evicted &+= 1
    close(Int(oldest), because: .evicted, into: sink)
  }

  private mutating func takeSlot(_ flow: Flow) -> Int {
    guard freeFlow >= 0 else {
      flows.append(flow)
      return flows.count - 1
    }
    let slot = Int(freeFlow)
    freeFlow = flows[slot].next
    flows[slot] = flow
    return slot
  }

  private mutating func takeConnection() -> Int32 {
    if let free = freeConnections.popLast() { return free }
    connections.append(TCPConnection())
    return Int32(connections.count - 1)
  }

  /// Whether a SYN takes over the ports of the conversation in `slot`.
  private mutating func startsAnew(_ tcp: TCPFields, slot: Int, side: Side) -> Bool {
    guard !tcp.flags.hasACK else { return false }
    let connection = Int(flows[slot].connection)
    switch connections[connection].opening(tcp, from: side) {
    case .first: return false
    case .anotherConnection: return true
    case .again:
      connections[connection].reopen(from: side)
      return false
    }
  }

  // MARK: Keeping account

  @inline(__always)
  private mutating func note(_ packet: borrowing Decoded, _ slot: Int, _ side: Side) {
    let time = packet.timestamp
    flows[slot].sent[side].packets &+= 1
    flows[slot].sent[side].bytes &+= UInt64(max(0, packet.frameLength))
    flows[slot].sent[side].payload &+= UInt64(max(0, packet.declaredPayload))
    flows[slot].latest = side
    if time > flows[slot].last { flows[slot].last = time }
    lists[flows[slot].list.rawValue].touch(slot, at: time.nanoseconds, &flows)
  }

  private func patience(of list: IdleClass) -> Int64 {
    switch list {
    case .tcp: account.limits.tcpIdle
    case .datagrams: account.limits.udpIdle
    case .closed: account.limits.closedLinger
    }
  }

  private func conversation(_ slot: Int) -> Conversation {
    let flow = flows[slot]
    return Conversation(
      stream: flow.stream, transport: flow.key.transport,
      client: flow.isClientLow ? flow.key.low : flow.key.high,
      server: flow.isClientLow ? flow.key.high : flow.key.low, clientKnownBy: flow.evidence,
      first: flow.first, last: flow.last, state: flow.state, closeReason: flow.reason,
      sent: flow.sent,
      health: flow.connection >= 0 ? connections[Int(flow.connection)].health : nil)
  }

  // MARK: Packets captured twice

  /// Whether the packet is a copy of one taken before.
  ///
  /// On another interface or VLAN equality suffices. On the same one only a connection whose
  /// packets keep coming twice is believed to be captured twice: a lone repetition may be a
  /// retransmission or a duplicate acknowledgment, which are news.
  private mutating func isDuplicate(
    _ packet: borrowing Decoded, _ payload: RawSpan, slot: Int?, hash: UInt32, fromLow: Bool
  ) -> Bool {
    let fingerprint: UInt64
    if let tcp = packet.tcp {
      fingerprint = DuplicateFilter.fingerprint(
        tcp, length: packet.declaredPayload, flow: hash, fromLow: fromLow)
    } else {
      fingerprint = DuplicateFilter.fingerprint(
        payload, length: packet.declaredPayload, flow: hash, fromLow: fromLow)
    }
    let place =
      UInt32(truncatingIfNeeded: packet.interface) << 16 | UInt32(packet.vlan ?? 0xffff)
    let sighting = duplicates.see(
      fingerprint, at: packet.timestamp, place: place, window: account.limits.duplicateWindow)
    guard let slot, let tcp = packet.tcp else { return sighting?.isElsewhere ?? false }
    let carries =
      packet.declaredPayload > 0 || tcp.flags.hasVirtualByte
    guard let sighting else {
      if carries { flows[slot].copies = 0 }
      return false
    }
    if sighting.isElsewhere || flows[slot].isDoubled { return true }
    // No stack sends again this soon without a word from the other side.
    guard carries, sighting.age <= Self.impatience,
      flows[slot].latest == flows[slot].side(fromLow: fromLow)
    else { return false }
    flows[slot].copies += 1
    if tcp.flags.hasSYN || flows[slot].copies >= Self.copiesToBelieve {
      flows[slot].isDoubled = true
    }
    return flows[slot].isDoubled
  }

  /// Sooner than this no sender repeats a segment on its own, in nanoseconds.
  private static let impatience: Int64 = 1_000_000
  private static let copiesToBelieve: UInt8 = 3
}
