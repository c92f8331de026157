import Bytes
import Entries
import KFL

@testable import Query

/// Filter text: compiled with the whole field catalogue, in the time a filter may take.
enum KFLTarget {
  static let target = FuzzTarget(
    "kfl", "the text of a filter", maxLength: 4 << 10, milliseconds: 1_000
  ) { bytes throws(BrokenLaw) in
    let text = String(decoding: bytes, as: UTF8.self)
    try verify(text)
    _ = CEL.evaluate(text)
    _ = CEL.evaluate(text, checked: false)
    for cursor in [0, bytes.count / 2, text.utf8.count] {
      for completion in Completion.at(cursor, in: text, schema: FieldSchema.schema) {
        let isInside = completion.replaces.clamped(to: 0..<cursor) == completion.replaces
        try hold(isInside || completion.replaces.isEmpty, "\(completion) replaces what follows")
      }
    }
  }

  static let now = Timestamp(milliseconds: 1_700_000_000_000)

  private static func compiled(_ text: String) -> Compilation {
    KFL.compile(text, schema: FieldSchema.schema, now: now)
  }

  private static func verify(_ text: String) throws(BrokenLaw) {
    let compilation = compiled(text)
    try hold((compilation.filter == nil) == !compilation.errors.isEmpty, "a filter and errors")
    try hold(compilation.errors.count <= Limits.errors, "too many errors")
    try hold(compilation.warnings.count <= Limits.warnings, "too many warnings")
    for diagnostic in compilation.errors + compilation.warnings {
      let end = diagnostic.offset + diagnostic.length
      try hold(diagnostic.offset >= 0 && end <= text.utf8.count, "\(diagnostic) lies outside")
      try hold(!diagnostic.caret(in: text).isEmpty, "no caret for \(diagnostic)")
      try hold(!diagnostic.message.isEmpty, "an error without a word")
    }
    if let suggestion = compilation.errors.first?.suggestion {
      try hold(compiled(suggestion).filter != nil, "the correction does not check: \(suggestion)")
    }
    guard let filter = compilation.filter else { return }
    let again = compiled(filter.normalForm)
    guard let same = again.filter else {
      // Written out in full a filter may be longer than filters may be.
      let isLimit = again.errors.allSatisfy { $0.code == .limit }
      try hold(isLimit, "the normal form does not check: \(filter.normalForm)")
      return
    }
    try hold(
      same.normalForm == filter.normalForm,
      "the normal form of \(filter.normalForm) is \(same.normalForm)")
    for record in PlainEntry.samples {
      let (one, other) = (filter.evaluate(record), same.evaluate(record))
      try hold(one.isSelected == other.isSelected, "\(filter.normalForm) selects otherwise")
    }
  }
}

/// The filter language's view of an entry in memory, field by field: what every faster way must
/// agree with.
struct PlainEntry: Record {
  let row: EntryRow

  init(_ entry: Entry) { row = EntryRow(entry) }

  func value(_ slot: Int) -> Value {
    let field = FieldSchema.fields[slot]
    if field.id == .raw {
      let id = EntryID(node: nil, stream: row.entry.stream, index: row.entry.index)
      return Value(RawRecord(row, id: id.description).json)
    }
    let value = row.value(field.id)
    guard let fallback = field.fallback, value == .none || value == .text("") else {
      return Value(value, of: field)
    }
    return Value(row.value(fallback), of: field)
  }

  /// A few entries of several kinds.
  static let samples: [PlainEntry] = {
    var input = FuzzInput((0..<2_000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 / 7) })
    return (0..<6).map { PlainEntry(EntryMaker.entry(&input, number: $0)) }
  }()
}
