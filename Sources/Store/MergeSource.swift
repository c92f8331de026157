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
    try noted { () throws(StoreError) -> [Int64] in
      let section = try block.source.section(info.section, of: block, header)
      do throws(WireError) {
        return try IntColumn(parsing: section, presence: nil, count: info.present).denseValues()
      } catch {
        throw StoreError(error, doing)
      }
    }
  }

  /// The codes of the rows that have a value, and what they stand for.
  func codes(
    _ info: ColumnInfo
  ) throws(MergeFailure) -> (codes: [UInt32], dictionary: ValueDictionary) {
    try noted { () throws(StoreError) -> ([UInt32], ValueDictionary) in
      guard let dictionary = try block.dictionary(info, of: header, doing) else {
        throw StoreError(.damaged, doing)
      }
      let section = try block.source.section(info.section, of: block, header)
      do throws(WireError) {
        var offset = 0
        let packed = try PackedInts(parsing: section, at: &offset, count: info.present)
        guard offset == section.count else { throw WireError(.invalid, at: offset) }
        return (packed.decodedCodes(limit: dictionary.count), dictionary)
      } catch {
        throw StoreError(error, doing)
      }
    }
  }

  /// A section as it lies in the block: the frame of a chunk.
  func section(_ number: Int) throws(MergeFailure) -> SectionBytes {
    try noted { () throws(StoreError) -> SectionBytes in
      try block.source.section(number, of: block, header)
    }
  }

  /// Where the record of each row that has one begins in the raw bytes of all chunks of a lane.
  func offsets(_ lane: BlockHeader.ContentLane) throws(MergeFailure) -> [Int64] {
    guard let locator = lane.locator else { return [] }
    let section = try section(locator)
    let length = lane.chunks.last.map { $0.start + $0.length } ?? 0
    let offsets = try noted { () throws(StoreError) -> [Int64] in
      do throws(WireError) {
        return try IntColumn(parsing: section, presence: nil, count: lane.count).denseValues()
      } catch {
        throw StoreError(error, doing)
      }
    }
    // Another block's bytes would be behind these.
    guard offsets.allSatisfy({ 0 <= $0 && $0 < length }) else { throw failure }
    return offsets
  }

  /// The raw bytes of all chunks of a lane.
  func raw(_ lane: BlockHeader.ContentLane) throws(MergeFailure) -> [UInt8] {
    var raw: [UInt8] = []
    for chunk in lane.chunks {
      let section = try section(chunk.section)
      raw += try noted { () throws(StoreError) -> [UInt8] in
        do throws(WireError) {
          return try zstdDecompressed(section, length: chunk.length)
        } catch {
          throw StoreError(error, doing)
        }
      }
    }
    return raw
  }

  private var doing: String { "merging block \(block.id)" }

  /// What cannot be read is noted as damage of the block.
  private func noted<Result>(
    _ read: () throws(StoreError) -> Result
  ) throws(MergeFailure) -> Result {
    do throws(StoreError) { return try block.noted(read) } catch { throw failure }
  }
}
