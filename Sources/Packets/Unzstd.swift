import Bytes
import CZstd
import Synchronization

/// Undoes Zstandard (RFC 8878): any number of frames, skippable ones included.
final class Unzstd: Decompressor {
  private struct State {
    let stream: OpaquePointer
    var input: [UInt8] = []
    var used = 0
    var count = 0
    /// What zstd wants next; 0 when a frame has ended.
    var hint = 0
    /// As much as came of the magic number of the frame.
    var magic: [UInt8] = []
    /// Output may be waiting inside although all input was taken.
    var mayHoldOutput = false
  }

  /// Largest window, as a power of two: the memory a hostile frame can make us allocate.
  private static let maximumWindow: Int32 = 27
  /// Bytes of the head of a block (RFC 8878 §3.1.1.2).
  private static let blockHead = 3

  /// The lock is never contended: a reader has one owner at a time.
  private let state: Mutex<State>

  init(_ path: String) throws(CaptureError) {
    guard let stream = ZSTD_createDCtx() else {
      throw CaptureError(
        .unreadable, "decompress", path, problem: "zstd could not start",
        advice: "Free some memory, or decompress the file with zstd -d first")
    }
    _ = ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Self.maximumWindow)
    state = Mutex(State(stream: stream))
  }

  deinit { state.withLock { _ = ZSTD_freeDCtx($0.stream) } }

  func supply(_ input: [UInt8], _ count: Int) {
    state.withLock {
      $0.input = input
      $0.used = 0
      $0.count = count
    }
  }

  func output(into target: UnsafeMutableRawBufferPointer) -> DecompressorOutput {
    // The lock must not keep a pointer, so it is shown a number. It keeps neither.
    let address = UInt(bitPattern: target.baseAddress)
    let count = target.count
    return state.withLock {
      Self.output(into: .init(start: .init(bitPattern: address), count: count), &$0)
    }
  }

  private static func output(into target: UnsafeMutableRawBufferPointer, _ state: inout State)
    -> DecompressorOutput
  {
    while state.used < state.count || state.mayHoldOutput {
      let isHolding = state.mayHoldOutput
      let isMagic = !isHolding && state.magic.count < 4
      if isMagic {
        state.magic.append(state.input[state.used])
        if !beginsZstandardFrame(state.magic.rawSpan) { return damaged("Unknown frame descriptor") }
      }
      var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
      // A step that meets damage does not say what it has made before: so none ends behind the end of a
      // block, and what is held comes out first.
      let step = isHolding ? 0 : isMagic ? 1 : Self.step(state.hint)
      let end = min(state.count, state.used + step)
      let (code, used) = state.input.withUnsafeBytes { bytes in
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: end, pos: state.used)
        let code = ZSTD_decompressStream(state.stream, &output, &input)
        return (code, input.pos - state.used)
      }
      state.used += used
      if ZSTD_isError(code) != 0 {
        return damaged(String(cString: ZSTD_getErrorName(code)))
      }
      state.hint = code
      if code == 0 { state.magic.removeAll(keepingCapacity: true) }
      state.mayHoldOutput = output.pos == output.size && code != 0
      if output.pos > 0 { return .bytes(output.pos) }
      if used == 0, state.used < state.count, !isHolding {
        return .damaged("the compressed data makes no progress")
      }
    }
    return .needsInput(isBetweenFrames: state.hint == 0)
  }

  /// Bytes of the next step when zstd asks for so many: those of a block and of the head of the next one,
  /// or of a head or a checksum.
  private static func step(_ hint: Int) -> Int { hint > blockHead ? hint - blockHead : hint }

  private static func damaged(_ reason: String) -> DecompressorOutput {
    .damaged("the zstd data is damaged or needs too large a window (\(reason))")
  }
}
