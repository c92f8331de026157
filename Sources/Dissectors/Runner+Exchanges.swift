import Bytes
import Entries
import Flows

// Messages become halves, halves become exchanges, exchanges become entries.
extension Runner {
  /// Files a message whose first `length` bytes were just read.
  mutating func begin(
    _ message: consuming Message, from side: Side, _ start: Moment, _ moment: Moment,
    _ length: Int, _ ledger: inout Ledger
  ) {
    note(message, from: side, &ledger)
    let key = message.key
    let role = message.role
    if role == .interim {
      ledger.figures[row].interim += 1
      touch(key, requester: side.other, at: moment)
      return
    }
    let requester = role == .response ? side.other : side
    let stands = message.partner != .expected
    if !stands, let at = partner(of: key, role, requester), !isForeign(at, role, start, &ledger) {
      let half = half(message, start, moment, length, &ledger)
      pairing[at]?.touched = moment.timestamp
      pairing[at]?[side] = half
      closeIfComplete(at, &ledger)
      return
    }
    if role == .request, repeats(key, requester, at: moment) {
      ledger.figures[row].repeats += 1
      return
    }
    var exchange = Exchange(
      index: takeIndex(), requester: requester, row: row, touched: moment.timestamp)
    exchange[side] = half(message, start, moment, length, &ledger)
    ledger.pending += 1
    if exchange.isComplete {
      close(exchange, &ledger)
      return
    }
    makeRoom(&ledger)
    _ = pairing.insert(exchange, key: key)
  }

  /// The half a message becomes; its content is cut to what may be kept.
  private func half(
    _ message: consuming Message, _ start: Moment, _ moment: Moment, _ length: Int,
    _ ledger: inout Ledger
  ) -> Half {
    var half = Half(message, from: start, to: moment, length: length)
    let count = half.message.body.count
    if count > 0 {
      let kept = ledger.bodyAllowance(count, kept: 0)
      half.message.body.removeLast(count - kept)
    }
    return half
  }

  /// Position of the exchange that waits for a message of this role.
  private func partner(of key: UInt64, _ role: Message.Role, _ requester: Side) -> Int? {
    switch role {
    case .response:
      pairing.position(of: key) {
        $0.requester == requester && $0.response == nil && $0.request != nil
      }
    case .request:
      pairing.position(of: key) {
        $0.requester == requester && $0.request == nil && $0.response != nil
      }
    case .interim, .notice: nil
    }
  }

  /// Whether the reply at that position came too early for a request that begins at `start`. Then
  /// it leaves alone.
  private mutating func isForeign(
    _ at: Int, _ role: Message.Role, _ start: Moment, _ ledger: inout Ledger
  ) -> Bool {
    guard role == .request, let response = pairing[at]?.response,
      start.timestamp.nanoseconds(since: response.start.timestamp) > ledger.limits.earlyReply,
      let exchange = pairing.take(at)
    else { return false }
    let key = response.message.key
    close(exchange, &ledger)
    reader?.stillWaits(key)
    return true
  }

  /// Whether the request with that key was sent before and still waits for its reply.
  private mutating func repeats(_ key: UInt64, _ requester: Side, at moment: Moment) -> Bool {
    let at = pairing.position(of: key) {
      $0.requester == requester && $0.response == nil && $0.request?.isOpen == false
    }
    guard let at else { return false }
    pairing[at]?.touched = moment.timestamp
    pairing[at]?.request?.end = moment
    return true
  }

  private mutating func touch(_ key: UInt64, requester: Side, at moment: Moment) {
    if let at = pairing.position(of: key, where: { $0.requester == requester }) {
      pairing[at]?.touched = moment.timestamp
    }
  }

  /// Adds content (or mere framing) to the open message of `side` with that key.
  mutating func add(
    _ content: RawSpan, wire length: Int, to key: UInt64, from side: Side, at moment: Moment,
    _ ledger: inout Ledger
  ) {
    guard let at = openMessage(key, side) else { return }
    pairing[at]?.touched = moment.timestamp
    let kept = pairing[at]?[side]?.message.body.count ?? 0
    let granted =
      content.byteCount > 0 ? ledger.bodyAllowance(content.byteCount, kept: kept) : 0
    pairing[at]?[side]?.append(content, keeping: granted, wire: length, at: moment)
  }

  /// `count` bytes of the open message's content were not captured.
  mutating func addLost(_ count: Int, of key: UInt64, from side: Side) {
    guard let at = openMessage(key, side) else { return }
    pairing[at]?[side]?.lose(count)
  }

  /// The open message is complete.
  mutating func end(_ key: UInt64, _ side: Side, _ moment: Moment, _ ledger: inout Ledger) {
    guard let at = openMessage(key, side) else { return }
    pairing[at]?[side]?.isOpen = false
    closeIfComplete(at, &ledger)
  }

  /// The open message is complete, and its end says something of its own.
  mutating func finish(
    _ key: UInt64, _ ending: Ending, wire length: Int, from side: Side, at moment: Moment,
    _ ledger: inout Ledger
  ) {
    guard let at = openMessage(key, side) else { return }
    if let kind = ending.kind { note(kind) }
    pairing[at]?.touched = moment.timestamp
    pairing[at]?[side]?.finish(ending, wire: length, at: moment)
    closeIfComplete(at, &ledger)
  }

  /// Open messages of `side` end here, not whole.
  mutating func endOpen(_ side: Side, because fault: Entry.Fault, _ ledger: inout Ledger) {
    var at = pairing.positions.lowerBound
    while at < pairing.positions.upperBound {
      if pairing[at]?[side]?.isOpen == true {
        pairing[at]?[side]?.isOpen = false
        if pairing[at]?[side]?.message.fault == nil { pairing[at]?[side]?.message.fault = fault }
        closeIfComplete(at, &ledger)
      }
      at += 1
    }
  }

  private func openMessage(_ key: UInt64, _ side: Side) -> Int? {
    pairing.position(of: key) { $0[side]?.isOpen == true }
  }

  private mutating func closeIfComplete(_ at: Int, _ ledger: inout Ledger) {
    guard pairing[at]?.isComplete == true, let exchange = pairing.take(at) else { return }
    close(exchange, &ledger)
  }

  /// Lets the oldest exchange go when there are too many.
  private mutating func makeRoom(_ ledger: inout Ledger) {
    guard
      pairing.count >= ledger.limits.pendingPerConversation
        || ledger.pending > ledger.limits.pendingInAll,
      let oldest = pairing.oldest, let exchange = pairing.take(oldest)
    else { return }
    ledger.counters.pendingEvicted += 1
    close(
      exchange, because: Entry.Fault(.pairNotFound, "too many exchanges were unfinished"), &ledger)
  }

  /// Makes the entry of an exchange that is done.
  mutating func close(
    _ exchange: consuming Exchange, because fault: Entry.Fault? = nil, _ ledger: inout Ledger
  ) {
    if let request = exchange.request, let response = exchange.response {
      isProven = true
      let passed = response.start.timestamp.nanoseconds(since: request.start.timestamp)
      if passed > ledger.limits.pairTimeout { ledger.figures[exchange.row].late += 1 }
    }
    let absence = fault ?? exchange.absence
    ledger.close(exchange, of: opening, stream: stream, absence: absence)
  }

  /// Gives up the halves whose last sign of life is before `limit`; gives the oldest of those that
  /// stay, nil when none waits.
  mutating func expire(before limit: Timestamp, in ledger: inout Ledger) -> Timestamp? {
    var oldest: Timestamp?
    var at = pairing.positions.lowerBound
    while at < pairing.positions.upperBound {
      if let touched = pairing[at]?.touched, pairing[at]?.isHalf == true {
        if touched < limit, let exchange = pairing.take(at) {
          let text =
            exchange.request == nil ? "the request did not come in time" : "no reply in time"
          close(exchange, because: Entry.Fault(.timeout, text), &ledger)
        } else {
          oldest = min(oldest ?? touched, touched)
        }
      }
      at += 1
    }
    return oldest
  }

  /// Makes entries of everything unfinished: the conversation is over.
  mutating func drain(at end: Timestamp, in ledger: inout Ledger) {
    while let oldest = pairing.oldest, let exchange = pairing.take(oldest) {
      var fault: Entry.Fault?
      if exchange.isHalf,
        end.nanoseconds(since: exchange.touched) > ledger.limits.pairTimeout
      {
        fault = Entry.Fault(
          .timeout,
          exchange.request == nil ? "the request did not come in time" : "no reply in time")
      }
      close(exchange, because: fault, &ledger)
    }
  }

  /// Forgets everything unfinished: it was never what it was taken for.
  mutating func forget(in ledger: inout Ledger) {
    while let oldest = pairing.oldest, let exchange = pairing.take(oldest) {
      ledger.pending -= 1
      ledger.bodyBytes -= exchange.keptBytes
    }
  }
}

extension Exchange {
  /// Why a half is missing, as far as the exchange itself tells.
  var absence: Entry.Fault {
    if request == nil { return Entry.Fault(.pairNotFound, "no request was captured") }
    return Entry.Fault(.pairNotFound, "the connection ended without a reply")
  }
}

extension Half {
  mutating func append(_ content: RawSpan, keeping kept: Int, wire length: Int, at moment: Moment) {
    if kept > 0 { message.body.append(content.prefix(kept)) }
    bodyLength += Int64(content.byteCount)
    wireLength += Int64(length)
    end = moment
  }

  mutating func lose(_ count: Int) {
    lost += Int64(count)
    bodyLength += Int64(count)
    wireLength += Int64(count)
  }

  mutating func finish(_ ending: Ending, wire length: Int, at moment: Moment) {
    isOpen = false
    wireLength += Int64(length)
    if length > 0 { end = moment }
    message.fields.merge(ending.fields)
    for field in ending.trailers.fields { message.headers.append(field.name, field.value) }
    if ending.failed { message.failed = true }
    if let fault = ending.fault { message.fault = fault }
    if let kind = ending.kind { message.kind = kind }
  }
}
