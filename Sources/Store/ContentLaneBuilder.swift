import Bytes
import Entries

/// Collects header fields, or bodies, row after row in compressed chunks.
struct ContentLaneBuilder: Sendable {
  /// Closed chunks: how many raw bytes, and which of the frames they are in.
  private(set) var chunks: [(length: Int, frame: Int)] = []
  /// Compressed bytes. Chunks of another block may share one.
  private(set) var frames: [[UInt8]] = []
  /// Where the record of each row that has one begins in the raw bytes of all chunks.
  private(set) var offsets: [Int64] = []
  private(set) var presence = PresenceBuilder()
  /// Records of the open chunk.
  private var raw: [UInt8] = []
  /// Where in the open chunk records begin, by their lengths and checksums.
  private var known: [UInt64: Int] = [:]
  private var rawBefore = 0

  private var frameBytes = 0

  /// Records below this many bytes are not looked for among those that are there.
  private static let leastRepeated = 32

  /// Where the next record begins in the raw bytes of all chunks.
  var rawCount: Int { rawBefore + raw.count }

  /// Bytes it holds.
  var byteCount: Int { frameBytes + raw.count }

  /// Adds a record for `row`; `write` appends it.
  mutating func append(row: Int, _ write: (inout [UInt8]) -> Void) {
    let start = raw.count
    write(&raw)
    offsets.append(place(from: start))
    presence.insert(row)
  }

  /// Where the last record, the bytes of the open chunk from `start`, is found.
  ///
  /// It is taken back where the chunk has one like it: servers say the same again and again, and a look
  /// costs less than compressing it.
  private mutating func place(from start: Int) -> Int64 {
    let count = raw.count - start
    guard count >= Self.leastRepeated else { return Int64(rawBefore + start) }
    let mark = UInt64(count) << 32 | UInt64(crc32c(raw.rawSpan.suffix(from: start)))
    // A record tells its own length: one that begins with these bytes says the same.
    if let earlier = known[mark], earlier + count <= start,
      isEqual(raw.rawSpan.slice(earlier..<earlier + count), raw.rawSpan.suffix(from: start))
    {
      raw.removeLast(count)
      return Int64(rawBefore + earlier)
    }
    known[mark] = start
    return Int64(rawBefore + start)
  }

  /// Adds closed chunks, by their places in `frames`, with the records in them, by where each begins
  /// in their raw bytes.
  mutating func append(
    _ closed: [(length: Int, frame: Int)], in frames: [[UInt8]], _ offsets: [Int64]
  ) {
    let start = Int64(rawBefore)
    self.offsets += offsets.map { $0 + start }
    for (length, frame) in closed {
      chunks.append((length, self.frames.count + frame))
      rawBefore += length
    }
    self.frames += frames
    frameBytes += frames.reduce(0) { $0 + $1.count }
  }

  /// Adds a record whose row is told by `set` later, and gives where it begins.
  mutating func append(_ record: RawSpan) -> Int64 {
    let start = raw.count
    raw.append(record)
    return place(from: start)
  }

  /// Which rows have the records, in order; `offsets` where those were not given with them.
  mutating func set(_ presence: PresenceBuilder, _ offsets: [Int64]? = nil) {
    self.presence = presence
    if let offsets { self.offsets = offsets }
  }

  /// Closes the open chunk when it is large enough.
  mutating func closeChunk(atLeast bytes: Int, with compressor: ZstdCompressor) {
    guard raw.count >= bytes, !raw.isEmpty else { return }
    let frame = compressor.compressed(raw)
    chunks.append((raw.count, frames.count))
    frames.append(frame)
    frameBytes += frame.count
    rawBefore += raw.count
    raw.removeAll(keepingCapacity: true)
    known.removeAll(keepingCapacity: true)
  }
}
