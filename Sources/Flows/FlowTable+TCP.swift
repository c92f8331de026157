import Bytes
import Layers

// From a TCP segment to what the sink hears. The order within one segment: what its
// acknowledgment settles on the other side, then its own bytes, then its FIN. So a reply never
// overtakes the request it answers.

extension FlowTable {
  mutating func receive(
    _ tcp: TCPFields, _ declared: Int, _ payload: RawSpan, _ slot: Int, _ side: Side,
    _ moment: Moment, _ sink: any FlowSink
  ) {
    let connection = Int(flows[slot].connection)
    let length = max(declared, payload.byteCount)
    connections[connection].observe(
      tcp, length: length, at: moment.timestamp, from: side, in: &outstanding)
    if tcp.flags.contains(.ack) {
      let other = side.other
      connections[connection].streams[other].acknowledge(tcp.acknowledgment, at: moment)
      if connections[connection].streams[other].first != nil { settle(slot, other, sink) }
    }
    if tcp.flags.contains(.rst) {
      reset(tcp, slot, side)
      return  // what a reset carries is a remark, not part of the stream (RFC 9293 §3.5.3)
    }
    place(tcp, length, connection, side)
    if length > 0 { deliver(tcp, length, payload, slot, side, moment, sink) }
    if tcp.flags.contains(.fin) {
      connections[connection].streams[side].finish(
        at: first(tcp).advanced(by: length), moment)
    }
    end(slot, side, sink)
  }

  /// The number of the segment's first payload byte: a SYN takes one itself.
  private func first(_ tcp: TCPFields) -> UInt32 {
    tcp.flags.contains(.syn) ? tcp.sequence &+ 1 : tcp.sequence
  }

  /// Learns where streams begin.
  private mutating func place(_ tcp: TCPFields, _ length: Int, _ connection: Int, _ side: Side) {
    if tcp.flags.contains(.syn) {
      connections[connection].streams[side].place(at: tcp.sequence &+ 1)
      if tcp.flags.contains(.ack), !connections[connection].streams[side.other].isPlaced {
        connections[connection].streams[side.other].place(at: tcp.acknowledgment)
      }
    } else if !connections[connection].streams[side].isPlaced,
      length > 0 || tcp.flags.contains(.fin)
    {
      // Joined in the middle. A single byte that was acknowledged before is a keep-alive's.
      let stream = connections[connection].streams[side]
      let isKeepAlive =
        length == 1 && stream.isAcknowledged && stream.acknowledged == tcp.sequence &+ 1
      connections[connection].streams[side].place(
        at: isKeepAlive ? tcp.sequence &+ 1 : tcp.sequence)
    }
  }

  private mutating func deliver(
    _ tcp: TCPFields, _ length: Int, _ payload: RawSpan, _ slot: Int, _ side: Side,
    _ moment: Moment, _ sink: any FlowSink
  ) {
    let connection = Int(flows[slot].connection)
    let sequence = first(tcp)
    switch connections[connection].streams[side].arrival(sequence, length: length) {
    case .inOrder(let skipping):
      pass(sequence, skipping, length, payload, slot, side, moment, sink)
    case .repeated:
      counters.repeatedSegments &+= 1
    case .ahead:
      hold(sequence, length, payload, slot, side, moment)
      settle(slot, side, sink)
      relieve(slot, side, moment, sink)
    case .stray:
      counters.straySegments &+= 1
      guard connections[connection].streams[side].isElsewhere(sequence, length: length) else {
        return
      }
      flush(slot, side, sink)
      let skipped = connections[connection].streams[side].jump(to: sequence)
      counters.gapsLost &+= 1
      lose(skipped, slot, side, moment, sink)
      pass(sequence, 0, length, payload, slot, side, moment, sink)
    }
  }

  /// Delivers a segment that is in order, without a copy, and what waited for it.
  private mutating func pass(
    _ sequence: UInt32, _ skipping: Int, _ length: Int, _ payload: RawSpan, _ slot: Int,
    _ side: Side, _ moment: Moment, _ sink: any FlowSink
  ) {
    let connection = Int(flows[slot].connection)
    let end = sequence.advanced(by: length)
    let contested = min(
      connections[connection].streams[side].contested(before: end), length - skipping)
    let stop = length - contested
    let captured = payload.byteCount
    connections[connection].streams[side].advance(by: stop - skipping)
    if skipping < min(stop, captured) {
      sink.received(
        payload.extracting(skipping..<min(stop, captured)), on: slot, from: side, at: moment)
    }
    if stop > captured { lose(stop - max(skipping, captured), slot, side, moment, sink) }
    guard connections[connection].streams[side].first != nil else { return }
    if contested > 0 {
      let rest = payload.extracting(min(stop, captured)..<captured)
      hold(sequence.advanced(by: stop), contested, rest, slot, side, moment)
    }
    settle(slot, side, sink)
  }

  private mutating func hold(
    _ sequence: UInt32, _ length: Int, _ payload: RawSpan, _ slot: Int, _ side: Side,
    _ moment: Moment
  ) {
    let connection = Int(flows[slot].connection)
    let before = connections[connection].streams[side].waitingCost
    connections[connection].streams[side].hold(sequence, payload, length: length, at: moment)
    pendingCost += connections[connection].streams[side].waitingCost - before
  }

  /// Delivers what waits no longer: bytes whose turn has come, and gaps that the other side's
  /// acknowledgment proves to be the capture's.
  private mutating func settle(_ slot: Int, _ side: Side, _ sink: any FlowSink) {
    let connection = Int(flows[slot].connection)
    while true {
      if let piece = connections[connection].streams[side].takeReady() {
        give(piece, slot, side, sink)
      } else if connections[connection].streams[side].isGapConfirmed {
        giveUpGap(slot, side, sink)
      } else {
        break
      }
    }
    end(slot, side, sink)
  }

  private mutating func give(
    _ piece: Reassembly.Piece, _ slot: Int, _ side: Side, _ sink: any FlowSink
  ) {
    let connection = Int(flows[slot].connection)
    pendingCost -= piece.cost
    connections[connection].streams[side].advance(by: piece.length)
    if !piece.bytes.isEmpty {
      sink.received(piece.bytes.rawSpan, on: slot, from: side, at: piece.moment)
    }
    let cut = piece.length - piece.bytes.count
    if cut > 0 { lose(cut, slot, side, piece.moment, sink) }
  }

  private mutating func giveUpGap(_ slot: Int, _ side: Side, _ sink: any FlowSink) {
    let connection = Int(flows[slot].connection)
    guard let gap = connections[connection].streams[side].giveUpGap() else { return }
    counters.gapsLost &+= 1
    lose(gap.count, slot, side, gap.known, sink)
  }

  /// Gives up gaps that have waited too long or hold up too much.
  private mutating func relieve(
    _ slot: Int, _ side: Side, _ moment: Moment, _ sink: any FlowSink
  ) {
    let connection = Int(flows[slot].connection)
    let isOneSided = flows[slot].sent[side.other].packets == 0
    while let first = connections[connection].streams[side].first {
      let isOver =
        connections[connection].streams[side].waitingCost > limits.pendingBytesPerSide
        || pendingCost > limits.pendingBytes
      let isLate =
        isOneSided
        && moment.timestamp.nanoseconds(since: first.moment.timestamp) > limits.oneSidedGapWait
      guard isOver || isLate else { return }
      if isOver { counters.pendingOverflows &+= 1 }
      giveUpGap(slot, side, sink)
      settle(slot, side, sink)
    }
  }

  /// Delivers or gives up all that is left of one side: the connection is over.
  mutating func flush(_ slot: Int, _ side: Side, _ sink: any FlowSink) {
    let connection = Int(flows[slot].connection)
    while connections[connection].streams[side].first != nil {
      giveUpGap(slot, side, sink)
      settle(slot, side, sink)
    }
    if let tail = connections[connection].streams[side].giveUpTail() {
      counters.gapsLost &+= 1
      lose(tail.count, slot, side, tail.known, sink)
      end(slot, side, sink)
    }
  }

  mutating func lose(
    _ count: Int, _ slot: Int, _ side: Side, _ moment: Moment, _ sink: any FlowSink
  ) {
    counters.bytesLost &+= UInt64(count)
    sink.lost(count, on: slot, from: side, at: moment)
  }

  // MARK: Endings

  /// Tells the end of a stream once its last byte is through; the second one ends the connection.
  private mutating func end(_ slot: Int, _ side: Side, _ sink: any FlowSink) {
    let connection = Int(flows[slot].connection)
    guard connections[connection].streams[side].takesEnd() else { return }
    let moment = connections[connection].streams[side].endMoment
    sink.finished(slot, side: side, at: moment)
    if connections[connection].streams[side.other].isFinished { linger(slot, .finished) }
  }

  /// A reset ends the connection when it fits the stream: anybody may forge one that does not.
  private mutating func reset(_ tcp: TCPFields, _ slot: Int, _ side: Side) {
    let stream = connections[Int(flows[slot].connection)].streams[side]
    let distance = tcp.sequence.distance(from: stream.next)
    if !stream.isPlaced || (-1...Self.resetReach).contains(distance) { linger(slot, .reset) }
  }

  /// A reset this far ahead of the delivered bytes may be true: the largest unscaled window.
  private static var resetReach: Int { 65_535 }

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
}
