import Bytes
import Entries
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Store

struct DamageTests {
  private static let calls = ProtocolKind.allCases.filter(\.isCall)

  private func sample(_ count: Int = 300) throws -> EncodedBlock {
    var random = RandomEntries(seed: 11)
    return try #require(encodedBlock(of: random.entries(count, kinds: Self.calls)))
  }

  @Test func everyChangedByteIsNoticed() throws {
    let bytes = try sample(25).bytes
    for at in bytes.indices {
      var changed = bytes
      changed[at] ^= UInt8(1 << (at % 8))
      #expect(throws: StoreError.self, "byte \(at)") { try EncodedBlock(parsing: changed) }
    }
  }

  @Test func everyCutBlockIsNoticed() throws {
    let bytes = try sample(25).bytes
    for count in 0..<bytes.count {
      #expect(throws: StoreError.self) { try EncodedBlock(parsing: Array(bytes[..<count])) }
    }
    #expect(throws: StoreError.self) { try EncodedBlock(parsing: bytes + [0]) }
  }

  @Test func anUnknownVersionSaysSo() throws {
    var bytes = try sample(10).bytes
    bytes[8] = 2
    let error = #expect(throws: StoreError.self) { try EncodedBlock(parsing: bytes) }
    #expect(error?.code == .unknownVersion)
  }

  /// What an attacker can do who computes the checksums too: anything may be wrong, nothing may
  /// crash.
  @Test(arguments: 0..<6)
  func hostileBlocksGiveErrorsOrNonsenseButNoCrash(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let block = try sample(120)
    for _ in 0..<80 {
      var bytes = block.bytes
      let header = block.header.data.range.upperBound
      for _ in 0..<(1 + random.next() % 3) {
        let inHeader = random.next() % 2 == 0
        let range = inHeader ? BlockPrefix.byteCount..<header : header..<bytes.count
        let at = range.lowerBound + Int(random.next() % UInt64(range.count))
        bytes[at] = random.next() % 3 == 0 ? 255 : UInt8(truncatingIfNeeded: random.next())
      }
      guard let forged = Self.sealed(bytes, header: header) else { continue }
      readEverything(forged)
    }
  }

  /// The block with checksums and id that fit, when its header can still be read for them.
  private static func sealed(_ bytes: [UInt8], header end: Int) -> EncodedBlock? {
    var bytes = bytes
    let content = Array(bytes[BlockPrefix.byteCount..<end])
    let id = BlockID(header: content.rawSpan)
    var fields: [UInt8] = []
    fields.append(little: crc32c(content.rawSpan))
    fields.append(little: 0 as UInt32)
    fields.append(little: id.high)
    fields.append(little: id.low)
    bytes.replaceSubrange(16..<40, with: fields)
    guard let header = try? BlockHeader(parsing: bytes), header.byteCount <= bytes.count else {
      return nil
    }
    return EncodedBlock(header: header, bytes: bytes)
  }

  private func readEverything(_ encoded: EncodedBlock) {
    let summary = BlockSummary(sequence: 1, header: encoded.header)
    let block = Block(summary: summary, source: .memory(encoded), damage: DamageLog())
    for id in FieldID.allCases {
      guard let column = try? block.column(id) else { continue }
      switch column {
      case .texts(let texts):
        #expect(texts.codes().allSatisfy { Int($0) < texts.codeCount })
        _ = texts.dictionary.codes(containing: "e")
        _ = texts.dictionary.code(of: "GET")
      case .ints(let ints): #expect(ints.values().count == block.rows)
      default: break
      }
      for row in Swift.stride(from: 0, to: block.rows, by: 37) { _ = column.value(at: row) }
      _ = try? block.header().info(id)?.zone.mayContain("GET")
    }
    var reader = ContentReader(block: block)
    for row in Swift.stride(from: 0, to: block.rows, by: 7) { _ = try? reader.content(row: row) }
  }

  @Test func aDamagedBlockIsSkippedAndNamedAndTheOthersAreRead() throws {
    let folder = try Folder()
    var limits = StoreLimits()
    limits.blockRows = 300
    var random = RandomEntries(seed: 12)
    do {
      let store = try EntryStore(.file(path: folder.file), limits: limits)
      try store.append(random.entries(900, kinds: Self.calls))
      try store.close()
    }
    let queue = try DatabaseQueue(path: folder.file)
    try queue.write { database in
      // A column of the second block, the header of the third.
      try database.execute(
        sql: """
          UPDATE section SET bytes = CAST(zeroblob(length(bytes)) AS BLOB)
            WHERE key >= 2 << 16 AND key < 3 << 16;
          UPDATE section SET bytes = x'00' WHERE key = (4 << 16) - 1;
          """)
    }
    try queue.close()
    let store = try EntryStore(.file(path: folder.file))
    let snapshot = store.snapshot()
    var rows = 0
    for block in snapshot.blocks {
      guard let column = try? block.column(.instant) else { continue }
      if case .instants(let instants) = column { rows += instants.values().count }
    }
    #expect(rows == 300)
    #expect(snapshot.damage.map(\.sequence) == [2, 3])
    #expect(snapshot.damage.allSatisfy { $0.rows == 300 && $0.error.code == .damaged })
    #expect(store.counters.blocksDamaged == 2)
    try store.append(random.entries(300, kinds: Self.calls))
  }

  @Test func rowsWithoutSenseAreNamed() throws {
    let folder = try Folder()
    var random = RandomEntries(seed: 13)
    do {
      let store = try EntryStore(.file(path: folder.file))
      try store.append(random.entries(10, kinds: Self.calls))
      try store.close()
    }
    let queue = try DatabaseQueue(path: folder.file)
    try queue.write { try $0.execute(sql: "UPDATE block SET family = 'x', rows = 'y'") }
    try queue.close()
    let store = try EntryStore(.file(path: folder.file))
    #expect(store.snapshot().blocks.isEmpty && store.counters.blocksDamaged == 1)
    #expect(store.snapshot().damage.count == 1)
  }

  @Test func placesThatCannotBeOpenedSayWhatToDo() throws {
    let folder = try Folder()
    func code(_ path: String) -> StoreError.Code? {
      let error = #expect(throws: StoreError.self) { try EntryStore(.file(path: path)) }
      #expect(error?.description.contains(path) == true)
      return error?.code
    }
    #expect(code(folder.path + "/missing/entries.db") == .cannotOpen)
    #expect(code(folder.path) == .cannotOpen)
    let text = folder.path + "/text"
    try String(repeating: "this is no database\n", count: 100).write(
      toFile: text, atomically: true, encoding: .utf8)
    #expect(code(text) == .cannotOpen)
    let foreign = folder.path + "/foreign.db"
    try DatabaseQueue(path: foreign).write { try $0.execute(sql: "CREATE TABLE t (x)") }
    #expect(code(foreign) == .cannotOpen)
    let newer = folder.path + "/newer.db"
    try EntryStore(.file(path: newer)).close()
    try DatabaseQueue(path: newer).write { try $0.execute(sql: "UPDATE meta SET value = 99") }
    #expect(code(newer) == .unknownVersion)
  }

  /// A limit on the size of files stands for the device: writing fails in the middle of a block.
  @Test func aFullDeviceCostsNoMoreThanWhatCouldNotBeWritten() async throws {
    let folder = try Folder()
    let path = folder.file
    await #expect(processExitsWith: .success) { [path = path as String] in
      signal(SIGXFSZ, SIG_IGN)
      try fillDevice(path)
    }
    let store = try EntryStore(.file(path: path))
    #expect(store.snapshot().rows() >= 200 && store.snapshot().damage.isEmpty)
  }

  @Test func aFolderBelongsToOneProcess() throws {
    let folder = try Folder()
    let lock = try FolderLock(folder.path + "/data")
    let error = #expect(throws: StoreError.self) { try FolderLock(folder.path + "/data") }
    #expect(error?.code == .locked)
    #expect(error?.description.contains("process \(getpid()) has it") == true)
    withExtendedLifetime(lock) {}
    let missing = #expect(throws: StoreError.self) { try FolderLock(folder.path + "/a/b") }
    #expect(missing?.code == .cannotOpen)
  }

  @Test func aFolderIsFreeWhenItsHolderIsGone() throws {
    let folder = try Folder()
    do { _ = try FolderLock(folder.path) }
    _ = try FolderLock(folder.path)
  }

  @Test func aFolderIsFreeAlthoughAChildStillHasTheFileOpen() throws {
    let folder = try Folder()
    var lock: FolderLock? = try FolderLock(folder.path)
    let copy = try dup(#require(lock).descriptor)
    defer { close(copy) }
    lock = nil
    _ = try FolderLock(folder.path)
  }

  @Test func errorsSayWhatAndWhatNext() {
    for code in StoreError.Code.allCases {
      let error = StoreError(code, "writing a block to x", underlying: "because")
      #expect(error.description.hasPrefix("writing a block to x: "))
      #expect(error.description.contains("(because); ") && !error.nextStep.isEmpty)
    }
  }
}

/// Appends until a write fails, then goes on with more room.
private func fillDevice(_ path: String) throws {
  func limit(_ bytes: UInt) {
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    #else
      let resource = RLIMIT_FSIZE
    #endif
    getrlimit(resource, &limit)
    limit.rlim_cur = min(numericCast(bytes), limit.rlim_max)
    setrlimit(resource, &limit)
  }
  limit(1 << 20)
  var limits = StoreLimits()
  limits.blockRows = 100
  let store = try EntryStore(.file(path: path), limits: limits)
  var random = RandomEntries(seed: 14)
  var written = 0
  var failure: StoreError?
  while failure == nil, written < 100_000 {
    do throws(StoreError) {
      try store.append(random.entries(100, kinds: [.http]))
      written += 100
    } catch { failure = error }
  }
  precondition(failure?.code == .diskFull || failure?.code == .inputOutput)
  precondition(store.counters.entriesLost == 100 && store.lastWriteFailure != nil)
  precondition(store.snapshot().rows() == written && written >= 200)
  for block in store.snapshot().blocks { _ = try block.column(.instant) }
  limit(.max)
  try store.append(random.entries(100, kinds: [.http]))
  precondition(store.snapshot().rows() == written + 100)
}
