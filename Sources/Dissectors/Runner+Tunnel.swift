import Bytes
import Entries
import Flows
import Layers

// What is encrypted: records are opened by the reader, and what they say goes to a runner inside.
extension Runner {
  /// Deals with a record that began at `start` and is whole since `moment`.
  mutating func unseal(
    _ record: RawSpan, from side: Side, _ start: Moment, _ moment: Moment,
    _ ledger: inout Ledger
  ) {
    if tunnel?.isHolding == true { unsealHeld(&ledger) }
    if tunnel?.isHolding(side) == true
      || !open(record, from: side, start, moment, &ledger)
    {
      hold(record, of: side, start, moment, &ledger)
    } else if tunnel?.isHolding == true {
      // It may have said what the other side's records wait for.
      unsealHeld(&ledger)
    }
  }

  /// Opens a record; false when it has to wait.
  private mutating func open(
    _ record: RawSpan, from side: Side, _ start: Moment, _ moment: Moment,
    _ ledger: inout Ledger
  ) -> Bool {
    // Records inside of this one find the memory taken.
    var clear: [UInt8] = []
    swap(&clear, &ledger.clear)
    defer { swap(&clear, &ledger.clear) }
    clear.removeAll(keepingCapacity: true)
    let outcome = reader?.unseal(record, from: side, into: &clear) ?? .never
    if outcome != .later, !isConcluded { concludeSettled(isEnding: false, &ledger) }
    switch outcome {
    case .later: return false
    case .never: break
    case .end:
      if let tunnel { end(tunnel, side, moment, &ledger) }
    case .clear(let lost):
      if lost > 0 { lose(lost, side, moment, &ledger) }
      if !clear.isEmpty { reveal(clear.rawSpan, side, start, moment, isEarly: false, &ledger) }
    case .early:
      if !clear.isEmpty { reveal(clear.rawSpan, side, start, moment, isEarly: true, &ledger) }
    }
    return true
  }

  /// Gives what a record says to the runner inside.
  private mutating func reveal(
    _ bytes: RawSpan, _ side: Side, _ start: Moment, _ moment: Moment, isEarly: Bool,
    _ ledger: inout Ledger
  ) {
    let tunnel = dig(&ledger)
    if tunnel.isFinished[side] { return }
    within(tunnel) { runner in
      runner.isEarly = isEarly
      runner.revealed(bytes, from: side, since: start, at: moment, in: &ledger)
    }
  }

  /// The tunnel, made when it is first needed: by then it is known what was agreed on.
  private mutating func dig(_ ledger: inout Ledger) -> Tunnel {
    if let tunnel {
      if tunnel.runner.opening.carrier == nil { tunnel.runner.opening.carrier = reader?.inside }
      return tunnel
    }
    var inner = opening
    inner.after = nil
    inner.isMidway = false
    inner.layers += 1
    inner.precursor = precursor.map { ledger.rows[$0].name }
    inner.carrier = reader?.inside ?? Inside(secrecy: .noKeys)
    let made = Tunnel(Runner(stream: stream, inner))
    tunnel = made
    return made
  }

  /// A side has bytes of the other that were not delivered; of what is inside a tunnel it has about as
  /// many.
  mutating func heard(_ count: Int, by side: Side) {
    reader?.heard(count, by: side)
    if let tunnel { within(tunnel) { $0.heard(count, by: side) } }
  }

  /// Lets the runner inside work: both number their entries in one row.
  private mutating func within(_ tunnel: Tunnel, _ work: (inout Runner) -> Void) {
    tunnel.runner.nextIndex = nextIndex
    work(&tunnel.runner)
    nextIndex = tunnel.runner.nextIndex
    lastPacket = max(lastPacket, tunnel.runner.lastPacket)
  }

  /// Bytes of a record, as if they had come by themselves: the first byte at `start`, the last at
  /// `moment`.
  private mutating func revealed(
    _ bytes: RawSpan, from side: Side, since start: Moment, at moment: Moment,
    in ledger: inout Ledger
  ) {
    lastPacket = max(lastPacket, moment.packet)
    defer { if isCharged { chargeHeld(in: &ledger) } }
    guard inlets[side].waiting.isEmpty, isReading, !isSilent, !inlets[side].isStopped else {
      // Here recognition is under way, or the message began in an earlier record.
      received(bytes, from: side, at: inlets[side].waiting.isEmpty ? start : moment, in: &ledger)
      return
    }
    if opening.transport == .tcp {
      noteTime(start.timestamp, side, ledger)
      lastTime = max(lastTime, moment.timestamp)
    }
    inlets[side].since = start
    let used = read(bytes, from: side, old: bytes.byteCount, at: moment, in: &ledger)
    if used < bytes.byteCount, !isSilent {
      inlets[side].since = start
      keep(bytes.suffix(from: used), from: side, in: &ledger)
    }
    follow(side, at: moment, in: &ledger)
  }

  private mutating func lose(
    _ count: Int, _ side: Side, _ moment: Moment, _ ledger: inout Ledger
  ) {
    guard let tunnel else { return }
    within(tunnel) { $0.lost(count, from: side, at: moment, in: &ledger) }
  }

  private mutating func end(
    _ tunnel: Tunnel, _ side: Side, _ moment: Moment, _ ledger: inout Ledger
  ) {
    if tunnel.isFinished[side] { return }
    tunnel.isFinished[side] = true
    within(tunnel) { $0.finished(side, at: moment, in: &ledger) }
  }

  // MARK: Waiting for secrets

  private mutating func hold(
    _ record: RawSpan, of side: Side, _ start: Moment, _ moment: Moment,
    _ ledger: inout Ledger
  ) {
    let tunnel = dig(&ledger)
    guard tunnel.heldBytes + record.byteCount <= ledger.limits.sealedPerConversation,
      ledger.sealedBytes + record.byteCount <= ledger.limits.sealedInAll
    else {
      ledger.counters.sealedDropped += UInt64(record.byteCount)
      dropSealed(&ledger)
      return
    }
    ledger.sealedBytes += record.byteCount
    tunnel.hold(Tunnel.Held(bytes: record.array(), start: start, end: moment), of: side)
  }

  /// Opens what can be opened by now of the records that wait, in the order of time.
  mutating func unsealHeld(_ ledger: inout Ledger) {
    guard let tunnel else { return }
    var isStuck = BySide(client: false, server: false)
    while let side = Self.next(tunnel, isStuck), let record = tunnel.first(side) {
      guard open(record.bytes.rawSpan, from: side, record.start, record.end, &ledger) else {
        isStuck[side] = true
        continue
      }
      ledger.sealedBytes -= tunnel.dropFirst(side)
      // What it said may be what the other side waits for.
      isStuck = BySide(client: false, server: false)
    }
  }

  /// The side whose record came first, of those that may be tried.
  private static func next(_ tunnel: Tunnel, _ isStuck: BySide<Bool>) -> Side? {
    let sides = Side.allCases.filter { tunnel.isHolding($0) && !isStuck[$0] }
    return sides.min { a, b in
      (tunnel.first(a)?.start.packet ?? 0, a.rawValue)
        < (tunnel.first(b)?.start.packet ?? 0, b.rawValue)
    }
  }

  /// Gives up what waits: its secrets came too late, or never.
  mutating func dropSealed(_ ledger: inout Ledger) {
    guard let tunnel else { return }
    for side in Side.allCases {
      reader?.giveUpSealed(side)
      while tunnel.isHolding(side) {
        let count = tunnel.dropFirst(side)
        ledger.sealedBytes -= count
        ledger.counters.sealedDropped += UInt64(count)
      }
    }
    concludeSettled(isEnding: false, &ledger)
  }

  /// Ends what the reader has come to the end of, unless bytes of it were still to come.
  mutating func concludeSettled(
    isEnding: Bool, isCut: Bool = false, _ ledger: inout Ledger
  ) {
    guard let (key, ending) = reader?.settled(isEnding: isEnding, isCut: isCut) else { return }
    isConcluded = isTLS
    if !isInBody(of: key) { conclude(key, ending, &ledger) }
  }

  private mutating func isInBody(of key: UInt64) -> Bool {
    for pass in [inlets.client.pass, inlets.server.pass] {
      if case .body(_, key, _) = pass { return true }
    }
    return false
  }

  // MARK: Breaks and ends

  /// Nothing of `side` can be opened behind a gap.
  mutating func cutTunnel(
    _ side: Side, _ count: Int, _ moment: Moment, _ ledger: inout Ledger
  ) {
    guard let tunnel, !tunnel.isHolding(side) else { return }
    within(tunnel) { $0.lost(count, from: side, at: moment, in: &ledger) }
  }

  mutating func finishTunnel(_ side: Side, at moment: Moment, in ledger: inout Ledger) {
    guard let tunnel else { return }
    unsealHeld(&ledger)
    if !tunnel.isHolding(side) { end(tunnel, side, moment, &ledger) }
  }

  /// The conversation is over. What still waits had its last chance.
  mutating func closeTunnel(_ conversation: Conversation, in ledger: inout Ledger) {
    guard let tunnel else { return }
    unsealHeld(&ledger)
    if tunnel.isHolding { dropSealed(&ledger) }
    let moment = Moment(timestamp: conversation.last, packet: lastPacket)
    for side in Side.allCases where inlets[side].isFinished { end(tunnel, side, moment, &ledger) }
    within(tunnel) { $0.closed(conversation, in: &ledger) }
  }

  // MARK: What the conversation's record tells

  /// Kinds of messages seen, inside as well.
  var kinds: KindSet {
    var kinds = ownKinds
    if let inner = tunnel?.runner.kinds { kinds.formUnion(inner) }
    return kinds
  }

  /// Requests of each side, inside as well.
  var requests: BySide<Int> {
    guard let inner = tunnel?.runner.requests else { return ownRequests }
    return BySide(
      client: ownRequests.client &+ inner.client, server: ownRequests.server &+ inner.server)
  }

  /// Whether what was encrypted could be read; nil where nothing was.
  var secrecy: Secrecy? { reader?.inside?.secrecy }
}
