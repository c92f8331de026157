package import Entries
package import KFL

/// The filter language's view of an entry in memory: what every other way must agree with.
package struct PlainRecord: Record {
  private let row: EntryRow

  package init(_ row: EntryRow) { self.row = row }

  package func value(_ slot: Int) -> Value {
    let field = FieldSchema.fields[slot]
    if field.id == .raw {
      let id = EntryID(node: nil, stream: row.entry.stream, index: row.entry.index)
      return Value(RawRecord(row, id: id.description).json)
    }
    var value = row.value(field.id)
    if let fallback = field.fallback, value == .none || value == .text("") {
      value = row.value(fallback)
    }
    return Value(value, of: field)
  }
}
