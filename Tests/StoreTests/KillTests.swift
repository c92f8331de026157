import Bytes
import Entries
import Foundation
import TestSupport
import Testing

@testable import Store

/// What is left when the process is killed while it takes in live traffic: two hundred times, at
/// random moments, twenty times in a row on one file. `make kills` does it more often.
@Suite(.serialized)
struct KillTests {
  /// Batches a second, on the clock of the traffic.
  static let rate: UInt64 = 50
  static let batch = 6
  /// Kills of one file.
  static let kills: UInt64 = 20
  /// Files, each with kills at other moments.
  static let rounds: Range<UInt64> = {
    let wanted = ProcessInfo.processInfo.environment["KUBESHARK_KILLS"].flatMap { UInt64($0) }
    return 0..<max(10, (wanted ?? 0) / kills)
  }()

  /// The child notes how many batches it gave to the store, and how many the store said were safe.
  /// After the kill all safe ones must be there, and all that are older than a second, each once.
  @Test(arguments: rounds)
  func aKilledWriterLosesAtMostTheLastSecond(round: UInt64) async throws {
    let folder = try Folder()
    let path = folder.path
    var random = SeededGenerator(seed: round)
    var given: [ClosedRange<UInt64>] = []
    var needed: [ClosedRange<UInt64>] = []
    for kill in 0..<Self.kills {
      let microseconds = UInt32(random.next() % (kill % 4 == 0 ? 4_000 : 60_000))
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, kill = kill as UInt64, microseconds = microseconds as UInt32] in
        try writeUntilKilled(path, run: kill, after: microseconds)
      }
      let counts = [noted(path + "/given"), noted(path + "/safe")]
      let base = kill << 32
      if counts[0] > 0 { given.append(base...(base + counts[0] - 1)) }
      let certain = max(counts[1], counts[0] > Self.rate ? counts[0] - Self.rate : 0)
      if certain > 0 { needed.append(base...(base + certain - 1)) }
      let store = try EntryStore(.file(path: folder.file))
      try check(store.snapshot(), given: given, needed: needed)
      try store.close()
    }
  }

  private func noted(_ path: String) -> UInt64 {
    UInt64(FileManager.default.contents(atPath: path)?.count ?? 0)
  }

  private func check(
    _ snapshot: StoreSnapshot, given: [ClosedRange<UInt64>], needed: [ClosedRange<UInt64>]
  ) throws {
    var counts: [UInt64: Int] = [:]
    for block in snapshot.blocks {
      guard case .ints(let streams)? = try block.column(.streamNumber) else { continue }
      for stream in streams.values() { counts[UInt64(bitPattern: stream), default: 0] += 1 }
      for info in try block.header().columns { _ = try block.column(info.id) }
      _ = try block.content(row: block.rows - 1)
    }
    #expect(snapshot.damage.isEmpty)
    let missing = needed.joined().filter { counts[$0] != Self.batch }
    #expect(missing.isEmpty, "\(missing.count) batches are lost or in part or twice")
    let strange = counts.filter { stream, count in
      count > Self.batch || !given.contains { $0.contains(stream) }
    }
    #expect(strange.isEmpty, "\(strange.count) batches are more than was given")
  }
}

extension KillTests {
  /// Batches of small blocks that are merged before they are written, each sent again until it was
  /// answered, as agents do: every row is there once.
  @Test(arguments: rounds)
  func whatIsSentAgainAfterAKillIsThereOnce(round: UInt64) async throws {
    let folder = try Folder()
    let path = folder.path
    var random = SeededGenerator(seed: 900 + round)
    // Batches that were answered.
    var answered: UInt64 = 0
    for _ in 0..<Self.kills / 4 {
      let microseconds = UInt32(random.next() % 40_000)
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, first = answered as UInt64, microseconds = microseconds as UInt32]
        in
        try sendUntilKilled(path, from: first, after: microseconds)
      }
      answered += noted(path + "/safe")
      let store = try EntryStore(.file(path: folder.file))
      for number in 0..<answered where number % 7 == 0 || number + 3 > answered {
        #expect(try store.insert(shipped(number), joining: true).allSatisfy { !$0 })
      }
      // Of the batch that was on its way all is there, or nothing.
      let rows = store.snapshot().rows()
      let each = shippedBlocks * Self.batch
      #expect(rows % each == 0 && rows / each - Int(answered) <= 1)
      #expect(store.snapshot().damage.isEmpty)
      try store.close()
    }
  }
}

/// Blocks of a batch, by several agents.
private let shippedBlocks = 5

private func shipped(_ number: UInt64) throws -> [EncodedBlock] {
  var random = RandomEntries(seed: number)
  return try (0..<shippedBlocks).map { _ in
    try #require(encodedBlock(of: random.entries(KillTests.batch, kinds: [.http, .dns])))
  }
}

/// A store whose process a thread kills.
private func storeKilled(in folder: String, after microseconds: UInt32) throws -> EntryStore {
  Thread.detachNewThread {
    usleep(microseconds)
    kill(getpid(), SIGKILL)
  }
  var limits = StoreLimits()
  limits.blockRows = 2_000
  limits.mergedBlocks = 4
  return try EntryStore(.file(path: folder + "/entries.db"), limits: limits)
}

/// Takes in batch after batch, and merges what has piled up, until a thread kills the process.
private func sendUntilKilled(
  _ folder: String, from first: UInt64, after microseconds: UInt32
) throws {
  _ = FileManager.default.createFile(atPath: folder + "/safe", contents: Data())
  let safe = try #require(FileHandle(forWritingAtPath: folder + "/safe"))
  let store = try storeKilled(in: folder, after: microseconds)
  for number in first..<1_000_000 {
    try store.insert(shipped(number), joining: true)
    try safe.write(contentsOf: [1])
    if number % 3 == 0 { try store.merge() }
  }
}

/// Takes in live traffic until a thread kills the process.
private func writeUntilKilled(_ folder: String, run: UInt64, after microseconds: UInt32) throws {
  for name in ["given", "safe"] {
    _ = FileManager.default.createFile(atPath: folder + "/" + name, contents: Data())
  }
  let given = try #require(FileHandle(forWritingAtPath: folder + "/given"))
  let safe = try #require(FileHandle(forWritingAtPath: folder + "/safe"))
  var random = RandomEntries(seed: run)
  let batches = (0..<10).map { _ in random.entries(KillTests.batch) }
  let store = try storeKilled(in: folder, after: microseconds)
  var isSafe: UInt64 = 0
  for number in 0..<1_000_000 as Range<UInt64> {
    var batch = batches[Int(number) % batches.count]
    for index in batch.indices { batch[index].stream = run << 32 + number }
    try given.write(contentsOf: [1])
    try store.append(batch)
    try store.advance(to: Timestamp(nanoseconds: Int64(number * 1_000_000_000 / KillTests.rate)))
    guard store.waiting == 0 else { continue }
    try safe.write(contentsOf: [UInt8](repeating: 1, count: Int(number + 1 - isSafe)))
    isSafe = number + 1
  }
}
