import Bytes
import Entries
import Foundation
import GRDB
import Synchronization
import TestSupport
import Testing

@testable import Store

/// A folder that is gone afterwards.
struct Folder: ~Copyable {
  let path: String
  init() throws {
    path = NSTemporaryDirectory() + "store-\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  var file: String { path + "/entries.db" }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}

struct EntryStoreTests {
  private static let calls = ProtocolKind.allCases.filter(\.isCall)

  private func limits(rows: Int) -> StoreLimits {
    var limits = StoreLimits()
    limits.blockRows = rows
    return limits
  }

  /// Timestamps and streams of all rows, in the order of the blocks.
  private func contents(_ snapshot: StoreSnapshot) throws -> [[FieldValue]] {
    try snapshot.blocks.flatMap { block in
      let columns = try [FieldID.instant, .streamNumber, .path].map { try block.column($0) }
      return (0..<block.rows).map { row in columns.map { $0?.value(at: row) ?? .none } }
    }
  }

  @Test func entriesAreSeenAfterTheirBlockIsClosed() throws {
    let folder = try Folder()
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      var random = RandomEntries(seed: 1)
      let store = try EntryStore(place, limits: limits(rows: 100))
      try store.append(random.entries(300))
      let calls = store.snapshot().rows(.calls)
      #expect(calls % 100 == 0 && calls >= 200 && store.waiting == 300 - store.snapshot().rows())
      try store.flush()
      let snapshot = store.snapshot()
      #expect(snapshot.rows() == 300 && store.waiting == 0)
      #expect(snapshot.blocks(.calls).allSatisfy { $0.family == .calls && $0.rows <= 100 })
      #expect(snapshot.rows(.calls) + snapshot.rows(.connections) == 300)
      #expect(store.counters.entriesAppended == 300)
      try store.flush()
      #expect(store.snapshot().blocks.count == snapshot.blocks.count)
    }
  }

  /// The thread that fills a block goes on; one that has time closes it.
  @Test func aFullBlockIsLeftToOthersUntilTheNextOne() throws {
    let folder = try Folder()
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      var random = RandomEntries(seed: 5)
      let store = try EntryStore(place, limits: limits(rows: 100))
      let entries = random.entries(350, kinds: [.http])
      try store.appendLeaving(Array(entries[..<150]))
      #expect(store.snapshot().rows() == 0 && store.waiting == 150)
      try store.closeFull()
      #expect(store.snapshot().rows() == 100 && store.waiting == 50)
      try store.closeFull()
      #expect(try store.appendIfFree(Array(entries[150...])))
      // Of two more one was closed to make room for the other.
      #expect(store.snapshot().rows() == 200 && store.waiting == 150)
      try store.flush()
      #expect(store.snapshot().rows() == 350 && store.waiting == 0)
      #expect(store.counters.entriesAppended == 350)
    }
  }

  @Test func writersFillBlocksOfTheirOwn() throws {
    let folder = try Folder()
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      var random = RandomEntries(seed: 7)
      var limits = limits(rows: 100)
      limits.openBlocks = 2
      let store = try EntryStore(place, limits: limits)
      let entries = random.entries(300, kinds: [.http])
      try store.appendLeaving(Array(entries[..<99]), by: 0)
      #expect(try store.appendIfFree(Array(entries[99..<190]), by: 1))
      try store.closeFull()
      #expect(store.snapshot().rows() == 0 && store.waiting == 190)
      // The third shares with the first, as there are two.
      try store.appendLeaving(Array(entries[190..<200]), by: 2)
      try store.closeFull()
      let full = store.snapshot()
      #expect(full.rows() == 100 && store.waiting == 100)
      let streams = try #require(try full.blocks[0].column(.streamNumber))
      let expected = (entries[..<99] + entries[190..<191]).map {
        FieldValue.int(Int64(bitPattern: $0.stream))
      }
      #expect(Set((0..<100).map { streams.value(at: $0) }) == Set(expected))
      try store.appendLeaving(Array(entries[200...]), by: 1)
      try store.flush()
      #expect(store.snapshot().rows() == 300 && store.waiting == 0)
      #expect(store.counters.entriesAppended == 300)
    }
  }

  /// Every half second of live traffic makes one block of each family, however many write.
  @Test func smallBlocksOfSeveralWritersAreWrittenAsOne() throws {
    let folder = try Folder()
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      var random = RandomEntries(seed: 8)
      let store = try EntryStore(place, limits: limits(rows: 100))
      let entries = random.entries(60)
      let calls = entries.count { $0.kind.isCall }
      for (place, entry) in entries.enumerated() { try store.appendLeaving([entry], by: place) }
      #expect(store.waiting == 60)
      try store.flush()
      let snapshot = store.snapshot()
      #expect(snapshot.blocks(.calls).map(\.rows) == [calls])
      #expect(snapshot.blocks(.connections).map(\.rows) == [60 - calls])
      // The same as of one who writes alone.
      let alone = try EntryStore(.memory, limits: limits(rows: 100))
      try alone.append(entries)
      try alone.flush()
      #expect(try contents(snapshot) == contents(alone.snapshot()))
      // Large ones stay as they are, and may be closed before.
      for (writer, count) in [60, 25, 24, 70].enumerated() {
        try store.appendLeaving(random.entries(count, kinds: [.http]), by: writer)
      }
      for writer in 0..<3 { try store.closeLarge(by: writer) }
      #expect(store.snapshot().rows() == 60 + 85 && store.waiting == 24 + 70)
      try store.flush()
      #expect(
        store.snapshot().blocks(.calls).map(\.rows).sorted() == [24, 25, 60, 70, calls].sorted())
    }
  }

  /// Whatever the folder lets others do: what was captured is private.
  @Test func aFileIsItsOwnersAlone() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 3)
    let store = try EntryStore(.file(path: folder.file), limits: limits(rows: 10))
    try store.append(random.entries(100))
    try store.flush()
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let status = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)
      #expect((status[.posixPermissions] as? Int).map { $0 & 0o077 } == 0, "\(name)")
    }
    try store.close()
    #expect(try EntryStore(.file(path: folder.file)).snapshot().rows() == 100)
  }

  @Test func aFileReadAgainGivesTheSame() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 2)
    let entries = random.entries(1_000)
    let (before, sequence) = try {
      let store = try EntryStore(.file(path: folder.file), limits: limits(rows: 300))
      try store.append(entries)
      try store.close()
      let again = try EntryStore(.file(path: folder.file))
      return (try contents(again.snapshot()), again.snapshot().sequence)
    }()
    let store = try EntryStore(.file(path: folder.file), limits: limits(rows: 300))
    #expect(try contents(store.snapshot()) == before && before.count == 1_000)
    try store.append(random.entries(10, kinds: Self.calls))
    try store.flush()
    #expect(store.snapshot().sequence > sequence)
    #expect(store.snapshot().rows() == 1_010)
    #expect(try Self.content(store, entries[0]) == entries[0].request)
  }

  /// The request of the entry as the store has it.
  private static func content(_ store: EntryStore, _ entry: Entry) throws -> Content? {
    for block in store.snapshot().blocks(BlockFamily(entry.kind)) {
      guard case .instants(let instants)? = try block.column(.instant) else { continue }
      if let row = instants.values().firstIndex(of: entry.timestamp.nanoseconds) {
        return try block.content(row: row).request
      }
    }
    return nil
  }

  @Test func theSameBlockTwiceChangesNothing() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 3)
    let block = try #require(encodedBlock(of: random.entries(200, kinds: Self.calls)))
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      let store = try EntryStore(place)
      #expect(try store.insert(block))
      #expect(try !store.insert(EncodedBlock(parsing: block.bytes)))
      #expect(store.snapshot().blocks.count == 1)
      #expect(store.counters.blocksInserted == 1 && store.counters.blocksRepeated == 1)
    }
    let store = try EntryStore(.file(path: folder.file))
    #expect(try !store.insert(block))
    #expect(store.snapshot().rows() == 200)
  }

  @Test func theDatabaseItselfRefusesARepeat() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 9)
    let block = try #require(encodedBlock(of: random.entries(20, kinds: Self.calls)))
    let database = try BlockDatabase(path: folder.file, cacheBytes: 0)
    #expect(try database.insert([StoredPart(block)]).map(\.sequence) == [1])
    #expect(try database.insert([StoredPart(block)]).isEmpty)
    #expect(try database.summaries().blocks.count == 1)
  }

  @Test func blocksAreOrderedByTimeWhateverTheOrderOfArrival() throws {
    var random = RandomEntries(seed: 4)
    let entries = random.entries(500, kinds: Self.calls)
    let store = try EntryStore(.memory, limits: limits(rows: 50))
    try store.append(entries.reversed())
    let firsts = store.snapshot().blocks.map(\.first)
    #expect(firsts.count == 10 && firsts == firsts.sorted())
    let times = entries.map(\.timestamp)
    #expect(store.snapshot().range == times.min()!...times.max()!)
  }

  @Test func aSnapshotStaysWhatItWasWhileEntriesArriveAndExpire() throws {
    let folder = try Folder()
    var limits = limits(rows: 50)
    limits.bytes = 60_000
    // Nothing may be answered from the cache: what a snapshot holds must be in the file.
    limits.cacheBytes = 0
    let store = try EntryStore(.file(path: folder.file), limits: limits)
    var random = RandomEntries(seed: 5)
    try store.append(random.entries(300, kinds: Self.calls))
    let snapshot = store.snapshot()
    let before = try contents(snapshot)
    for _ in 0..<5 { try store.append(random.entries(200, kinds: Self.calls)) }
    #expect(store.counters.blocksExpired > 5)
    #expect(Set(store.snapshot().blocks.map(\.sequence)) != Set(snapshot.blocks.map(\.sequence)))
    #expect(try contents(snapshot) == before)
    #expect(snapshot.damage.isEmpty)
  }

  @Test func retentionByBytesLetsTheOldestGo() throws {
    let folder = try Folder()
    for place in [EntryStore.Place.memory, .file(path: folder.file)] {
      var limits = limits(rows: 100)
      limits.bytes = 100_000
      let store = try EntryStore(place, limits: limits)
      var random = RandomEntries(seed: 6)
      for _ in 0..<20 { try store.append(random.entries(100, kinds: Self.calls)) }
      let snapshot = store.snapshot()
      let counters = store.counters
      #expect(snapshot.byteCount <= 100_000 && snapshot.byteCount > 50_000)
      #expect(counters.rowsExpired == Int64(2_000 - snapshot.rows()))
      #expect(counters.blocksExpired == 20 - Int64(snapshot.blocks.count))
      #expect(counters.bytesExpired > 0)
    }
    let rows = try EntryStore(.file(path: folder.file)).snapshot().rows()
    #expect(rows < 2_000 && rows > 0)
  }

  @Test func retentionByAgeLetsWhatIsOlderGo() throws {
    var limits = limits(rows: 10)
    limits.ageNanoseconds = 1_000
    let store = try EntryStore(.memory, limits: limits)
    var random = RandomEntries(seed: 7)
    for time: Int64 in [100, 600, 2_000] {
      var entries = random.entries(10, kinds: Self.calls)
      for index in entries.indices { entries[index].timestamp = Timestamp(nanoseconds: time) }
      try store.append(entries)
    }
    try store.expire(now: Timestamp(nanoseconds: 1_100))
    #expect(store.snapshot().rows() == 30)
    try store.expire(now: Timestamp(nanoseconds: 1_601))
    #expect(store.snapshot().blocks.map(\.first.nanoseconds) == [2_000])
    try store.expire(now: Timestamp(nanoseconds: .max))
    #expect(store.snapshot().rows() == 0 && store.counters.rowsExpired == 30)
  }

  @Test func removedBlocksLeaveNothingInTheFile() throws {
    let folder = try Folder()
    var limits = limits(rows: 50)
    limits.bytes = 1
    let store = try EntryStore(.file(path: folder.file), limits: limits)
    var random = RandomEntries(seed: 8)
    try store.append(random.entries(500, kinds: Self.calls))
    try store.close()
    let queue = try DatabaseQueue(path: folder.file)
    let left = try queue.read { database in
      try Int.fetchOne(
        database, sql: "SELECT (SELECT count(*) FROM block) + (SELECT count(*) FROM section)")
    }
    #expect(left == 0)
  }

  @Test func manyWritersAndReadersAgree() async throws {
    let folder = try Folder()
    let store = try EntryStore(.file(path: folder.file), limits: limits(rows: 64))
    // No two alike: a block of the same entries counts once.
    let all = (0..<16).map { number in
      var random = RandomEntries(seed: UInt64(number))
      return (0..<10).map { _ in random.entries(50) }
    }
    let (batches, shared) = (all[..<8], all[8...])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for batch in batches {
        group.addTask { @concurrent in for entries in batch { try store.append(entries) } }
      }
      for (writer, batch) in shared.enumerated() {
        group.addTask { @concurrent in
          for entries in batch {
            try store.appendLeaving(entries, by: writer)
            try store.closeFull()
          }
        }
      }
      for _ in 0..<3 {
        group.addTask { @concurrent in
          for _ in 0..<30 {
            let snapshot = store.snapshot()
            let rows = try snapshot.blocks.reduce(0) { sum, block in
              let column = try #require(try block.column(.instant))
              guard case .instants(let instants) = column else { return sum }
              return sum + instants.values().count
            }
            #expect(rows == snapshot.rows())
          }
        }
      }
      try await group.waitForAll()
    }
    try store.flush()
    let snapshot = store.snapshot()
    #expect(snapshot.rows() == 8_000 && store.counters.entriesAppended == 8_000)
    #expect(Set(snapshot.blocks.map(\.sequence)).count == snapshot.blocks.count)
    #expect(snapshot.damage.isEmpty)
  }
}
