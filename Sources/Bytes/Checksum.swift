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
package func internetChecksum(_ bytes: RawSpan, adding initial: UInt32 = 0) -> UInt16 {
  var sum = UInt64(initial)
  var offset = 0
  while offset + 4 <= bytes.byteCount {
    sum &+= UInt64(bytes.big32(offset))
    offset += 4
  }
  if offset + 2 <= bytes.byteCount {
    sum &+= UInt64(bytes.big16(offset))
    offset += 2
  }
  if offset < bytes.byteCount { sum &+= UInt64(bytes.byte(offset)) << 8 }
  while sum >> 16 != 0 { sum = sum & 0xffff &+ sum >> 16 }
  return ~UInt16(sum)
}
