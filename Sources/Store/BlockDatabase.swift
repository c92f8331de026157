import Bytes
import Entries
import FoundationEssentials
import GRDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Makes the file when there is none, for its owner alone: what was captured is private, and SQLite
/// would let everybody read it. One that is there is not touched: closing it would end SQLite's locks.
private func makePrivateFile(_ path: String) {
  let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
  if descriptor >= 0 { close(descriptor) }
}

/// Blocks in an SQLite file: one row for each block, one row for each of its sections and for its
/// header.
///
/// A scan reads the pages of the columns it names and no others; opening reads a few bytes a
/// block. Write-ahead log: readers and the one writer do not wait for each other, and what was
/// committed survives a kill of the process.
final class BlockDatabase: Sendable {
  /// Version of the tables; blocks carry their own.
  static let formatVersion = 2
  /// "KSBL": says that a file is ours.
  private static let applicationID = 0x4b53_424c
  /// Bytes. Sections are a few KB to 100 KB; with small pages each would be a long chain.
  private static let pageBytes = 16_384
  /// Pages that each connection keeps, in KiB: those that lead to sections. Sections themselves, most
  /// of the file, are written once, and `cache` keeps those that are read.
  private static let pageCacheKilobytes = 512
  /// Seconds to wait for another process before giving up.
  private static let busySeconds = 5.0
  /// Sections of a block fit the low bits of a section's key.
  static let sectionBits: Int64 = 16
  /// The header's place among the sections.
  static let headerIndex: Int64 = 0xffff
  /// The place of what this store knows of a merged block: the arrivals of its rows.
  static let arrivalsIndex: Int64 = 0xfffe

  let pool: DatabasePool
  let path: String
  let cache: SectionCache

  /// Opens the file, or makes it.
  init(path: String, cacheBytes: Int) throws(StoreError) {
    self.path = path
    cache = SectionCache(limit: cacheBytes)
    makePrivateFile(path)
    pool = try converting("opening \(path)") {
      var configuration = Configuration()
      configuration.busyMode = .timeout(Self.busySeconds)
      configuration.prepareDatabase { database in
        try database.execute(sql: "PRAGMA page_size = \(Self.pageBytes)")
        try database.execute(sql: "PRAGMA cache_size = -\(Self.pageCacheKilobytes)")
        try database.execute(sql: "PRAGMA synchronous = NORMAL")
        try database.execute(sql: "PRAGMA temp_store = MEMORY")
      }
      let pool = try DatabasePool(path: path, configuration: configuration)
      try pool.writeWithoutTransaction { try Self.prepare($0, path) }
      return pool
    }
  }

  /// Makes the tables of a new file, and checks those of an old one.
  private static func prepare(_ database: Database, _ path: String) throws {
    func isEmpty() throws -> Bool {
      try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0
    }
    if try isEmpty() {
      try database.inTransaction(.immediate) {
        // Another process may have been faster.
        guard try isEmpty() else { return .commit }
        try database.execute(
          sql: """
            PRAGMA application_id = \(applicationID);
            CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL);
            INSERT INTO meta VALUES ('format_version', \(formatVersion)), ('last_stream', 0);
            CREATE TABLE block (
              sequence INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE,
              family INTEGER NOT NULL, rows INTEGER NOT NULL, first INTEGER NOT NULL,
              last INTEGER NOT NULL, kinds INTEGER NOT NULL, bytes INTEGER NOT NULL,
              arrivals INTEGER);
            CREATE TABLE section (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
            CREATE TABLE merged (id BLOB PRIMARY KEY NOT NULL, block INTEGER NOT NULL)
              WITHOUT ROWID;
            CREATE INDEX merged_block ON merged (block);
            CREATE TABLE garbage (sequence INTEGER PRIMARY KEY);
            CREATE TABLE note (name TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL);
            """)
        return .commit
      }
    }
    guard try Int.fetchOne(database, sql: "PRAGMA application_id") == applicationID else {
      throw StoreError(.cannotOpen, "opening \(path)", underlying: "not a file of this program")
    }
    let version = try Int.fetchOne(
      database, sql: "SELECT value FROM meta WHERE name = 'format_version'")
    guard version == formatVersion else {
      throw StoreError(
        .unknownVersion, "opening \(path)",
        underlying: "version \(version.map(String.init) ?? "none"), known is \(formatVersion)")
    }
  }

  /// All blocks, without reading any. Rows that make no sense are given as damage.
  func summaries() throws(StoreError) -> (blocks: [BlockSummary], damage: [BlockDamage]) {
    try converting("listing the blocks of \(path)") {
      try pool.read { database in
        var blocks: [BlockSummary] = []
        var damage: [BlockDamage] = []
        let rows = try Row.fetchCursor(
          database,
          sql: "SELECT sequence, id, family, rows, first, last, kinds, bytes, arrivals FROM block")
        while let row = try rows.next() {
          let sequence: Int64 = row[0]
          let count = Int64.fromDatabaseValue(row[3]) ?? 0
          if let summary = try Self.summary(row) {
            blocks.append(summary)
          } else {
            damage.append(
              BlockDamage(
                block: nil, sequence: sequence, rows: Int(clamping: count),
                error: StoreError(.damaged, "reading the row of block number \(sequence)")))
          }
        }
        return (blocks, damage)
      }
    }
  }

  private static func summary(_ row: Row) throws -> BlockSummary? {
    let id = try row.withUnsafeData(atIndex: 1) { $0.map { [UInt8]($0) } ?? [] }
    guard
      id.count == 16, let family = Int64.fromDatabaseValue(row[2]),
      let family = UInt8(exactly: family).flatMap(BlockFamily.init),
      let rows = Int64.fromDatabaseValue(row[3]), (1...Int64(BlockLimits.rows)).contains(rows),
      let first = Int64.fromDatabaseValue(row[4]), let last = Int64.fromDatabaseValue(row[5]),
      first <= last, let kinds = Int64.fromDatabaseValue(row[6]),
      let bytes = Int64.fromDatabaseValue(row[7]), bytes >= 0
    else { return nil }
    let arrivals = Int64.fromDatabaseValue(row[8]).map {
      StoredArrivals.inFile(checksum: UInt32(truncatingIfNeeded: $0))
    }
    let span = id.rawSpan
    return BlockSummary(
      sequence: row[0], id: BlockID(high: span.big64(0), low: span.big64(8)), family: family,
      rows: Int(rows), first: Timestamp(nanoseconds: first), last: Timestamp(nanoseconds: last),
      kinds: KindSet(bits: UInt64(bitPattern: kinds)), byteCount: Int(bytes), arrivals: arrivals)
  }

  /// Which of these are part of a merged block.
  func merged(_ ids: [BlockID]) throws(StoreError) -> Set<BlockID> {
    try converting("reading \(path)") {
      try pool.read { database in
        let known = try database.cachedStatement(sql: "SELECT 1 FROM merged WHERE id = ?")
        return Set(
          try ids.filter {
            try Row.fetchCursor(known, arguments: [blob($0.bytes)]).next() != nil
          })
      }
    }
  }

  /// Writes blocks that are not there, in one transaction, and gives their numbers. In place of a
  /// merged one whose id another has, its members are written.
  func insert(
    _ parts: [StoredPart]
  ) throws(StoreError) -> [(part: StoredPart, sequence: Int64)] {
    try converting("writing a block to \(path)") {
      try pool.write { database in
        var written: [(part: StoredPart, sequence: Int64)] = []
        for part in parts {
          if let sequence = try Self.add(part.block, nil, to: database) {
            for member in part.members {
              try database.cachedStatement(sql: "INSERT INTO merged VALUES (?, ?)")
                .execute(arguments: [blob(member.id.bytes), sequence])
            }
            written.append((part, sequence))
          } else {
            for member in part.members {
              guard let sequence = try Self.add(member, nil, to: database) else { continue }
              written.append((StoredPart(member), sequence))
            }
          }
        }
        return written
      }
    }
  }

  /// Writes a block made of others and lets those go, in one transaction. Their bytes stay until
  /// `remove` is told that nobody reads them; their ids stay known as long as the new block does.
  ///
  /// - Parameters:
  ///   - arrivals: when each row came here, encoded.
  ///   - sources: what it is made of.
  ///   - notes: written with it, by the number of the new block.
  func merge(
    _ block: EncodedBlock, arrivals: [UInt8], replacing sources: [Int64],
    noting notes: (Int64) -> [String: [UInt8]?]
  ) throws(StoreError) -> BlockSummary? {
    try converting("merging blocks of \(path)") {
      try pool.write { database in
        let checksum = crc32c(arrivals.rawSpan)
        guard let sequence = try Self.add(block, checksum, to: database) else { return nil }
        try database.cachedStatement(sql: "INSERT INTO section VALUES (?, ?)")
          .execute(arguments: [
            sequence << Self.sectionBits | Self.arrivalsIndex, blob(arrivals),
          ])
        for source in sources {
          for sql in [
            "UPDATE merged SET block = ?1 WHERE block = ?2",
            "INSERT INTO merged SELECT id, ?1 FROM block WHERE sequence = ?2",
          ] {
            try database.cachedStatement(sql: sql).execute(arguments: [sequence, source])
          }
          for sql in [
            "DELETE FROM block WHERE sequence = ?", "INSERT INTO garbage VALUES (?)",
          ] {
            try database.cachedStatement(sql: sql).execute(arguments: [source])
          }
        }
        try Self.write(notes(sequence), to: database)
        return BlockSummary(
          sequence: sequence, header: block.header, arrivals: .inFile(checksum: checksum))
      }
    }
  }

  /// Adds the rows of a block; nil when one of that id is there.
  private static func add(
    _ block: EncodedBlock, _ arrivals: UInt32?, to database: Database
  ) throws -> Int64? {
    let header = block.header
    try database.cachedStatement(
      sql: """
        INSERT INTO block (id, family, rows, first, last, kinds, bytes, arrivals)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """
    ).execute(arguments: [
      blob(header.id.bytes), Int64(header.family.rawValue), Int64(header.rows),
      header.first.nanoseconds, header.last.nanoseconds,
      Int64(bitPattern: header.kinds.bits), Int64(header.byteCount), arrivals.map { Int64($0) },
    ])
    guard database.changesCount == 1 else { return nil }
    let sequence = database.lastInsertedRowID
    let insert = try database.cachedStatement(sql: "INSERT INTO section VALUES (?, ?)")
    try insert.execute(arguments: [
      sequence << sectionBits | headerIndex, blob(block.bytes[header.data.range]),
    ])
    for (index, section) in header.sections.enumerated() {
      guard let range = section.range else { continue }
      try insert.execute(arguments: [
        sequence << sectionBits | Int64(index), blob(block.bytes[range]),
      ])
    }
    if let streams = header.info(.streamNumber)?.zone.range {
      try database.cachedStatement(
        sql: "UPDATE meta SET value = max(value, ?) WHERE name = 'last_stream'"
      ).execute(arguments: [streams.upperBound])
    }
    return sequence
  }

  /// The largest stream number of all blocks that ever were here.
  func lastStream() throws(StoreError) -> Int64 {
    try converting("reading \(path)") {
      try pool.read { database in
        try Int64.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'last_stream'") ?? 0
      }
    }
  }

  /// What was written under that name by `setNotes`.
  func note(_ name: String) throws(StoreError) -> [UInt8]? {
    try converting("reading \(path)") {
      try pool.read { database in
        try Data.fetchOne(
          database, sql: "SELECT bytes FROM note WHERE name = ?", arguments: [name]
        ).map { [UInt8]($0) }
      }
    }
  }

  func setNotes(_ notes: [String: [UInt8]?]) throws(StoreError) {
    try converting("writing to \(path)") { try pool.write { try Self.write(notes, to: $0) } }
  }

  private static func write(_ notes: [String: [UInt8]?], to database: Database) throws {
    for (name, bytes) in notes {
      if let bytes {
        try database.execute(
          sql: "INSERT OR REPLACE INTO note VALUES (?, ?)", arguments: [name, blob(bytes)])
      } else {
        try database.execute(sql: "DELETE FROM note WHERE name = ?", arguments: [name])
      }
    }
  }

  /// Blocks that were let go while somebody read them, when the program ended before they could
  /// be removed.
  func garbage() throws(StoreError) -> [Int64] {
    try converting("reading \(path)") {
      try pool.read { try Int64.fetchAll($0, sql: "SELECT sequence FROM garbage") }
    }
  }

  /// Removes blocks with their sections, in one transaction.
  func remove(_ sequences: [Int64]) throws(StoreError) {
    try converting("removing old blocks from \(path)") {
      try pool.write { database in
        for sequence in sequences {
          try database.cachedStatement(sql: "DELETE FROM section WHERE key BETWEEN ? AND ?")
            .execute(arguments: [
              sequence << Self.sectionBits, (sequence + 1) << Self.sectionBits - 1,
            ])
          for sql in [
            "DELETE FROM block WHERE sequence = ?", "DELETE FROM merged WHERE block = ?",
            "DELETE FROM garbage WHERE sequence = ?",
          ] {
            try database.cachedStatement(sql: sql).execute(arguments: [sequence])
          }
        }
      }
    }
    cache.remove(blocks: sequences)
  }

  /// Bytes of the file and of its log are the file system's business from here on.
  func close() throws(StoreError) {
    try converting("closing \(path)") { try pool.close() }
  }
}

private func blob(_ bytes: some Sequence<UInt8>) -> Data { Data(bytes) }

/// Runs `body`; what the database complains of becomes a `StoreError`.
func converting<Result>(
  _ doing: String, _ body: () throws -> Result
) throws(StoreError) -> Result {
  do {
    return try body()
  } catch let error as StoreError {
    throw error
  } catch let error as DatabaseError {
    throw StoreError(error.storeCode, doing, underlying: error.message ?? "\(error.resultCode)")
  } catch {
    throw StoreError(.inputOutput, doing, underlying: "\(error)")
  }
}

extension DatabaseError {
  fileprivate var storeCode: StoreError.Code {
    switch resultCode {
    case .SQLITE_FULL: .diskFull
    case .SQLITE_READONLY: .readOnly
    case .SQLITE_CANTOPEN, .SQLITE_NOTADB, .SQLITE_PERM, .SQLITE_AUTH: .cannotOpen
    case .SQLITE_BUSY, .SQLITE_LOCKED: .locked
    case .SQLITE_CORRUPT, .SQLITE_FORMAT, .SQLITE_MISMATCH: .damaged
    case .SQLITE_TOOBIG: .tooLarge
    case .SQLITE_MISUSE: .closed
    default: .inputOutput
    }
  }
}

extension BlockID {
  /// Sixteen bytes, most significant first.
  var bytes: [UInt8] {
    (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - $0 % 8 * 8)) }
  }
}
