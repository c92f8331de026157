import Bytes
import Entries

/// Makes one block of several, with the same rows in the order of time, column by column.
///
/// The result is the block that a `BlockBuilder` would make of all their entries: zone maps, counts
/// and filters are made anew from the merged dictionaries and integers.
enum BlockMerge {
  /// - Parameters:
  ///   - blocks: of one family, with at most `BlockLimits.rows` rows together.
  ///   - marks: one for each row of the blocks one after the other, or none. They settle the order
  ///     of rows that are equal in time, stream and index; without them the order of blocks does.
  /// - Returns: the block, and the marks in the order of its rows.
  static func merged(
    _ blocks: [Block], _ marks: [Int64] = []
  ) throws(MergeFailure) -> (block: EncodedBlock, marks: [Int64]) {
    var sources: [MergeSource] = []
    var rows = 0
    for (place, block) in blocks.enumerated() {
      sources.append(try MergeSource(block, place: place, firstRow: rows))
      rows += block.rows
    }
    precondition(0 < rows && rows <= BlockLimits.rows, "\(rows) rows do not make a block")
    let columns = MergedColumns(sources)
    let instants = try columns.integers(.instant)
    let order = RowOrder(
      instants: instants, streams: try columns.integers(.streamNumber),
      indices: try columns.integers(.streamIndex), marks: marks)
    var summary = EnvelopeColumns.Summary()
    summary.first = instants.min() ?? 0
    summary.last = instants.max() ?? 0
    for kind in try columns.integers(.kind) where 0..<64 ~= kind {
      summary.kinds.bits |= 1 << UInt64(kind)
    }
    var writer = BlockWriter(
      family: blocks[0].family, rows: rows,
      reserving: blocks.reduce(0) { $0 + $1.byteCount })
    try columns.write(to: &writer, order)
    let headers = try MergedContent(sources, \.headers).lane(order)
    let bodies = try MergedContent(sources, \.bodies).lane(order)
    let lanes = (writer.lane(headers, order), writer.lane(bodies, order))
    guard let block = try? (consume writer).finish(summary, headers: lanes.0, bodies: lanes.1)
    else { throw MergeFailure(source: 0) }
    return (block, marks.isEmpty ? [] : order.arranged(marks))
  }
}
