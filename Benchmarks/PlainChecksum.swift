import Bytes

/// CRC-32C by a plain loop, which figures are compared with: eight bytes an instruction, each of which
/// waits for the one before.
///
/// `crc32c` reads long pieces in three lanes at once: compared with that, ratios would tell of the
/// machine's memory.
func plainChecksum(_ bytes: RawSpan, _ seed: UInt64) -> UInt64 {
  // Shorter than what has lanes.
  let piece = 512
  var sum = UInt32(truncatingIfNeeded: seed)
  var at = 0
  while at < bytes.byteCount {
    let end = min(at + piece, bytes.byteCount)
    sum = crc32c(bytes.slice(at..<end), continuing: sum)
    at = end
  }
  return UInt64(sum)
}
