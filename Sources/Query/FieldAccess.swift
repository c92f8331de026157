import Bytes
import Entries
import KFL

/// How a field is read from the columns of a block.
enum FieldAccess: Sendable {
  /// An integer column. Rows without a value read as `absent`.
  case ints(FieldID, IntKind, absent: Int64)
  /// The first non-empty of these text columns.
  case texts([FieldID])
  /// Another column of few distinct values: lists, pairs, byte strings, named numbers.
  case coded(FieldID)
  /// Worked out from one column of few distinct values.
  case fromCoded(FieldID)
  /// Worked out from one integer column.
  case fromInt(FieldID)
  /// Whether the kind is one of these: bits by raw value.
  case kinds(UInt64)
  /// Worked out for each row, from columns.
  case row
  /// Worked out for each row, from headers or bodies, or from everything.
  case content

  /// What an integer column holds.
  enum IntKind: Sendable {
    case int, instant, bool

    init?(_ type: FieldType) {
      switch type {
      case .int: self = .int
      case .instant: self = .instant
      case .bool: self = .bool
      default: return nil
      }
    }
  }

  /// By slot of the schema.
  static let bySlot: [FieldAccess] = FieldSchema.fields.map { FieldAccess($0) }

  init(_ field: Field) {
    switch field.source {
    case .column: self = .init(column: field.id, of: field)
    case .same(let other): self = .init(column: other, of: field)
    case .content: self = .content
    case .kinds(let kinds): self = .kinds(kinds.reduce(0) { $0 | 1 << UInt64($1.rawValue) })
    case .firstOf(let ids): self = .texts(ids)
    case .union: self = .row
    case .derived(let ids, _):
      guard ids.count == 1, let id = ids.first else {
        self = .row
        return
      }
      self = IntKind(Catalogue[id].type) == nil ? .fromCoded(id) : .fromInt(id)
    }
  }

  private init(column id: FieldID, of field: Field) {
    if let kind = IntKind(field.type) {
      var absent: Int64 = 0
      if case .int(let number) = field.absent { absent = number }
      self = .ints(id, kind, absent: absent)
    } else if field.type == .text {
      self = .texts([id] + (field.fallback.map { [$0] } ?? []))
    } else {
      self = .coded(id)
    }
  }
}

extension FieldAccess.IntKind {
  /// A number of the column as its field's value.
  func fieldValue(_ number: Int64) -> FieldValue {
    switch self {
    case .int: .int(number)
    case .bool: .bool(number != 0)
    case .instant: .instant(Timestamp(nanoseconds: number))
    }
  }

  /// A number of the column as a filter sees it.
  func value(_ number: Int64) -> Value {
    switch self {
    case .int: .int(number)
    case .bool: .bool(number != 0)
    case .instant: .timestamp(Instant(Timestamp(nanoseconds: number)))
    }
  }
}
