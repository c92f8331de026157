/// When the rows of a block came into the store, each a number of its own that grows with arrival.
///
/// A row keeps its number when its block is merged with others: it settles the order of entries
/// that are equal in everything else, so that a cursor stays right.
package struct Arrivals: Sendable {
  /// Rows of a block fit these low bits of a number; the block's sequence number is above.
  private static let rowBits: Int64 = 16

  private let first: Int64
  /// One for each row of a merged block; nil where they follow one another.
  private let each: [Int64]?

  /// Of a block as it came.
  init(sequence: Int64) { (first, each) = (sequence << Self.rowBits, nil) }

  /// Of a merged block.
  init(each: [Int64]) { (first, self.each) = (0, each) }

  package subscript(row: Int) -> Int64 { each.map { $0[row] } ?? first + Int64(row) }
}

/// Where a merged block has its arrivals: beside its bytes, for they are this store's own.
enum StoredArrivals: Sendable {
  case inMemory([Int64])
  /// As a run of integers with this CRC-32C.
  case inFile(checksum: UInt32)
}
