import Bytes
import CZstd

/// A zstd compressor that is used again and again.
///
/// `@unchecked Sendable`: its one owner is a `BlockBuilder`, which is not copyable, so that only
/// one thread at a time can use it.
final class ZstdCompressor: @unchecked Sendable {
  /// Fast enough to be noise beside dissection, small enough for text that repeats itself.
  private static let level: Int32 = 1
  private let context = ZSTD_createCCtx()
  /// Where frames are made before it is known how long they are.
  private var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  init() {}

  deinit {
    room.deallocate()
    ZSTD_freeCCtx(context)
  }

  /// `bytes` as a zstd frame.
  func compressed(_ bytes: [UInt8]) -> [UInt8] {
    let bound = ZSTD_compressBound(bytes.count)
    if room.count < bound {
      room.deallocate()
      room = .allocate(byteCount: bound, alignment: 16)
    }
    let written = bytes.withUnsafeBytes { source in
      ZSTD_compressCCtx(
        context, room.baseAddress, bound, source.baseAddress, source.count, Self.level)
    }
    // With that much room only exhausted memory is left as a reason.
    precondition(ZSTD_isError(written) == 0, "zstd could not compress \(bytes.count) bytes")
    return Array(room[..<written])
  }
}

/// What a zstd frame holds.
///
/// - Parameter length: raw bytes it must give, from the block's header; the caller has limited it.
/// - Throws: `.invalid` when it gives another number of bytes or is not one frame of RFC 8878.
func zstdDecompressed(_ section: SectionBytes, length: Int) throws(WireError) -> [UInt8] {
  // Frames that hold nothing can be strung together for megabytes, and be asked for in many places.
  guard section.count <= ZSTD_compressBound(length) else { throw WireError(.invalid) }
  var result = -1
  let bytes = [UInt8](unsafeUninitializedCapacity: length) { target, count in
    section.array.withUnsafeBytes { source in
      let frame = UnsafeRawBufferPointer(rebasing: source[section.range])
      guard isOneFrame(frame) else { return }
      let written = ZSTD_decompress(target.baseAddress, length, frame.baseAddress, frame.count)
      if ZSTD_isError(written) == 0 { result = written }
    }
    count = max(result, 0)
  }
  guard result == length else { throw WireError(.invalid) }
  return bytes
}

/// Whether the bytes are a single frame, with nothing behind it.
private func isOneFrame(_ bytes: UnsafeRawBufferPointer) -> Bool {
  bytes.first == 0x28 && beginsZstandardFrame(bytes.bytes)
    && ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count) == bytes.count
}
