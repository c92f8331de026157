import Bytes
import CZstd

/// Zstandard (RFC 8878), by Meta's library.
enum ZstdReader {
  /// The window a frame may ask us to allocate: 8 MiB, the least every decoder supports
  /// (RFC 8878 §3.1.1.1.2).
  private static let windowLog: Int32 = 23
  /// Bytes of the head of a block (RFC 8878 §3.1.1.2).
  private static let blockHead = 3

  static func run(_ bytes: RawSpan, _ room: inout Room) -> Decompressed {
    bytes.withUnsafeBytes { input in
      room.recovering { inPieces, room in run(input, inPieces: inPieces, &room) }
    }
  }

  private static func run(
    _ input: UnsafeRawBufferPointer, inPieces: Bool, _ room: inout Room
  ) -> Decompressed {
    guard let stream = ZSTD_createDStream() else { return room.ended(.damaged) }
    defer { ZSTD_freeDStream(stream) }
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, windowLog)
    var source = ZSTD_inBuffer(
      src: input.baseAddress, size: inPieces ? 0 : input.count, pos: 0)
    var hint = 1
    var isAtFrame = true
    var isFull = false
    return room.fill { output in
      var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
      if isAtFrame {
        guard let head = head(UnsafeRawBufferPointer(rebasing: input[source.pos...])) else {
          return (0, .damaged)
        }
        if inPieces { source.size = min(input.count, source.pos + head) }
      } else if inPieces, source.pos == source.size, !isFull {
        // The library asks for a block and the head of the next one.
        source.size = min(input.count, source.pos + max(1, hint - blockHead))
      }
      let code = ZSTD_decompressStream(stream, &target, &source)
      if ZSTD_isError(code) != 0 { return (target.pos, .damaged) }
      (hint, isAtFrame, isFull) = (code, code == 0, target.pos == target.size)
      if code == 0, source.pos == input.count { return (target.pos, .whole) }
      if source.pos == input.count, target.pos < target.size { return (target.pos, .cut) }
      return (target.pos, code == 0 || inPieces ? .again : .more)
    }
  }

  /// Length of the head of a frame, as far as it is there; nil where none of RFC 8878 begins.
  private static func head(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard beginsZstandardFrame(bytes.bytes) else { return nil }
    if bytes.count < 5 { return bytes.count }
    if bytes[0] != 0x28 { return 8 }
    let isSingle = bytes[4] >> 5 & 1 == 1
    let identifier = [0, 1, 2, 4][Int(bytes[4] & 3)]
    let size = [isSingle ? 1 : 0, 2, 4, 8][Int(bytes[4] >> 6)]
    return 5 + (isSingle ? 0 : 1) + identifier + size
  }
}
