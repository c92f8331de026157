import Bytes
import Entries
import Flows
import Layers

// Gaps, malformed bytes, and the end.
extension Runner {
  /// `count` bytes of one side will never come; of a datagram, those behind its bytes, which come next.
  mutating func lost(
    _ count: Int, from side: Side, at moment: Moment, in ledger: inout Ledger
  ) {
    guard count > 0 else { return }
    if opening.transport != .tcp {
      // In a packet of SCTP it is the last message that is cut, and each is shown alone.
      if opening.transport != .sctp { cutDatagram = (moment.packet, count) }
      if isReading { ledger.figures[row].bytesLost += UInt64(count) }
      return
    }
    guard isReading, !isSilent else {
      // What comes next is from the middle; the bytes before the hole are judged alone.
      if !isSilent { decideFinally(at: moment, in: &ledger) }
      opening.isMidway = true
      attempts = 0
      if !isReading {
        dropWaiting(side, in: &ledger)
        return
      }
      lost(count, from: side, at: moment, in: &ledger)
      return
    }
    ledger.figures[row].bytesLost += UInt64(count)
    if inlets[side].isStopped { return }
    let left = passLost(count, side, moment, &ledger)
    if left < count { reader?.lost(count - left, passedOf: side) }
    if left == 0 { return }
    salvage(side, losing: left, because: Self.beginning, at: moment, in: &ledger)
    if let recovery = reader?.broken(side, by: .gap(left)) {
      let fault = Entry.Fault(.dissection, "\(left) bytes were not captured")
      if recovery != .resume { part(side, because: fault, at: moment, in: &ledger) }
      // Behind records that wait, nobody can tell yet where the next one begins.
      recover(tunnel?.isHolding(side) == true ? .stop : recovery, side, fault, &ledger)
    }
    if inlets[side].isStopped { cutTunnel(side, left, moment, &ledger) }
  }

  /// Takes lost bytes off what is passed on without asking; gives what is left of them.
  private mutating func passLost(
    _ count: Int, _ side: Side, _ moment: Moment, _ ledger: inout Ledger
  ) -> Int {
    switch inlets[side].pass {
    case .none: return count
    case .skip(let left):
      inlets[side].passed(min(count, left))
      return count - min(count, left)
    case .body(let left, let key, let ends):
      let inside = min(count, left)
      addLost(inside, of: key, from: side)
      inlets[side].passed(inside)
      if inside == left {
        inlets[side].pass = .none
        if ends { end(key, side, moment, &ledger) }
      }
      return count - inside
    }
  }

  /// The dissector threw. Gives whether reading stops for now.
  mutating func failed(
    _ error: WireError, _ side: Side, again: Bool, in ledger: inout Ledger
  ) -> Bool {
    if error.kind == .foreign, !isProven {
      withdraw(&ledger)
      return true
    }
    ledger.figures[row].errors[Int(error.kind.rawValue)] += 1
    let fault = Entry.Fault(.dissection, error.reason)
    if opening.transport != .tcp || again {
      if !spansDatagrams { endOpen(side, because: fault, &ledger) }
      stop(side, in: &ledger)
      return true
    }
    if let recovery = reader?.broken(side, by: .error) { recover(recovery, side, fault, &ledger) }
    return inlets[side].isStopped
  }

  private mutating func recover(
    _ recovery: Recovery, _ side: Side, _ fault: Entry.Fault, _ ledger: inout Ledger
  ) {
    inlets[side].target = 1
    switch recovery {
    case .resume: break
    case .resynchronise: endOpen(side, because: fault, &ledger)
    case .stop:
      endOpen(side, because: fault, &ledger)
      stop(side, in: &ledger)
    }
  }

  /// Makes what can be made of a message whose rest will not come, and drops its bytes. Of what was
  /// lost the message had as many bytes as its reader waited for; where that is one, it knew no length.
  private mutating func salvage(
    _ side: Side, losing count: Int = 0, because fault: Entry.Fault, at moment: Moment,
    in ledger: inout Ledger
  ) {
    if inlets[side].waiting.isEmpty { return }
    let awaited = inlets[side].target - inlets[side].waiting.count
    let lost = awaited > 1 ? min(count, awaited) : 0
    var waiting: [UInt8] = []
    swap(&waiting, &inlets[side].waiting)
    ledger.waitingBytes -= waiting.count
    salvage(
      waiting.rawSpan, losing: lost, from: side, because: fault, since: inlets[side].since,
      at: moment, in: &ledger)
  }

  /// Makes what can be made of the beginning of a message, of which `count` more bytes were lost.
  /// `fault` says why there is no more of it, unless the reader knows better.
  mutating func salvage(
    _ bytes: RawSpan, losing count: Int = 0, from side: Side,
    because fault: Entry.Fault = Self.beginning, since: Moment, at moment: Moment,
    in ledger: inout Ledger
  ) {
    guard var message = reader?.salvage(bytes, from: side) else {
      ledger.counters.waitingDropped += UInt64(bytes.byteCount)
      return
    }
    message.extent = .whole
    if message.fault == nil { message.fault = fault }
    ledger.figures[row].errors[Int(WireError.Kind.truncated.rawValue)] += 1
    let length = bytes.byteCount + count + missing(at: moment)
    begin(message, of: bytes, from: side, since, moment, length, &ledger)
  }

  /// Bytes that the capture cut off the datagram that came at `moment`.
  func missing(at moment: Moment) -> Int {
    cutDatagram.packet == moment.packet ? cutDatagram.missing : 0
  }

  /// The capture lacks the rest, which was sent.
  static let beginning = Entry.Fault(.dissection, "only the beginning of it was captured")
  /// The rest was never sent.
  static let ended = Entry.Fault(.connection, "the connection ended inside the message")
  static let silent = Entry.Fault(.connection, "the connection fell silent inside the message")

  /// One side has finished sending.
  mutating func finished(_ side: Side, at moment: Moment, in ledger: inout Ledger) {
    inlets[side].isFinished = true
    if tunnel?.isHolding == true { unsealHeld(&ledger) }
    if !isReading {
      if !isSilent, inlets[side.other].isFinished { decideFinally(at: moment, in: &ledger) }
      return
    }
    endSide(side, at: moment, in: &ledger)
    if isTurned { settle(at: moment, in: &ledger) }
    finishTunnel(side, at: moment, in: &ledger)
  }

  /// Nothing more comes from `side`; a body that lasts until now is complete.
  mutating func endSide(_ side: Side, at moment: Moment, in ledger: inout Ledger) {
    if case .body(.max, let key, true) = inlets[side].pass {
      inlets[side].pass = .none
      end(key, side, moment, &ledger)
    }
    cutSide(side, because: Self.ended, at: moment, in: &ledger)
  }

  /// Nothing more comes from `side`, or was captured (`isCut`); whatever is open is not whole.
  private mutating func cutSide(
    _ side: Side, because fault: Entry.Fault, isCut: Bool = false, at moment: Moment,
    in ledger: inout Ledger
  ) {
    salvage(side, because: fault, at: moment, in: &ledger)
    concludeSettled(isEnding: true, isCut: isCut, &ledger)
    inlets[side].pass = .none
    let recovery = reader?.broken(side, by: .end)
    part(side, because: fault, at: moment, in: &ledger)
    endOpen(side, because: fault, &ledger)
    if recovery == .stop { inlets[side].isStopped = true }
  }

  /// Ends the messages of `side` of whose end the reader knows something.
  private mutating func part(
    _ side: Side, because fault: Entry.Fault, at moment: Moment, in ledger: inout Ledger
  ) {
    while let parted = reader?.parted(side) {
      var ending = parted.ending
      ending.fault = fault
      finish(parted.key, ending, wire: 0, from: side, at: moment, &ledger)
    }
  }

  /// The conversation is over.
  mutating func closed(_ conversation: Conversation, in ledger: inout Ledger) {
    if let path, !leave(path, in: &ledger) { return dropHeld(in: &ledger) }
    swapPairing()
    let moment = Moment(
      timestamp: conversation.last,
      packet: max(inlets.client.since.packet, inlets.server.since.packet))
    if !isReading, !isSilent { decideFinally(at: moment, in: &ledger) }
    if tunnel?.isHolding == true { unsealHeld(&ledger) }
    for side in Side.allCases where isReading && !inlets[side].isFinished {
      cutSide(
        side, because: conversation.cut, isCut: conversation.closeReason == .endOfCapture,
        at: moment, in: &ledger)
    }
    closeTunnel(conversation, in: &ledger)
    drain(at: conversation.last, in: &ledger)
    for side in Side.allCases { dropWaiting(side, in: &ledger) }
    dropHeld(in: &ledger)
  }
}

extension Conversation {
  /// Why nothing more comes of a message that is not whole when the conversation is over.
  fileprivate var cut: Entry.Fault {
    switch closeReason {
    case .finished, .portReuse, nil: Runner.ended
    case .reset: Entry.Fault(.connection, "the connection was reset inside the message")
    case .idle: Runner.silent
    case .evicted:
      Entry.Fault(.dissection, "the connection was given up to make room inside the message")
    case .endOfCapture: Entry.Fault(.dissection, "the capture ended inside the message")
    }
  }
}

extension WireError {
  /// One phrase for people.
  var reason: String {
    switch kind {
    case .truncated: "the message ends too early"
    case .invalid: "the message holds a forbidden value"
    case .unsupported: "an unknown version or variant"
    case .tooLarge: "the message is larger than the limit"
    case .foreign: "the bytes belong to another protocol"
    }
  }
}
