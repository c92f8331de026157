import Bytes
import Entries
import KFL
import Store

/// One block while a query looks at it: its columns decoded as far as they were needed.
///
/// Has one owner and lives as long as the work on its block; a class so that records into it are
/// one reference and a row number.
final class BlockScan {
  let columns: BlockColumns
  let decoder: ContentDecoder
  let rows: Int
  /// Whether the block's texts are put among those of other blocks, when they are not there yet:
  /// worth it for a question that goes through all blocks.
  let sharesTexts: Bool
  private let header: BlockHeader
  private var ints: [LaneKey: [Int64]] = [:]
  private var codes: [FieldID: [UInt32]] = [:]
  private var values: [FieldID: [Value?]] = [:]
  private lazy var reader = ContentReader(block: columns.block)
  private var lastHeaders: (row: Int, contents: Contents)?
  private(set) var lastContents: (row: Int, contents: Contents)?

  /// Rows on which the condition at hand failed; nil when none did.
  private var failed: Bitmap?
  /// The first reason of all.
  private(set) var failure: Failure?

  init(
    _ columns: BlockColumns, decoder: ContentDecoder, sharesTexts: Bool = false
  ) throws(StoreError) {
    self.columns = columns
    self.decoder = decoder
    self.sharesTexts = sharesTexts
    header = try columns.block.header()
    rows = header.rows
  }

  func noteFailure(_ reason: Failure, _ row: Int) {
    // A legacy path that the entry does not have is no failure worth counting.
    if case .absent = reason { return }
    if failed == nil { failed = Bitmap(rows: rows, filled: false) }
    failed?.insert(row)
    failure = failure ?? reason
  }

  /// The rows on which conditions failed since this was last asked; nil when none did.
  func takeFailed() -> Bitmap? {
    defer { failed = nil }
    return failed
  }

  // MARK: Decoded columns

  private struct LaneKey: Hashable {
    var id: FieldID
    var absent: Int64
  }

  func info(_ id: FieldID) -> ColumnInfo? { header.info(id) }

  /// The numbers of an integer column by row; nil when the block has none.
  func lane(_ id: FieldID, absent: Int64 = 0) throws(StoreError) -> [Int64]? {
    let key = LaneKey(id: id, absent: absent)
    if let known = ints[key] { return known }
    let lane: [Int64]
    switch try columns.column(id) {
    case .ints(let column), .instants(let column): lane = column.values(absent: absent)
    case .bools(let column): lane = column.values(absent: absent != 0).map { $0 ? 1 : 0 }
    default: return nil
    }
    ints[key] = lane
    return lane
  }

  /// The codes of a coded column by row; nil when the block has none.
  func codes(_ id: FieldID) throws(StoreError) -> [UInt32]? {
    if let known = codes[id] { return known }
    guard let lane = try columns.column(id)?.codes() else { return nil }
    codes[id] = lane
    return lane
  }

  /// Which of the texts of other blocks a column has; nil where that is not known.
  func texts(_ id: FieldID, making: Bool? = nil) throws(StoreError) -> BlockTexts? {
    making ?? sharesTexts ? try columns.block.texts(id) : columns.block.knownTexts(id)
  }

  // MARK: Single rows

  /// What a filter reads as that variable in a row.
  func value(_ slot: Int, _ row: Int) -> Value {
    let field = FieldSchema.fields[slot]
    switch FieldAccess.bySlot[slot] {
    case .ints(let id, let kind, let absent):
      guard let lane = try? lane(id, absent: absent) else { return FieldSchema.missing[slot] }
      return kind.value(lane[row])
    case .texts(let ids):
      for id in ids {
        if let value = codedValue(id, row), case .string(let text) = value, !text.isEmpty {
          return value
        }
      }
      return FieldSchema.missing[slot]
    case .coded(let id): return codedValue(id, row) ?? FieldSchema.missing[slot]
    default: return value(of: field, row)
    }
  }

  /// What a filter reads as a field that is worked out row by row.
  func value(of field: Field, _ row: Int) -> Value {
    let scanned = ScanRow(scan: self, row: row)
    guard field.id == .raw else { return Value(scanned.value(field.id), of: field) }
    // By the scan, which unpacks headers and bodies of many rows at once: a view would unpack them
    // for this row alone, and for each member of its record anew.
    let id = EntryView(columns, row: row, decoder: decoder).id.description
    return Value(RawRecord(scanned, id: id).json)
  }

  /// The value of a coded column in a row; nil when it has none.
  private func codedValue(_ id: FieldID, _ row: Int) -> Value? {
    guard let lane = try? codes(id), let column = try? columns.column(id) else { return nil }
    let code = Int(lane[row])
    guard code != 0 else { return nil }
    if values[id] == nil { values[id] = [Value?](repeating: nil, count: column.codeCount) }
    if let known = values[id]?[code] { return known }
    let value = Value(column.fieldValue(code: UInt32(code)), of: Catalogue[id])
    values[id]?[code] = value
    return value
  }

  fileprivate func contents(_ row: Int) -> Contents {
    if let lastContents, lastContents.row == row { return lastContents.contents }
    let pair = (try? reader.content(row: row)) ?? (request: nil, response: nil)
    let contents = Contents(request: pair.request, response: pair.response, decoder: decoder)
    lastContents = (row, contents)
    return contents
  }

  /// Header fields only: bodies stay packed.
  fileprivate func headers(_ row: Int) -> Contents {
    if let lastHeaders, lastHeaders.row == row { return lastHeaders.contents }
    let pair = (try? reader.headerFields(row: row)) ?? (request: nil, response: nil)
    let contents = Contents(
      request: pair.request.map { Content(headers: $0) },
      response: pair.response.map { Content(headers: $0) })
    lastHeaders = (row, contents)
    return contents
  }
}

/// One row of a block that is being looked at.
struct ScanRow: ColumnRow {
  let scan: BlockScan
  let row: Int

  func column(_ id: FieldID) -> FieldValue { scan.columns.value(id, row) }
  func contents() -> Contents { scan.contents(row) }
  var decoder: ContentDecoder { scan.decoder }

  func value(_ id: FieldID) -> FieldValue {
    switch id {
    case .requestHeaders, .responseHeaders, .requestCookies, .responseCookies:
      scan.headers(row).value(id)
    default: Catalogue.value(id, of: self)
    }
  }
}

/// The filter language's view of one row.
struct ScanRecord: Record {
  let scan: BlockScan
  let row: Int

  func value(_ slot: Int) -> Value { scan.value(slot, row) }
}

extension Column {
  /// The column when it holds integers or instants.
  var integers: IntColumn? {
    switch self {
    case .ints(let column), .instants(let column): column
    default: nil
    }
  }

  /// The number of one row; nil where it has none, and for coded columns.
  func int(at row: Int) -> Int64? {
    switch self {
    case .ints(let column), .instants(let column): column.value(at: row)
    case .bools(let column): column.value(at: row).map { $0 ? 1 : 0 }
    default: nil
    }
  }

  /// The code of one row; 0 also for a column of numbers.
  func code(at row: Int) -> UInt32 {
    switch self {
    case .bools, .ints, .instants: 0
    case .texts(let column): column.code(at: row)
    case .bytes(let column): column.code(at: row)
    case .textLists(let column): column.code(at: row)
    case .pairs(let column): column.code(at: row)
    case .numbers(let column): column.code(at: row)
    }
  }
}
