import Bytes

/// What a store knows of a block without reading it.
struct BlockSummary: Sendable {
  var sequence: Int64
  var id: BlockID
  var family: BlockFamily
  var rows: Int
  var first: Timestamp
  var last: Timestamp
  var kinds: KindSet
  var byteCount: Int
  /// Of a merged block only.
  var arrivals: StoredArrivals?

  init(
    sequence: Int64, id: BlockID, family: BlockFamily, rows: Int, first: Timestamp,
    last: Timestamp, kinds: KindSet, byteCount: Int, arrivals: StoredArrivals? = nil
  ) {
    (self.sequence, self.id, self.family, self.rows) = (sequence, id, family, rows)
    (self.first, self.last, self.kinds, self.byteCount) = (first, last, kinds, byteCount)
    self.arrivals = arrivals
  }

  init(sequence: Int64, header: BlockHeader, arrivals: StoredArrivals? = nil) {
    self.init(
      sequence: sequence, id: header.id, family: header.family, rows: header.rows,
      first: header.first, last: header.last, kinds: header.kinds, byteCount: header.byteCount,
      arrivals: arrivals)
  }
}

/// Where the bytes of a block are.
enum BlockSource: Sendable {
  /// In memory, whole and already checked.
  case memory(EncodedBlock)
  /// In a database, section by section, with a cache before it.
  case database(BlockDatabase)

  func header(of block: Block) throws(StoreError) -> BlockHeader {
    switch self {
    case .memory(let encoded): return encoded.header
    case .database(let database):
      let doing = "reading the header of block \(block.id)"
      let bytes = try database.header(block.sequence)
      do throws(WireError) {
        let header = try BlockHeader(parsing: bytes)
        guard header.id == block.id, header.rows == block.rows else { throw WireError(.invalid) }
        return header
      } catch {
        throw StoreError(error, doing)
      }
    }
  }

  /// The bytes of one section, whose checksum holds.
  func section(
    _ index: Int, of block: Block, _ header: BlockHeader
  ) throws(StoreError) -> SectionBytes {
    guard header.sections.indices.contains(index) else {
      throw StoreError(.damaged, "reading section \(index) of block \(block.id)")
    }
    let section = header.sections[index]
    if let inline = section.inline { return inline }
    switch self {
    case .memory(let encoded):
      return SectionBytes(encoded.bytes, section.range ?? 0..<0)
    case .database(let database):
      return SectionBytes(
        try database.section(
          index, of: block.sequence, length: section.range?.count ?? 0,
          checksum: section.checksum))
    }
  }
}
