import Bytes

/// One direction of a TCP connection, put back in order (RFC 9293 §3.10.7.4).
///
/// Knows positions and keeps only bytes that arrived ahead of a gap; what is in order passes by
/// without a copy. Where segments overlap, the bytes seen first win. It decides, the flow table
/// delivers: every method is pure and answers what to do.
struct Reassembly: Sendable {
  /// What a segment is to the stream.
  enum Arrival: Equatable {
    /// Its bytes from `skipping` on are the next ones.
    case inOrder(skipping: Int)
    /// All of it was delivered or given up before.
    case repeated
    /// Bytes before it are missing.
    case ahead
    /// Too far off to belong here.
    case stray
  }

  /// Bytes that wait behind a gap.
  struct Piece: Sendable {
    var start: UInt32
    /// Bytes of the stream it stands for; more than `bytes.count` when the capture cut it.
    var length: Int
    var bytes: [UInt8]
    var moment: Moment

    var end: UInt32 { start.advanced(by: length) }
    /// Memory it is charged with: a flood of tiny pieces must reach the limit too.
    var cost: Int { bytes.count + 64 }
  }

  /// No sender may have more than this in flight unseen; what lies further off is foreign.
  static let reach = 1 << 26
  /// So many adjoining stray segments prove that the stream went on elsewhere.
  static let strayProof: UInt8 = 3

  /// The next byte to deliver; meaningless until `isPlaced`.
  private(set) var next: UInt32 = 0
  private(set) var isPlaced = false
  /// Anything was delivered or declared lost.
  private(set) var isUnderWay = false
  /// The other side acknowledged everything before this; meaningless until `isAcknowledged`.
  private(set) var acknowledged: UInt32 = 0
  private(set) var isAcknowledged = false
  /// FIN was seen: the stream ends at `end`.
  private(set) var hasEnd = false
  private(set) var end: UInt32 = 0
  /// When the FIN came.
  private(set) var endMoment = Moment(timestamp: .distantPast, packet: 0)
  /// The end was told to the sink.
  var isFinished = false
  /// Payload acknowledged since the stream was placed.
  private(set) var goodput: UInt64 = 0
  /// Gaps given up.
  private(set) var gapsLost: UInt32 = 0
  /// Where the first acknowledgment beyond `next` was seen.
  private(set) var proof: Moment?
  /// The acknowledgment beyond `next` that the sink was told of.
  private var told: UInt32 = 0
  /// Pieces by position, without overlap; those before `head` are spent.
  private var pieces: [Piece] = []
  private var head = 0
  private(set) var waitingCost = 0
  private var strayNext: UInt32 = 0
  private var strays: UInt8 = 0

  /// Says where the stream begins; the first word counts, until bytes were delivered.
  mutating func place(at sequence: UInt32) {
    guard !isPlaced || !isUnderWay && !hasWaiting else { return }
    next = sequence
    isPlaced = true
    if !isAcknowledged || sequence.isAfter(acknowledged) {
      acknowledged = sequence
      isAcknowledged = true
    }
  }

  /// What a segment of `length` bytes at `sequence` is.
  func arrival(_ sequence: UInt32, length: Int) -> Arrival {
    let from = sequence.distance(from: next)
    if from == 0 { return .inOrder(skipping: 0) }
    if from > 0 { return from > Self.reach ? .stray : .ahead }
    if from < -Self.reach { return .stray }
    return from + length > 0 ? .inOrder(skipping: -from) : .repeated
  }

  var hasWaiting: Bool { head < pieces.count }
  /// The first waiting piece.
  var first: Piece? { head < pieces.count ? pieces[head] : nil }

  /// Bytes of a segment that ends at `end` which a waiting piece brought first; the segment may
  /// deliver only what lies before them.
  func contested(before end: UInt32) -> Int {
    guard let first else { return 0 }
    return max(0, end.distance(from: first.start))
  }

  /// The next `count` bytes were delivered or lost.
  mutating func advance(by count: Int) {
    next = next.advanced(by: count)
    isUnderWay = true
    strays = 0
    if proof != nil, !acknowledged.isAfter(next) { proof = nil }
  }

  /// Keeps the parts of a segment ahead of a gap that no other waiting piece covers.
  ///
  /// - Parameters:
  ///   - payload: the bytes captured.
  ///   - length: the bytes sent.
  mutating func hold(_ sequence: UInt32, _ payload: RawSpan, length: Int, at moment: Moment) {
    let base = sequence.distance(from: next)
    var from = max(base, 0)
    let end = base + length
    var index = firstIndex(endingAfter: from)
    while from < end {
      let isLast = index >= pieces.count
      let stop = isLast ? end : min(end, pieces[index].start.distance(from: next))
      if stop > from {
        let lower = min(from - base, payload.byteCount)
        let upper = min(stop - base, payload.byteCount)
        let piece = Piece(
          start: next.advanced(by: from), length: stop - from,
          bytes: payload.slice(lower..<upper).array(), moment: moment)
        waitingCost += piece.cost
        pieces.insert(piece, at: index)
        index += 1
      }
      if isLast { return }
      from = pieces[index].end.distance(from: next)
      index += 1
    }
  }

  /// The first waiting piece that ends behind `offset` bytes from `next`.
  private func firstIndex(endingAfter offset: Int) -> Int {
    (head..<pieces.count).firstPlace { pieces[$0].end.distance(from: next) > offset }
  }

  /// The waiting piece whose turn has come, taken out; the caller delivers it and advances.
  mutating func takeReady() -> Piece? {
    guard let first, first.start == next else { return nil }
    waitingCost -= first.cost
    pieces[head].bytes = []
    head += 1
    if head == pieces.count {
      pieces = []
      head = 0
    } else if head >= 32, head * 2 >= pieces.count {
      pieces.removeFirst(head)
      head = 0
    }
    return first
  }

  /// Drops what waits: it lies behind the end. Gives how many pieces there were.
  mutating func discard() -> UInt64 {
    defer { (pieces, head, waitingCost) = ([], 0, 0) }
    return UInt64(pieces.count - head)
  }

  /// Bytes missing before the first waiting piece; 0 when nothing waits.
  var gap: Int { first.map { $0.start.distance(from: next) } ?? 0 }

  /// Whether the other side confirmed all of the gap: its bytes arrived there and will not be
  /// sent again, so the capture lost them.
  var isGapConfirmed: Bool {
    guard isAcknowledged, let first else { return false }
    return first.start != next && !first.start.isAfter(acknowledged)
  }

  /// Gives up the gap before the first waiting piece.
  ///
  /// Gives the bytes lost, and when it became known that they had been sent.
  mutating func giveUpGap() -> (count: Int, known: Moment)? {
    guard let first else { return nil }
    let count = gap
    guard count > 0 else { return nil }
    let known = proof ?? first.moment
    gapsLost &+= 1
    advance(by: count)
    return (count, known)
  }

  /// Gives up what the other side acknowledged and nobody captured, at the end of everything.
  ///
  /// A single byte is left alone: it is the FIN.
  mutating func giveUpTail() -> (count: Int, known: Moment)? {
    guard isPlaced, !hasWaiting, let known = proof else { return nil }
    let count = (hasEnd && acknowledged.isAfter(end) ? end : acknowledged).distance(from: next)
    guard count > (hasEnd ? 0 : 1) else { return nil }
    advance(by: count)
    return (count, known)
  }

  /// The same where more is to come, which begins at `sequence`.
  mutating func giveUpHole(before sequence: UInt32) -> (count: Int, known: Moment)? {
    guard isPlaced, !hasWaiting, let known = proof else { return nil }
    let count = min(acknowledged.distance(from: next), sequence.distance(from: next))
    guard count > 1 else { return nil }
    gapsLost &+= 1
    advance(by: count)
    return (count, known)
  }

  /// Takes note that the other side has everything before `sequence`.
  mutating func acknowledge(_ sequence: UInt32, at moment: Moment) {
    guard isAcknowledged else {
      acknowledged = sequence
      isAcknowledged = true
      return
    }
    let step = sequence.distance(from: acknowledged)
    guard step > 0, step <= Self.reach else { return }
    acknowledged = sequence
    guard isPlaced else { return }
    goodput &+= UInt64(step)
    if proof == nil, sequence.isAfter(next) { proof = moment }
  }

  /// Bytes that the other side acknowledged and nobody delivered, when there are more than at the last
  /// call.
  mutating func newlyUnseen() -> Int? {
    guard isPlaced, proof != nil, told != acknowledged else { return nil }
    told = acknowledged
    let count = (hasEnd && acknowledged.isAfter(end) ? end : acknowledged).distance(from: next)
    return count > 0 ? count : nil
  }

  /// A FIN ends the stream at `sequence`; the first one counts.
  mutating func finish(at sequence: UInt32, _ moment: Moment) {
    let distance = sequence.distance(from: next)
    guard !hasEnd, distance >= 0, distance <= Self.reach else { return }
    hasEnd = true
    end = sequence
    endMoment = moment
  }

  /// Everything up to the FIN was delivered or given up.
  var isAtEnd: Bool { hasEnd && next == end }

  /// Whether everything up to the FIN was delivered or given up, for the first time.
  mutating func takesEnd() -> Bool {
    guard isAtEnd, !isFinished else { return false }
    isFinished = true
    return true
  }

  /// Remembers a segment from elsewhere; true when enough of them adjoin to follow them.
  mutating func isElsewhere(_ sequence: UInt32, length: Int) -> Bool {
    strays = strays > 0 && sequence == strayNext ? strays + 1 : 1
    strayNext = sequence.advanced(by: length)
    return strays >= Self.strayProof
  }

  /// Goes on at `sequence`, far from where the stream was.
  ///
  /// Gives the bytes skipped, at least 1: backwards nobody knows how many.
  mutating func jump(to sequence: UInt32) -> Int {
    let skipped = max(1, sequence.distance(from: next))
    gapsLost &+= 1
    next = sequence
    acknowledged = sequence
    hasEnd = false
    isUnderWay = true
    strays = 0
    proof = nil
    return skipped
  }

  /// Payload acknowledged, without the FIN's own number.
  var acknowledgedPayload: UInt64 {
    hasEnd && acknowledged.isAfter(end) && goodput > 0 ? goodput - 1 : goodput
  }

  /// Gaps given up and gaps still open.
  var missing: UInt32 {
    var open: UInt32 = 0
    var at = next
    for piece in pieces[head...] {
      if piece.start != at { open &+= 1 }
      at = piece.end
    }
    return gapsLost &+ open
  }
}
