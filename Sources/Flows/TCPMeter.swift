import Bytes
import Layers

/// What the health figures of one TCP connection are made of: headers and times, no bytes.
struct TCPMeter: Sendable {
  private var analysis = TCPAnalysis()
  private var flights = BySide<Flight>(client: Flight(), server: Flight())
  private var roundTrips = RoundTrips()
  private var handshake = Handshake()
  private var counts = BySide<TCPHealth.Counts>(
    client: TCPHealth.Counts(), server: TCPHealth.Counts())
  /// Number of each side's SYN, seen or concluded.
  private var initial = BySide<UInt32>(client: 0, server: 0)
  private var isInitialKnown = BySide<Bool>(client: false, server: false)
  /// Largest segment each side is ready to take; 0 while unknown.
  private var maximumSegment = BySide<UInt16>(client: 0, server: 0)
  private var scale = BySide<UInt8?>(client: nil, server: nil)
  private var completeness = Completeness()
  private var zeroWindowEvents: UInt32 = 0
  private var resets: UInt32 = 0
  private var fins: UInt32 = 0
  private var windowSum: UInt64 = 0
  private var windowCount: UInt32 = 0
  private var isOffloaded = false

  /// What a SYN on ports in use means.
  enum Opening { case first, again, anotherConnection }

  /// Whether a SYN of `side` opens this connection, repeats its opening, or opens a new one.
  func opening(_ tcp: TCPFields, from side: Side) -> Opening {
    guard isInitialKnown[side] else { return .first }
    return tcp.sequence == initial[side] ? .again : .anotherConnection
  }

  /// The SYN that opened the connection was sent again.
  mutating func reopen(from side: Side) { analysis.restart(side) }

  /// Takes a segment's header into account; `length` is the payload as declared, `isAlone` says
  /// that nothing of the other side was captured so far.
  mutating func observe(
    _ tcp: TCPFields, length: Int, at time: Timestamp, from side: Side, isAlone: Bool,
    in memory: inout Outstanding
  ) {
    if !isInitialKnown[side] {
      initial[side] = tcp.flags.hasSYN ? tcp.sequence : tcp.sequence &- 1
      isInitialKnown[side] = true
    } else if tcp.flags.hasSYN, tcp.flags.hasACK {
      initial[side] = tcp.sequence
    }
    if tcp.flags.hasACK, !isInitialKnown[side.other] {
      initial[side.other] = tcp.acknowledgment &- 1
      isInitialKnown[side.other] = true
    }
    let findings = analysis.examine(tcp, length: length, at: time, from: side)
    if !findings.isEmpty { count(findings, side) }
    measure(tcp, length, findings, time, side, isAlone, &memory)
    completeness.note(tcp.flags, hasData: length > 0)
    handshake.note(tcp.flags, hasData: length > 0, at: time, from: side)
    if tcp.flags.hasRST { resets &+= 1 }
    if tcp.flags.hasFIN { fins &+= 1 }
    if tcp.flags.hasSYN {
      scale[side] = tcp.windowScale
      maximumSegment[side] = tcp.maximumSegmentSize ?? 0
    } else {
      windowSum &+= UInt64(analysis.scaled(tcp.window, of: side))
      windowCount &+= 1
      let most = Int(maximumSegment[side.other])
      if most > 0, length > most { isOffloaded = true }
    }
  }

  /// The same measurements with a chain of segments of their own, to be carried on apart.
  func twin(in memory: inout Outstanding) -> TCPMeter {
    var twin = self
    twin.flights.client = flights.client.copied(in: &memory)
    twin.flights.server = flights.server.copied(in: &memory)
    return twin
  }

  /// Frees what it holds in shared memory.
  mutating func release(_ memory: inout Outstanding) {
    flights.client.clear(in: &memory)
    flights.server.clear(in: &memory)
  }

  private mutating func count(_ findings: TCPAnalysis.Findings, _ side: Side) {
    func add(_ finding: TCPAnalysis.Findings, _ count: inout UInt32) {
      if findings.isAny(of: finding) { count &+= 1 }
    }
    add(.retransmission, &counts[side].retransmissions)
    add(.fast, &counts[side].fastRetransmissions)
    add(.spurious, &counts[side].spuriousRetransmissions)
    add(.outOfOrder, &counts[side].outOfOrder)
    add(.duplicateACK, &counts[side].duplicateACKs)
    add(.zeroWindow, &counts[side].zeroWindows)
    add(.windowFull, &counts[side].windowFull)
    add(.keepAlive, &counts[side].keepAlives)
    add(.lostSegment, &counts[side].missingSegments)
    add(.windowClosed, &zeroWindowEvents)
  }

  /// Round trips from a segment to the acknowledgment of its last byte.
  private mutating func measure(
    _ tcp: TCPFields, _ length: Int, _ findings: TCPAnalysis.Findings,
    _ time: Timestamp, _ side: Side, _ isAlone: Bool, _ memory: inout Outstanding
  ) {
    let isVirtual = tcp.flags.hasVirtualByte
    if length > 0 || isVirtual {
      let end = tcp.sequence.advanced(by: length + (isVirtual ? 1 : 0))
      if findings.isAny(of: .behind) {
        flights[side].resent(from: tcp.sequence, until: end, in: &memory)
      } else if !findings.isAny(of: .asking) {
        flights[side].sent(until: end, at: time, isAlone: isAlone, in: &memory)
      }
    }
    if tcp.flags.hasACK,
      let sent = flights[side.other].acknowledged(tcp.acknowledgment, in: &memory)
    {
      roundTrips.add(time.nanoseconds(since: sent))
    }
  }

  /// The health figures up to now of a connection with these streams.
  func health(_ streams: borrowing BySide<Reassembly>) -> TCPHealth {
    var health = TCPHealth()
    func sum(_ path: KeyPath<TCPHealth.Counts, UInt32>) -> UInt32 {
      counts.client[keyPath: path] &+ counts.server[keyPath: path]
    }
    health.retransmissions = sum(\.retransmissions)
    health.fastRetransmissions = sum(\.fastRetransmissions)
    health.spuriousRetransmissions = sum(\.spuriousRetransmissions)
    health.outOfOrder = sum(\.outOfOrder)
    health.duplicateACKs = sum(\.duplicateACKs)
    health.windowFullEvents = sum(\.windowFull)
    health.keepAlives = sum(\.keepAlives)
    health.zeroWindowEvents = zeroWindowEvents
    // A gap filled in part is two gaps of the stream, and one that was seen.
    health.missingSegments =
      min(streams.client.missing, counts.client.missingSegments)
      &+ min(streams.server.missing, counts.server.missingSegments)
    (health.resets, health.fins) = (resets, fins)
    health.completeness = completeness.mask
    health.windowScale = scale
    if windowCount > 0 {
      health.averageReceiveWindow = UInt32(clamping: windowSum / UInt64(windowCount))
    }
    health.synToSynAck = microseconds(handshake.synToSynAck)
    health.synAckToAck = microseconds(handshake.synAckToAck)
    health.synToAck = microseconds(analysis.initialRTT)
    health.connectionTime = microseconds(handshake.synToData)
    health.timeToFirstByte = microseconds(handshake.synToServerData)
    health.rttSamples = roundTrips.count
    if roundTrips.count > 0 {
      health.rttMinimum = microseconds(roundTrips.minimum)
      health.rttMaximum = microseconds(roundTrips.maximum)
      health.rttAverage = microseconds(roundTrips.average)
      health.jitter = microseconds(roundTrips.deviation)
    }
    health.goodput =
      streams.client.acknowledgedPayload &+ streams.server.acknowledgedPayload
    health.isOffloaded = isOffloaded
    health.bySide = counts
    return health
  }
}

/// Nanoseconds as whole microseconds, at most what fits; nil for nothing and for times that ran
/// backwards.
private func microseconds(_ nanoseconds: Int64?) -> UInt32? {
  guard let nanoseconds, nanoseconds >= 0 else { return nil }
  return UInt32(clamping: nanoseconds / 1_000)
}
