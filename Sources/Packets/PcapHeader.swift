import Bytes

/// The file header of a pcap file (draft-ietf-opsawg-pcap §4), in the writer's byte order.
///
///      0               15 16              31
///     +-----------------+------------------+
///     |               magic                |
///     +-----------------+------------------+
///     |  major version  |  minor version   |
///     +-----------------+------------------+
///     |            reserved (2×)           |
///     +------------------------------------+
///     |             snap length            |
///     +----+-------------------------------+
///     |FCS |        link type              |
///     +----+-------------------------------+
struct PcapHeader: Equatable, Sendable {
  static let length = 24

  var variant: PcapVariant
  var majorVersion: UInt16
  var minorVersion: UInt16
  /// Bytes kept of each packet; 0 means all.
  var snapLength: Int
  var linkType: LinkType
  /// Bytes before the first record.
  var size: Int
  private var isAIX = false

  /// Reads `bytes`, of which there are at least `length`.
  init(_ bytes: RawSpan, _ variant: PcapVariant) {
    let order = variant.order
    self.variant = variant
    majorVersion = order.load16(bytes, 4)
    minorVersion = order.load16(bytes, 6)
    snapLength = Int(order.load32(bytes, 16))
    // The upper bits tell of a frame check sequence; IP's own lengths cut that off.
    linkType = LinkType(rawValue: UInt16(truncatingIfNeeded: order.load32(bytes, 20)))
    size = Self.length + variant.extraHeader
    // AIX writes this version, nanoseconds under the magic of microseconds, and the numbers of
    // its interface types for the link.
    if majorVersion == 2, minorVersion == 2, variant.family == .standard,
      let link = Self.aixLinkTypes[linkType.rawValue]
    {
      self.variant.nanoseconds = true
      linkType = link
      isAIX = true
    }
  }

  private static let aixLinkTypes: [UInt16: LinkType] = [6: .ethernet, 24: .null]

  /// Which of the two lengths of a record comes first: it changed between versions.
  enum LengthOrder { case capturedFirst, originalFirst, either }

  var lengthOrder: LengthOrder {
    if isAIX || variant.family != .standard || minorVersion > 3 { return .capturedFirst }
    return minorVersion == 3 ? .either : .originalFirst
  }
}

/// What the magic number says of the records that follow.
struct PcapVariant: Equatable, Sendable {
  enum Family: Sendable { case standard, modified, ixia }

  var order: ByteOrder
  var family: Family
  /// Whether the fraction of a second counts nanoseconds, not microseconds.
  var nanoseconds: Bool
  /// Bytes of a record before its packet.
  var recordHeader: Int
  /// Bytes of file header beyond the usual 24.
  var extraHeader = 0

  init?(magic bytes: RawSpan) {
    for order in [ByteOrder.little, .big] {
      switch order.load32(bytes, 0) {
      case 0xa1b2_c3d4: self.init(order, .standard, false, 16)
      case 0xa1b2_3c4d: self.init(order, .standard, true, 16)
      // Alexey Kuznetzov's libpcap: interface index, protocol and packet type in each record.
      case 0xa1b2_cd34: self.init(order, .modified, false, 24)
      // IXIA's appliances: the length of all records follows the header.
      case 0x1c00_01ac: self.init(order, .ixia, true, 16, extra: 4)
      case 0x1c00_01ab: self.init(order, .ixia, false, 16, extra: 4)
      default: continue
      }
      return
    }
    return nil
  }

  private init(
    _ order: ByteOrder, _ family: Family, _ nanoseconds: Bool, _ recordHeader: Int,
    extra: Int = 0
  ) {
    (self.order, self.family, self.nanoseconds) = (order, family, nanoseconds)
    (self.recordHeader, extraHeader) = (recordHeader, extra)
  }

  /// Record headers that other writers use under the same magic number: SuSE's kernels, Nokia's
  /// firewalls.
  var alternatives: [Int] {
    switch family {
    case .standard: [24, 20]
    case .modified: [28, 16]
    case .ixia: []
    }
  }
}
