import CBrotli
import CZlib
import CZstd

/// Undoes content codings (RFC 9110 §8.4.1) of recorded bodies, for showing.
///
/// The body may be cut, and it may be a bomb: what can be decoded within the limit is given, with
/// a word on why it ended.
package enum ContentCoding {
  /// Most bytes one body may decode to.
  package static let maxOutput = 4 << 20
  /// Most codings undone one after the other; more are an attack or a mistake.
  package static let maxCodings = 4

  package struct Result: Hashable, Sendable {
    package var bytes: [UInt8]
    /// Why the decoding ended before the body did; nil when it is whole.
    package var problem: String?
  }

  /// `body` without the codings that `list` names, as in a Content-Encoding field: the last one
  /// was applied last.
  package static func decode(_ body: [UInt8], list: String, limit: Int = maxOutput) -> Result {
    let codings = list.lowercased().split(whereSeparator: { $0 == "," || $0 == " " })
      .filter { $0 != "identity" }
    guard codings.count <= maxCodings else {
      return Result(bytes: body, problem: "more than \(maxCodings) content codings")
    }
    var result = Result(bytes: body, problem: nil)
    for coding in codings.reversed() {
      let next: Result
      switch coding {
      case "gzip", "x-gzip": next = inflate(result.bytes, windowBits: 31, limit: limit)
      case "deflate":
        // RFC 9110 means zlib's format; some servers send the raw one.
        let wrapped = inflate(result.bytes, windowBits: 15, limit: limit)
        next =
          wrapped.bytes.isEmpty ? inflate(result.bytes, windowBits: -15, limit: limit) : wrapped
      case "br": next = brotli(result.bytes, limit: limit)
      case "zstd": next = zstd(result.bytes, limit: limit)
      default:
        return Result(bytes: result.bytes, problem: "unknown content coding \(coding)")
      }
      result = Result(bytes: next.bytes, problem: result.problem ?? next.problem)
    }
    return result
  }

  private static let tooLarge = "it decodes to more than the limit"
  private static let cut = "the coded body is cut"

  private static func inflate(_ body: [UInt8], windowBits: Int32, limit: Int) -> Result {
    var stream = z_stream()
    guard
      inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return Result(bytes: [], problem: "zlib did not start") }
    defer { inflateEnd(&stream) }
    var input = body
    return input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      return grow(limit: limit) { output in
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        let code = CZlib.inflate(&stream, Z_NO_FLUSH)
        let made = output.count - Int(stream.avail_out)
        switch code {
        case Z_STREAM_END: return (made, .whole)
        case Z_OK where stream.avail_in == 0 && stream.avail_out > 0: return (made, .cut)
        case Z_OK: return (made, .more)
        case Z_BUF_ERROR: return (made, stream.avail_in == 0 ? .cut : .more)
        default: return (made, .broken)
        }
      }
    }
  }

  private static func brotli(_ body: [UInt8], limit: Int) -> Result {
    guard let state = BrotliDecoderCreateInstance(nil, nil, nil) else {
      return Result(bytes: [], problem: "brotli did not start")
    }
    defer { BrotliDecoderDestroyInstance(state) }
    return body.withUnsafeBufferPointer { input in
      var nextIn = input.baseAddress
      var availableIn = input.count
      return grow(limit: limit) { output in
        var nextOut = output.baseAddress
        var availableOut = output.count
        let code = BrotliDecoderDecompressStream(
          state, &availableIn, &nextIn, &availableOut, &nextOut, nil)
        let made = output.count - availableOut
        switch code {
        case BROTLI_DECODER_RESULT_SUCCESS: return (made, .whole)
        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: return (made, .cut)
        case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: return (made, .more)
        default: return (made, .broken)
        }
      }
    }
  }

  private static func zstd(_ body: [UInt8], limit: Int) -> Result {
    guard let stream = ZSTD_createDStream() else {
      return Result(bytes: [], problem: "zstd did not start")
    }
    defer { ZSTD_freeDStream(stream) }
    // The window a frame may ask us to allocate: 8 MiB, the least every decoder supports
    // (RFC 8878 §3.1.1.1.2).
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 23)
    return body.withUnsafeBytes { input in
      var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
      return grow(limit: limit) { output in
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let code = ZSTD_decompressStream(stream, &target, &source)
        if ZSTD_isError(code) != 0 { return (target.pos, .broken) }
        if code == 0 && source.pos == source.size { return (target.pos, .whole) }
        if source.pos == source.size && target.pos < target.size { return (target.pos, .cut) }
        return (target.pos, .more)
      }
    }
  }

  private enum End { case more, whole, cut, broken }

  /// Calls `step` with free room until it says that it is done or the limit is reached.
  private static func grow(
    limit: Int, _ step: (UnsafeMutableBufferPointer<UInt8>) -> (made: Int, end: End)
  ) -> Result {
    var bytes: [UInt8] = []
    let room = 64 << 10
    while bytes.count < limit {
      var end = End.more
      let piece = [UInt8](unsafeUninitializedCapacity: min(room, limit - bytes.count)) {
        buffer, count in
        (count, end) = step(buffer)
      }
      bytes += piece
      switch end {
      case .more: if piece.isEmpty { return Result(bytes: bytes, problem: cut) }
      case .whole: return Result(bytes: bytes, problem: nil)
      case .cut: return Result(bytes: bytes, problem: cut)
      case .broken: return Result(bytes: bytes, problem: "the coded body is damaged")
      }
    }
    return Result(bytes: bytes, problem: tooLarge)
  }
}
