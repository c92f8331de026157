import Bytes
import Layers

/// Where the bytes of one side go.
struct Outlet {
  let sink: any FlowSink
  let slot: Int
  let side: Side
}

/// What all conversations of a table share: limits, counters, and memory in use.
struct Account: Sendable {
  var limits: FlowLimits
  var counters = FlowCounters()
  /// Memory charged for bytes that wait behind gaps.
  var pendingCost = 0
  /// Connections in which packets wait for what they acknowledge, at most.
  var earlyCount = 0

  init(_ limits: FlowLimits) { self.limits = limits }
}

// From a segment to what the sink hears.

extension Reassembly {
  /// Delivers a segment's payload and what it sets free.
  ///
  /// - Parameters:
  ///   - length: the payload as sent; more than `payload` when the capture cut it.
  ///   - isAlone: nothing of the other side was captured so far.
  mutating func deliver(
    _ sequence: UInt32, _ payload: RawSpan, length: Int, isAlone: Bool, at moment: Moment,
    to outlet: Outlet, _ account: inout Account
  ) {
    // Nothing follows a FIN: what claims to is a probe, a forgery or another connection's.
    guard !isFinished else {
      if arrival(sequence, length: length) == .repeated {
        account.counters.repeatedSegments &+= 1
      } else {
        account.counters.straySegments &+= 1
      }
      return
    }
    switch arrival(sequence, length: length) {
    case .inOrder(let skipping):
      pass(sequence, payload, skipping, length, moment, outlet, &account)
    case .repeated:
      account.counters.repeatedSegments &+= 1
    case .ahead:
      keep(sequence, payload, length, moment, &account)
      settle(to: outlet, &account)
      relieve(isAlone: isAlone, moment, outlet, &account)
    case .stray:
      account.counters.straySegments &+= 1
      guard isElsewhere(sequence, length: length) else { return }
      flush(to: outlet, &account)
      account.counters.gapsLost &+= 1
      lose(jump(to: sequence), moment, outlet, &account)
      pass(sequence, payload, 0, length, moment, outlet, &account)
    }
  }

  /// Delivers a segment that is in order, without a copy, and what waited for it.
  private mutating func pass(
    _ sequence: UInt32, _ payload: RawSpan, _ skipping: Int, _ length: Int, _ moment: Moment,
    _ outlet: Outlet, _ account: inout Account
  ) {
    let isAwaited = hasWaiting
    let contested =
      isAwaited
      ? min(contested(before: sequence.advanced(by: length)), length - skipping) : 0
    let stop = length - contested
    let captured = min(stop, payload.byteCount)
    advance(by: stop - skipping)
    if skipping < captured {
      outlet.sink.received(
        payload.extracting(skipping..<captured), on: outlet.slot, from: outlet.side, at: moment)
    }
    if stop > captured { lose(stop - max(skipping, captured), moment, outlet, &account) }
    guard isAwaited else { return }
    if contested > 0 {
      let rest = payload.extracting(captured..<payload.byteCount)
      keep(sequence.advanced(by: stop), rest, contested, moment, &account)
    }
    settle(to: outlet, &account)
  }

  private mutating func keep(
    _ sequence: UInt32, _ payload: RawSpan, _ length: Int, _ moment: Moment,
    _ account: inout Account
  ) {
    let before = waitingCost
    hold(sequence, payload, length: length, at: moment)
    account.pendingCost += waitingCost - before
  }

  /// Delivers what waits no longer: bytes whose turn has come, and gaps that the other side's
  /// acknowledgment proves to be the capture's.
  mutating func settle(to outlet: Outlet, _ account: inout Account) {
    while !isAtEnd {
      if let piece = takeReady() {
        give(piece, outlet, &account)
      } else if isGapConfirmed {
        skipGap(outlet, &account)
      } else {
        break
      }
    }
    end(to: outlet, &account)
  }

  private mutating func give(_ piece: Piece, _ outlet: Outlet, _ account: inout Account) {
    account.pendingCost -= piece.cost
    advance(by: piece.length)
    if !piece.bytes.isEmpty {
      outlet.sink.received(
        piece.bytes.rawSpan, on: outlet.slot, from: outlet.side, at: piece.moment)
    }
    let cut = piece.length - piece.bytes.count
    if cut > 0 { lose(cut, piece.moment, outlet, &account) }
  }

  private mutating func skipGap(_ outlet: Outlet, _ account: inout Account) {
    guard let gap = giveUpGap() else { return }
    account.counters.gapsLost &+= 1
    lose(gap.count, gap.known, outlet, &account)
  }

  /// Gives up gaps that have waited too long or hold up too much.
  private mutating func relieve(
    isAlone: Bool, _ moment: Moment, _ outlet: Outlet, _ account: inout Account
  ) {
    while let first {
      let isOver =
        waitingCost > account.limits.pendingBytesPerSide
        || account.pendingCost > account.limits.pendingBytes
      let age = moment.timestamp.nanoseconds(since: first.moment.timestamp)
      guard isOver || isAlone && age > account.limits.oneSidedGapWait else { return }
      if isOver { account.counters.pendingOverflows &+= 1 }
      skipGap(outlet, &account)
      settle(to: outlet, &account)
    }
  }

  /// Gives up what the other side has and nobody captured, before what begins at `sequence`.
  mutating func loseHole(
    before sequence: UInt32, to outlet: Outlet, _ account: inout Account
  ) {
    guard let hole = giveUpHole(before: sequence) else { return }
    account.counters.gapsLost &+= 1
    lose(hole.count, hole.known, outlet, &account)
  }

  /// Delivers or gives up all that is left: the connection is over.
  mutating func flush(to outlet: Outlet, _ account: inout Account) {
    while hasWaiting {
      skipGap(outlet, &account)
      settle(to: outlet, &account)
    }
    if let tail = giveUpTail() {
      account.counters.gapsLost &+= 1
      lose(tail.count, tail.known, outlet, &account)
      end(to: outlet, &account)
    }
  }

  private func lose(
    _ count: Int, _ moment: Moment, _ outlet: Outlet, _ account: inout Account
  ) {
    account.counters.bytesLost &+= UInt64(count)
    outlet.sink.lost(count, on: outlet.slot, from: outlet.side, at: moment)
  }

  /// Tells the end of the stream once its last byte is through.
  mutating func end(to outlet: Outlet, _ account: inout Account) {
    guard takesEnd() else { return }
    account.pendingCost -= waitingCost
    account.counters.straySegments &+= discard()
    outlet.sink.finished(outlet.slot, side: outlet.side, at: endMoment)
  }
}
