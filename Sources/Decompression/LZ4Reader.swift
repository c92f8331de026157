import Bytes
import CLZ4

/// LZ4 frames (LZ4 Frame Format 1.6), by the reference library.
enum LZ4Reader {
  static func run(_ bytes: RawSpan, _ room: inout Room) -> Decompressed {
    var context: OpaquePointer?
    guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 else {
      return room.ended(.damaged)
    }
    defer { LZ4F_freeDecompressionContext(context) }
    return bytes.withUnsafeBytes { input in
      var at = 0
      return room.fill { output in
        var made = output.count
        var used = input.count - at
        let code = LZ4F_decompress(
          context, output.baseAddress, &made, input.baseAddress.map { $0 + at }, &used, nil)
        if LZ4F_isError(code) != 0 { return (0, .damaged) }
        at += used
        if code == 0 { return (made, at == input.count ? .whole : .again) }
        return (made, at == input.count && made < output.count ? .cut : .more)
      }
    }
  }
}
