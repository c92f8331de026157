import Bytes
import Entries

/// Collects header fields, or bodies, row after row in compressed chunks.
struct ContentLaneBuilder: Sendable {
  /// Closed chunks: how many raw bytes, and their frame.
  private(set) var chunks: [(length: Int, frame: [UInt8])] = []
  /// Where the record of each row that has one begins in the raw bytes of all chunks.
  private(set) var offsets: [Int64] = []
  private(set) var presence = PresenceBuilder()
  /// Records of the open chunk.
  private var raw: [UInt8] = []
  private var rawBefore = 0

  private var frameBytes = 0

  /// Bytes it holds.
  var byteCount: Int { frameBytes + raw.count }

  /// Adds a record for `row`; `write` appends it.
  mutating func append(row: Int, _ write: (inout [UInt8]) -> Void) {
    offsets.append(Int64(rawBefore + raw.count))
    presence.insert(row)
    write(&raw)
  }

  /// Closes the open chunk when it is large enough.
  mutating func closeChunk(atLeast bytes: Int, with compressor: ZstdCompressor) {
    guard raw.count >= bytes, !raw.isEmpty else { return }
    let frame = compressor.compressed(raw)
    chunks.append((raw.count, frame))
    frameBytes += frame.count
    rawBefore += raw.count
    raw.removeAll(keepingCapacity: true)
  }
}
