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

  var account: Account
  var flows: [Flow] = []
  var connections: [TCPConnection] = []
  var outstanding = Outstanding()
  private var early = EarlyQueue()
  /// Connections that may be captured twice, measured as if they were.
  var suspects = Suspects()
  private var lists = [IdleList](repeating: IdleList(), count: IdleClass.allCases.count)
  /// Conversations that are over and wait for late packets.
  private var closedCount = 0
  /// Conversations that nobody has answered.
  private var unansweredCount = 0
  private var freeFlow: Int32 = -1
  private var freeConnections: [Int32] = []
  private var index = FlowIndex()
  var duplicates = DuplicateFilter()
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
    if early.first != nil { pass(to: packet.timestamp, into: sink) }
    if closedCount > account.limits.closedConversations {
      account.counters.closedEarly &+= 1
      close(Int(lists[IdleClass.closed.rawValue].head), because: .idle, into: sink)
    }
    if unansweredCount > account.limits.unansweredConversations,
      let oldest = longestIdle(of: [.unansweredTCP, .unansweredDatagrams])
    {
      account.counters.unansweredEarly &+= 1
      close(oldest, because: .evicted, into: sink)
    }
    guard packet.transport != .other, (packet.transport == .tcp) == (packet.tcp != nil) else {
      account.counters.unfollowed &+= 1
      return
    }
    let (key, fromLow) = FlowKey.of(packet)
    let hash = key.hash(seed: seed)
    var found = index.slot(hash) { flows[$0].key == key }
    let repetition =
      account.limits.duplicateWindow > 0
      ? repetition(packet, payload, hash: hash, fromLow: fromLow) : .none
    if repetition == .copy {
      account.counters.duplicates &+= 1
      if let slot = found {
        flows[slot].copies[flows[slot].side(fromLow: fromLow)] &+= 1
        if packet.tags != flows[slot].tags { note(packet.tags, slot, sink) }
      }
      return
    }
    if let slot = found, let tcp = packet.tcp, tcp.flags.hasSYN {
      if startsAnew(tcp, slot: slot, side: flows[slot].side(fromLow: fromLow)) {
        close(slot, because: .portReuse, into: sink)
        found = nil
      }
    }
    let slot: Int
    if let found {
      slot = found
    } else {
      slot = open(packet, key, hash, fromLow: fromLow, into: sink)
    }
    let side = flows[slot].side(fromLow: fromLow)
    if let tcp = packet.tcp, repetition != .none || flows[slot].undoubled >= 0 {
      weigh(repetition, packet, tcp, slot, side)
    }
    note(packet, slot, side)
    if packet.tags != flows[slot].tags { note(packet.tags, slot, sink) }
    let moment = Moment(timestamp: packet.timestamp, packet: packet.number)
    if let tcp = packet.tcp {
      let connection = Int(flows[slot].connection)
      let before = connections[connection].early.since
      account.earlyCount = early.count
      let outcome = connections[connection].receive(
        tcp, payload, declared: packet.declaredPayload, from: side,
        isAlone: flows[slot].sent[side.other].packets == 0, at: moment, slot: slot, sink,
        &account, &outstanding)
      follow(outcome, slot)
      if let since = connections[connection].early.since, since != before {
        early.append(EarlyQueue.Place(slot: slot, stream: flows[slot].stream, since: since))
      }
    } else {
      let cut = packet.declaredPayload - payload.byteCount
      if cut > 0 {
        account.counters.bytesLost &+= UInt64(cut)
        sink.lost(cut, on: slot, from: side, at: moment)
      }
      if payload.byteCount > 0 { sink.received(payload, on: slot, from: side, at: moment) }
    }
  }

  private mutating func follow(_ outcome: TCPConnection.Outcome, _ slot: Int) {
    switch outcome {
    case .goesOn: break
    case .finished: linger(slot, .finished)
    case .reset: linger(slot, .reset)
    }
  }

  /// Time passes, whether packets come or not: those go on whose grace is over at `now`.
  package mutating func pass(to now: Timestamp, into sink: any FlowSink) {
    while let place = early.first,
      now.nanoseconds(since: place.since) > account.limits.earlyWait
    {
      early.removeFirst()
      // What it waited for has come meanwhile, or the conversation is over.
      guard flows[place.slot].isOpen, flows[place.slot].stream == place.stream,
        flows[place.slot].connection >= 0
      else { continue }
      let connection = Int(flows[place.slot].connection)
      guard connections[connection].early.since == place.since else { continue }
      follow(
        connections[connection].release(isInVain: true, slot: place.slot, sink, &account),
        place.slot)
    }
  }

  /// Closes what has been idle for its time at `now`.
  package mutating func expire(at now: Timestamp, into sink: any FlowSink) {
    pass(to: now, into: sink)
    for list in IdleClass.allCases {
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
    for slot in openSlots { finish(slot, into: sink) }
  }

  /// Slots of the open conversations, in the order of the stream numbers.
  package var openSlots: [Int] {
    flows.indices.filter { flows[$0].isOpen }
      .sorted { flows[$0].stream < flows[$1].stream }
  }

  /// Closes the conversation in `slot`, if one is open there: the capture is over.
  package mutating func finish(_ slot: Int, into sink: any FlowSink) {
    guard flows.indices.contains(slot), flows[slot].isOpen else { return }
    close(slot, because: .endOfCapture, into: sink)
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
    let isFromServer = PortHint.isReply(from: packet.sourcePort, to: packet.destinationPort)
    let isReply = trustsPorts && !isSYN && isFromServer
    var flow = Flow(
      key: key, hash: hash, stream: packet.number, first: packet.timestamp,
      last: packet.timestamp, touched: packet.timestamp.nanoseconds,
      list: IdleClass(unanswered: packet.transport),
      isClientLow: fromLow != (isAnswer || isReply),
      evidence: isAnswer ? .synAck : isSYN ? .syn : isReply ? .portHint : .firstPacket,
      state: packet.tcp == nil || isSYN ? .open : .inProgress, tags: packet.tags)
    if packet.tcp != nil { flow.connection = takeConnection() }
    let slot = takeSlot(flow)
    unansweredCount += 1
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
    // What only the capture's end cut off was left open by its ends.
    if reason != .endOfCapture { flows[slot].state = .closed }
    if flows[slot].reason == nil { flows[slot].reason = reason }
    let conversation = conversation(slot)
    sink.closed(slot, conversation)
    if flows[slot].undoubled >= 0 {
      if suspects[flows[slot].undoubled].isDoubled {
        account.counters.duplicates &+= UInt64(suspects[flows[slot].undoubled].copies.sum)
      }
      suspects.free(&flows[slot].undoubled, &outstanding)
    }
    if connection >= 0 {
      connections[connection].meter.release(&outstanding)
      connections[connection] = TCPConnection()
      freeConnections.append(Int32(connection))
    }
    index.remove(slot, hash: flows[slot].hash)
    leaveList(slot)
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
    leaveList(slot)
    flows[slot].list = .closed
    closedCount += 1
    flows[slot].touched = flows[slot].last.nanoseconds
    lists[IdleClass.closed.rawValue].append(slot, &flows)
  }

  /// The conversation is no longer one that nobody has answered.
  private mutating func answered(_ slot: Int) {
    leaveList(slot)
    flows[slot].list = flows[slot].list.answered
    flows[slot].touched = flows[slot].last.nanoseconds
    lists[flows[slot].list.rawValue].append(slot, &flows)
  }

  private mutating func leaveList(_ slot: Int) {
    lists[flows[slot].list.rawValue].remove(slot, &flows)
    if flows[slot].list == .closed {
      closedCount -= 1
    } else if flows[slot].list.isUnanswered {
      unansweredCount -= 1
    }
  }

  /// Makes room: the longest idle conversation goes, one that is over already before others.
  private mutating func evict(into sink: any FlowSink) {
    guard let oldest = longestIdle(of: [.closed]) ?? longestIdle(of: IdleClass.allCases) else {
      return
    }
    account.counters.evicted &+= 1
    close(oldest, because: .evicted, into: sink)
  }

  /// Slot of the longest idle conversation of these classes; nil when there is none.
  private func longestIdle(of classes: [IdleClass]) -> Int? {
    classes.map { Int(lists[$0.rawValue].head) }.filter { $0 >= 0 }
      .min { flows[$0].touched < flows[$1].touched }
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
    switch connections[connection].meter.opening(tcp, from: side) {
    case .first: return false
    case .anotherConnection: return true
    case .again:
      connections[connection].meter.reopen(from: side)
      if flows[slot].undoubled >= 0 {
        suspects[flows[slot].undoubled].meter.reopen(from: side)
      }
      return false
    }
  }

  // MARK: Keeping account

  @inline(__always)
  private mutating func note(_ packet: borrowing Decoded, _ slot: Int, _ side: Side) {
    let time = packet.timestamp
    let isTCP = packet.tcp != nil
    flows[slot].sent[side].count(packet)
    if time > flows[slot].last { flows[slot].last = time }
    if flows[slot].list.isUnanswered,
      flows[slot].sent[side.other].packets > 0
        || isTCP && flows[slot].sent[side].payload > 0
    {
      answered(slot)
    }
    if IdleList.isDue(flows[slot].touched, at: time.nanoseconds) {
      lists[flows[slot].list.rawValue].touch(slot, at: time.nanoseconds, &flows)
    }
  }

  /// The VLANs of a packet, which may be the first ones: before it comes to the interface with the
  /// tags, the interface of a VLAN saw it without.
  private mutating func note(_ tags: VLANTags, _ slot: Int, _ sink: any FlowSink) {
    guard flows[slot].tags.isEmpty else { return }
    flows[slot].tags = tags
    sink.tagged(slot, tags)
  }

  private func patience(of list: IdleClass) -> Int64 {
    switch list {
    case .tcp, .unansweredTCP: account.limits.tcpIdle
    case .datagrams, .unansweredDatagrams: account.limits.udpIdle
    case .closed: account.limits.closedLinger
    }
  }

  private func conversation(_ slot: Int) -> Conversation {
    let flow = flows[slot]
    var sent = flow.sent
    var copies = flow.copies
    var health: TCPHealth?
    if flow.connection >= 0 {
      let connection = Int(flow.connection)
      if flow.undoubled >= 0, suspects[flow.undoubled].isDoubled {
        let undoubled = suspects[flow.undoubled]
        sent = undoubled.sent
        copies.client &+= undoubled.copies.client
        copies.server &+= undoubled.copies.server
        health = undoubled.meter.health(connections[connection].streams)
      } else {
        health = connections[connection].meter.health(connections[connection].streams)
      }
    }
    return Conversation(
      stream: flow.stream, transport: flow.key.transport,
      client: flow.isClientLow ? flow.key.low : flow.key.high,
      server: flow.isClientLow ? flow.key.high : flow.key.low, clientKnownBy: flow.evidence,
      first: flow.first, last: flow.last, state: flow.state, closeReason: flow.reason,
      sent: sent, copies: copies, tags: flow.tags, health: health)
  }
}
