package import Bytes

/// Writes a pcap file, piece by piece, into a buffer of the caller's.
///
/// Little-endian, version 2.4, with nanoseconds unless asked for microseconds.
package struct PcapWriter: Sendable {
  package enum Resolution: Sendable { case microseconds, nanoseconds }

  private let linkType: LinkType
  private let resolution: Resolution
  private let snapLength: Int

  package init(
    linkType: LinkType, snapLength: Int = 262_144, resolution: Resolution = .nanoseconds
  ) {
    self.linkType = linkType
    self.resolution = resolution
    self.snapLength = snapLength
  }

  /// Appends the file header, which comes first.
  package func start(_ buffer: inout [UInt8]) {
    buffer.appendLittle(resolution == .nanoseconds ? 0xa1b2_3c4d : 0xa1b2_c3d4 as UInt32)
    buffer.appendLittle(2 as UInt16)
    buffer.appendLittle(4 as UInt16)
    buffer.appendLittle(0 as UInt64)
    buffer.appendLittle(UInt32(clamping: snapLength))
    buffer.appendLittle(UInt32(linkType.rawValue))
  }

  /// Appends a packet.
  ///
  /// Times outside 1970 to 2106 become the nearest the format can name.
  /// - Parameter originalLength: bytes on the wire, when more than those captured.
  package func add(
    _ bytes: RawSpan, at time: Timestamp, originalLength: Int? = nil, to buffer: inout [UInt8]
  ) {
    let limit = Int64(UInt32.max) * 1_000_000_000 + 999_999_999
    let nanoseconds = min(max(time.nanoseconds, 0), limit)
    buffer.appendLittle(UInt32(nanoseconds / 1_000_000_000))
    let fraction = nanoseconds % 1_000_000_000
    buffer.appendLittle(UInt32(resolution == .nanoseconds ? fraction : fraction / 1_000))
    buffer.appendLittle(UInt32(clamping: bytes.byteCount))
    let original = max(originalLength ?? 0, bytes.byteCount)
    buffer.appendLittle(UInt32(clamping: original))
    buffer.append(bytes)
  }
}

extension [UInt8] {
  /// Appends `value`, least significant byte first.
  mutating func appendLittle(_ value: some FixedWidthInteger) {
    var rest = value
    for _ in 0..<value.bitWidth / 8 {
      append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }
}
