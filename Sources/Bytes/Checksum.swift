import CLinux

/// CRC-32C (Castagnoli, RFC 9260 appendix A) of `bytes`, continuing from `previous`.
///
/// Guards stored blocks, SCTP packets and Kafka record batches. Eight bytes a step, by the
/// processor's own instruction where it has one, else by tables.
package func crc32c(_ bytes: RawSpan, continuing previous: UInt32 = 0) -> UInt32 {
  guard hasCRC32C else { return crc32cByTables(bytes, continuing: previous) }
  return unsafe bytes.withUnsafeBytes { unsafe ~ks_crc32c(~previous, $0.baseAddress, $0.count) }
}

private let hasCRC32C = ks_has_crc32c() != 0

/// The same on any processor.
func crc32cByTables(_ bytes: RawSpan, continuing previous: UInt32 = 0) -> UInt32 {
  var crc = ~previous
  var offset = 0
  let tables = crc32cTables
  let span = tables.span
  while offset + 8 <= bytes.byteCount {
    let word = bytes.little64(offset) ^ UInt64(crc)
    var next: UInt32 = 0
    for lane in 0..<8 {
      let byte = Int(truncatingIfNeeded: word >> UInt64(lane * 8)) & 255
      next ^= span[(7 - lane) * 256 + byte]
    }
    crc = next
    offset += 8
  }
  while offset < bytes.byteCount {
    crc = crc >> 8 ^ span[Int(UInt8(truncatingIfNeeded: crc) ^ bytes.byte(offset))]
    offset += 1
  }
  return ~crc
}

/// Eight tables of 256: `[k * 256 + b]` is the remainder of byte `b` followed by `k` zero bytes.
private let crc32cTables: [UInt32] = {
  var tables = [UInt32](repeating: 0, count: 8 * 256)
  for byte in 0..<256 {
    var crc = UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
    tables[byte] = crc
  }
  for byte in 0..<256 {
    for k in 1..<8 {
      let before = tables[(k - 1) * 256 + byte]
      tables[k * 256 + byte] = before >> 8 ^ tables[Int(before & 255)]
    }
  }
  return tables
}()

/// The Internet checksum (RFC 1071) of `bytes` added to `initial`: 0 when the bytes include their
/// own correct checksum.
///
/// Sums of any width and of either byte order come to the same (RFC 1071 §2): eight bytes a step, what
/// runs over at the top added at the bottom.
package func internetChecksum(_ bytes: RawSpan, adding initial: UInt32 = 0) -> UInt16 {
  let count = bytes.byteCount
  var sum = UInt64(initial.byteSwapped)
  var offset = 0
  while offset + 32 <= count {
    let part = bytes.slice(offset..<offset + 32)
    sum = ringSum(sum, part.little64(0))
    sum = ringSum(sum, part.little64(8))
    sum = ringSum(sum, part.little64(16))
    sum = ringSum(sum, part.little64(24))
    offset += 32
  }
  while offset + 8 <= count {
    sum = ringSum(sum, bytes.little64(offset))
    offset += 8
  }
  var rest: UInt64 = 0
  for place in offset..<count { rest |= UInt64(bytes.byte(place)) << UInt64(8 * (place - offset)) }
  sum = ringSum(sum, rest)
  while sum >> 16 != 0 { sum = sum & 0xffff &+ sum >> 16 }
  return ~UInt16(sum).byteSwapped
}

/// The sum, with what runs over at the top added at the bottom.
@inline(__always)
private func ringSum(_ a: UInt64, _ b: UInt64) -> UInt64 {
  let (sum, isOver) = a.addingReportingOverflow(b)
  return sum &+ (isOver ? 1 : 0)
}
