import Bytes
import Decompression
import Entries
import Flows
import Layers

/// Leads one conversation: recognises it, shows its bytes to the dissector and carries out what
/// that answers.
///
/// While whole messages arrive, the dissector sees the packet's own bytes; only what is left over
/// is copied.
struct Runner {
  let stream: UInt64
  var opening: Opening
  /// Set by `setReader`.
  var reader: (any Dissector)?
  /// There is a reader: cheaper than a look at it.
  private(set) var isReading = false
  private(set) var spansDatagrams = false
  private var takesTurns = false
  /// It keeps something that is charged, of so many bytes.
  private(set) var isCharged = false
  var heldBytes = 0
  /// Place of the reader's row.
  var row = 0
  var inlets = Inlets()
  /// The unfinished exchanges; those that all paths of an association share are here while one of
  /// them is at work.
  var pairing = Pairing()
  /// Index of the next exchange.
  var nextIndex: UInt32 = 0
  /// Kinds of messages seen.
  private(set) var ownKinds = KindSet()
  /// Requests each side made: tells who the client is when the packets could not.
  private(set) var ownRequests = BySide(client: 0, server: 0)
  /// An exchange was completed: the recognition was right.
  var isProven = false
  /// Bytes of that side have come.
  var hasSpoken = BySide(client: false, server: false)
  /// Nobody recognised it, or it was given up.
  var isSilent = false
  /// Recognitions tried in vain.
  var attempts = 0
  /// It is not looked at from its beginning: a hello of TLS is all that is looked for.
  var seeksTLS = false
  /// Rows that withdrew.
  var excluded: UInt64 = 0
  var successions = 0
  /// Waiting bytes must be shown again: the reader has changed.
  var isTurned = false
  /// Which bytes of those that wait came when, while nobody read them.
  var turns: [Turn] = []
  /// A message came, or a turn of a handshake: what waits on the other side may be readable now.
  private(set) var wakes = false
  /// The timeout queue holds this conversation.
  var isWatched = false
  /// Index of the conversation's own record, once there is one.
  var recordIndex: UInt32?
  /// Index of the exchange that was completed last.
  var lastClosed: UInt32?
  /// The packet whose datagram the capture cut, and by how many bytes.
  var cutDatagram = (packet: UInt64(0), missing: 0)
  /// Newest packet that brought something.
  var lastPacket: UInt64 = 0
  /// When something came last.
  var lastTime = Timestamp.distantPast
  /// Longest time that an answer took, in nanoseconds.
  var slowest: Int64 = 0
  /// What travels inside, encrypted.
  var tunnel: Tunnel?
  /// Row that handed over to the present one.
  var precursor: Int?
  /// Where proxies were told to connect by readers that have handed over, from the first on.
  var proxied: [Proxied] = []
  /// What comes now was sent before the handshake around it was done.
  var isEarly = false
  /// Where SCTP packets are put together.
  var path: SCTPPath?

  /// It began with TLS: what its server sends first belongs to the handshake.
  private(set) var isTLS = false
  /// The end of its handshake is told: no record that is opened tells more of it.
  var isConcluded = false
  /// When the server's first record of application data began, in a conversation that began with TLS.
  private(set) var firstData: Timestamp?

  /// Another reader, or none.
  mutating func setReader(_ reader: (any Dissector)?) {
    isReading = reader != nil
    // Asked once: a reader is copied to be asked what changes nothing.
    spansDatagrams = reader?.spansDatagrams ?? false
    takesTurns = reader?.takesTurns ?? false
    isCharged = reader?.isCharged ?? false
    if let reader { isTLS = precursor == nil && reader is TLS }
    isConcluded = false
    self.reader = reader
  }

  init(_ conversation: Conversation) {
    self.init(stream: conversation.stream, Opening(conversation))
  }

  init(stream: UInt64, _ opening: Opening) {
    (self.stream, self.opening) = (stream, opening)
  }

  /// The next bytes of a TCP side, or one datagram.
  mutating func received(
    _ bytes: RawSpan, from side: Side, at moment: Moment, in ledger: inout Ledger
  ) {
    lastPacket = max(lastPacket, moment.packet)
    if opening.transport == .sctp {
      packet(bytes, from: side, at: moment, in: &ledger)
      return
    }
    let side = sender(of: bytes, from: side)
    if bytes.byte(0) == TLS.Record.handshake, !isTLS {
      turnToTLS(bytes, side, at: moment, in: &ledger)
    }
    hasSpoken[side] = true
    if isSilent, !retries(bytes, side, &ledger) { return }
    if !isReading, !recognise(bytes, from: side, at: moment, in: &ledger) { return }
    if opening.transport == .tcp {
      noteTime(moment.timestamp, side, ledger)
      feed(bytes, from: side, at: moment, in: &ledger)
      follow(side, at: moment, in: &ledger)
      if isCharged { chargeHeld(in: &ledger) }
    } else {
      datagram(bytes, from: side, at: moment, in: &ledger)
    }
  }

  /// Tells the reader of a long silence before what `side` says now.
  @inline(__always)
  mutating func noteTime(_ now: Timestamp, _ side: Side, _ ledger: borrowing Ledger) {
    let silence = now.nanoseconds(since: lastTime)
    if silence > ledger.limits.rest, silence / ledger.limits.restTimes > slowest {
      reader?.rested(before: side)
    }
    if silence > 0 { lastTime = now }
  }

  /// Does what bytes of `side` have made necessary: another reader, or a message, changes what waits.
  @inline(__always)
  mutating func follow(_ side: Side, at moment: Moment, in ledger: inout Ledger) {
    if isTurned { settle(at: moment, in: &ledger) }
    if !wakes { return }
    if inlets[side.other].waiting.isEmpty {
      wakes = false
    } else {
      wake(side.other, at: moment, in: &ledger)
    }
  }

  private mutating func wake(_ side: Side, at moment: Moment, in ledger: inout Ledger) {
    rouse(side, at: moment, in: &ledger)
    if isTurned { settle(at: moment, in: &ledger) }
  }

  /// Shows again what waits on a side, now that the other has sent a message: whether a tunnel
  /// begins, or what a correlation id stands for, may be known.
  mutating func rouse(_ side: Side, at moment: Moment, in ledger: inout Ledger) {
    wakes = false
    if !isReading || inlets[side].waiting.isEmpty { return }
    inlets[side].target = 1
    reread(side, old: inlets[side].waiting.count, at: moment, in: &ledger)
  }

  /// Shows new bytes behind those that wait.
  mutating func feed(
    _ bytes: RawSpan, from side: Side, at moment: Moment, in ledger: inout Ledger
  ) {
    if inlets[side].isStopped { return }
    if inlets[side].waiting.isEmpty {
      let used = read(bytes, from: side, old: 0, at: moment, in: &ledger)
      if used < bytes.byteCount, !isSilent {
        inlets[side].since = moment
        keep(bytes.suffix(from: used), from: side, in: &ledger)
      }
      return
    }
    keep(bytes, from: side, in: &ledger)
    if inlets[side].waiting.count >= inlets[side].target {
      reread(side, old: inlets[side].waiting.count - bytes.byteCount, at: moment, in: &ledger)
    }
  }

  /// Reads what waits; the first `old` bytes of it came at `since`, the others at `moment`.
  mutating func reread(_ side: Side, old: Int, at moment: Moment, in ledger: inout Ledger) {
    var waiting: [UInt8] = []
    swap(&waiting, &inlets[side].waiting)
    let used = read(waiting.rawSpan, from: side, old: old, at: moment, in: &ledger)
    ledger.waitingBytes -= used
    if used == waiting.count {
      if waiting.capacity <= SpareMemory.keptInPlace {
        waiting.removeAll(keepingCapacity: true)
      } else {
        ledger.spareMemory.give(waiting)
        waiting = []
      }
    } else {
      waiting.removeFirst(used)
      if used >= old { inlets[side].since = moment }
    }
    swap(&waiting, &inlets[side].waiting)
    if inlets[side].isStopped { dropWaiting(side, in: &ledger) }
  }

  /// Gives up one side.
  mutating func stop(_ side: Side, in ledger: inout Ledger) {
    inlets[side].isStopped = true
    inlets[side].pass = .none
    dropWaiting(side, in: &ledger)
  }

  /// Lets the dissector read from the front of `bytes` and gives how many were used.
  ///
  /// The first `old` bytes came when `since` says, the others at `moment`.
  mutating func read(
    _ bytes: RawSpan, from side: Side, old: Int, at moment: Moment, in ledger: inout Ledger
  ) -> Int {
    var at = 0
    var lastError = -1
    var idle = 0
    while at < bytes.byteCount, isReading, !inlets[side].isStopped {
      if case .none = inlets[side].pass {
      } else {
        at += pass(bytes.suffix(from: at), from: side, at: moment, in: &ledger)
        continue
      }
      if bytes.byteCount - at < inlets[side].target { break }
      let rest = bytes.suffix(from: at)
      var step: Step
      do {
        step = try reader!.next(in: rest, from: side)
      } catch {
        if failed(error, side, again: at == lastError, in: &ledger) { break }
        lastError = at
        continue
      }
      let start = at < old ? inlets[side].since : moment
      if isTLS, side == .server, firstData == nil, rest.byte(0) == TLS.Record.applicationData {
        firstData = start.timestamp
      }
      if case .sealed(let length) = step {
        guard length > 0, length <= rest.byteCount else {
          misbehaved(side, &ledger)
          break
        }
        unseal(rest.prefix(length), from: side, start, moment, &ledger)
        at += length
        idle = 0
        inlets[side].target = 1
        continue
      }
      let used: Int?
      if let (message, length) = step.takeMessage() {
        used = file(message, length, side, rest, start, moment, &ledger)
      } else if let (content, key, length) = step.takeContent() {
        used = add(content, to: key, length, side, rest.byteCount, moment, &ledger)
      } else if let (key, ending, length) = step.takeEnding() {
        used = finish(key, ending, length, side, rest.byteCount, moment, &ledger)
      } else {
        used = carryOut(consume step, side, rest.byteCount, moment, &ledger)
      }
      guard let used else { break }
      if used > 0 {
        at += used
        idle = 0
        inlets[side].target = 1
      } else {
        idle += 1
        if idle > Self.idleSteps { misbehaved(side, &ledger) }
      }
      // Another reader goes on: it is shown what waits on both sides, in the order it came.
      if isTurned, opening.transport == .tcp { break }
    }
    if inlets[side].isStopped { return bytes.byteCount }
    return at
  }

  /// Steps in a row that may use nothing.
  private static let idleSteps = 16

  /// Does what a step says and gives the bytes it used; nil to wait or because the reader changed.
  private mutating func carryOut(
    _ step: consuming Step, _ side: Side, _ available: Int, _ moment: Moment,
    _ ledger: inout Ledger
  ) -> Int? {
    switch consume step {
    case .needs(let count):
      inlets[side].target = max(count, available + 1)
      if count > ledger.limits.waitingPerSide {
        ledger.figures[row].errors[Int(WireError.Kind.tooLarge.rawValue)] += 1
        stop(side, in: &ledger)
      }
      return nil
    case .body(let count, let key):
      guard count >= 0 else { return misbehaved(side, &ledger) }
      if count > 0 { inlets[side].pass = .body(count, of: key, ends: false) }
      return 0
    case .abandon(let keys, let fault, let fields, let length):
      guard length >= 0, length <= available else { return misbehaved(side, &ledger) }
      abandon(keys, because: fault, telling: fields, &ledger)
      return length
    case .withdraw(let key, let fault, let fields, let length):
      guard length >= 0, length <= available else { return misbehaved(side, &ledger) }
      withdraw(key, because: fault, telling: fields, from: side, at: moment, &ledger)
      return length
    case .finish(let key, let ending, let length):
      guard length >= 0, length <= available else { return misbehaved(side, &ledger) }
      conclude(key, ending, &ledger)
      return length
    // Those are taken out of their step before.
    case .message, .content, .end, .sealed: return misbehaved(side, &ledger)
    case .skip(let count):
      guard count >= 0 else { return misbehaved(side, &ledger) }
      let now = min(count, available)
      if takesTurns { wakes = true }
      if count > now { inlets[side].pass = .skip(count - now) }
      return now
    case .become(let successor, let length):
      guard length >= 0, length <= available else { return misbehaved(side, &ledger) }
      succeed(by: successor, &ledger)
      return length
    }
  }

  /// Files the message in the first `length` bytes; gives how many are used.
  private mutating func file(
    _ message: consuming Message, _ length: Int, _ side: Side, _ bytes: RawSpan, _ start: Moment,
    _ moment: Moment, _ ledger: inout Ledger
  ) -> Int? {
    let used = length + Int(message.passed)
    guard length >= 0, used <= bytes.byteCount else { return misbehaved(side, &ledger) }
    wakes = true
    // The last one of a datagram that was cut goes on behind it.
    let cut = used == bytes.byteCount ? missing(at: moment) : 0
    if cut > 0, message.fault != nil { message.fault = Self.beginning }
    if case .body(let count) = message.extent {
      inlets[side].pass = .body(count, of: message.key, ends: true)
    }
    begin(message, of: bytes, from: side, start, moment, length + cut, &ledger)
    if case .body(0, let key, _) = inlets[side].pass { end(key, side, moment, &ledger) }
    return used
  }

  /// Adds content that was made of the first `length` bytes; gives those.
  private mutating func add(
    _ content: consuming [UInt8], to key: UInt64, _ length: Int, _ side: Side, _ available: Int,
    _ moment: Moment, _ ledger: inout Ledger
  ) -> Int? {
    guard length >= 0, length <= available else { return misbehaved(side, &ledger) }
    add(content, wire: length, to: key, from: side, at: moment, &ledger)
    return length
  }

  /// Completes a message with the first `length` bytes; gives those.
  private mutating func finish(
    _ key: UInt64, _ ending: Ending, _ length: Int, _ side: Side, _ available: Int,
    _ moment: Moment, _ ledger: inout Ledger
  ) -> Int? {
    guard length >= 0, length <= available else { return misbehaved(side, &ledger) }
    finish(key, ending, wire: length, from: side, at: moment, &ledger)
    return length
  }

  /// Passes bytes on without asking; gives how many.
  private mutating func pass(
    _ bytes: RawSpan, from side: Side, at moment: Moment, in ledger: inout Ledger
  ) -> Int {
    switch inlets[side].pass {
    case .none: return 0
    case .skip(let left):
      let count = min(left, bytes.byteCount)
      inlets[side].passed(count)
      return count
    case .body(let left, let key, let ends):
      let count = min(left, bytes.byteCount)
      add(bytes.prefix(count), wire: count, to: key, from: side, at: moment, &ledger)
      inlets[side].passed(count)
      if left == count {
        inlets[side].pass = .none
        if ends { end(key, side, moment, &ledger) }
      }
      return count
    }
  }

  /// The dissector broke its contract: it is no longer asked about this side.
  @discardableResult
  private mutating func misbehaved(_ side: Side, _ ledger: inout Ledger) -> Int? {
    ledger.counters.misbehaved += 1
    stop(side, in: &ledger)
    return nil
  }

  /// The number of the stream, when it has something unfinished that nobody watches yet.
  @inline(__always)
  mutating func beginsToWait() -> UInt64? {
    if isWatched { return nil }
    let unfinished = path?.association.pairing.count ?? pairing.count
    if unfinished == 0 && tunnel?.runner.pairing.count ?? 0 == 0 { return nil }
    isWatched = true
    return stream
  }

  mutating func takeIndex() -> UInt32 {
    defer { nextIndex &+= 1 }
    return nextIndex
  }

  /// Notes what a message says of the conversation.
  // A call would be given a copy of the message.
  @inline(__always)
  mutating func note(_ message: borrowing Message, from side: Side, _ ledger: inout Ledger) {
    ownKinds.insert(message.kind)
    if message.role == .request { ownRequests[side] &+= 1 }
    ledger.figures[row].messages += 1
    if message.isExceptional {
      for end in message.decompressions { ledger.counters.decompressions.note(end) }
    }
  }

  mutating func note(_ kind: ProtocolKind) { ownKinds.insert(kind) }

  /// Client and server have changed places.
  mutating func turnRequests() {
    ownRequests.turn()
    hasSpoken.turn()
  }

  /// The VLANs of the conversation are known now.
  mutating func note(_ tags: VLANTags) {
    opening.tags = tags
    tunnel?.runner.note(tags)
  }
}

extension Opening {
  init(_ conversation: Conversation) {
    self.init(
      transport: conversation.transport, client: conversation.client,
      server: conversation.server, isMidway: conversation.state == .inProgress)
    tags = conversation.tags
  }
}
