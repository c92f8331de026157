import Bytes
import CZstd

/// Zstandard (RFC 8878), by Meta's library.
enum ZstdReader {
  /// The window a frame may ask us to allocate: 8 MiB, the least every decoder supports
  /// (RFC 8878 §3.1.1.1.2).
  private static let windowLog: Int32 = 23

  static func run(_ bytes: RawSpan, _ room: inout Room) -> Decompressed {
    guard let stream = ZSTD_createDStream() else { return room.ended(.damaged) }
    defer { ZSTD_freeDStream(stream) }
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, windowLog)
    return bytes.withUnsafeBytes { input in
      var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
      return room.fill { output in
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let code = ZSTD_decompressStream(stream, &target, &source)
        if ZSTD_isError(code) != 0 { return (target.pos, .damaged) }
        if code == 0, source.pos == source.size { return (target.pos, .whole) }
        if source.pos == source.size, target.pos < target.size { return (target.pos, .cut) }
        return (target.pos, code == 0 ? .again : .more)
      }
    }
  }
}
