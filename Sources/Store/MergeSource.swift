import Bytes
import Entries

/// The blocks cannot be merged, because of one of them.
struct MergeFailure: Error {
  /// Its place among them.
  var source: Int
}

/// One of the blocks that become one, taken apart as far as merging needs it.
final class MergeSource {
  let header: BlockHeader
  /// Its rows among those of all.
  let rows: Range<Int>
  private let block: Block
  private let place: Int
  private var presences: [Int: Presence] = [:]

  init(_ block: Block, place: Int, firstRow: Int) throws(MergeFailure) {
    (self.block, self.place) = (block, place)
    guard let header = try? block.header(), !header.hasUnknownColumns else {
      throw MergeFailure(source: place)
    }
    self.header = header
    rows = firstRow..<firstRow + header.rows
  }

  /// What a block says of itself, or holds, cannot be.
  var failure: MergeFailure { MergeFailure(source: place) }

  /// The presence of that number; nil for all rows.
  func presence(_ index: Int?) throws(MergeFailure) -> Presence? {
    guard let index else { return nil }
    if let known = presences[index] { return known }
    let read = try noted { () throws(StoreError) -> Presence? in
      try block.presence(index, of: header, doing)
    }
    presences[index] = read
    return read
  }

  /// The values of the rows that have one.
  func integers(_ info: ColumnInfo) throws(MergeFailure) -> [Int64] {
    try integers(info.section, count: info.present)
  }

  private func integers(_ section: Int, count: Int) throws(MergeFailure) -> [Int64] {
    try parsed(section) { (bytes) throws(WireError) in
      try IntColumn(parsing: bytes, presence: nil, count: count).denseValues()
    }
  }

  /// The codes of the rows that have a value, and what they stand for.
  func codes(
    _ info: ColumnInfo
  ) throws(MergeFailure) -> (codes: [UInt32], dictionary: ValueDictionary) {
    let dictionary = try noted { () throws(StoreError) -> ValueDictionary in
      guard let dictionary = try block.dictionary(info, of: header, doing) else {
        throw StoreError(.damaged, doing)
      }
      // Values that no row has would make more of them than there are rows, once they are together.
      guard dictionary.count <= info.present else { throw StoreError(.damaged, doing) }
      return dictionary
    }
    let codes = try parsed(info.section) { (bytes) throws(WireError) -> [UInt32] in
      var offset = 0
      let packed = try PackedInts(parsing: bytes, at: &offset, count: info.present)
      guard offset == bytes.count else { throw WireError(.invalid, at: offset) }
      return packed.decodedCodes(limit: dictionary.count)
    }
    return (codes, dictionary)
  }

  /// A section as it lies in the block: the frame of a chunk.
  func section(_ number: Int) throws(MergeFailure) -> SectionBytes {
    try parsed(number) { (bytes) throws(WireError) in bytes }
  }

  /// Where the record of each row that has one begins in the raw bytes of all chunks of a lane.
  func offsets(_ lane: BlockHeader.ContentLane) throws(MergeFailure) -> [Int64] {
    guard let locator = lane.locator else { return [] }
    let length = lane.chunks.last.map { $0.start + $0.length } ?? 0
    let offsets = try integers(locator, count: lane.count)
    // Another block's bytes would be behind these.
    guard offsets.allSatisfy({ 0 <= $0 && $0 < length }) else { throw failure }
    return offsets
  }

  /// The raw bytes of all chunks of a lane.
  func raw(_ lane: BlockHeader.ContentLane) throws(MergeFailure) -> [UInt8] {
    var raw: [UInt8] = []
    for chunk in lane.chunks {
      raw += try parsed(chunk.section) { (bytes) throws(WireError) in
        try zstdDecompressed(bytes, length: chunk.length)
      }
    }
    return raw
  }

  /// What `parse` makes of a section.
  private func parsed<Result>(
    _ number: Int, _ parse: (SectionBytes) throws(WireError) -> Result
  ) throws(MergeFailure) -> Result {
    try noted { () throws(StoreError) -> Result in
      let bytes = try block.source.section(number, of: block, header)
      do throws(WireError) { return try parse(bytes) } catch { throw StoreError(error, doing) }
    }
  }

  private var doing: String { "merging block \(block.id)" }

  /// What cannot be read is noted as damage of the block.
  private func noted<Result>(
    _ read: () throws(StoreError) -> Result
  ) throws(MergeFailure) -> Result {
    do throws(StoreError) { return try block.noted(read) } catch { throw failure }
  }
}
