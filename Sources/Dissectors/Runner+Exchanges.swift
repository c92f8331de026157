import Bytes
import Decompression
import Entries
import Flows

// Messages become halves, halves become exchanges, exchanges become entries.
extension Runner {
  /// Files a message whose first `length` bytes were just read, off the beginning of `bytes`.
  mutating func begin(
    _ message: consuming Message, of bytes: RawSpan, from side: Side, _ start: Moment,
    _ moment: Moment, _ length: Int, _ ledger: inout Ledger
  ) {
    note(message, from: side, &ledger)
    if message.kind == .kafka { ledger.note(message.topics, in: moment.packet) }
    let key = message.key
    let role = message.role
    if isEarly, role == .request { message.fields.add(.tlsEarlyData, .bool(true)) }
    if role == .interim {
      ledger.figures[row].interim += 1
      touch(key, requester: side.other, at: moment)
      return
    }
    let requester = role == .response ? side.other : side
    // Nearly every request is the first of its key.
    let isNew = role == .request && !pairing.mayHold(key)
    let cameBefore = message.partner == .came
    if cameBefore { message.partner = .expected }
    let stands = message.partner != .expected
    if !stands, !isNew, let at = partner(of: key, role, requester),
      !isForeign(at, role, start, &ledger)
    {
      let exchange = pairing.lend(at)
      let continuation = message.continuation
      exchange.touched = moment.timestamp
      if message.facts > 0, message.isOnlyFacts, exchange.requestStatus == .whole {
        exchange.add(answer: bytes.prefix(Int(message.facts)))
      } else if message.facts > 0 {
        message.addFacts(bytes)
      }
      put(
        half(consume message, start, moment, length, &ledger), from: side, into: exchange, &ledger)
      pairing.resumed(at)
      guard let continuation, exchange.requestStatus != .missing else {
        return goOn(consume exchange, at, &ledger)
      }
      let request = exchange.request
      goOn(exchange, at, &ledger)
      awaitAgain(continuation, request, requester, &ledger)
      return
    }
    if role == .request, !isNew, repeats(key, requester, at: moment) {
      ledger.figures[row].repeats += 1
      return
    }
    if cameBefore { reader?.stillWaits(key) }
    if message.facts > 0 { message.addFacts(bytes) }
    let exchange = ledger.newExchange()
    exchange.begin(
      index: takeIndex(), requester: requester, row: row, touched: moment.timestamp)
    put(half(consume message, start, moment, length, &ledger), from: side, into: exchange, &ledger)
    ledger.pending += 1
    if exchange.isComplete {
      close(exchange, &ledger)
      return
    }
    if role == .response, isFull(&ledger) {
      // Its request had to go before: no other must go for it.
      close(exchange, &ledger)
      return
    }
    insert(consume exchange, key: key, &ledger)
  }

  /// Closes the exchange that was lent from that position when its second message has made it complete.
  private mutating func goOn(_ exchange: consuming Exchange, _ at: Int, _ ledger: inout Ledger) {
    if exchange.isComplete {
      pairing.remove(at)
      close(consume exchange, &ledger)
    } else {
      pairing.giveBack(consume exchange, to: at)
    }
    makeRoom(&ledger)
  }

  /// Files the request once more, for the reply of the next protocol.
  private mutating func awaitAgain(
    _ continuation: Message.Continuation, _ request: Half, _ requester: Side,
    _ ledger: inout Ledger
  ) {
    guard ledger.row(named: continuation.reader) != nil else { return }
    let exchange = ledger.newExchange()
    exchange.begin(
      index: takeIndex(), requester: requester, row: row, touched: request.end.timestamp)
    put(request, from: requester, into: exchange, &ledger)
    ledger.pending += 1
    ledger.bodyBytes += exchange.keptBytes
    insert(exchange, key: continuation.key, &ledger)
  }

  /// The half a message becomes; its content is cut to what may be kept.
  @inline(__always)
  private func half(
    _ message: consuming Message, _ start: Moment, _ moment: Moment, _ length: Int,
    _ ledger: inout Ledger
  ) -> Half {
    var half = Half(consume message, from: start, to: moment, length: length)
    let count = half.message.body.count
    if count > 0 {
      let kept = ledger.bodyAllowance(count, kept: 0)
      half.message.body.removeLast(count - kept)
    }
    return half
  }

  /// The position of the exchange that waits for a message of this role.
  @inline(__always)
  private mutating func partner(of key: UInt64, _ role: Message.Role, _ requester: Side) -> Int? {
    switch role {
    case .response:
      pairing.position(of: key) {
        $0.requester == requester && $0.responseStatus == .missing
          && $0.requestStatus != .missing
      }
    case .request:
      pairing.position(of: key) {
        $0.requester == requester && $0.requestStatus == .missing
          && $0.responseStatus != .missing
      }
    case .interim, .notice: nil
    }
  }

  /// Whether the reply at that position came too early for a request that begins at `start`. Then
  /// it leaves alone.
  private mutating func isForeign(
    _ at: Int, _ role: Message.Role, _ start: Moment, _ ledger: inout Ledger
  ) -> Bool {
    guard role == .request, let early = pairing[at]?.responseStart,
      start.timestamp.nanoseconds(since: early.timestamp) > ledger.limits.earlyReply
    else { return false }
    let key = pairing.key(at)
    let exchange = pairing.lend(at)
    pairing.remove(at)
    close(exchange, &ledger)
    reader?.stillWaits(key)
    return true
  }

  /// Whether the request with that key was sent before and still waits for its reply.
  private mutating func repeats(_ key: UInt64, _ requester: Side, at moment: Moment) -> Bool {
    let at = pairing.position(of: key) {
      $0.requester == requester && $0.responseStatus == .missing && $0.requestStatus == .whole
    }
    guard let at, let exchange = pairing[at] else { return false }
    exchange.touched = moment.timestamp
    exchange.update(requester) { $0.end = moment }
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
    guard let at = openMessage(key, side), let exchange = pairing[at] else { return }
    exchange.touched = moment.timestamp
    exchange.update(side) { half in
      let granted =
        content.byteCount > 0
        ? ledger.bodyAllowance(content.byteCount, kept: half.message.body.count) : 0
      half.append(content, keeping: granted, wire: length, at: moment)
    }
  }

  /// The same of content that was made for it, and becomes its body where that is empty.
  mutating func add(
    _ content: consuming [UInt8], wire length: Int, to key: UInt64, from side: Side,
    at moment: Moment, _ ledger: inout Ledger
  ) {
    guard let at = openMessage(key, side), let exchange = pairing[at] else { return }
    exchange.touched = moment.timestamp
    let count = content.count
    exchange.update(side) { half in
      let granted =
        count > 0 ? ledger.bodyAllowance(count, kept: half.message.body.count) : 0
      half.append(&content, keeping: granted, wire: length, at: moment)
    }
  }

  /// `count` bytes of the open message's content were not captured.
  mutating func addLost(_ count: Int, of key: UInt64, from side: Side) {
    guard let at = openMessage(key, side) else { return }
    pairing[at]?.update(side) { $0.lose(count) }
  }

  /// The open message is complete.
  mutating func end(_ key: UInt64, _ side: Side, _ moment: Moment, _ ledger: inout Ledger) {
    guard let at = openMessage(key, side) else { return }
    pairing[at]?.update(side) { $0.isOpen = false }
    closeIfComplete(at, &ledger)
  }

  /// The open message is complete, and its end says something of its own.
  mutating func finish(
    _ key: UInt64, _ ending: Ending, wire length: Int, from side: Side, at moment: Moment,
    _ ledger: inout Ledger
  ) {
    guard let at = openMessage(key, side) else { return }
    if let kind = ending.kind { note(kind) }
    if let end = ending.decompression { ledger.counters.decompressions.note(end) }
    pairing[at]?.touched = moment.timestamp
    pairing[at]?.update(side) { $0.finish(ending, wire: length, at: moment) }
    if let exchange = pairing[at], !ending.trailers.isEmpty {
      ledger.charge(exchange, ending.trailers.bytes.count)
    }
    closeIfComplete(at, &ledger)
  }

  /// Open messages of `side` end here, not whole.
  mutating func endOpen(_ side: Side, because fault: Entry.Fault, _ ledger: inout Ledger) {
    var at = pairing.unsettled(side).lowerBound
    while at < pairing.positions.upperBound {
      if let exchange = pairing[at], exchange.isOpen(side) {
        exchange.update(side) { half in
          half.isOpen = false
          if half.message.fault == nil { half.message.fault = fault }
        }
        closeIfComplete(at, &ledger)
      }
      at += 1
    }
    pairing.settle(side)
  }

  /// Exchanges whose key is in `keys` end here, whatever is missing of them. The fields are added to
  /// the reply, or to the request that has none.
  mutating func abandon(
    _ keys: ClosedRange<UInt64>, because fault: Entry.Fault?, telling fields: FieldValues,
    _ ledger: inout Ledger
  ) {
    var at = pairing.positions.lowerBound
    while at < pairing.positions.upperBound {
      if keys.contains(pairing.key(at)), let exchange = pairing.take(at) {
        for side in Side.allCases where exchange.isOpen(side) {
          exchange.update(side) { half in
            half.isOpen = false
            if half.message.fault == nil { half.message.fault = fault }
          }
        }
        if !fields.isEmpty {
          let requester = exchange.requester
          exchange.update(exchange.responseStatus == .missing ? requester : requester.other) {
            $0.message.fields.merge(fields)
          }
        }
        close(exchange, because: fault, &ledger)
      }
      at += 1
    }
  }

  /// The request of `key`, sent by `side`, is not waited for any longer; its reply may be under way.
  mutating func withdraw(
    _ key: UInt64, because fault: Entry.Fault, telling fields: FieldValues, from side: Side,
    at moment: Moment, _ ledger: inout Ledger
  ) {
    let at = pairing.position(of: key) {
      $0.requester == side && $0.requestStatus != .missing && $0.responseStatus == .missing
    }
    guard let at, let exchange = pairing[at] else {
      return abandon(key...key, because: fault, telling: fields, &ledger)
    }
    exchange.touched = moment.timestamp
    exchange.update(side) { half in
      half.isOpen = false
      if half.message.fault == nil { half.message.fault = fault }
      half.message.fields.merge(fields)
    }
    closeIfComplete(at, &ledger)
  }

  /// The exchange of `key` ends as it is; what its end says is the reply's, if there is one.
  mutating func conclude(_ key: UInt64, _ ending: Ending, _ ledger: inout Ledger) {
    guard let at = pairing.position(of: key, where: { _ in true }),
      let exchange = pairing.take(at)
    else { return }
    if let end = ending.decompression { ledger.counters.decompressions.note(end) }
    let requester = exchange.requester
    let sender = exchange.responseStatus == .missing ? requester : requester.other
    exchange.update(sender) { $0.finish(ending, wire: 0, at: $0.end) }
    if exchange.isOpen(sender.other) { exchange.update(sender.other) { $0.isOpen = false } }
    exchange.endAsItIs()
    close(exchange, &ledger)
  }

  private mutating func openMessage(_ key: UInt64, _ side: Side) -> Int? {
    pairing.position(of: key) { $0.isOpen(side) }
  }

  private mutating func closeIfComplete(_ at: Int, _ ledger: inout Ledger) {
    guard pairing[at]?.isComplete == true, let exchange = pairing.take(at) else { return }
    close(exchange, &ledger)
  }

  /// Gives an exchange the message of one side.
  @inline(__always)
  private mutating func put(
    _ half: consuming Half, from side: Side, into exchange: Exchange, _ ledger: inout Ledger
  ) {
    ledger.charge(exchange, half)
    exchange.put(consume half, from: side)
    if path != nil { settle(exchange, from: side) }
  }

  /// Among paths of an association an exchange belongs to the one that its request took.
  private mutating func settle(_ exchange: Exchange, from side: Side) {
    if exchange.home == nil {
      exchange.settle(in: home, index: exchange.index)
    } else if side == exchange.requester, exchange.home?.stream != stream {
      exchange.settle(in: home, index: takeIndex())
    }
  }

  private var home: Exchange.Home { Exchange.Home(stream: stream, ends: ends) }

  /// Without what else is known of the conversation, which has references to be counted.
  private var ends: Ends {
    Ends(
      transport: opening.transport, client: opening.client, server: opening.server,
      tags: opening.tags, isDecrypted: opening.carrier != nil)
  }

  /// Files what another path has left unfinished; two halves that waited apart are one call.
  mutating func adopt(_ exchange: Exchange, key: UInt64, _ ledger: inout Ledger) {
    let role: Message.Role = exchange.requestStatus == .missing ? .response : .request
    guard exchange.isHalf, let at = partner(of: key, role, exchange.requester),
      let other = pairing[at], other.isHalf
    else { return insert(exchange, key: key, &ledger) }
    pairing.remove(at)
    let (request, reply) = role == .request ? (exchange, other) : (other, exchange)
    request.complete(with: reply)
    ledger.pending -= 1
    close(request, &ledger)
  }

  private mutating func isFull(_ ledger: inout Ledger) -> Bool {
    pairing.count >= ledger.limits.pendingPerConversation
      || ledger.pending > ledger.limits.pendingInAll
      || ledger.messageBytes > ledger.limits.messagesInAll
  }

  /// Files an exchange, for which the oldest make room. Where other conversations hold all there
  /// may be, it leaves at once.
  private mutating func insert(
    _ exchange: consuming Exchange, key: UInt64, _ ledger: inout Ledger
  ) {
    makeRoom(&ledger)
    if isFull(&ledger) {
      evict(consume exchange, &ledger)
    } else {
      pairing.insert(consume exchange, key: key)
    }
  }

  /// Lets the oldest exchanges go while there are too many.
  private mutating func makeRoom(_ ledger: inout Ledger) {
    while isFull(&ledger), let oldest = pairing.oldest, let exchange = pairing.take(oldest) {
      evict(exchange, &ledger)
    }
  }

  private mutating func evict(_ exchange: consuming Exchange, _ ledger: inout Ledger) {
    ledger.counters.pendingEvicted += 1
    close(
      exchange, because: Entry.Fault(.pairNotFound, "too many exchanges were unfinished"), &ledger)
  }

  /// Makes the entry of an exchange that is done.
  mutating func close(
    _ exchange: consuming Exchange, because fault: Entry.Fault? = nil, _ ledger: inout Ledger
  ) {
    if let request = exchange.requestStart, let response = exchange.responseStart {
      isProven = true
      let passed = response.timestamp.nanoseconds(since: request.timestamp)
      slowest = max(slowest, passed)
      if passed > ledger.limits.pairTimeout { ledger.figures[exchange.row].late += 1 }
    }
    lastClosed = exchange.index
    if let home = exchange.home, home.stream != stream {
      note(ledger.close(consume exchange, of: home.ends, stream: home.stream, absence: fault))
    } else {
      // What is known of this conversation may be more than when its request came.
      note(ledger.close(consume exchange, of: ends, stream: stream, absence: fault))
    }
  }

  /// Gives up the halves whose last sign of life is before `limit`; gives the oldest of those that
  /// stay, nil when none waits.
  mutating func expire(before limit: Timestamp, in ledger: inout Ledger) -> Timestamp? {
    swapPairing()
    defer { swapPairing() }
    var oldest = tunnel?.runner.expire(before: limit, in: &ledger)
    var at = pairing.positions.lowerBound
    while at < pairing.positions.upperBound {
      if let exchange = pairing[at], exchange.isHalf {
        if exchange.touched < limit, pairing.take(at) != nil {
          close(exchange, because: exchange.lateness, &ledger)
        } else {
          oldest = min(oldest ?? exchange.touched, exchange.touched)
        }
      }
      at += 1
    }
    return oldest
  }

  /// Makes entries of everything unfinished: the conversation is over.
  mutating func drain(at end: Timestamp, in ledger: inout Ledger) {
    tunnel?.runner.drain(at: end, in: &ledger)
    while let oldest = pairing.oldest, let exchange = pairing.take(oldest) {
      let waited = end.nanoseconds(since: exchange.touched)
      let isLate = exchange.isHalf && waited > ledger.limits.pairTimeout
      close(exchange, because: isLate ? exchange.lateness : nil, &ledger)
    }
  }

  /// Forgets everything unfinished: it was never what it was taken for.
  mutating func forget(in ledger: inout Ledger) {
    while let oldest = pairing.oldest, let exchange = pairing.take(oldest) {
      ledger.release(exchange)
      exchange.clear()
    }
  }
}

extension Exchange {
  /// The fault of a half that has waited too long.
  fileprivate var lateness: Entry.Fault {
    Entry.Fault(
      .timeout, requestStatus == .missing ? "the request did not come in time" : "no reply in time")
  }
}
