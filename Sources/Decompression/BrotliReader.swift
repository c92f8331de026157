import Bytes
import CBrotli

/// Brotli (RFC 7932), by Google's library.
enum BrotliReader {
  static func run(_ bytes: RawSpan, _ room: inout Room) -> Decompressed {
    guard let state = BrotliDecoderCreateInstance(nil, nil, nil) else {
      return room.ended(.damaged)
    }
    defer { BrotliDecoderDestroyInstance(state) }
    return bytes.withUnsafeBytes { input in
      var nextIn = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
      var availableIn = input.count
      return room.fill { output in
        var nextOut = output.baseAddress
        var availableOut = output.count
        let code = BrotliDecoderDecompressStream(
          state, &availableIn, &nextIn, &availableOut, &nextOut, nil)
        let made = output.count - availableOut
        switch code {
        case BROTLI_DECODER_RESULT_SUCCESS: return (made, .whole)
        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: return (made, .cut)
        case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: return (made, .more)
        default: return (made, .damaged)
        }
      }
    }
  }
}
