import Bytes

/// The blocks a store shows at the moment, in order of time: what snapshots are copies of.
struct BlockShelf {
  /// In the order of `isBefore`.
  private(set) var blocks: [Block] = [] {
    didSet { lists = nil }
  }
  /// Which blocks are there.
  private(set) var ids: [BlockID: Int64] = [:]
  /// Blocks of what is still going on, shown until others take their place.
  var passing: [Block] = [] {
    didSet { lists = nil }
  }
  var passingSequence: Int64 = 0
  /// Largest sequence number so far.
  private(set) var sequence: Int64 = 0
  /// Bytes of all blocks.
  private(set) var bytes: Int64 = 0
  /// Let go by retention; removed from the file when nobody holds them.
  private var retired: [Block] = []
  /// What snapshots share; nil after a change. It must not outlive one: it holds blocks.
  private var lists: BlockLists?
  var counters = StoreCounters()

  /// The blocks as queries want them, worked out anew only after a change.
  mutating func listed() -> BlockLists {
    if let lists { return lists }
    let made = BlockLists(passing.isEmpty ? blocks : (blocks + passing).sorted(by: isBefore))
    lists = made
    return made
  }

  mutating func sort() { blocks.sort(by: isBefore) }

  /// Adds a block at the end.
  mutating func add(_ block: Block) {
    blocks.append(block)
    ids[block.id] = block.sequence
    sequence = max(sequence, block.sequence)
    bytes += Int64(block.byteCount)
  }

  /// Moves the last block to where it belongs.
  mutating func settleLast() {
    guard let block = blocks.popLast() else { return }
    var (low, high) = (0, blocks.count)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(blocks[middle], block) { low = middle + 1 } else { high = middle }
    }
    blocks.insert(block, at: low)
  }

  /// Lets the oldest blocks go as long as `isTooMuch` says so of one and of the bytes kept.
  mutating func retire(while isTooMuch: (Block, Int64) -> Bool) {
    var count = 0
    while count < blocks.count, isTooMuch(blocks[count], bytes) {
      let block = blocks[count]
      bytes -= Int64(block.byteCount)
      ids[block.id] = nil
      counters.blocksExpired += 1
      counters.rowsExpired += Int64(block.rows)
      counters.bytesExpired += Int64(block.byteCount)
      retired.append(block)
      count += 1
    }
    if count > 0 { blocks.removeFirst(count) }
  }

  /// Takes the retired blocks that nothing else refers to, and gives their numbers.
  mutating func takeUnheld() -> [Int64] {
    var taken: [Int64] = []
    var kept: [Block] = []
    while var block = retired.popLast() {
      if isKnownUniquelyReferenced(&block) {
        taken.append(block.sequence)
      } else {
        kept.append(block)
      }
    }
    retired = kept
    return taken
  }
}

/// The order of blocks in a snapshot.
private func isBefore(_ a: Block, _ b: Block) -> Bool {
  (a.first, a.last, a.sequence) < (b.first, b.last, b.sequence)
}
