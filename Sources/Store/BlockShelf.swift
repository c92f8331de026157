import Bytes

/// The blocks a store shows at the moment, in order of time: what snapshots are copies of.
struct BlockShelf {
  /// In the order of `isBefore`.
  private(set) var blocks = BlockQueue() {
    didSet { lists = nil }
  }
  /// Which blocks are there.
  private(set) var ids: [BlockID: Int64] = [:]
  /// Blocks of what is still going on, by who showed them, until others take their place.
  private var passing: [String: [Block]] = [:] {
    didSet { lists = nil }
  }
  private var passingSequence: Int64 = 0
  /// The largest sequence number when this store last showed what is going on: what is over is in
  /// blocks up to there, what is not is shown. Nil before.
  private(set) var settled: Int64?
  /// Largest sequence number so far.
  private(set) var sequence: Int64 = 0
  /// Bytes of all blocks.
  private(set) var bytes: Int64 = 0
  /// Let go by retention or merged; removed from the file when nobody holds them.
  private var retired: [Block] = []
  /// What snapshots share; nil after a change. It must not outlive one: it holds blocks.
  private var lists: BlockLists?
  /// Ids of merged blocks, by the block they are in now. A file keeps them itself.
  private var merged: [Int64: [BlockID]] = [:]
  /// Blocks that cannot be merged, because they cannot be read.
  private var unmergeable: Set<Int64> = []
  var counters = StoreCounters()

  /// The blocks as queries want them, worked out anew only after a change.
  mutating func listed() -> BlockLists {
    if let lists { return lists }
    let made = BlockLists(
      passing.isEmpty
        ? Array(blocks) : (Array(blocks) + passing.values.joined()).sorted(by: isBefore))
    lists = made
    return made
  }

  /// What `owner` shows.
  func shown(by owner: String) -> [Block] { passing[owner] ?? [] }

  /// Shows blocks in place of those that `owner` showed before.
  ///
  /// - Parameter make: gives a block its number.
  mutating func show(
    _ encoded: [EncodedBlock], by owner: String, _ make: (EncodedBlock, Int64) -> Block
  ) {
    if encoded.isEmpty, passing[owner] == nil { return }
    let blocks = encoded.map { encoded in
      // Numbered from below, apart from the blocks that stay.
      passingSequence -= 1
      return make(encoded, passingSequence)
    }
    passing[owner] = blocks.isEmpty ? nil : blocks
  }

  mutating func noteSettled() { settled = sequence }

  mutating func sort() { blocks = BlockQueue(blocks.sorted(by: isBefore)) }

  /// Adds a block at the end.
  mutating func add(_ block: Block) {
    blocks.append(block)
    ids[block.id] = block.sequence
    sequence = max(sequence, block.sequence)
    bytes += Int64(block.byteCount)
  }

  /// Notes that these blocks are in the one of that number.
  mutating func note(_ members: [EncodedBlock], in sequence: Int64) {
    guard !members.isEmpty else { return }
    for member in members { ids[member.id] = sequence }
    merged[sequence] = members.map(\.id)
  }

  /// Moves the last block to where it belongs.
  mutating func settleLast() {
    guard let block = blocks.popLast() else { return }
    blocks.insert(block, at: blocks.indices.firstPlace { !isBefore(blocks[$0], block) })
  }

  /// Lets the oldest blocks go as long as `isTooMuch` says so of one and of the bytes kept.
  mutating func retire(while isTooMuch: (Block, Int64) -> Bool) {
    while let block = blocks.first, isTooMuch(block, bytes) {
      blocks.removeFirst()
      bytes -= Int64(block.byteCount)
      ids[block.id] = nil
      forget(block)
      counters.blocksExpired += 1
      counters.rowsExpired += Int64(block.rows)
      counters.bytesExpired += Int64(block.byteCount)
      retired.append(block)
    }
  }

  /// Lets the blocks go that came after the one of that number. They count as never taken in.
  mutating func retire(after sequence: Int64) { retire { $0.sequence > sequence } }

  /// Lets the blocks of these numbers go: somebody else keeps them now.
  mutating func retire(_ sequences: Set<Int64>) { retire { sequences.contains($0.sequence) } }

  private mutating func retire(where leaves: (Block) -> Bool) {
    let gone = blocks.filter(leaves)
    blocks.keep { !leaves($0) }
    for block in gone {
      bytes -= Int64(block.byteCount)
      ids[block.id] = nil
      forget(block)
    }
    retired += gone
  }

  private mutating func forget(_ block: Block) {
    for id in merged.removeValue(forKey: block.sequence) ?? [] { ids[id] = nil }
    unmergeable.remove(block.sequence)
  }

  /// Puts `block`, made of `sources`, in their place.
  ///
  /// - Parameter keepsIDs: whether the shelf has to remember the ids of the sources.
  mutating func replace(_ sources: [Block], with block: Block, keepsIDs: Bool) {
    var ids: [BlockID] = []
    let gone = Set(sources.map(\.sequence))
    blocks.keep { !gone.contains($0.sequence) }
    for source in sources {
      ids += [source.id] + (merged.removeValue(forKey: source.sequence) ?? [])
      self.ids[source.id] = nil
      bytes -= Int64(source.byteCount)
    }
    add(block)
    settleLast()
    if keepsIDs {
      for id in ids { self.ids[id] = block.sequence }
      merged[block.sequence] = ids
    }
    retired += sources
    counters.blocksMerged += Int64(sources.count)
  }

  mutating func note(unmergeable sequence: Int64) { unmergeable.insert(sequence) }

  /// Whether a block may be merged with others.
  private func isSmall(_ block: Block, _ limits: StoreLimits) -> Bool {
    limits.isSmall(rows: block.rows, bytes: block.byteCount)
      && !unmergeable.contains(block.sequence)
  }

  func smallBlocks(_ limits: StoreLimits) -> Int { blocks.count { isSmall($0, limits) } }

  /// Blocks of one family and of about the same size that are due to become one, oldest first;
  /// nil when there are none.
  ///
  /// A block is merged with as many others of its size before it is merged with larger ones, so
  /// that a row is rewritten a few times only, and a few small blocks of each size remain. Where
  /// more wait, all that fit become one at once.
  ///
  /// - Parameter sequence: blocks up to that number are left alone.
  func dueForMerge(_ limits: StoreLimits, after sequence: Int64) -> [Block]? {
    let width = max(2, limits.mergedBlocks)
    for family in BlockFamily.allCases {
      var tiers: [Int: [Block]] = [:]
      for block in blocks
      where block.family == family && block.sequence > sequence && isSmall(block, limits) {
        var (tier, size) = (0, block.rows)
        while size >= width { (tier, size) = (tier + 1, size / width) }
        tiers[tier, default: []].append(block)
      }
      for (_, blocks) in tiers.sorted(by: { $0.key < $1.key }) where blocks.count >= width {
        var (rows, bytes) = (0, 0)
        let chosen = blocks.prefix { block in
          rows += block.rows
          bytes += block.byteCount
          return rows <= limits.rowLimit && bytes <= limits.blockContentBytes
        }
        if chosen.count > 1 { return Array(chosen) }
      }
    }
    return nil
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
