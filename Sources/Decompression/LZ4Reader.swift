import Bytes
import CLZ4

/// LZ4 frames (LZ4 Frame Format 1.6), by the reference library.
enum LZ4Reader {
  /// Bytes that the library asks for beyond those of a block: its checksum, and the size of the next one.
  private static let beyondBlock = 8

  static func run(_ bytes: RawSpan, _ room: inout Room) -> Decompressed {
    var again = room
    let outcome = run(bytes, inPieces: false, &room)
    return outcome.end == .damaged ? run(bytes, inPieces: true, &again) : outcome
  }

  /// A step that meets damage does not say what it has made before. In pieces, of which none ends
  /// behind the end of a block or begins before all of the one before is out, all before the damage was
  /// made by earlier steps.
  private static func run(
    _ bytes: RawSpan, inPieces: Bool, _ room: inout Room
  ) -> Decompressed {
    var context: OpaquePointer?
    guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 else {
      return room.ended(.damaged)
    }
    defer { LZ4F_freeDecompressionContext(context) }
    return bytes.withUnsafeBytes { input in
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
}
