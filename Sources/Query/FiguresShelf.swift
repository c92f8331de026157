import Bytes
import Entries
import KFL
import Store
import Synchronization

/// Figures of stretches of blocks, kept from question to question: blocks never change, so that a
/// question asked again adds up only what came since.
///
/// Where a stretch ends is a property of its last block, drawn from the block's number: a block that
/// comes late, is merged or leaves changes the stretch it lies in and no other. Neighbours in time
/// make a stretch, so that a window cuts two of them at most.
package final class FiguresShelf: Sendable {
  /// Bytes of all figures that are kept, about. Beyond them those leave that nobody asked for longest.
  static let maxBytes = 32 << 20
  /// Bytes of the figures of one question, about: beyond them its stretches become longer.
  static let maxQuestionBytes = maxBytes / 4
  /// Questions that are kept, also those of which is known that keeping them does not pay.
  static let maxQuestions = 64
  /// Groups of a stretch for each of its blocks, beyond which adding its figures up costs what its
  /// rows cost.
  static let maxGroupsPerBlock = 128
  /// Stretches of the longest kind that a store is divided into, at most, when it has many blocks.
  static let stretches = 64

  /// What makes two questions the same, but for their windows.
  struct Question: Hashable, Sendable {
    private let filters: [String]
    private let families: Query.Families
    private let keys: [GroupKey]
    private let measures: Aggregation.Measures

    /// Nil for one that is another one each time, or that headers of blocks answer alone.
    init?(_ aggregation: Aggregation, _ plan: ScanPlan) {
      filters = aggregation.filters.map(\.normalForm)
      // What it stands for is fixed for the life of a filter. Too careful where a text reads so.
      if filters.contains(where: { $0.contains("now()") }) { return nil }
      if plan.conditions.isEmpty, aggregation.keys.count <= 1,
        aggregation.measures.isSubset(of: .counts)
      {
        return nil
      }
      (families, keys, measures) = (aggregation.families, aggregation.keys, aggregation.measures)
    }
  }

  /// The stretches of one question: those of the longest kind, and beside them, towards the end of the
  /// store, shorter ones, whose blocks will be in a longer one.
  struct Kept: Sendable {
    fileprivate struct Key: Hashable, Sendable {
      /// The number of its first block.
      var first: Int64
      var length: Int
    }

    fileprivate struct Stretch: Sendable {
      var blocks: [Int64]
      var figures: PartialFigures

      var cost: Int { figures.bytes + blocks.count * 8 + 128 }
    }

    /// Blocks of the shortest stretches, on average, and of the longest; powers of two.
    let shortest: Int
    fileprivate(set) var longest: Int
    fileprivate var stretches: [Key: Stretch] = [:]
    fileprivate(set) var bytes = 0
    /// Whether keeping it does not pay.
    private(set) var isGivenUp = false

    fileprivate init(shortest: Int, longest: Int) {
      (self.shortest, self.longest) = (shortest, longest)
    }

    /// Whether a stretch of that length ends with that block; a longer one then does, or a shorter one
    /// does too.
    func ends(with block: Block, length: Int) -> Bool {
      // Multiplying spreads numbers that follow one another; the highest bits depend on all others.
      let mixed = UInt64(bitPattern: block.sequence) &* 0x9e37_79b9_7f4a_7c15
      return mixed >> 32 & UInt64(length - 1) == 0
    }

    /// Takes the first stretch of that length off, or what is left of one.
    func next(of blocks: inout ArraySlice<Block>, length: Int) -> ArraySlice<Block> {
      let end = blocks.firstIndex { ends(with: $0, length: length) } ?? blocks.endIndex - 1
      defer { blocks = blocks[(end + 1)...] }
      return blocks[...end]
    }

    subscript(blocks: ArraySlice<Block>, length: Int) -> PartialFigures? {
      guard let first = blocks.first,
        let found = stretches[Key(first: first.sequence, length: length)],
        found.blocks.elementsEqual(blocks.lazy.map(\.sequence))
      else { return nil }
      return found.figures
    }

    /// Keeps the figures of a stretch, in place of those of shorter ones in it.
    mutating func add(_ figures: PartialFigures, of blocks: ArraySlice<Block>, length: Int) {
      guard let first = blocks.first else { return }
      guard figures.groups.count <= blocks.count * FiguresShelf.maxGroupsPerBlock else {
        return giveUp()
      }
      for block in blocks {
        var shorter = length / 2
        while shorter >= shortest {
          remove(Key(first: block.sequence, length: shorter))
          shorter /= 2
        }
      }
      let stretch = Stretch(blocks: blocks.map(\.sequence), figures: figures)
      let key = Key(first: first.sequence, length: length)
      remove(key)
      guard bytes + stretch.cost <= FiguresShelf.maxQuestionBytes * 2 else { return }
      bytes += stretch.cost
      stretches[key] = stretch
    }

    private mutating func remove(_ key: Key) {
      if let old = stretches.removeValue(forKey: key) { bytes -= old.cost }
    }

    /// Lets those go that a block is missing of.
    fileprivate mutating func prune(_ isThere: Set<Int64>) {
      for (key, stretch) in stretches where !isThere.isSuperset(of: stretch.blocks) { remove(key) }
    }

    /// Makes the stretches longer when they take too much; false when there is no need, or no gain.
    ///
    /// - Parameter blocks: of the store.
    mutating func lengthen(_ blocks: Int) -> Bool {
      guard bytes > FiguresShelf.maxQuestionBytes else { return false }
      guard longest * 4 <= blocks else {
        giveUp()
        return false
      }
      longest *= 2
      return true
    }

    mutating func giveUp() { (stretches, bytes, isGivenUp) = ([:], 0, true) }
  }

  private let shortest: Int
  /// The latest asked is the last.
  private let held = Mutex<[(question: Question, kept: Kept)]>([])

  package convenience init() { self.init(shortest: 4) }

  /// - Parameter shortest: blocks of the shortest stretches, on average; a power of two.
  init(shortest: Int) { self.shortest = shortest }

  /// Bytes of all that is kept, about.
  var bytes: Int { held.withLock { $0.reduce(0) { $0 + $1.kept.bytes } } }

  /// What is kept for a question about that many blocks; nil when keeping it does not pay.
  func kept(for question: Question, blocks: Int) -> Kept? {
    var longest = shortest
    while blocks > longest * Self.stretches { longest *= 2 }
    let found = held.withLock { held in held.first { $0.question == question }?.kept }
    guard var found else { return Kept(shortest: shortest, longest: longest) }
    // A store that breathes keeps its stretches.
    if longest > found.longest || longest * 8 < found.longest { found.longest = longest }
    return found.isGivenUp ? nil : found
  }

  /// Keeps figures for the next who asks.
  ///
  /// - Parameter blocks: those that are there.
  func keep(_ kept: Kept, for question: Question, blocks: [Block]) {
    var kept = kept
    kept.prune(Set(blocks.lazy.map(\.sequence)))
    held.withLock { held in
      held.removeAll { $0.question == question }
      held.append((question, kept))
      var bytes = held.reduce(0) { $0 + $1.kept.bytes }
      while held.count > Self.maxQuestions || bytes > Self.maxBytes {
        bytes -= held.removeFirst().kept.bytes
      }
    }
  }
}

/// Figures of some of the entries that a question is about, to be added to others.
struct PartialFigures: Sendable {
  struct Figures: Sendable {
    /// All but the latencies.
    let metrics: Metrics
    let latency: LatencySketch.Packed

    init(_ metrics: Metrics) {
      var rest = metrics
      rest.latency = LatencySketch()
      (self.metrics, latency) = (rest, metrics.latency.packed)
    }

    var whole: Metrics {
      var whole = metrics
      whole.latency = LatencySketch(latency)
      return whole
    }
  }

  /// In the order in which they were found.
  let groups: [(keys: [FieldValue], figures: Figures)]
  /// Of all entries where there are no groups; of those beyond the limit where there are.
  let rest: Figures
  /// In nanoseconds since 1970.
  let first: Int64
  let last: Int64
  let failures: QueryResult.Failures
  /// Entries whose columns were looked at.
  let examined: Int

  /// Bytes in memory, about.
  var bytes: Int {
    groups.reduce(rest.latency.memory + 512) { sum, group in
      group.keys.reduce(sum + MemoryLayout<Figures>.stride + group.figures.latency.memory + 64) {
        $0 + MemoryLayout<FieldValue>.stride + $1.heldBytes
      }
    }
  }
}
