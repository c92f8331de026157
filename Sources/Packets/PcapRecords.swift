import Bytes

/// Finds the records of a pcap file (draft-ietf-opsawg-pcap §5) in its bytes.
///
///      0                                 31
///     +------------------------------------+
///     |              seconds               |
///     +------------------------------------+
///     |     micro- or nanoseconds          |
///     +------------------------------------+
///     |   captured length    (n)           |
///     +------------------------------------+
///     |   original length                  |
///     +------------------------------------+
///     |   n bytes of packet …              |
struct PcapRecords: Sendable {
  /// Bytes of a record's header that all writers have.
  private static let fields = 16
  /// Records of other writers are told from the usual ones by this many in a row.
  private static let probed = 4
  /// Plausible records in a row that show where reading can go on after damage.
  private static let rejoin = 3

  let header: PcapHeader
  private let limits: CaptureLimits
  private let isLive: Bool
  private let order: ByteOrder
  private var recordHeader: Int
  /// Nanoseconds of one unit of the fraction.
  private let unit: Int64
  /// Largest captured length that is believed.
  private let largest: Int
  private let lengthOrder: PcapHeader.LengthOrder
  private var isStarted = false
  /// Bytes are being skipped until records follow again.
  private var isLost = false
  private var lastSeconds: UInt32?

  /// - Parameter isLive: whether what follows is written while it is read.
  init(_ header: PcapHeader, limits: CaptureLimits, isLive: Bool) {
    self.header = header
    self.isLive = isLive
    self.limits = limits
    order = header.variant.order
    recordHeader = header.variant.recordHeader
    unit = header.variant.nanoseconds ? 1 : 1_000
    // 256 KiB is the largest snap length of common tools; a larger one must be declared.
    largest = min(max(header.snapLength, 262_144), limits.record)
    lengthOrder = header.lengthOrder
  }

  /// Appends the packets that lie whole in `bytes`, which begin at `place` of the file.
  mutating func scan(
    _ bytes: RawSpan, at place: UInt64, isOver: Bool, into packets: inout [Packet],
    _ summary: inout CaptureSummary
  ) -> Scan {
    var at = 0
    if !isStarted {
      guard bytes.byteCount >= header.size else {
        return Scan(consumed: 0, needs: header.size)
      }
      if let needed = recognise(bytes, from: header.size, isOver: isOver) {
        return Scan(consumed: 0, needs: needed)
      }
      isStarted = true
      at = header.size
      summary.interfaces = [
        CaptureInterface(linkType: header.linkType, snapLength: header.snapLength)
      ]
    }
    var number = summary.packets
    while true {
      if isLost {
        let search = rejoined(bytes, from: at, isOver: isOver)
        at = search.at
        guard search.isFound else { return Scan(consumed: at, needs: search.needs) }
        isLost = false
        summary.warn(
          .corrupt, at: place + UInt64(at), "Reading goes on here, where records follow again",
          limits: limits)
      }
      guard bytes.byteCount - at >= recordHeader else {
        return Scan(consumed: at, needs: recordHeader)
      }
      let head = bytes.slice(at..<at + Self.fields)
      let seconds = order.load32(head, 0)
      let fraction = order.load32(head, 4)
      let (captured, original) = lengths(head, 0)
      guard captured <= largest else {
        isLost = true
        summary.warn(
          .corrupt, at: place + UInt64(at),
          "A packet record claims \(captured) bytes, more than the capture's limit of \(largest)",
          limits: limits)
        at += 1
        continue
      }
      let end = at + recordHeader + captured
      guard end <= bytes.byteCount else {
        // At the end it is cut, or its length is wrong and others follow inside of it.
        let search =
          isOver ? rejoined(bytes, from: at + 1, isOver: true) : Rejoining(at: at, needs: 0)
        guard search.isFound else {
          return Scan(consumed: at, needs: recordHeader + captured)
        }
        summary.warn(
          .corrupt, at: place + UInt64(at),
          "A packet record reaches beyond the end; reading goes on at \(place + UInt64(search.at))",
          limits: limits)
        at = search.at
        continue
      }
      let time = Timestamp(
        nanoseconds: Int64(seconds) &* 1_000_000_000 &+ Int64(fraction) &* unit)
      number &+= 1
      summary.note(time: time)
      summary.capturedBytes &+= UInt64(captured)
      summary.originalBytes &+= UInt64(max(original, captured))
      packets.append(
        Packet(
          number: number, timestamp: time, range: at + recordHeader..<end,
          originalLength: max(original, captured), linkType: header.linkType, interface: 0))
      summary.packets = number
      lastSeconds = seconds
      at = end
    }
  }

  @inline(__always)
  private func lengths(_ bytes: RawSpan, _ at: Int) -> (captured: Int, original: Int) {
    let first = Int(order.load32(bytes, at + 8))
    let second = Int(order.load32(bytes, at + 12))
    switch lengthOrder {
    case .capturedFirst: return (first, second)
    case .originalFirst: return (second, first)
    case .either: return (min(first, second), max(first, second))
    }
  }

  // MARK: Other writers' records

  /// Chooses the length of record headers that makes sense of the first records. At the end of a
  /// capture that is cut among them, the whole ones and what there is of the next one's header decide.
  ///
  /// - Returns: the bytes needed to tell, when those at hand are too few.
  private mutating func recognise(_ bytes: RawSpan, from start: Int, isOver: Bool) -> Int? {
    switch chain(bytes, from: start, recordHeader, wanted: Self.probed, isOver: isOver) {
    case .holds: return nil
    case .cut(_, let needs):
      // Packets that come one by one are not held back.
      return isOver || isLive || header.variant.alternatives.isEmpty ? nil : start + needs
    case .broken: break
    }
    var most = 1
    var chosen: Int?
    for length in header.variant.alternatives {
      switch chain(bytes, from: start, length, wanted: Self.probed, isOver: isOver) {
      case .holds:
        recordHeader = length
        return nil
      case .cut(_, let needs) where !isOver: return start + needs
      // Of two that are equal the shorter one, which comes later, has been looked at further.
      case .cut(let records, _) where records >= most: (most, chosen) = (records, length)
      case .cut, .broken: break
      }
    }
    if let chosen { recordHeader = chosen }
    return nil
  }

  private enum Chain: Equatable {
    case holds, broken
    /// What follows so many whole records is not there; so many bytes are needed to tell.
    case cut(records: Int, needs: Int)
  }

  /// Whether `wanted` plausible records follow each other, or fewer that end with the capture.
  private func chain(
    _ bytes: RawSpan, from start: Int, _ length: Int, wanted: Int, isOver: Bool
  ) -> Chain {
    var at = start
    var before: UInt32?
    for count in 0..<wanted {
      if isOver, at == bytes.byteCount, count > 0 { return .holds }
      let there = min(bytes.byteCount - at, length)
      guard isPlausible(bytes, at, there, after: before) else { return .broken }
      guard there == length else { return .cut(records: count, needs: at + length - start) }
      before = order.load32(bytes, at)
      at += length + lengths(bytes, at).captured
      if at > bytes.byteCount { return .cut(records: count, needs: at - start) }
    }
    return .holds
  }

  /// Whether the first `there` bytes of a record's header, which may be too few for some of its
  /// fields, could be those of one that follows a record of the time `before`.
  private func isPlausible(
    _ bytes: RawSpan, _ at: Int, _ there: Int, after before: UInt32?
  ) -> Bool {
    if there >= 4, let before {
      let time = order.load32(bytes, at)
      guard time >= before &- min(before, 86_400), time <= before &+ 864_000 else { return false }
    }
    if there >= 8 {
      guard order.load32(bytes, at + 4) < (unit == 1 ? 1_000_000_000 : 1_000_000) else {
        return false
      }
    }
    guard there >= Self.fields else { return true }
    let (captured, original) = lengths(bytes, at)
    return captured <= min(largest, original) && original <= limits.record && original > 0
  }

  /// Looks for records after damage: where from, and whether they were found. All before the
  /// place can be forgotten.
  private func rejoined(_ bytes: RawSpan, from start: Int, isOver: Bool) -> Rejoining {
    var at = start
    while bytes.byteCount - at >= recordHeader {
      let time = order.load32(bytes, at)
      if let last = lastSeconds, time >= last &- min(last, 3_600), time <= last &+ 86_400 {
        switch chain(bytes, from: at, recordHeader, wanted: Self.rejoin, isOver: isOver) {
        case .holds: return Rejoining(at: at, isFound: true)
        // More bytes decide, unless there was plenty of room for them already.
        case .cut(_, let needs) where !isOver && bytes.byteCount - at < 1 << 19:
          return Rejoining(at: at, needs: needs)
        case .cut, .broken: break
        }
      }
      at += 1
    }
    return Rejoining(at: at, needs: recordHeader)
  }
}

/// Where reading may go on after damage; all before it can be forgotten.
struct Rejoining: Equatable {
  var at: Int
  var isFound = false
  /// Bytes that are needed from there on to tell, when nothing was found.
  var needs = 0
}

/// How far one look at the bytes of a capture got.
struct Scan: Equatable {
  /// Bytes that are done with.
  var consumed: Int
  /// Bytes that must follow them before there is anything more to find.
  var needs: Int
}
