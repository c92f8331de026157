/// An entry by its columns, with its contents within reach: all other fields are worked out from
/// those, by the rows of the catalogue.
package protocol ColumnRow: FieldRow {
  /// The value of a row whose source is `.column`; `.none` when the entry has none.
  func column(_ id: FieldID) -> FieldValue
  /// Headers and bodies. May cost a read; asked for only by fields that need it.
  func contents() -> Contents
  /// What shows values that are kept packed.
  var decoder: ContentDecoder { get }
}

extension ColumnRow {
  /// What its protocol shows beyond the fields: a JSON object with members `request` and
  /// `response`, stored or made now; empty for none.
  package var details: String {
    let made = decoder.details(self)
    guard case .text(let stored) = column(.details), !stored.isEmpty else { return made }
    if made.isEmpty { return stored }
    // Each has the member that the other lacks.
    let isRequest = made.hasPrefix("{\"request\"")
    let (first, second) = isRequest ? (made, stored) : (stored, made)
    return first.dropLast() + "," + second.dropFirst()
  }
}

extension Catalogue {
  /// Any field of an entry. `raw` is no field value: `RawRecord` makes it.
  package static func value(_ id: FieldID, of row: some ColumnRow) -> FieldValue {
    switch Catalogue[id].source {
    case .column: row.column(id)
    case .content: id == .raw ? .none : row.contents().value(id)
    case .same(let other): row.column(other)
    case .kinds(let kinds): .bool(row.kind.map(kinds.contains) ?? false)
    case .firstOf(let ids): row.firstText(of: ids)
    case .union(let ids): .texts(row.distinctTexts(of: ids))
    case .derived(_, let work): work(row)
    }
  }
}

extension ColumnRow {
  package func value(_ id: FieldID) -> FieldValue { Catalogue.value(id, of: self) }

  fileprivate func firstText(of ids: [FieldID]) -> FieldValue {
    for id in ids {
      if case .text(let text) = column(id), !text.isEmpty { return .text(text) }
    }
    return .none
  }

  fileprivate func distinctTexts(of ids: [FieldID]) -> [String] {
    var result: [String] = []
    for id in ids {
      if case .text(let text) = column(id), !text.isEmpty, !result.contains(text) {
        result.append(text)
      }
    }
    return result
  }
}
