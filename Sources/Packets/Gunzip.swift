import CZlib
import Synchronization

/// Undoes gzip (RFC 1952): any number of members, one after the other.
final class Gunzip: Decompressor {
  private struct State {
    let stream: UnsafeMutablePointer<z_stream>
    var input: [UInt8] = []
    var used = 0
    var count = 0
    /// Output may be waiting inside although all input was taken.
    var mayHoldOutput = false
    /// A member has ended and no byte of the next was seen.
    var isBetweenMembers = false
  }

  /// zlib's state points back at its own address, so it lies in memory of its own. The lock is
  /// never contended: a reader has one owner at a time.
  private let state: Mutex<State>

  init(_ path: String) throws(CaptureError) {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 window bits, and 16 for the gzip wrapping.
    let code = inflateInit2_(stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else {
      stream.deallocate()
      throw CaptureError(
        .unreadable, "decompress", path, problem: "zlib could not start (code \(code))",
        advice: "Free some memory, or decompress the file with gunzip first")
    }
    state = Mutex(State(stream: stream))
  }

  deinit {
    state.withLock {
      inflateEnd($0.stream)
      $0.stream.deallocate()
    }
  }

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
    while true {
      if state.isBetweenMembers {
        guard state.used < state.count else { return .needsInput(isBetweenFrames: true) }
        // Zero bytes after the last member are padding (tapes, block devices).
        if state.input[state.used] == 0 {
          state.used += 1
          continue
        }
        guard state.input[state.used] == 0x1f, inflateReset(state.stream) == Z_OK else {
          return .damaged("bytes that are not gzip follow the compressed data")
        }
        state.isBetweenMembers = false
      }
      guard state.used < state.count || state.mayHoldOutput else {
        return .needsInput(isBetweenFrames: false)
      }
      let room = min(target.count, Int(UInt32.max))
      let (code, used, made) = state.input.withUnsafeMutableBytes { input in
        let next = input.baseAddress!.assumingMemoryBound(to: UInt8.self) + state.used
        state.stream.pointee.next_in = next
        state.stream.pointee.avail_in = UInt32(state.count - state.used)
        state.stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.stream.pointee.avail_out = UInt32(room)
        let code = inflate(state.stream, Z_NO_FLUSH)
        return (
          code, state.count - state.used - Int(state.stream.pointee.avail_in),
          room - Int(state.stream.pointee.avail_out)
        )
      }
      state.used += used
      state.mayHoldOutput = made == room && code == Z_OK
      if code == Z_STREAM_END { state.isBetweenMembers = true }
      if made > 0 { return .bytes(made) }
      switch code {
      case Z_OK, Z_STREAM_END, Z_BUF_ERROR:
        if used == 0, code != Z_STREAM_END, state.used < state.count {
          return .damaged("the compressed data makes no progress")
        }
      default:
        return .damaged("the gzip data is damaged (zlib code \(code))")
      }
    }
  }
}
