import Bytes

/// Numbers of the pcapng blocks that are read (draft-ietf-opsawg-pcapng §4).
enum BlockKind {
  static let section: UInt32 = 0x0a0d_0d0a
  static let interface: UInt32 = 1
  static let packet: UInt32 = 2
  static let simplePacket: UInt32 = 3
  static let nameResolution: UInt32 = 4
  static let interfaceStatistics: UInt32 = 5
  static let enhancedPacket: UInt32 = 6
  static let decryptionSecrets: UInt32 = 10
}

/// Finds the packets of a pcapng file in its blocks (draft-ietf-opsawg-pcapng §3.1).
///
///      0                                 31
///     +------------------------------------+
///     |               kind                 |
///     +------------------------------------+
///     |      total length (multiple of 4)  |
///     +------------------------------------+
///     |      body, by kind …               |
///     +------------------------------------+
///     |      total length, again           |
///     +------------------------------------+
struct PcapngBlocks: Sendable {
  /// Bytes around a block's body: kind, length and length again.
  static let framing = 12

  let limits: CaptureLimits
  /// Byte order of the current section.
  var order = ByteOrder.little
  /// Interfaces of the current section, by their number in it.
  var interfaces: [SectionInterface] = []
  /// Time of the latest packet that had one.
  var lastTime = Timestamp(nanoseconds: 0)
  /// Bytes are being skipped until blocks follow again.
  private var isLost = false
  /// The current section's version is unknown: its blocks are not read.
  var isForeignSection = false

  init(limits: CaptureLimits) { self.limits = limits }

  /// Appends the packets whose blocks lie whole in `bytes`, which begin at `place` of the file.
  mutating func scan(
    _ bytes: RawSpan, at place: UInt64, isOver: Bool, into packets: inout [Packet],
    _ summary: inout CaptureSummary
  ) -> Scan {
    var at = 0
    while true {
      if isLost {
        let search = rejoined(bytes, from: at, isOver: isOver)
        at = search.at
        guard search.isFound else { return Scan(consumed: at, needs: search.needs) }
        isLost = false
        summary.warn(
          .corrupt, at: place + UInt64(at), "Reading goes on here, where blocks follow again",
          limits: limits)
      }
      guard bytes.byteCount - at >= Self.framing else {
        return Scan(consumed: at, needs: Self.framing)
      }
      let frame = frame(bytes, at)
      switch frame {
      case .needs(let count):
        // At the end it is cut, or its length is wrong and others follow inside of it.
        let before = order
        guard isOver else { return Scan(consumed: at, needs: count) }
        let search = rejoined(bytes, from: at + 1, isOver: true)
        guard search.isFound else { return Scan(consumed: at, needs: count) }
        let kind = before.load32(bytes, at)
        let next = place + UInt64(search.at)
        summary.warn(
          .corrupt, at: place + UInt64(at),
          "A block of kind \(kind) reaches beyond the end; reading goes on at \(next)",
          limits: limits)
        at = search.at
      case .broken(let problem):
        isLost = true
        summary.warn(.corrupt, at: place + UInt64(at), problem, limits: limits)
        at += 1
      case .block(let kind, let body, let next):
        let block = Block(kind: kind, body: body, place: place + UInt64(at))
        read(block, bytes, into: &packets, &summary)
        at = next
      }
    }
  }

  private mutating func read(
    _ block: Block, _ bytes: RawSpan, into packets: inout [Packet],
    _ summary: inout CaptureSummary
  ) {
    if isForeignSection, block.kind != BlockKind.section {
      summary.skip(block: block.kind, limits: limits)
      return
    }
    switch block.kind {
    case BlockKind.enhancedPacket: enhancedPacket(block, bytes, into: &packets, &summary)
    case BlockKind.simplePacket: simplePacket(block, bytes, into: &packets, &summary)
    case BlockKind.packet: obsoletePacket(block, bytes, into: &packets, &summary)
    case BlockKind.section: section(block, bytes, &summary)
    case BlockKind.interface: interface(block, bytes, &summary)
    case BlockKind.nameResolution: names(block, bytes, &summary)
    case BlockKind.interfaceStatistics: statistics(block, bytes, &summary)
    case BlockKind.decryptionSecrets: secrets(block, bytes, &summary)
    default: summary.skip(block: block.kind, limits: limits)
    }
  }

  // MARK: Framing

  private enum Frame {
    case block(kind: UInt32, body: Range<Int>, next: Int)
    case needs(Int)
    case broken(String)
  }

  /// The block at `at`, where at least `framing` bytes follow.
  private mutating func frame(_ bytes: RawSpan, _ at: Int) -> Frame {
    var kind = order.load32(bytes, at)
    if kind == BlockKind.section {
      // A section brings its own byte order, and its kind reads the same in both.
      guard let own = ByteOrder(sectionMagic: bytes, at: at + 8) else {
        return .broken("A section header has no byte-order mark")
      }
      order = own
      kind = BlockKind.section
    }
    let length = Int(order.load32(bytes, at + 4))
    guard length >= Self.framing else {
      return .broken("A block of kind \(kind) claims \(length) bytes, less than a block has")
    }
    guard length <= limits.record else {
      return .broken(
        "A block of kind \(kind) claims \(length) bytes, more than the limit of \(limits.record)")
    }
    let padded = (length + 3) & ~3
    guard bytes.byteCount - at >= length else { return .needs(padded) }
    if order.load32(bytes, at + length - 4) == UInt32(length) {
      return .block(kind: kind, body: at + 8..<at + length - 4, next: at + length)
    }
    // Some writers leave the padding out of the length.
    if padded != length {
      guard bytes.byteCount - at >= padded else { return .needs(padded) }
      if order.load32(bytes, at + padded - 4) == UInt32(length) {
        return .block(kind: kind, body: at + 8..<at + padded - 4, next: at + padded)
      }
    }
    return .broken("The two lengths of a block of kind \(kind) differ")
  }

  /// Looks for blocks after damage: where from, and whether they were found. All before the place
  /// can be forgotten. A block counts when its two lengths agree and its kind is known.
  private mutating func rejoined(_ bytes: RawSpan, from start: Int, isOver: Bool) -> Rejoining {
    var at = start
    while bytes.byteCount - at >= Self.framing {
      let kind = order.load32(bytes, at)
      if kind == BlockKind.section || (kind >= 1 && kind <= 10) {
        let before = order
        switch frame(bytes, at) {
        case .block(_, let body, _) where body.count >= 4: return Rejoining(at: at, isFound: true)
        // Wait for the rest of what may be a block, unless its length is unlikely.
        case .needs(let count) where !isOver && count <= 1 << 18:
          order = before
          return Rejoining(at: at, needs: count)
        default: order = before
        }
      }
      at += 1
    }
    return Rejoining(at: at, needs: Self.framing)
  }
}

/// A block whose two lengths agree.
struct Block {
  var kind: UInt32
  /// Where its body lies in the bytes at hand.
  var body: Range<Int>
  /// Bytes from the start of the capture.
  var place: UInt64
}

/// What packets of a section need to know of an interface.
struct SectionInterface: Sendable {
  /// Index in the summary.
  var index: Int
  var linkType: LinkType
  /// 0 means all.
  var snapLength: Int
  var clock: InterfaceClock
}
