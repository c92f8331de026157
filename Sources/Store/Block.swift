package import Bytes
package import Entries
import Synchronization

/// One stored block, to be read: its header at once, its columns and contents when asked for.
///
/// Immutable, and valid as long as it is held, even when retention has let it go meanwhile.
/// Reading fails with `.damaged` when the bytes do not hold what they should; the failure is then
/// also named in `StoreSnapshot.damage`, so that a query can simply go on to the next block.
package final class Block: Sendable {
  /// Position of arrival in this store: grows, and is never used twice.
  package let sequence: Int64
  package let id: BlockID
  package let family: BlockFamily
  package let rows: Int
  /// Timestamps of the first and the last row.
  package let first: Timestamp
  package let last: Timestamp
  package let kinds: KindSet
  /// Bytes of the whole block.
  package let byteCount: Int

  let source: BlockSource
  private let storedArrivals: StoredArrivals?
  private let damage: DamageLog
  private let parsed = Mutex<BlockHeader?>(nil)
  private let pool: TextPool?
  /// What was made for few fields; nil for columns that do not lend themselves to it.
  private let pooled = Mutex<[(id: FieldID, texts: BlockTexts?)]>([])

  /// - Parameter pool: where the texts of this and of other blocks meet.
  init(summary: BlockSummary, source: BlockSource, damage: DamageLog, pool: TextPool? = nil) {
    sequence = summary.sequence
    id = summary.id
    family = summary.family
    rows = summary.rows
    first = summary.first
    last = summary.last
    kinds = summary.kinds
    byteCount = summary.byteCount
    self.source = source
    storedArrivals = summary.arrivals
    self.damage = damage
    self.pool = pool
  }

  /// What the block says about its columns. Read once, then kept.
  package func header() throws(StoreError) -> BlockHeader {
    if let header = parsed.withLock({ $0 }) { return header }
    let header = try noted { () throws(StoreError) -> BlockHeader in
      try source.header(of: self)
    }
    parsed.withLock { $0 = header }
    return header
  }

  /// A column, nil when no row of the block has a value for that field.
  package func column(_ id: FieldID) throws(StoreError) -> Column? {
    let header = try header()
    guard let info = header.info(id) else { return nil }
    return try noted { () throws(StoreError) -> Column in
      // Told only when it fails: to put it into words costs more than most columns.
      func doing() -> String { "reading column \(id) of block \(self.id)" }
      let presence = try self.presence(info.presence, of: header, doing())
      let dictionary = try self.dictionary(info, of: header, doing())
      let section = try source.section(info.section, of: self, header)
      do throws(WireError) {
        return try Column(parsing: section, dictionary: dictionary, info, presence: presence)
      } catch {
        throw StoreError(error, doing())
      }
    }
  }

  /// The distinct values of a column of texts, byte strings or lists, without its rows: enough to
  /// see that a condition holds for none of them. Nil when there is no such column.
  package func dictionary(_ id: FieldID) throws(StoreError) -> ValueDictionary? {
    let header = try header()
    guard let info = header.info(id) else { return nil }
    return try noted { () throws(StoreError) -> ValueDictionary? in
      try dictionary(info, of: header, "reading column \(id) of block \(self.id)")
    }
  }

  /// Which parts the texts of a column may have, where they are many; nil elsewhere.
  package func grams(_ id: FieldID) throws(StoreError) -> GramFilter? {
    let header = try header()
    guard case .grams(let place, let logarithm) = header.info(id)?.zone else { return nil }
    return try noted { () throws(StoreError) -> GramFilter in
      let section = try source.section(place, of: self, header)
      do throws(WireError) {
        return try GramFilter(parsing: section, logarithm: logarithm)
      } catch {
        throw StoreError(error, "reading column \(id) of block \(self.id)")
      }
    }
  }

  /// Which texts a column has among those of other blocks, and in how many rows each; nil where
  /// they hardly repeat, where the block is small, or where there is no room. Made when it is first
  /// asked for, which costs about what reading the column does; later it costs next to nothing.
  package func texts(_ id: FieldID) throws(StoreError) -> BlockTexts? {
    guard let pool else { return nil }
    if let known = pooled.withLock({ list in list.first { $0.id == id } }) { return known.texts }
    guard rows >= pool.minRows, let info = try header().info(id), info.type == .text else {
      return nil
    }
    var made: BlockTexts?
    if info.distinct * BlockTexts.minRepeats <= rows, case .texts(let column) = try column(id) {
      made = BlockTexts(id, column, rows: rows, pool)
    }
    pooled.withLock { $0.append((id, made)) }
    return made
  }

  /// The same when it was made before.
  package func knownTexts(_ id: FieldID) -> BlockTexts? {
    pooled.withLock { list in list.first { $0.id == id }?.texts }
  }

  func dictionary(
    _ info: ColumnInfo, of header: BlockHeader, _ doing: @autoclosure () -> String
  ) throws(StoreError) -> ValueDictionary? {
    guard let place = info.dictionary else { return nil }
    let section = try source.section(place, of: self, header)
    do throws(WireError) {
      return try ValueDictionary(parsing: section)
    } catch {
      throw StoreError(error, doing())
    }
  }

  /// When the rows came into this store.
  package func arrivals() throws(StoreError) -> Arrivals {
    switch storedArrivals {
    case nil: return Arrivals(sequence: sequence)
    case .inMemory(let each): return Arrivals(each: each)
    case .inFile(let checksum):
      guard case .database(let database) = source else { return Arrivals(sequence: sequence) }
      return try noted { () throws(StoreError) -> Arrivals in
        Arrivals(each: try database.arrivals(of: sequence, rows: rows, checksum: checksum))
      }
    }
  }

  /// The presence of that number; nil for "all rows".
  func presence(
    _ index: Int?, of header: BlockHeader, _ doing: @autoclosure () -> String
  ) throws(StoreError) -> Presence? {
    guard let index else { return nil }
    let place = header.presences[index]
    let section = try source.section(place.section, of: self, header)
    do throws(WireError) {
      let presence = try Presence(parsing: section, rows: header.rows)
      guard presence.count == place.count else { throw WireError(.invalid) }
      return presence
    } catch {
      throw StoreError(error, doing())
    }
  }

  /// Runs `read`; a failure is noted down as damage before it is passed on.
  func noted<Result>(
    _ read: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    do throws(StoreError) {
      return try read()
    } catch {
      damage.note(BlockDamage(block: id, sequence: sequence, rows: rows, error: error))
      throw error
    }
  }
}

/// A block that could not be read, as a query's coverage names it.
package struct BlockDamage: Sendable {
  /// Nil when not even that can be read.
  package var block: BlockID?
  package var sequence: Int64
  /// Rows that are missing from answers.
  package var rows: Int
  package var error: StoreError
}

extension BlockDamage: CustomStringConvertible {
  /// `16384 entries of block 7f3c9a1b: stored data is damaged`.
  package var description: String {
    let name = block.map { "block \($0.description.prefix(8))" } ?? "a block"
    return "\(rows) entries of \(name): \(error.problem)"
  }
}
