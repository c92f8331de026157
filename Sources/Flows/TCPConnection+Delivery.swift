import Bytes
import Layers

extension TCPConnection {
  /// What a segment did to the connection.
  enum Outcome {
    case goesOn
    /// Both streams are through to their FINs.
    case finished
    case reset
  }

  /// Takes one segment: its header into the health figures, its bytes to the sink.
  ///
  /// The order is: what its acknowledgment settles on the other side, its own bytes, its FIN. So a
  /// reply never overtakes the request it answers.
  /// - Parameter isAlone: nothing of the other side was captured so far.
  mutating func receive(
    _ tcp: TCPFields, _ payload: RawSpan, declared: Int, from side: Side, isAlone: Bool,
    at moment: Moment, slot: Int, _ sink: any FlowSink, _ account: inout Account,
    _ memory: inout Outstanding
  ) -> Outcome {
    // No real segment is longer; a false length must not reach round the sequence space.
    let length = min(max(declared, payload.byteCount), Reassembly.reach)
    meter.observe(
      tcp, length: length, at: moment.timestamp, from: side, isAlone: isAlone, in: &memory)
    // Both streams as plain `inout`: going through a subscript would copy them.
    switch side {
    case .client:
      return Self.pass(
        tcp, payload, length, isAlone, moment, Outlet(sink: sink, slot: slot, side: .client),
        &streams.client, &streams.server, &account)
    case .server:
      return Self.pass(
        tcp, payload, length, isAlone, moment, Outlet(sink: sink, slot: slot, side: .server),
        &streams.server, &streams.client, &account)
    }
  }

  private static func pass(
    _ tcp: TCPFields, _ payload: RawSpan, _ length: Int, _ isAlone: Bool, _ moment: Moment,
    _ outlet: Outlet, _ own: inout Reassembly, _ other: inout Reassembly,
    _ account: inout Account
  ) -> Outcome {
    if tcp.flags.hasACK {
      other.acknowledge(tcp.acknowledgment, at: moment)
      if other.hasWaiting {
        // Where both sides lost bytes, what the other's next ones answer is told before them.
        if other.isGapConfirmed { own.loseHole(before: tcp.sequence, to: outlet, &account) }
        other.settle(
          to: Outlet(sink: outlet.sink, slot: outlet.slot, side: outlet.side.other), &account)
      }
    }
    // What a reset carries is a remark, not part of the stream (RFC 9293 §3.5.3).
    if tcp.flags.hasRST { return fits(tcp, own) ? .reset : .goesOn }
    // A SYN takes the number before the payload's first byte.
    let first = tcp.flags.hasSYN ? tcp.sequence &+ 1 : tcp.sequence
    if tcp.flags.hasSYN || !own.isPlaced { place(tcp, length, &own, &other) }
    if length > 0 {
      if other.proof != nil, let count = other.newlyUnseen() {
        outlet.sink.heard(count, on: outlet.slot, by: outlet.side)
      }
      own.deliver(
        first, payload, length: length, isAlone: isAlone, at: moment, to: outlet, &account)
    }
    if tcp.flags.hasFIN { own.finish(at: first.advanced(by: length), moment) }
    guard own.hasEnd else { return .goesOn }
    own.end(to: outlet, &account)
    return own.isFinished && other.isFinished ? .finished : .goesOn
  }

  /// Learns where streams begin.
  private static func place(
    _ tcp: TCPFields, _ length: Int, _ own: inout Reassembly, _ other: inout Reassembly
  ) {
    if tcp.flags.hasSYN {
      own.place(at: tcp.sequence &+ 1)
      if tcp.flags.hasACK, !other.isPlaced { other.place(at: tcp.acknowledgment) }
    } else if length > 0 || tcp.flags.hasFIN {
      // Joined in the middle. A single byte that was acknowledged before is a keep-alive's.
      let isKeepAlive =
        length == 1 && own.isAcknowledged && own.acknowledged == tcp.sequence &+ 1
      own.place(at: isKeepAlive ? tcp.sequence &+ 1 : tcp.sequence)
    }
  }

  /// Whether a reset fits its stream: anybody may forge one that does not.
  private static func fits(_ tcp: TCPFields, _ stream: borrowing Reassembly) -> Bool {
    guard stream.isPlaced else { return true }
    // As far ahead as the largest unscaled window.
    let window = -1...65_535
    if window.contains(tcp.sequence.distance(from: stream.next)) { return true }
    // The capture may have lost more than that: the other side's acknowledgment then tells where the
    // stream is.
    guard stream.isAcknowledged, stream.acknowledged.isAfter(stream.next) else { return false }
    return window.contains(tcp.sequence.distance(from: stream.acknowledged))
  }

  /// Delivers or gives up all that is left: the connection is over.
  mutating func flush(slot: Int, _ sink: any FlowSink, _ account: inout Account) {
    streams.client.flush(to: Outlet(sink: sink, slot: slot, side: .client), &account)
    streams.server.flush(to: Outlet(sink: sink, slot: slot, side: .server), &account)
  }
}
