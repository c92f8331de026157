import Bytes
import CLZ4

/// LZ4 frames (LZ4 Frame Format 1.6), by the reference library.
enum LZ4Reader {
  /// Bytes that the library asks for beyond those of a block: its checksum, and the size of the next one.
  private static let beyondBlock = 8

  static func run(_ bytes: RawSpan, _ room: inout Room) -> Decompressed {
    bytes.withUnsafeBytes { input in
      room.recovering { inPieces, room in run(input, inPieces: inPieces, &room) }
    }
  }

  private static func run(
    _ input: UnsafeRawBufferPointer, inPieces: Bool, _ room: inout Room
  ) -> Decompressed {
    var context: OpaquePointer?
    guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 else {
      return room.ended(.damaged)
    }
    defer { LZ4F_freeDecompressionContext(context) }
    var at = 0
    var end = inPieces ? 0 : input.count
    var hint = 1
    var isFull = false
    return room.fill { output in
      if inPieces, at == end, !isFull {
        end = min(input.count, at + max(1, hint - beyondBlock))
      }
      var made = output.count
      var used = end - at
      let code = LZ4F_decompress(
        context, output.baseAddress, &made, input.baseAddress.map { $0 + at }, &used, nil)
      if LZ4F_isError(code) != 0 { return (0, .damaged) }
      at += used
      (hint, isFull) = (code, made == output.count)
      if code == 0 { return (made, at == input.count ? .whole : .again) }
      if at == input.count, made < output.count { return (made, .cut) }
      return (made, inPieces ? .again : .more)
    }
  }
}
