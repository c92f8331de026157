import Bytes
import Entries
import Flows
import Layers

// Finding the dissector, taking a wrong guess back, handing over to the next.
extension Runner {
  private enum Verdict {
    case wait, nobody
    case row(Int)
  }

  /// Looks for the reader of a conversation that has none.
  ///
  /// - Returns: whether there is one now and `bytes` are still to be fed. Otherwise they were
  ///   dealt with.
  mutating func recognise(
    _ bytes: RawSpan, from side: Side, at moment: Moment, in ledger: inout Ledger
  ) -> Bool {
    if inlets.client.waiting.isEmpty, inlets.server.waiting.isEmpty {
      let isFinal =
        opening.transport != .tcp || bytes.byteCount >= ledger.limits.openingBytes
      let verdict =
        side == .client
        ? decide(bytes, RawSpan(), isFinal: isFinal, ledger)
        : decide(RawSpan(), bytes, isFinal: isFinal, ledger)
      switch verdict {
      case .row(let row):
        start(row, &ledger)
        return true
      case .nobody:
        giveUp(bytes, side, &ledger)
        return false
      case .wait:
        inlets[side].since = moment
        shelve(bytes, from: side, at: moment, in: &ledger)
        return false
      }
    }
    if inlets[side].waiting.isEmpty { inlets[side].since = moment }
    shelve(bytes, from: side, at: moment, in: &ledger)
    isTurned = true
    settle(at: moment, in: &ledger)
    return false
  }

  /// Shows waiting bytes to a reader that is new to them, as often as the reader changes.
  mutating func settle(at moment: Moment, isFinal: Bool = false, in ledger: inout Ledger) {
    while isTurned, !isSilent {
      isTurned = false
      if !isReading {
        let isFinal =
          isFinal
          || max(inlets.client.waiting.count, inlets.server.waiting.count)
            >= ledger.limits.openingBytes
        let (client, server) = (inlets.client.waiting, inlets.server.waiting)
        switch decide(client.rawSpan, server.rawSpan, isFinal: isFinal, ledger) {
        case .wait: return
        case .nobody:
          giveUp(RawSpan(), .client, &ledger)
          return
        case .row(let row): start(row, &ledger)
        }
      }
      replay(at: moment, in: &ledger)
      for side in Side.allCases where !isTurned && isReading && inlets[side].isFinished {
        endSide(side, at: moment, in: &ledger)
      }
    }
  }

  /// Shows what came while nobody read and what another reader has left, both sides in turn as they
  /// spoke: else what was answered before would be taken for answers. What is left when the reader
  /// changes waits for the next one.
  private mutating func replay(at moment: Moment, in ledger: inout Ledger) {
    let order = takeTurns()
    var waiting = BySide<[UInt8]>(client: [], server: [])
    for side in Side.allCases {
      swap(&waiting[side], &inlets[side].waiting)
      ledger.waitingBytes -= waiting[side].count
    }
    var at = BySide(client: 0, server: 0)
    for turn in order {
      let start = at[turn.side]
      let end = min(start + turn.count, waiting[turn.side].count)
      at[turn.side] = end
      let piece = Array(waiting[turn.side][start..<end])
      if isSilent {
        keepFirst(piece.rawSpan, turn.side, ledger)
        continue
      }
      if inlets[turn.side].waiting.isEmpty { inlets[turn.side].since = turn.moment }
      if turn.isLeft {
        keep(piece.rawSpan, from: turn.side, in: &ledger)
        if isTurned || inlets[turn.side].waiting.isEmpty { continue }
        reread(turn.side, old: piece.count, at: moment, in: &ledger)
      } else if isTurned {
        shelve(piece.rawSpan, from: turn.side, at: turn.moment, in: &ledger)
      } else {
        feed(piece.rawSpan, from: turn.side, at: turn.moment, in: &ledger)
      }
      if wakes, !isTurned { rouse(turn.side.other, at: turn.moment, in: &ledger) }
    }
  }

  /// The turns in which waiting bytes came; those that a reader has left came before all others.
  private mutating func takeTurns() -> [Turn] {
    var order: [Turn] = []
    for side in Side.allCases {
      var count = inlets[side].waiting.count
      for turn in turns where turn.side == side { count -= turn.count }
      if count > 0 {
        order.append(Turn(side: side, count: count, moment: inlets[side].since, isLeft: true))
      }
    }
    if order.count == 2, order[1].moment.packet < order[0].moment.packet { order.swapAt(0, 1) }
    order += turns
    turns = []
    return order
  }

  /// Copies bytes that nobody reads yet, and notes whose turn it was.
  private mutating func shelve(
    _ bytes: RawSpan, from side: Side, at moment: Moment, in ledger: inout Ledger
  ) {
    let before = inlets[side].waiting.count
    keep(bytes, from: side, in: &ledger)
    let count = inlets[side].waiting.count - before
    guard count > 0 else { return }
    if turns.last?.side == side {
      turns[turns.count - 1].count += count
    } else if turns.count < Self.maxTurns {
      turns.append(Turn(side: side, count: count, moment: moment))
    } else {
      // Then they are shown ahead of what the other side has said last.
      turns[turns.count - 2].count += count
    }
  }

  /// Turns that are told apart of a conversation that nobody reads yet.
  private static let maxTurns = 64

  /// No more opening bytes will come: decides with what there is.
  mutating func decideFinally(at moment: Moment, in ledger: inout Ledger) {
    isTurned = true
    settle(at: moment, isFinal: true, in: &ledger)
  }

  /// Asks the rows, those with a matching port first.
  private func decide(
    _ client: RawSpan, _ server: RawSpan, isFinal: Bool, _ ledger: borrowing Ledger
  ) -> Verdict {
    if client.isEmpty, server.isEmpty { return isFinal ? .nobody : .wait }
    var opening = opening
    opening.isFinal = isFinal
    var best: (row: Int, confidence: Recognition.Confidence)?
    var mustWait = false
    for hinted in [true, false] {
      for at in ledger.rows.indices {
        if ledger.rows[at].isHinted(opening) != hinted || at < 64 && excluded >> UInt64(at) & 1 == 1
          || !ledger.rows[at].transports.contains(opening.transport)
          || seeksTLS && ledger.rows[at].name != TLS.row.name
        {
          continue
        }
        switch ledger.rows[at].recognise(client, server, opening) {
        case .no: break
        case .needs: mustWait = true
        case .yes(.certain): return .row(at)
        case .yes(let confidence):
          if best == nil || confidence > best?.confidence ?? .possible { best = (at, confidence) }
        }
      }
    }
    if mustWait, !isFinal { return .wait }
    if let best { return .row(best.row) }
    // What the other side says may tell; of a hello it tells nothing.
    if !isFinal, !seeksTLS, client.isEmpty || server.isEmpty { return .wait }
    return .nobody
  }

  private mutating func start(_ row: Int, _ ledger: inout Ledger) {
    self.row = row
    var opening = opening
    if opening.layers < ledger.limits.layers { opening.secrets = ledger.secrets }
    setReader(ledger.rows[row].make(opening))
    ledger.figures[row].conversations += 1
    for side in Side.allCases {
      inlets[side].target = 1
      inlets[side].pass = .none
      inlets[side].isStopped = false
    }
  }

  /// Nobody knows these bytes: the first of them are kept, the rest is counted.
  private mutating func giveUp(_ bytes: RawSpan, _ side: Side, _ ledger: inout Ledger) {
    isSilent = true
    attempts += 1
    for side in Side.allCases {
      var waiting: [UInt8] = []
      swap(&waiting, &inlets[side].waiting)
      ledger.waitingBytes -= waiting.count
      keepFirst(waiting.rawSpan, side, ledger)
    }
    turns = []
    keepFirst(bytes, side, ledger)
  }

  private mutating func keepFirst(_ bytes: RawSpan, _ side: Side, _ ledger: borrowing Ledger) {
    inlets[side].unread += Int64(bytes.byteCount)
    let room = ledger.limits.firstBytes - inlets[side].first.count
    if room > 0 { inlets[side].first.append(bytes.prefix(room)) }
  }

  /// Whether recognition is tried again with the start of a segment or datagram. If not, the bytes
  /// are dealt with.
  ///
  /// Protocols that are not read may turn to TLS all the same: SMTP, IMAP and FTP by STARTTLS. Any
  /// other protocol would have shown at the beginning: bytes from the middle are not taken for it.
  mutating func retries(_ bytes: RawSpan, _ side: Side, _ ledger: inout Ledger) -> Bool {
    let seeksAll = opening.isMidway || opening.transport != .tcp
    if seeksAll || side == .client && TLS.mayBegin(bytes), attempts < ledger.limits.attempts {
      isSilent = false
      seeksTLS = !seeksAll
      return true
    }
    keepFirst(bytes, side, ledger)
    return false
  }

  /// Turns to TLS where a segment begins with a hello in the midst of something else, and the capture has
  /// nothing of the other side that would have told: neither what it agreed to nor its own hello.
  mutating func turnToTLS(
    _ bytes: RawSpan, _ side: Side, at moment: Moment, in ledger: inout Ledger
  ) {
    guard opening.transport == .tcp, let greeter = TLS.greeter(bytes),
      greeter == .server || !hasSpoken[side.other], mayTurnToTLS(side),
      let row = ledger.row(named: TLS.row.name)
    else { return }
    // What waits for the other side to speak came before.
    if !isReading, !isSilent { decideFinally(at: moment, in: &ledger) }
    guard mayTurnToTLS(side) else { return }
    opening.isMidway = true
    if isReading {
      succeed(by: Successor(name: TLS.row.name), &ledger)
      settle(at: moment, in: &ledger)
    } else {
      isSilent = false
      start(row, &ledger)
    }
  }

  /// Whether something else is spoken, and nothing more of a message of that side is to come.
  private mutating func mayTurnToTLS(_ side: Side) -> Bool {
    if reader is TLS { return false }
    if !isReading {
      return isSilent || !inlets.client.waiting.isEmpty || !inlets.server.waiting.isEmpty
    }
    guard case .none = inlets[side].pass else { return false }
    return inlets[side].waiting.isEmpty
  }

  /// Takes a wrong guess back; what waits is recognised again without it.
  mutating func withdraw(_ ledger: inout Ledger) {
    ledger.figures[row].withdrawn += 1
    forget(in: &ledger)
    dropHeld(in: &ledger)
    if row < 64 { excluded |= 1 << UInt64(row) }
    setReader(nil)
    for side in Side.allCases {
      inlets[side].pass = .none
      inlets[side].target = 1
    }
    isTurned = true
  }

  /// Hands the rest of the conversation to another reader.
  mutating func succeed(by successor: Successor, _ ledger: inout Ledger) {
    successions += 1
    dropHeld(in: &ledger)
    isProven = true
    precursor = row
    opening.after = successor
    opening.after?.exchange = lastClosed
    if let proxied = reader?.proxied { self.proxied.append(proxied) }
    for side in Side.allCases {
      inlets[side].target = 1
      inlets[side].pass = .none
      inlets[side].isStopped = false
    }
    excluded = 0
    attempts = 0
    seeksTLS = false
    isTurned = true
    if successions > ledger.limits.successions {
      setReader(nil)
      giveUp(RawSpan(), .client, &ledger)
    } else if let name = successor.name {
      if let row = ledger.row(named: name) {
        start(row, &ledger)
      } else {
        setReader(nil)
        giveUp(RawSpan(), .client, &ledger)
      }
    } else {
      setReader(nil)
    }
  }

  /// One datagram, which holds whole messages or cut ones. Its first `old` bytes came before, when
  /// its side's inlet says.
  mutating func datagram(
    _ bytes: RawSpan, from side: Side, old: Int = 0, at moment: Moment, in ledger: inout Ledger
  ) {
    let used = read(bytes, from: side, old: old, at: moment, in: &ledger)
    if isCharged { chargeHeld(in: &ledger) }
    if used < bytes.byteCount, isReading, !isTurned {
      let since = old > 0 ? inlets[side].since : moment
      salvage(bytes.suffix(from: used), from: side, since: since, at: moment, in: &ledger)
    }
    isTurned = false
    inlets[side].target = 1
    inlets[side].pass = .none
    inlets[side].isStopped = false
  }
}

extension DissectorRow {
  fileprivate func isHinted(_ opening: Opening) -> Bool {
    if let carrier = opening.carrier, protocols.contains(carrier.alpn) { return true }
    return ports.contains(opening.server.port) || ports.contains(opening.client.port)
  }
}
