package import Bytes
package import Entries
package import JSON
package import KFL
import Store

/// One entry of an answer: any field, by the rows of the catalogue or by KFL name.
///
/// Reads what it is asked for from its block, which stays valid as long as the view is held. A
/// column that cannot be read reads as absent and is named in the coverage.
package struct EntryView: ColumnRow, Sendable {
  /// Where the columns are: in the block, or copied out of it.
  private enum Columns: Sendable {
    case block(BlockColumns)
    /// Those of these columns; others are read again when somebody asks.
    case copied(FieldValues, of: [FieldID])
  }

  private var columns: Columns
  private let block: Block
  private let row: Int
  package let decoder: ContentDecoder

  init(_ columns: BlockColumns, row: Int, decoder: ContentDecoder) {
    (self.columns, self.block, self.row) = (.block(columns), columns.block, row)
    self.decoder = decoder
  }

  package func column(_ id: FieldID) -> FieldValue {
    switch columns {
    case .block(let columns): columns.value(id, row)
    case .copied(let values, let ids):
      ids.contains(id) ? values[id] : (try? block.column(id))?.value(at: row) ?? .none
    }
  }

  package func contents() -> Contents {
    guard let pair = try? block.content(row: row) else { return Contents(decoder: decoder) }
    return Contents(request: pair.request, response: pair.response, decoder: decoder)
  }

  /// Header fields without bodies: cheaper than `contents` where bodies are large.
  package func headers() -> (request: HeaderBlock?, response: HeaderBlock?) {
    (try? block.headerFields(row: row)) ?? (nil, nil)
  }

  /// Takes the values of these columns out of the block, so that its columns can be let go.
  ///
  /// - Returns: bytes they take in memory, about.
  mutating func copy(_ ids: [FieldID]) -> Int {
    var values = FieldValues()
    var memory = 0
    for id in ids {
      let value = column(id)
      guard value != .none else { continue }
      values.add(id, value)
      memory += value.memory
    }
    columns = .copied(values, of: ids)
    return memory
  }
}

// What every entry has.
extension EntryView {
  package var id: EntryID {
    EntryID(
      node: text(.nodeID).isEmpty ? nil : text(.nodeID),
      stream: UInt64(bitPattern: int(.streamNumber) ?? 0),
      index: UInt32(truncatingIfNeeded: int(.streamIndex) ?? 0))
  }

  package var kind: ProtocolKind? {
    int(.kind).flatMap { UInt8(exactly: $0) }.flatMap(ProtocolKind.init(rawValue:))
  }

  package var timestamp: Timestamp {
    if case .instant(let instant) = value(.timestamp) { instant } else { .distantPast }
  }

  /// The raw record, as `format=raw` shows it.
  package var raw: JSONObject { RawRecord(ReadEntry(self), id: id.description).json }

  /// A variable of the filter language; nil for an unknown name.
  package func value(named name: String) -> Value? {
    guard let field = Catalogue.named(name) else { return nil }
    return kflValue(field)
  }

  /// What a filter reads as `field`.
  func kflValue(_ field: Field) -> Value {
    if field.id == .raw { return Value(raw) }
    var value = self.value(field.id)
    if let fallback = field.fallback, value == .none || value == .text("") {
      value = self.value(fallback)
    }
    return Value(value, of: field)
  }

  private func int(_ id: FieldID) -> Int64? {
    if case .int(let number) = column(id) { number } else { nil }
  }

  private func text(_ id: FieldID) -> String {
    if case .text(let text) = column(id) { text } else { "" }
  }
}

/// An entry whose headers and bodies are unpacked once, for all members of its raw record.
private struct ReadEntry: ColumnRow {
  private let view: EntryView
  private let read: Contents

  init(_ view: EntryView) { (self.view, read) = (view, view.contents()) }

  var decoder: ContentDecoder { view.decoder }
  func column(_ id: FieldID) -> FieldValue { view.column(id) }
  func contents() -> Contents { read }
}

/// The filter language's view of one entry.
struct EntryRecord: Record {
  let view: EntryView

  func value(_ slot: Int) -> Value { view.kflValue(FieldSchema.fields[slot]) }
}
