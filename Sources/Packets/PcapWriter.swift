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

extension PcapWriter {
  /// Appends a packet of a chunk, with nanoseconds: for writers of many packets a second.
  ///
  /// - Parameter memory: the bytes of its chunk.
  package static func add(_ packet: Packet, in memory: RawSpan, to buffer: inout RecordBuffer) {
    let limit = Int64(UInt32.max) * 1_000_000_000 + 999_999_999
    let nanoseconds = UInt64(min(max(packet.timestamp.nanoseconds, 0), limit))
    let captured = packet.range.count
    buffer.reserve(16 + captured)
    let (seconds, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    buffer.append(little: seconds | fraction << 32)
    buffer.append(
      little: UInt64(UInt32(clamping: captured))
        | UInt64(UInt32(clamping: max(packet.originalLength, captured))) << 32)
    buffer.append(memory.slice(packet.range))
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
