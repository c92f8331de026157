import Bytes

/// Undoes `compression` within `limits`, with the system's libraries.
///
/// The input may be cut, damaged or a bomb: what can be decoded is given, with the reason why it
/// ended. Of a content of which only the beginning is of interest, `enough` says how many bytes at most,
/// and `suffices` whether what is there will do: it is asked after each of some pieces.
package func decompress(
  _ bytes: RawSpan, _ compression: Compression,
  limits: DecompressionLimits = DecompressionLimits(), enough: Int = .max,
  suffices: ((RawSpan) -> Bool)? = nil
) -> Decompressed {
  var room = Room(bytes.byteCount, limits, enough)
  room.suffices = suffices
  return switch compression {
  case .gzip: Inflater.run(bytes, windowBits: 31, &room)
  case .zlib: Inflater.run(bytes, windowBits: 15, &room)
  case .deflate: Inflater.run(bytes, windowBits: -15, &room)
  case .brotli: BrotliReader.run(bytes, &room)
  case .zstd: ZstdReader.run(bytes, &room)
  case .lz4: LZ4Reader.run(bytes, &room)
  case .snappy: SnappyReader.run(bytes, &room)
  }
}

/// Undoes DEFLATE (RFC 1951) of bytes that may refer to `dictionary`, the text before them.
package func inflate(
  _ bytes: RawSpan, dictionary: RawSpan, limits: DecompressionLimits = DecompressionLimits()
) -> Decompressed {
  var room = Room(bytes.byteCount, limits, .max)
  return Inflater.run(bytes, windowBits: -15, dictionary: dictionary, &room)
}

/// Output as it grows: within its bound, and no further than is wanted.
struct Room {
  /// What one step of a decoder came to.
  enum Step {
    case more
    /// The same again, though nothing was made.
    case again
    case whole
    case cut
    case damaged
  }

  /// Bytes given to a decoder at a time.
  private static let piece = 64 << 10
  /// The same at first, where little may suffice.
  private static let firstPiece = 2 << 10

  private(set) var bytes: [UInt8] = []
  /// Bytes the output may have.
  let bound: Int
  private let beyond: Decompressed.End
  private let enough: Int
  /// Whether what is there will do.
  var suffices: ((RawSpan) -> Bool)?

  init(_ input: Int, _ limits: DecompressionLimits, _ enough: Int) {
    // Room is left for the byte that tells of more.
    let bound = limits.bound(of: input)
    (self.bound, beyond) = (min(bound.bytes, .max - 1), bound.end)
    self.enough = max(0, enough)
  }

  /// Calls `step` with free room until it says that it is done, or all there may be is there.
  ///
  /// A step that makes nothing of room and has no more input is at a cut.
  mutating func fill(
    _ step: (UnsafeMutableBufferPointer<UInt8>) -> (made: Int, step: Step)
  ) -> Decompressed {
    // One byte more than may be there tells whether there is more.
    let last = min(bound, enough) + 1
    while bytes.count < last {
      var outcome = Step.more
      let wanted = suffices == nil ? Self.piece : max(Self.firstPiece, bytes.count)
      let piece = [UInt8](unsafeUninitializedCapacity: min(wanted, last - bytes.count)) {
        buffer, count in
        (count, outcome) = step(buffer)
      }
      if bytes.isEmpty { bytes = piece } else { bytes += piece }
      switch outcome {
      case .more: if piece.isEmpty { return ended(.cut) }
      case .again: break
      case .whole: return ended(.whole)
      case .cut: return ended(.cut)
      case .damaged: return ended(.damaged)
      }
      if bytes.count < last, let suffices, suffices(bytes.rawSpan) { return ended(.enough) }
    }
    return ended(.whole)
  }

  /// Decodes at once, and where that meets damage anew in pieces.
  ///
  /// A step that meets damage does not say what it has made before. Where no piece ends behind the end of
  /// a block, or begins before all of the one before is out, earlier steps made all before the damage.
  mutating func recovering(
    _ decode: (_ inPieces: Bool, _ room: inout Room) -> Decompressed
  ) -> Decompressed {
    var again = self
    let outcome = decode(false, &self)
    return outcome.end == .damaged ? decode(true, &again) : outcome
  }

  /// Takes a piece that was made elsewhere, as far as there is room.
  /// - Returns: whether more may come.
  mutating func append(_ piece: some Collection<UInt8>) -> Bool {
    let last = min(bound, enough) + 1
    bytes.append(contentsOf: piece.prefix(last - bytes.count))
    return bytes.count < last
  }

  /// The result when a decoder ended so.
  mutating func ended(_ end: Decompressed.End) -> Decompressed {
    let most = min(bound, enough)
    guard bytes.count > most else { return Decompressed(bytes: bytes, end: end) }
    bytes.removeLast(bytes.count - most)
    return Decompressed(bytes: bytes, end: enough <= bound ? .enough : beyond)
  }

  /// The result when so many bytes would be made at once: nil when they may be.
  func refused(_ count: Int) -> Decompressed.End? { count > bound - bytes.count ? beyond : nil }
}
