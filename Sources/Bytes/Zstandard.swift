/// Whether `bytes`, with which a frame begins, are its magic number as far as they go (RFC 8878 §3.1.1,
/// and §3.1.2 of frames that are skipped).
///
/// libzstd may read formats from before RFC 8878 as well, and of a damaged frame of theirs it gives memory
/// that was never written. So whoever calls it asks here first, for each frame.
package func beginsZstandardFrame(_ bytes: RawSpan) -> Bool {
  guard bytes.byteCount > 0 else { return true }
  let first = bytes.byte(0)
  let magic: InlineArray<4, UInt8> =
    first & 0xf0 == 0x50 ? [first, 0x2a, 0x4d, 0x18] : [0x28, 0xb5, 0x2f, 0xfd]
  for place in 0..<min(bytes.byteCount, 4) where bytes.byte(place) != magic[place] { return false }
  return true
}
