import Bytes
import CZlib

/// DEFLATE in its three wrappers, by zlib.
enum Inflater {
  /// - Parameter dictionary: what the content may refer to though it comes before it; only without
  ///   a wrapper.
  static func run(
    _ bytes: RawSpan, windowBits: Int32, dictionary: RawSpan = RawSpan(), _ room: inout Room
  ) -> Decompressed {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, size) == Z_OK else {
      return room.ended(.damaged)
    }
    defer { inflateEnd(&stream) }
    if !dictionary.isEmpty {
      let code = dictionary.withUnsafeBytes { known in
        inflateSetDictionary(
          &stream, known.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(known.count))
      }
      guard code == Z_OK else { return room.ended(.damaged) }
    }
    return bytes.withUnsafeBytes { input in
      // zlib does not write there.
      stream.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.avail_in = UInt32(input.count)
      return room.fill { output in
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        let code = inflate(&stream, Z_NO_FLUSH)
        let made = output.count - Int(stream.avail_out)
        switch code {
        case Z_STREAM_END: return (made, next(&stream, isGzip: windowBits > 15))
        case Z_OK where stream.avail_in == 0 && stream.avail_out > 0: return (made, .cut)
        case Z_OK: return (made, .more)
        case Z_BUF_ERROR: return (made, stream.avail_in == 0 ? .cut : .more)
        default: return (made, .damaged)
        }
      }
    }
  }

  /// What comes behind the end of a stream: in gzip, perhaps another member (RFC 1952 §2.2).
  private static func next(_ stream: inout z_stream, isGzip: Bool) -> Room.Step {
    guard isGzip, stream.avail_in > 1, let at = stream.next_in, at[0] == 0x1f, at[1] == 0x8b,
      inflateReset(&stream) == Z_OK
    else { return .whole }
    return .again
  }
}
