package import Bytes

extension PcapngWriter {
  /// Appends a packet of a chunk as an enhanced packet block without options: for writers of many
  /// packets a second.
  ///
  /// - Parameters:
  ///   - packet: of an interface that was described before; times before 1970 become 1970.
  ///   - memory: the bytes of its chunk.
  package static func add(_ packet: Packet, in memory: RawSpan, to buffer: inout RecordBuffer) {
    let captured = packet.range.count
    let padding = (4 - captured & 3) & 3
    let length = UInt64(UInt32(clamping: 32 + captured + padding))
    let ticks = UInt64(max(packet.timestamp.nanoseconds, 0))
    let original = UInt32(clamping: max(packet.originalLength, captured))
    buffer.reserve(32 + captured + padding)
    buffer.append(little: UInt64(BlockKind.enhancedPacket) | length << 32)
    buffer.append(little: UInt64(UInt32(clamping: packet.interface)) | ticks & 0xffff_ffff_0000_0000)
    buffer.append(little: ticks & 0xffff_ffff | UInt64(UInt32(clamping: captured)) << 32)
    buffer.append(little: original)
    buffer.append(memory.slice(packet.range))
    if padding > 0 { buffer.append(zeros: padding) }
    buffer.append(little: UInt32(length))
  }
}
