import Bytes
import Entries
import Foundation
import GRDB
import Synchronization
import TestSupport
import Testing

@testable import Store

struct MergeTests {
  private func limits(rows: Int = 400, width: Int = 4) -> StoreLimits {
    var limits = StoreLimits()
    limits.blockRows = rows
    limits.mergedBlocks = width
    // What is answered must be in the file, not in the cache.
    limits.cacheBytes = 0
    return limits
  }

  /// A store that got these entries as live traffic, `batch` at a time.
  private func store(
    _ place: EntryStore.Place, _ entries: [Entry], batch: Int, _ limits: StoreLimits
  ) throws -> EntryStore {
    let store = try EntryStore(place, limits: limits)
    for start in Swift.stride(from: 0, to: entries.count, by: batch) {
      try store.append(Array(entries[start..<min(start + batch, entries.count)]))
      try store.advance(to: Timestamp(nanoseconds: Int64(start + 1) * 1_000_000_000))
    }
    try store.flush()
    return store
  }

  private func arrivals(_ snapshot: StoreSnapshot) throws -> [Int64] {
    try snapshot.blocks.flatMap { block in
      let arrivals = try block.arrivals()
      return (0..<block.rows).map { arrivals[$0] }
    }
  }

  @Test func mergedBlocksHoldWhatTheirSourcesHeld() throws {
    let folder = try Folder()
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      var random = RandomEntries(seed: 31)
      let entries = random.entries(1_500)
      let plain = try store(.memory, entries, batch: 500, limits(rows: 60_000, width: 1_000))
      let merged = try store(place, entries, batch: 7, limits())
      #expect(merged.counters.blocksMerged > 200)
      #expect(try allTexts(merged.snapshot()) == allTexts(plain.snapshot()))
      let numbers = try arrivals(merged.snapshot())
      #expect(Set(numbers).count == 1_500)
      #expect(merged.snapshot().damage.isEmpty && merged.counters.entriesLost == 0)
      try merged.close()
    }
    let again = try EntryStore(.file(path: folder.file), limits: limits())
    #expect(try Set(arrivals(again.snapshot())).count == 1_500)
  }

  @Test func rowsKeepTheirArrivalThroughMerges() throws {
    let folder = try Folder()
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      var random = RandomEntries(seed: 32)
      var entries = random.entries(300, kinds: [.http])
      // All equal in order: only arrival tells them apart.
      for index in entries.indices {
        entries[index].timestamp = Timestamp(nanoseconds: 5)
        (entries[index].stream, entries[index].index) = (1, 0)
        entries[index].requestSize = Int64(index)
      }
      let store = try store(place, entries, batch: 10, limits())
      #expect(store.counters.blocksMerged > 8)
      var found: [(Int64, Int64)] = []
      for block in store.snapshot().blocks {
        let numbers = try block.arrivals()
        guard case .ints(let sizes)? = try block.column(.requestBytes) else { continue }
        for row in 0..<block.rows { found.append((numbers[row], sizes.value(at: row) ?? -1)) }
      }
      #expect(found.sorted { $0.0 < $1.0 }.map(\.1) == (0..<300).map(Int64.init))
      try store.close()
    }
  }

  @Test(arguments: [1, 3, 50]) func aFewSmallBlocksRemainHoweverManyCome(batch: Int) throws {
    var random = RandomEntries(seed: 33)
    let entries = random.entries(batch * 700, kinds: [.http])
    let store = try store(.memory, entries, batch: batch, limits(rows: 1_000, width: 4))
    let small = store.snapshot().blocks.filter { $0.rows * 2 <= 1_000 }
    // Sizes up to 500 are five powers of four; of each there are less than four.
    #expect(small.count <= 3 * 5 && store.snapshot().rows() == entries.count)
    #expect(store.snapshot().blocks.allSatisfy { $0.rows <= 1_000 })
  }

  @Test func aBlockThatWasMergedIsStillKnown() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 34)
    let blocks = try (0..<40).map { _ in
      try #require(encodedBlock(of: random.entries(9, kinds: [.http, .dns])))
    }
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      let store = try EntryStore(place, limits: limits())
      for block in blocks {
        #expect(try store.insert(block))
        try store.merge()
      }
      #expect(store.snapshot().blocks.count < 8)
      for block in blocks { #expect(try !store.insert(block)) }
      #expect(store.snapshot().rows() == 360 && store.counters.blocksRepeated == 40)
      try store.close()
    }
    let again = try EntryStore(.file(path: folder.file), limits: limits())
    for block in blocks { #expect(try !again.insert(block)) }
    #expect(again.snapshot().rows() == 360)
  }

  @Test func aSnapshotStaysWhatItWasWhileItsBlocksAreMerged() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 35)
    let store = try EntryStore(.file(path: folder.file), limits: limits())
    for _ in 0..<12 {
      try store.insert(try #require(encodedBlock(of: random.entries(5, kinds: [.http]))))
    }
    let snapshot = store.snapshot()
    let before = try allTexts(snapshot)
    try store.merge()
    #expect(store.snapshot().blocks.count < 12)
    #expect(try allTexts(snapshot) == before && snapshot.damage.isEmpty)
    #expect(try allTexts(store.snapshot()) == before)
  }

  @Test func mergedBlocksLeaveNothingBehind() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 36)
    try store(.file(path: folder.file), random.entries(400), batch: 4, limits()).close()
    let queue = try DatabaseQueue(path: folder.file)
    func count(_ sql: String) throws -> Int? { try queue.read { try Int.fetchOne($0, sql: sql) } }
    #expect(try count("SELECT count(*) FROM garbage") == 0)
    let strays = "SELECT count(*) FROM section WHERE key >> 16 NOT IN (SELECT sequence FROM block)"
    #expect(try count(strays) == 0)
    #expect(try count("SELECT count(*) FROM merged") ?? 0 > 50)
    // As if the process had ended while a merged block was read.
    try queue.write { try $0.execute(sql: "INSERT INTO garbage SELECT min(sequence) FROM block") }
    try queue.close()
    let store = try EntryStore(.file(path: folder.file))
    #expect(try store.database?.garbage().isEmpty == true)
  }

  @Test func retentionForgetsTheIdsOfWhatLeft() throws {
    let folder = try Folder()
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      var limits = limits()
      limits.bytes = 1
      let store = try EntryStore(place, limits: self.limits())
      var random = RandomEntries(seed: 37)
      let blocks = try (0..<8).map { _ in
        try #require(encodedBlock(of: random.entries(9, kinds: [.http])))
      }
      for block in blocks { try store.insert(block) }
      try store.merge()
      store.shelf.withLock { shelf in shelf.retire { _, _ in true } }
      try store.removeRetired()
      #expect(store.shelf.withLock { $0.ids.isEmpty })
      #expect(try store.insert(blocks[0]))
      try store.close()
    }
  }

  @Test func aDamagedBlockIsNotMergedAndTheOthersAre() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 38)
    do {
      let store = try EntryStore(.file(path: folder.file), limits: limits())
      for _ in 0..<9 {
        try store.insert(try #require(encodedBlock(of: random.entries(40, kinds: [.http]))))
      }
      try store.close()
    }
    let queue = try DatabaseQueue(path: folder.file)
    try queue.write { database in
      try database.execute(
        sql: "UPDATE section SET bytes = x'00' WHERE key >> 16 = 3 AND key & 65535 < 9")
    }
    try queue.close()
    let store = try EntryStore(.file(path: folder.file), limits: limits())
    try store.merge()
    let snapshot = store.snapshot()
    #expect(snapshot.blocks.contains { $0.sequence == 3 } && snapshot.blocks.count < 9)
    #expect(snapshot.rows() == 360 && snapshot.damage.map(\.sequence) == [3])
  }
}
