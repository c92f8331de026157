import CZlib

/// `bytes` as one gzip member (RFC 1952), or nil when zlib has no memory for it.
///
/// At the fastest level: answers are compressed while somebody waits.
package func gzipped(_ bytes: RawSpan) -> [UInt8]? {
  var stream = z_stream()
  let size = Int32(MemoryLayout<z_stream>.size)
  // 16 more than the window bits asks for gzip's wrapper.
  guard
    deflateInit2_(
      &stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
      == Z_OK
  else { return nil }
  defer { deflateEnd(&stream) }
  return bytes.withUnsafeBytes { input in
    let bound = Int(deflateBound(&stream, UInt(input.count)))
    // zlib does not write there.
    stream.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.avail_in = UInt32(clamping: input.count)
    var isWhole = false
    let output = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      stream.next_out = buffer.baseAddress
      stream.avail_out = UInt32(clamping: buffer.count)
      isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END
      count = buffer.count - Int(stream.avail_out)
    }
    return isWhole ? output : nil
  }
}
