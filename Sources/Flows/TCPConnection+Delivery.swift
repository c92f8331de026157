import Bytes
import Layers

extension TCPConnection {
  /// What a segment did to the connection.
  enum Outcome {
    case goesOn
    /// Both streams are through to their FINs.
    case finished
    case reset

    /// What two segments did, one after the other.
    func then(_ next: Outcome) -> Outcome { next == .goesOn ? self : next }
  }

  /// Takes one segment: its header into the health figures, its bytes to the sink.
  ///
  /// The order is: what its acknowledgment settles on the other side, its own bytes, its FIN. So a
  /// reply never overtakes the request it answers.
  /// - Parameter isAlone: nothing of the other side was captured so far.
  @inline(__always)
  mutating func receive(
    _ tcp: TCPFields, _ payload: RawSpan, declared: Int, from side: Side, isAlone: Bool,
    at moment: Moment, slot: Int, _ sink: any FlowSink, _ account: inout Account,
    _ memory: inout Outstanding
  ) -> Outcome {
    // No real segment is longer; a false length must not reach round the sequence space.
    let length = min(max(declared, payload.byteCount), Reassembly.reach)
    meter.observe(
      tcp, length: length, at: moment.timestamp, from: side, isAlone: isAlone, in: &memory)
    var outcome = Outcome.goesOn
    if !early.isEmpty {
      if joins(tcp, payload, length, side, moment, &account) { return .goesOn }
      if !precedes(tcp, length, side) {
        outcome = release(isInVain: true, slot: slot, sink, &account)
      }
    }
    if early.isEmpty, !isAlone || early.isFresh(side), account.limits.earlyWait > 0,
      waits(tcp, payload, length, side, isAlone, moment, &account)
    {
      return outcome
    }
    outcome = outcome.then(
      pass(tcp, payload, length, isAlone, moment, side, slot: slot, sink, &account))
    if !early.isEmpty { outcome = outcome.then(releaseAnswers(slot: slot, sink, &account)) }
    return outcome
  }

  // An outlet is made where it is used: one for all uses would be counted as a reference to the sink.
  private mutating func pass(
    _ tcp: TCPFields, _ payload: RawSpan, _ length: Int, _ isAlone: Bool, _ moment: Moment,
    _ side: Side, slot: Int, _ sink: any FlowSink, _ account: inout Account
  ) -> Outcome {
    if tcp.flags.hasACK {
      streams[inPlace: side.other].acknowledge(tcp.acknowledgment, at: moment)
      if streams[inPlace: side.other].hasWaiting {
        // Where both sides lost bytes, what the other's next ones answer is told before them.
        if streams[inPlace: side.other].isGapConfirmed {
          streams[inPlace: side].loseHole(
            before: tcp.sequence, to: Outlet(sink: sink, slot: slot, side: side), &account)
        }
        streams[inPlace: side.other].settle(
          to: Outlet(sink: sink, slot: slot, side: side.other), &account)
      }
    }
    // What a reset carries is a remark, not part of the stream (RFC 9293 §3.5.3).
    if tcp.flags.hasRST {
      return streams[inPlace: side].isEnded(byResetAt: tcp.sequence) ? .reset : .goesOn
    }
    // A SYN takes the number before the payload's first byte.
    let first = tcp.flags.hasSYN ? tcp.sequence &+ 1 : tcp.sequence
    if tcp.flags.hasSYN || !streams[inPlace: side].isPlaced { place(tcp, length, side) }
    if length > 0 {
      if streams[inPlace: side.other].proof != nil,
        let count = streams[inPlace: side.other].newlyUnseen()
      {
        sink.heard(count, on: slot, by: side)
      }
      streams[inPlace: side].deliver(
        first, payload, length: length, isAlone: isAlone, at: moment,
        to: Outlet(sink: sink, slot: slot, side: side), &account)
    }
    if tcp.flags.hasFIN { streams[inPlace: side].finish(at: first.advanced(by: length), moment) }
    guard streams[inPlace: side].hasEnd else { return .goesOn }
    streams[inPlace: side].end(to: Outlet(sink: sink, slot: slot, side: side), &account)
    return streams.client.isFinished && streams.server.isFinished ? .finished : .goesOn
  }

  /// Learns where streams begin.
  private mutating func place(_ tcp: TCPFields, _ length: Int, _ side: Side) {
    if tcp.flags.hasSYN {
      streams[inPlace: side].place(at: tcp.sequence &+ 1)
      if tcp.flags.hasACK, !streams[inPlace: side.other].isPlaced {
        streams[inPlace: side.other].place(at: tcp.acknowledgment)
      }
    } else if length > 0 || tcp.flags.hasFIN {
      // Joined in the middle. A single byte that was acknowledged before is a keep-alive's.
      let isKeepAlive =
        length == 1 && streams[inPlace: side].isAcknowledged
        && streams[inPlace: side].acknowledged == tcp.sequence &+ 1
      streams[inPlace: side].place(at: isKeepAlive ? tcp.sequence &+ 1 : tcp.sequence)
    }
  }

  /// Delivers or gives up all that is left: the connection is over.
  mutating func flush(slot: Int, _ sink: any FlowSink, _ account: inout Account) {
    if !early.isEmpty { _ = release(isInVain: true, slot: slot, sink, &account) }
    streams.client.flush(to: Outlet(sink: sink, slot: slot, side: .client), &account)
    streams.server.flush(to: Outlet(sink: sink, slot: slot, side: .server), &account)
  }
}

extension Reassembly {
  /// Whether bytes before `acknowledgment` were not seen, with nothing behind them.
  ///
  /// A single byte may be a FIN or a keep-alive's, which no answer depends on.
  fileprivate func lacks(before acknowledgment: UInt32) -> Bool {
    let distance = acknowledgment.distance(from: next)
    return distance > 1 && distance <= Self.reach && isPlaced && !hasWaiting && !hasEnd
  }

  /// Whether a reset with that number fits the stream: anybody may forge one that does not.
  fileprivate func isEnded(byResetAt sequence: UInt32) -> Bool {
    guard isPlaced else { return true }
    // As far ahead as the largest unscaled window.
    let window = -1...65_535
    if window.contains(sequence.distance(from: next)) { return true }
    // The capture may have lost more than that: the other side's acknowledgment then tells where the
    // stream is.
    guard isAcknowledged, acknowledged.isAfter(next) else { return false }
    return window.contains(sequence.distance(from: acknowledged))
  }
}

// Packets that were captured before what they answer.

extension TCPConnection {
  /// Keeps a segment that acknowledges what nobody has seen; false where it need not wait, or may not.
  private mutating func waits(
    _ tcp: TCPFields, _ payload: RawSpan, _ length: Int, _ side: Side, _ isAlone: Bool,
    _ moment: Moment, _ account: inout Account
  ) -> Bool {
    guard
      streams[inPlace: side.other].lacks(before: tcp.acknowledgment) || isAlone && isFirst(side),
      early.isEarly(tcp, length: length, from: side)
    else { return false }
    guard account.earlyCount < account.limits.earlyConnections else {
      account.counters.earlyOverflows &+= 1
      return false
    }
    return keep(tcp, payload, length, side, moment, &account)
  }

  /// Whether nothing of that side was delivered, and nobody knows where the other side is: what it
  /// acknowledges may have been captured or not.
  private mutating func isFirst(_ side: Side) -> Bool {
    !streams[inPlace: side.other].isPlaced && !streams[inPlace: side].isUnderWay
  }

  /// Keeps a segment behind others of its side that wait; false where it may not.
  private mutating func joins(
    _ tcp: TCPFields, _ payload: RawSpan, _ length: Int, _ side: Side, _ moment: Moment,
    _ account: inout Account
  ) -> Bool {
    guard side == early.side, !tcp.flags.hasRST, !tcp.flags.hasSYN, let since = early.since,
      moment.timestamp.nanoseconds(since: since) <= account.limits.earlyWait
    else { return false }
    return keep(tcp, payload, length, side, moment, &account)
  }

  private mutating func keep(
    _ tcp: TCPFields, _ payload: RawSpan, _ length: Int, _ side: Side, _ moment: Moment,
    _ account: inout Account
  ) -> Bool {
    let cost = early.cost
    guard cost + payload.byteCount <= account.limits.earlyBytes,
      account.pendingCost <= account.limits.pendingBytes,
      early.add(
        EarlyPackets.Packet(tcp: tcp, bytes: payload.array(), length: length, moment: moment),
        from: side, limit: account.limits.earlyPackets)
    else {
      account.counters.earlyOverflows &+= 1
      return false
    }
    account.pendingCost += early.cost - cost
    account.counters.earlyPackets &+= 1
    return true
  }

  /// Whether a segment of the other side is the next one of it and was sent before those that wait,
  /// as far as its numbers tell: the first that was not says that the capture has lost what they answer.
  private mutating func precedes(_ tcp: TCPFields, _ length: Int, _ side: Side) -> Bool {
    guard side != early.side, !tcp.flags.hasRST, let held = early.packets.first else {
      return false
    }
    let known =
      streams[inPlace: early.side].isPlaced ? streams[inPlace: early.side].next : held.tcp.sequence
    if tcp.flags.hasACK, tcp.acknowledgment.isAfter(known) { return false }
    let first = tcp.flags.hasSYN ? tcp.sequence &+ 1 : tcp.sequence
    guard streams[inPlace: side].isPlaced else {
      // Joined in the middle: what they acknowledge is the only place that is known of it.
      let left = early.awaited.distance(from: first)
      return left >= (tcp.flags.hasSYN ? length : max(length, 1)) && left <= Reassembly.reach
    }
    guard length == 0 else {
      if case .inOrder = streams[inPlace: side].arrival(first, length: length) { return true }
      return false
    }
    return first == streams[inPlace: side].next && !tcp.flags.hasFIN
  }

  /// Lets them go on, in the order they came.
  mutating func release(
    isInVain: Bool, slot: Int, _ sink: any FlowSink, _ account: inout Account
  ) -> Outcome {
    let side = early.side
    account.pendingCost -= early.cost
    if isInVain { account.counters.earlyInVain &+= 1 }
    var outcome = Outcome.goesOn
    for packet in early.take(isInVain: isInVain) {
      outcome = outcome.then(
        pass(
          packet.tcp, packet.bytes.rawSpan, packet.length, false, packet.moment, side,
          slot: slot, sink, &account))
    }
    return outcome
  }

  /// Lets those go on, from the first, of which all is there that they answer: what follows of the other
  /// side may answer them.
  private mutating func releaseAnswers(
    slot: Int, _ sink: any FlowSink, _ account: inout Account
  ) -> Outcome {
    let side = early.side
    var outcome = Outcome.goesOn
    while streams[inPlace: side.other].isPlaced,
      let packet = early.takeAnswer(to: streams[inPlace: side.other].next)
    {
      account.pendingCost -= packet.cost
      outcome = outcome.then(
        pass(
          packet.tcp, packet.bytes.rawSpan, packet.length, false, packet.moment, side,
          slot: slot, sink, &account))
    }
    return outcome
  }
}
