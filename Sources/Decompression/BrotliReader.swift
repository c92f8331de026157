import Bytes
import CBrotli

/// Brotli (RFC 7932), by Google's library.
enum BrotliReader {
  static func run(_ bytes: RawSpan, _ room: inout Room) -> Decompressed {
    bytes.withUnsafeBytes { input in
      room.recovering { inPieces, room in run(input, inPieces: inPieces, &room) }
    }
  }

  private static func run(
    _ input: UnsafeRawBufferPointer, inPieces: Bool, _ room: inout Room
  ) -> Decompressed {
    guard let state = BrotliDecoderCreateInstance(nil, nil, nil) else {
      return room.ended(.damaged)
    }
    defer { BrotliDecoderDestroyInstance(state) }
    var nextIn = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var left = input.count
    return room.fill { output in
      var nextOut = output.baseAddress
      var availableOut = output.count
      while true {
        // Blocks have no length of bytes: only behind each byte is all out that was made before damage.
        let given = inPieces ? min(1, left) : left
        var availableIn = given
        let code = BrotliDecoderDecompressStream(
          state, &availableIn, &nextIn, &availableOut, &nextOut, nil)
        left -= given - availableIn
        let made = output.count - availableOut
        switch code {
        case BROTLI_DECODER_RESULT_SUCCESS: return (made, .whole)
        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: if left == 0 { return (made, .cut) }
        case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: return (made, .more)
        default: return (made, .damaged)
        }
      }
    }
  }
}
