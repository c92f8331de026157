import Bytes
import Entries
import Foundation
import TestSupport
import Testing

@testable import Store

/// What is left when the process is killed while it writes.
@Suite(.serialized)
struct KillTests {
  /// The child notes each committed block in a file beside the store; after the kill every block
  /// noted must be there, whole, and the store must go on.
  @Test(arguments: [3, 11, 18, 26, 40, 70] as [UInt32])
  func aKilledWriterLosesNoCommittedBlock(milliseconds: UInt32) async throws {
    let folder = try Folder()
    let path = folder.path
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, milliseconds = milliseconds as UInt32] in
      try writeUntilKilled(path, after: milliseconds)
    }
    let noted = (try? Data(contentsOf: URL(fileURLWithPath: path + "/noted")))?.count ?? 0
    let store = try EntryStore(.file(path: folder.file))
    let snapshot = store.snapshot()
    #expect(snapshot.blocks.count >= noted)
    for block in snapshot.blocks {
      for info in try block.header().columns { _ = try block.column(info.id) }
      for row in Swift.stride(from: 0, to: block.rows, by: 17) { _ = try block.content(row: row) }
    }
    #expect(snapshot.damage.isEmpty && snapshot.rows() == snapshot.blocks.count * 200)
    var random = RandomEntries(seed: 99)
    try store.append(random.entries(10))
    try store.flush()
    #expect(store.snapshot().rows() == snapshot.rows() + 10)
  }
}

/// Writes blocks of 200 rows until a thread kills the process.
private func writeUntilKilled(_ folder: String, after milliseconds: UInt32) throws {
  var limits = StoreLimits()
  limits.blockRows = 200
  let store = try EntryStore(.file(path: folder + "/entries.db"), limits: limits)
  let noted = folder + "/noted"
  try Data().write(to: URL(fileURLWithPath: noted))
  let handle = try #require(FileHandle(forWritingAtPath: noted))
  var random = RandomEntries(seed: UInt64(milliseconds))
  let batches = (0..<10).map { _ in random.entries(200, kinds: [.http]) }
  Thread.detachNewThread {
    usleep(milliseconds * 1_000)
    kill(getpid(), SIGKILL)
  }
  for number in 0..<1_000_000 {
    var batch = batches[number % batches.count]
    batch[0].stream = UInt64(number)
    try store.append(batch)
    try handle.write(contentsOf: [1])
  }
}
