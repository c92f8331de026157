import Bytes
import Entries

/// The header fields, or the bodies, of several blocks, as one block has them.
///
/// Chunks of some size are taken as they are, compressed: where a row has its record is all that
/// changes. Small ones, and those of many blocks whose rows mix, are made anew in the order of rows,
/// so that going through the rows decompresses each once.
struct MergedContent {
  /// Blocks with contents whose chunks may stay: going through the rows a reader has to hold a chunk
  /// of each.
  static let maxBlocks = 64
  /// Raw bytes of a chunk, on average, that are worth one of its own.
  static let minChunk = 16 << 10
  /// Raw bytes of all chunks that are held in memory at most, to make them anew.
  private static let maxRaw = 64 << 20
  /// Raw bytes back to a record that rows share: going through the rows a reader has those chunks, and
  /// as many that came before them, still at hand.
  private static let reach = ContentReader.keptBytes / 2

  private let sources: [(source: MergeSource, lane: BlockHeader.ContentLane)]

  init(_ sources: [MergeSource], _ lane: KeyPath<BlockHeader, BlockHeader.ContentLane>) {
    self.sources = sources.compactMap { source in
      let lane = source.header[keyPath: lane]
      return lane.chunks.isEmpty ? nil : (source, lane)
    }
  }

  func lane(_ order: RowOrder) throws(MergeFailure) -> ContentLaneBuilder {
    var offsets: [[Int64]] = []
    var presence = PresenceBuilder()
    var (chunks, raw) = (0, 0)
    for (source, lane) in sources {
      offsets.append(try source.offsets(lane))
      presence.insert(try source.presence(lane.presence), source.rows)
      chunks += lane.chunks.count
      raw += lane.chunks.reduce(0) { $0 + $1.length }
      guard chunks <= BlockLimits.chunks else { throw source.failure }
    }
    let areLarge = sources.count <= Self.maxBlocks && raw >= chunks * Self.minChunk
    return areLarge || raw > Self.maxRaw
      ? try kept(offsets, presence) : try rewritten(offsets, presence, order)
  }

  /// All chunks as they are, one block's after the other's.
  private func kept(
    _ offsets: [[Int64]], _ presence: PresenceBuilder
  ) throws(MergeFailure) -> ContentLaneBuilder {
    var builder = ContentLaneBuilder()
    for ((source, lane), offsets) in zip(sources, offsets) {
      // A document that many were given is one section of many chunks: it is taken once.
      var frames: [[UInt8]] = []
      var places: [Int: Int] = [:]
      var chunks: [(length: Int, frame: Int)] = []
      for chunk in lane.chunks {
        if let known = places[chunk.section] {
          chunks.append((chunk.length, known))
          continue
        }
        places[chunk.section] = frames.count
        chunks.append((chunk.length, frames.count))
        frames.append(try source.section(chunk.section).bytes)
      }
      builder.append(chunks, in: frames, offsets)
    }
    builder.set(presence)
    return builder
  }

  /// All records in the order of rows, in chunks made anew.
  private func rewritten(
    _ offsets: [[Int64]], _ presence: PresenceBuilder, _ order: RowOrder
  ) throws(MergeFailure) -> ContentLaneBuilder {
    var raw: [[UInt8]] = []
    // For each record the source and its bytes there.
    var records: [(source: Int, range: Range<Int>)] = []
    // For each row its record, which several may share.
    var held: [Int] = []
    held.reserveCapacity(presence.count)
    for (number, (source, lane)) in sources.enumerated() {
      raw.append(try source.raw(lane))
      // A record ends where the next one begins, or its chunk ends.
      let ends = Set(offsets[number].map(Int.init) + lane.chunks.map { $0.start + $0.length })
        .sorted()
      var known: [Int64: Int] = [:]
      for offset in offsets[number] {
        if let record = known[offset] {
          held.append(record)
          continue
        }
        let next = ends.indices.firstPlace { ends[$0] > offset }
        guard next < ends.count else { throw source.failure }
        known[offset] = records.count
        held.append(records.count)
        records.append((number, Int(offset)..<ends[next]))
      }
    }
    let compressor = ZstdCompressor()
    var builder = ContentLaneBuilder()
    // Where each record was put last, and each row has its own.
    var places = [Int64](repeating: -1, count: records.count)
    var starts = [Int64](repeating: 0, count: held.count)
    for row in order.arrangement(of: presence).arranged(Array(held.indices)).values {
      let (source, range) = records[held[row]]
      var place = places[held[row]]
      // A record that lies far back is put in once more, so that readers need not go back for it; but
      // what many rows of a stranger's block share does not become as many times as long.
      let isNear = builder.rawCount - Int(place) < Self.reach
      if place < 0 || !isNear && builder.rawCount + range.count <= Self.maxRaw {
        let bytes = raw[source]
        place = builder.append(bytes.rawSpan.slice(range))
        places[held[row]] = place
      }
      starts[row] = place
      builder.closeChunk(atLeast: BlockLimits.chunkBytes, with: compressor)
    }
    builder.closeChunk(atLeast: 1, with: compressor)
    builder.set(presence, starts)
    return builder
  }
}
