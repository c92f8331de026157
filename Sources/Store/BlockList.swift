package import Bytes

/// The blocks of a snapshot, or those of one family, with what every query asks of them worked out
/// once: how they lie in time from either end, how many rows they hold.
package struct BlockList: Sendable {
  /// By first row, then last row, then arrival.
  package let oldestFirst: [Block]
  /// By last row, then arrival, the latest first.
  package let newestFirst: [Block]
  package let rows: Int
  /// Of the oldest and the newest row; nil when there are none.
  package let range: ClosedRange<Timestamp>?
  /// The latest last row among `oldestFirst` up to each place.
  private let latest: [Int64]
  /// The earliest first row among `newestFirst` up to each place.
  private let earliest: [Int64]

  /// - Parameter blocks: by first row, then last row, then arrival.
  init(_ blocks: [Block]) {
    oldestFirst = blocks
    let reversed = Array(blocks.reversed())
    // Most often they lie that way already.
    let isSorted = zip(reversed, reversed.dropFirst()).allSatisfy { a, b in
      (a.last, a.sequence) > (b.last, b.sequence)
    }
    newestFirst =
      isSorted ? reversed : reversed.sorted { ($0.last, $0.sequence) > ($1.last, $1.sequence) }
    rows = blocks.reduce(0) { $0 + $1.rows }
    latest = Self.running(oldestFirst, { $0.last.nanoseconds }, max)
    earliest = Self.running(newestFirst, { $0.first.nanoseconds }, min)
    if let first = blocks.first?.first, let last = latest.last {
      range = first...max(first, Timestamp(nanoseconds: last))
    } else {
      range = nil
    }
  }

  private static func running(
    _ blocks: [Block], _ value: (Block) -> Int64, _ better: (Int64, Int64) -> Int64
  ) -> [Int64] {
    var result: [Int64] = []
    result.reserveCapacity(blocks.count)
    for block in blocks {
      result.append(result.last.map { better($0, value(block)) } ?? value(block))
    }
    return result
  }

  /// The stretch of `oldestFirst` outside of which no block has a row in `range`, in nanoseconds
  /// since 1970.
  package func oldestFirst(in range: ClosedRange<Int64>) -> ArraySlice<Block> {
    let from = oldestFirst.indices.firstPlace { latest[$0] >= range.lowerBound }
    let to = oldestFirst.indices.firstPlace { oldestFirst[$0].first.nanoseconds > range.upperBound }
    return oldestFirst[from..<max(from, to)]
  }

  /// The stretch of `newestFirst` outside of which no block has a row in `range`, in nanoseconds
  /// since 1970.
  package func newestFirst(in range: ClosedRange<Int64>) -> ArraySlice<Block> {
    let from = newestFirst.indices.firstPlace { earliest[$0] <= range.upperBound }
    let to = newestFirst.indices.firstPlace { newestFirst[$0].last.nanoseconds < range.lowerBound }
    return newestFirst[from..<max(from, to)]
  }
}

/// The lists of a store at one moment, shared by all snapshots of that moment.
final class BlockLists: Sendable {
  let everything: BlockList
  let calls: BlockList
  let connections: BlockList

  init(_ blocks: [Block]) {
    everything = BlockList(blocks)
    calls = BlockList(blocks.filter { $0.family == .calls })
    connections = BlockList(blocks.filter { $0.family == .connections })
  }
}
