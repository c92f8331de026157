import Bytes
import FoundationEssentials
import GRDB

extension BlockDatabase {
  /// Prefix and header of a block.
  func header(_ sequence: Int64) throws(StoreError) -> [UInt8] {
    try fetch(sequence << Self.sectionBits | Self.headerIndex) ?? []
  }

  /// All bytes of a block, header first, as they came.
  func whole(_ sequence: Int64) throws(StoreError) -> [UInt8] {
    try converting("reading block number \(sequence) of \(path)") {
      try pool.read { database in
        var header: [UInt8] = []
        var sections: [UInt8] = []
        let rows = try Row.fetchCursor(
          try database.cachedStatement(
            sql: "SELECT key, bytes FROM section WHERE key BETWEEN ? AND ? ORDER BY key"),
          arguments: [sequence << Self.sectionBits, (sequence + 1) << Self.sectionBits - 1])
        while let row = try rows.next() {
          let key: Int64 = row[0]
          let index = key & (1 << Self.sectionBits - 1)
          guard index != Self.arrivalsIndex else { continue }
          try row.withUnsafeData(atIndex: 1) { data in
            guard let data else { return }
            if index == Self.headerIndex { header += data } else { sections += data }
          }
        }
        return header + sections
      }
    }
  }

  /// When each row of a merged block came here.
  func arrivals(of sequence: Int64, rows: Int, checksum: UInt32) throws(StoreError) -> [Int64] {
    let bytes = try fetch(sequence << Self.sectionBits | Self.arrivalsIndex) ?? []
    do throws(WireError) {
      guard crc32c(bytes.rawSpan) == checksum else { throw WireError(.invalid) }
      var offset = 0
      return try PackedInts(parsing: SectionBytes(bytes), at: &offset, count: rows).decoded()
    } catch {
      throw StoreError(error, "reading the arrivals of block number \(sequence)")
    }
  }

  /// The bytes of a section, from the cache or from the file; checked when from the file.
  func section(
    _ index: Int, of sequence: Int64, length: Int, checksum: UInt32
  ) throws(StoreError) -> [UInt8] {
    let key = SectionCache.Key(block: sequence, section: index)
    if let bytes = cache[key] { return bytes }
    let bytes = try fetch(sequence << Self.sectionBits | Int64(index))
    guard let bytes, bytes.count == length, crc32c(bytes.rawSpan) == checksum else {
      throw StoreError(
        .damaged, "reading section \(index) of block number \(sequence)",
        underlying: bytes == nil ? "it is missing" : "its checksum does not match")
    }
    cache.insert(bytes, for: key)
    return bytes
  }

  private func fetch(_ key: Int64) throws(StoreError) -> [UInt8]? {
    try converting("reading \(path)") {
      // What is committed never changes, so a read needs no transaction around it.
      try pool.unsafeRead { database in
        let rows = try Row.fetchCursor(
          try database.cachedStatement(sql: "SELECT bytes FROM section WHERE key = ?"),
          arguments: [key])
        guard let row = try rows.next() else { return nil }
        return try row.withUnsafeData(atIndex: 0) { $0.map { [UInt8]($0) } }
      }
    }
  }
}
