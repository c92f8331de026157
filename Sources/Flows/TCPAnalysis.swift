import Bytes
import Layers

/// What is remarkable about each segment of a connection, by the reasoning of Wireshark's sequence
/// number analysis, so that its counts and ours can be compared figure by figure.
///
/// Looks at headers only and keeps a fixed number of bytes. Sequence numbers that were not seen
/// yet are 0, as there: once in 4 GiB that forgets one expectation, and never more.
struct TCPAnalysis: Sendable {
  /// What one segment turned out to be.
  struct Findings: OptionSet, Sendable {
    var rawValue: UInt16
    /// Sent again after its time; fast and spurious ones are not in here.
    static let late = Findings(rawValue: 1)
    static let fast = Findings(rawValue: 2)
    static let spurious = Findings(rawValue: 4)
    static let outOfOrder = Findings(rawValue: 8)
    static let duplicateACK = Findings(rawValue: 16)
    static let zeroWindow = Findings(rawValue: 32)
    static let windowFull = Findings(rawValue: 64)
    static let keepAlive = Findings(rawValue: 128)
    static let zeroWindowProbe = Findings(rawValue: 256)
    static let lostSegment = Findings(rawValue: 512)
    /// The window fell to 0 with this segment.
    static let windowClosed = Findings(rawValue: 1024)
    /// Any segment that repeats another.
    static let retransmission = Findings(rawValue: 1 | 2 | 4)
    /// Any segment that does not carry the stream on.
    static let behind = Findings(rawValue: 1 | 2 | 4 | 8)
    /// Any segment that only asks for an answer.
    static let asking = Findings(rawValue: 128 | 256)

    /// Whether it is any of `others`.
    func isAny(of others: Findings) -> Bool { rawValue & others.rawValue != 0 }
  }

  /// What is known of one sender.
  fileprivate struct Sender {
    /// One behind the highest byte it sent.
    var next: UInt32 = 0
    /// The highest byte it sent without a gap before: what the other side may acknowledge.
    var limit: UInt32 = 0
    /// Its last acknowledgment.
    var acknowledged: UInt32 = 0
    /// When it last raised `next`.
    var nextTime: Int64 = 0
    /// When it last sent anything.
    var lastTime: Int64 = 0
    /// Acknowledgments in a row that repeat the one before; .max once the other side
    /// acknowledged data of this sender that nobody saw.
    var duplicates: UInt32 = 0
    /// Its last window, unscaled; more than there is before the first: nobody probes the window of
    /// who was not seen.
    var window: UInt32 = .max
    /// Shift of its windows; -1 while unknown, -2 when scaling is not used.
    /// Of a SYN whose options the capture cut it stays unknown.
    var scale: Int8 = -1
    /// Its SYN was seen and no acknowledgment since: windows are not scaled yet.
    var isFresh = false
    /// It sent a segment before this one.
    var wasSeen = false
    var sentKeepAlive = false
    var sentProbe = false
  }

  // Two values, not a row of two: each packet changes both, where they lie.
  private var client = Sender()
  private var server = Sender()
  private var opening = Opening()

  init() {}

  /// From the latest SYN to the first acknowledgment without SYN, in nanoseconds.
  var initialRTT: Int64? { opening.roundTrip == 0 ? nil : opening.roundTrip }

  /// Windows of `side` as scaled, or as they stand on the wire while the scale is unknown.
  @inline(__always)
  func scaled(_ window: UInt16, of side: Side) -> UInt32 {
    let scale = side == .client ? client.scale : server.scale
    return UInt32(window) << UInt32(max(0, scale))
  }

  /// What this segment is; then it is part of what later ones are judged by.
  @inline(__always)
  mutating func examine(
    _ segment: TCPFields, length: Int, at timestamp: Timestamp, from side: Side
  ) -> Findings {
    let length = UInt32(truncatingIfNeeded: length)
    let time = timestamp.nanoseconds
    return side == .client
      ? opening.examine(segment, length, time, &client, &server)
      : opening.examine(segment, length, time, &server, &client)
  }

  /// A SYN repeats the one that opened the connection: what a reset did to the expected sequence
  /// number is undone.
  mutating func restart(_ side: Side) {
    switch side {
    case .client: client.next = client.limit
    case .server: server.next = server.limit
    }
  }
}

/// What both senders share: the time of the opening.
private struct Opening: Sendable {
  typealias Findings = TCPAnalysis.Findings
  typealias Sender = TCPAnalysis.Sender

  /// Out of order rather than sent again, in nanoseconds, while the round trip is unknown.
  private static let usualReordering: UInt64 = 3_000_000
  /// A resent segment within this time of the duplicate acknowledgments answers them.
  private static let fastReaction: UInt64 = 20_000_000

  /// When the latest SYN was seen; 0 before.
  private var synTime: Int64 = 0
  /// From there to the first acknowledgment without SYN; 0 before.
  private(set) var roundTrip: Int64 = 0

  @inline(never)
  mutating func examine(
    _ segment: TCPFields, _ length: UInt32, _ time: Int64, _ sender: inout Sender,
    _ peer: inout Sender
  ) -> Findings {
    if carriesOn(segment, length, sender, peer) {
      noteNext(segment, length, time, &sender)
      return []
    }
    return examineClosely(segment, length, time, &sender, &peer)
  }

  // MARK: What is nearly always all

  /// Whether the segment carries the stream on and nothing is remarkable about it: nothing that
  /// `examineClosely` looks for can be found.
  @inline(__always)
  private func carriesOn(
    _ segment: TCPFields, _ length: UInt32, _ sender: Sender, _ peer: Sender
  ) -> Bool {
    guard segment.flags.isPlain, segment.flags.hasACK, length > 1, sender.next != 0,
      segment.sequence == sender.next, segment.window != 0,
      peer.limit == 0 || !segment.acknowledgment.isAfter(peer.limit)
    else { return false }
    let end = segment.sequence &+ length
    guard peer.acknowledged == 0 || end.isAfter(peer.acknowledged) else { return false }
    return peer.scale == -1 || end != Self.windowEnd(of: peer)
  }

  /// What `examineClosely` notes of such a segment.
  @inline(__always)
  private mutating func noteNext(
    _ segment: TCPFields, _ length: UInt32, _ time: Int64, _ sender: inout Sender
  ) {
    if segment.acknowledgment != sender.acknowledged { sender.duplicates = 0 }
    let isWhole = sender.limit == 0 || sender.limit == sender.next
    sender.next = segment.sequence &+ length
    if isWhole { sender.limit = sender.next }
    sender.nextTime = time
    sender.window = UInt32(segment.window)
    sender.acknowledged = segment.acknowledgment
    sender.lastTime = time
    (sender.wasSeen, sender.sentKeepAlive, sender.sentProbe) = (true, false, false)
    if roundTrip == 0, synTime != 0 { roundTrip = time &- synTime }
    sender.isFresh = false
  }

  /// One behind the last byte that `peer` is ready to take.
  @inline(__always)
  private static func windowEnd(of peer: Sender) -> UInt32 {
    let shift = peer.isFresh ? 0 : UInt32(max(0, peer.scale))
    return peer.acknowledged &+ (peer.window << shift)
  }

  @inline(never)
  private mutating func examineClosely(
    _ segment: TCPFields, _ length: UInt32, _ time: Int64, _ sender: inout Sender,
    _ peer: inout Sender
  ) -> Findings {
    var findings = sequenceFindings(segment, length, &sender, &peer)
    if segment.acknowledgment != sender.acknowledged { sender.duplicates = 0 }
    noteUnseen(segment, &peer)
    findings.formUnion(repetition(segment, length, time, findings, sender: &sender, peer: &peer))
    note(segment, length, time, findings, &sender)
    noteHandshake(segment, time, &sender, &peer)
    return findings
  }

  // MARK: Windows, gaps, probes and repeated acknowledgments

  @inline(__always)
  private func sequenceFindings(
    _ segment: TCPFields, _ length: UInt32, _ sender: inout Sender,
    _ peer: inout Sender
  ) -> Findings {
    let window = UInt32(segment.window)
    let isPlain = segment.flags.isPlain
    let isNext = segment.sequence == sender.next
    if length == 1, isNext, peer.window == 0 { return .zeroWindowProbe }

    var findings: Findings = []
    if window == 0, isPlain {
      findings.insert(.zeroWindow)
      if !sender.wasSeen || sender.window != 0 { findings.insert(.windowClosed) }
    }
    if sender.next != 0, segment.sequence.isAfter(sender.next), !segment.flags.hasRST {
      findings.insert(.lostSegment)
    }
    guard isPlain else { return findings }
    if length <= 1, segment.sequence == sender.next &- 1 { findings.insert(.keepAlive) }
    if length > 0, peer.scale != -1, segment.sequence &+ length == Self.windowEnd(of: peer) {
      findings.insert(.windowFull)
    }
    guard length == 0, isNext, segment.acknowledgment == sender.acknowledged,
      window == sender.window
    else { return findings }
    // An answer to a probe is no duplicate.
    if window == 0 || peer.sentKeepAlive { return findings }
    sender.duplicates = sender.duplicates == .max ? 1 : sender.duplicates + 1
    findings.insert(.duplicateACK)
    return findings
  }

  /// The segment acknowledges data of its peer that nobody saw: say so once for each stretch.
  private func noteUnseen(_ segment: TCPFields, _ peer: inout Sender) {
    guard peer.limit != 0, segment.acknowledgment.isAfter(peer.limit),
      segment.flags.hasACK
    else { return }
    if peer.next.isAfter(peer.limit) {
      peer.limit = peer.next
    } else {
      peer.duplicates = .max
    }
  }

  // MARK: Sent again, or out of order

  @inline(__always)
  private func repetition(
    _ segment: TCPFields, _ length: UInt32, _ time: Int64,
    _ findings: Findings, sender: inout Sender, peer: inout Sender
  ) -> Findings {
    let isVirtual = segment.flags.hasVirtualByte
    guard length > 0 || isVirtual, !findings.isAny(of: .keepAlive) else { return [] }
    let end = segment.sequence &+ length
    // Nothing before the acknowledged byte can be of use any more.
    if length > 0, peer.acknowledged != 0, !end.isAfter(peer.acknowledged) { return .spurious }
    // More than a byte from one before the expected: the byte was a window probe, the rest is new.
    let followsProbe = length > 1 && sender.next &- 1 == segment.sequence
    guard sender.next != 0, sender.next.isAfter(segment.sequence), !followsProbe else { return [] }

    let sinceACK = UInt64(bitPattern: time &- peer.lastTime)
    if peer.duplicates >= 2, peer.acknowledged == segment.sequence, sinceACK < Self.fastReaction {
      return .fast
    }
    let sinceNext = UInt64(bitPattern: time &- sender.nextTime)
    let patience = roundTrip == 0 ? Self.usualReordering : UInt64(bitPattern: roundTrip)
    // One that ends where the stream ends was surely sent before.
    if sinceNext < patience, sender.next != end &+ (isVirtual ? 1 : 0) { return .outOfOrder }
    return .late
  }

  // MARK: What later segments are judged by

  private func note(
    _ segment: TCPFields, _ length: UInt32, _ time: Int64,
    _ findings: Findings, _ sender: inout Sender
  ) {
    let virtual: UInt32 = segment.flags.hasVirtualByte ? 1 : 0
    let end = segment.sequence &+ length &+ virtual
    let isProbe = findings.isAny(of: .zeroWindowProbe)
    if sender.next == 0 || end.isAfter(sender.next), !isProbe {
      sender.next = end
      sender.nextTime = time
    }
    if sender.limit == 0 || segment.sequence == sender.limit, !isProbe {
      sender.limit = sender.next
    }
    sender.window = UInt32(segment.window)
    sender.acknowledged = segment.acknowledgment
    sender.lastTime = time
    sender.wasSeen = true
    sender.sentKeepAlive = findings.isAny(of: .keepAlive)
    sender.sentProbe = isProbe
  }

  private mutating func noteHandshake(
    _ segment: TCPFields, _ time: Int64, _ sender: inout Sender, _ peer: inout Sender
  ) {
    let isSYN = segment.flags.hasSYN
    let isACK = segment.flags.hasACK
    if isSYN {
      if !isACK { synTime = time }
      sender.isFresh = true
      if let scale = segment.windowScale { sender.scale = Int8(min(scale, 14)) }
      if sender.scale == -1, !segment.areOptionsCut {
        // Without the option on either SYN nobody scales (RFC 7323 §2.2).
        sender.scale = -2
        peer.scale = -2
      } else if isACK, peer.scale == -2 {
        sender.scale = -2
      }
    } else if isACK {
      if roundTrip == 0, synTime != 0 { roundTrip = time &- synTime }
      sender.isFresh = false
    }
  }
}
