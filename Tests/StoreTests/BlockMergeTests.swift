import Bytes
import Entries
import TestSupport
import Testing

@testable import Store

/// A block made of several, column by column, is the block that all their entries would make.
struct BlockMergeTests {
  private func block(_ encoded: EncodedBlock) -> Block {
    Block(
      summary: BlockSummary(sequence: 1, header: encoded.header), source: .memory(encoded),
      damage: DamageLog())
  }

  /// The same block the long way: every entry is taken out and put in again.
  private func rebuilt(_ blocks: [Block], _ marks: [Int64]) throws -> Block {
    var builder = BlockBuilder(blocks[0].family)
    for block in blocks {
      var reader = try EntryReader(block)
      for row in 0..<block.rows { builder.append(try reader.entry(row: row)) }
    }
    guard let made = try builder.finish(marks) else { throw MergeFailure(source: 0) }
    return self.block(made.block)
  }

  private func expectSame(_ merged: Block, _ wanted: Block) throws {
    #expect(try rowTexts(merged) == rowTexts(wanted))
    #expect(merged.first == wanted.first && merged.last == wanted.last)
    #expect(merged.kinds == wanted.kinds)
    let (header, wantedHeader) = (try merged.header(), try wanted.header())
    #expect(header.columns.map(\.id) == wantedHeader.columns.map(\.id))
    for (info, wantedInfo) in zip(header.columns, wantedHeader.columns) {
      #expect(info.type == wantedInfo.type && info.present == wantedInfo.present, "\(info.id)")
      #expect(info.distinct == wantedInfo.distinct, "\(info.id)")
      #expect(info.zone.range == wantedInfo.zone.range, "\(info.id)")
      #expect(
        info.counts?.items.map { [$0.value, Int64($0.count)] }
          == wantedInfo.counts?.items.map { [$0.value, Int64($0.count)] }, "\(info.id)")
      guard case .texts(let column)? = try wanted.column(info.id) else { continue }
      let grams = (try merged.grams(info.id), try wanted.grams(info.id))
      #expect((grams.0 == nil) == (grams.1 == nil), "\(info.id)")
      for row in 0..<wanted.rows {
        guard let text = column.value(at: row) else { continue }
        #expect(info.zone.mayContain(text) && grams.0?.mayContain(Array(text.utf8)) != false)
      }
      for text in ["no such text", "GET", "xyz"] {
        #expect(info.zone.mayContain(text) == wantedInfo.zone.mayContain(text))
        #expect(
          grams.0?.mayContain(Array(text.utf8)) == grams.1?.mayContain(Array(text.utf8)))
      }
    }
  }

  @Test(
    arguments: [
      (sizes: [1], kinds: ProtocolKind.allCases), (sizes: [5, 1, 64, 63, 65, 128, 200, 2], []),
      (sizes: [300, 300, 300], [.http]), (sizes: [7, 9, 130], [.dns, .http]),
      (sizes: [Int](repeating: 3, count: 90), []), (sizes: [100, 40], [.tcpConn]),
    ] as [(sizes: [Int], kinds: [ProtocolKind])])
  func itIsWhatAllEntriesWouldMake(sizes: [Int], kinds: [ProtocolKind]) throws {
    for seed in 0..<3 as Range<UInt64> {
      var random = RandomEntries(seed: 60 + seed)
      for family in BlockFamily.allCases {
        let chosen = (kinds.isEmpty ? ProtocolKind.allCases : kinds).filter {
          BlockFamily($0) == family
        }
        if chosen.isEmpty { continue }
        // Blocks that each know some kinds only, and whose times overlap.
        let blocks = try sizes.enumerated().map { place, size in
          let own = place % 3 == 2 ? Array(chosen.prefix(1 + place % chosen.count)) : chosen
          var entries = random.entries(size, kinds: own)
          for index in entries.indices where place % 2 == 1 {
            entries[index].timestamp = entries[index].timestamp.advanced(by: -40_000_000)
            if index % 5 == 0 { entries[index].timestamp = Timestamp(nanoseconds: 7) }
          }
          return block(try #require(encodedBlock(of: entries)))
        }
        let rows = sizes.reduce(0, +)
        for marks in [[], (0..<rows).map { Int64($0 * 3) }] {
          let merged = try BlockMerge.merged(blocks, marks)
          try expectSame(block(merged.block), rebuilt(blocks, marks))
          #expect(merged.marks.sorted() == marks)
          // What is read as a stranger's block holds too.
          #expect(try EncodedBlock(parsing: merged.block.bytes).id == merged.block.id)
        }
      }
    }
  }

  /// Contents of some size keep their chunks, and a reader finds its way among them.
  @Test(arguments: [2, 40, 70]) func chunksOfManyBlocksAreRead(count: Int) throws {
    var random = RandomEntries(seed: 70)
    let blocks = try (0..<count).map { number in
      var entries = random.entries(60, kinds: [.http])
      for index in entries.indices {
        entries[index].timestamp = Timestamp(nanoseconds: Int64(index * 1_000 + number))
        entries[index].request = Content(
          headers: HeaderBlock(), body: Array("\(number)/\(index) ".utf8) + random.bytes(700),
          bodyLength: 9_999)
      }
      return block(try #require(encodedBlock(of: entries)))
    }
    let merged = block(try BlockMerge.merged(blocks).block)
    try expectSame(merged, rebuilt(blocks, []))
    let chunks = try blocks.reduce(0) { $0 + (try $1.header().bodies.chunks.count) }
    let now = try merged.header().bodies.chunks.count
    #expect(count <= MergedContent.maxBlocks ? now == chunks : now < chunks)
  }

  private func document(_ name: String, _ count: Int) -> [UInt8] {
    var bytes = Array(name.utf8)
    bytes += [UInt8](repeating: 65, count: count)
    return bytes
  }

  /// Documents that rows share are shared still.
  @Test(arguments: [3, 70]) func contentsThatRepeatStay(count: Int) throws {
    var random = RandomEntries(seed: 72)
    let template = random.entries(1, kinds: [.http])[0]
    let blocks = try (0..<count).map { number in
      // Some that all blocks have, and some of their own.
      let documents = (0..<6).map { place in
        document("\(place < 3 ? 0 : number)/\(place)", 2_000)
      }
      return block(
        try #require(
          encodedBlock(
            of: (0..<100).map { row in
              var entry = template
              entry.timestamp = Timestamp(nanoseconds: Int64(row * 1_000 + number))
              entry.response = Content(body: documents[row * 7 % 6], bodyLength: 2_004)
              return entry
            })))
    }
    let merged = block(try BlockMerge.merged(blocks).block)
    try expectSame(merged, rebuilt(blocks, []))
    let raw = try merged.header().bodies.chunks.reduce(0) { $0 + $1.length }
    #expect(raw < count * 6 * 2_020, "\(raw)")
  }

  /// A record that rows share is put once more where those that have it lie far apart, so that readers
  /// need not go back, but not without end.
  @Test func whatRowsShareDoesNotGrowWithoutEnd() throws {
    var random = RandomEntries(seed: 73)
    let template = random.entries(1, kinds: [.http])[0]
    let (count, rows) = (70, 16)
    var sources: [MergeSource] = []
    for number in 0..<count {
      let body = document("\(number)", BlockLimits.chunkBytes - 100)
      let entries = (0..<rows).map { row in
        var entry = template
        entry.timestamp = Timestamp(nanoseconds: Int64(row))
        entry.response = Content(body: body, bodyLength: Int64(body.count))
        return entry
      }
      let encoded = try #require(encodedBlock(of: entries))
      #expect(encoded.header.bodies.chunks.map(\.length).reduce(0, +) < BlockLimits.chunkBytes)
      sources.append(try MergeSource(block(encoded), place: number, firstRow: number * rows))
    }
    // Rows of all blocks take turns.
    let instants = (0..<count * rows).map { Int64($0 % rows) }
    let zeros = [Int64](repeating: 0, count: instants.count)
    let lane = try MergedContent(sources, \.bodies).lane(
      RowOrder(instants: instants, streams: zeros, indices: zeros))
    let raw = lane.chunks.reduce(0) { $0 + $1.length }
    #expect((60 << 20...64 << 20).contains(raw), "\(raw)")
  }

  /// Values of another type than their field has elsewhere are not lost: the block stays as it is.
  @Test func typesThatDifferAreNotMerged() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 71)
    let blocks = try (0..<6).map { number in
      var entries = random.entries(5, kinds: [.http])
      if number == 3 {
        for index in entries.indices {
          entries[index].fields = FieldValues()
          entries[index].fields.add(.statusCode, .text("fine \(index)"))
        }
      }
      return try #require(encodedBlock(of: entries))
    }
    #expect(throws: MergeFailure.self) { try BlockMerge.merged(blocks.map(block)) }
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      let store = try EntryStore(place)
      #expect(try store.insert(blocks, joining: true) == blocks.map { _ in true })
      #expect(store.snapshot().blocks.map(\.rows).sorted() == [5, 25])
      #expect(try allTexts(store.snapshot()).contains { $0.contains("fine 4") })
      try store.close()
    }
  }
}

// MARK: Blocks that are merged before they are written

extension BlockMergeTests {
  @Test func blocksThatComeTogetherAreWrittenAsOne() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 72)
    let blocks = try (0..<50).map { number in
      try #require(
        encodedBlock(of: random.entries(20, kinds: number % 7 == 0 ? [.tcpConn] : [.http])))
    }
    let plain = try EntryStore(.memory)
    try plain.insert(blocks)
    var limits = StoreLimits()
    limits.blockRows = 400
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      let store = try EntryStore(place, limits: limits)
      // One of them comes twice at once.
      let isNew = try store.insert(blocks + [blocks[9]], joining: true)
      #expect(isNew == blocks.map { _ in true } + [false])
      #expect(store.snapshot().blocks.count == 4)
      #expect(store.counters.blocksInserted == 50 && store.counters.blocksRepeated == 1)
      #expect(try allTexts(store.snapshot()) == allTexts(plain.snapshot()))
      #expect(try store.insert([blocks[3], blocks[0]], joining: true) == [false, false])
      #expect(try !store.insert(blocks[21]))
      // They go on being merged as all others are, and stay known.
      try store.merge(downTo: 0)
      #expect(try store.insert(blocks, joining: true).allSatisfy { !$0 })
      try store.close()
    }
    let again = try EntryStore(.file(path: folder.file), limits: limits)
    #expect(try again.insert(blocks, joining: true).allSatisfy { !$0 })
    #expect(try allTexts(again.snapshot()) == allTexts(plain.snapshot()))
    // Numbers of arrival are each there once.
    let numbers = try again.snapshot().blocks.flatMap { block in
      let arrivals = try block.arrivals()
      return (0..<block.rows).map { arrivals[$0] }
    }
    #expect(Set(numbers).count == 1_000)
    try again.close()
  }

  /// The same rows that came merged before come as they are, and are known by their ids then.
  @Test func aMergedBlockThatIsThereAlreadyIsNotTakenTwice() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 73)
    let blocks = try (0..<3).map { _ in
      try #require(encodedBlock(of: random.entries(4, kinds: [.dns])))
    }
    let whole = try BlockMerge.merged(
      blocks.sorted { $0.header.first < $1.header.first }.map(block)
    ).block
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      let store = try EntryStore(place)
      try store.insert(whole)
      #expect(try store.insert(blocks, joining: true) == [true, true, true])
      #expect(store.snapshot().blocks.count == 4)
      #expect(try store.insert(blocks, joining: true) == [false, false, false])
      try store.close()
    }
  }
}

/// Everything each row of a block holds, as texts in the order of its rows.
func rowTexts(_ block: Block) throws -> [String] {
  let columns = try FieldID.allCases.compactMap { id in try block.column(id).map { (id, $0) } }
  return try (0..<block.rows).map { row in
    let values = columns.compactMap { id, column -> String? in
      let value = column.value(at: row)
      return value == .none ? nil : "\(id) \(value)"
    }
    return try values.joined(separator: ", ") + " \(block.content(row: row))"
  }
}

/// The same of all blocks, sorted.
func allTexts(_ snapshot: StoreSnapshot) throws -> [String] {
  try snapshot.blocks.flatMap(rowTexts).sorted()
}
