/// One row of the field catalogue: a KFL variable, a column, a completion and a line of the
/// reference page, all at once.
package struct Field: Sendable {
  package var id: FieldID
  /// KFL name, dotted; nil for columns that only serve derived fields.
  package var name: String?
  package var type: FieldType
  /// Unit of a number, such as `µs` or `bytes`.
  package var unit: String?
  /// One line, without the final full stop.
  package var doc: String
  /// A KFL condition that uses it.
  package var example: String?
  package var source: Source
  /// Look-ups by name ignore case, and names are stored in lower case.
  package var ignoresCase: Bool
  /// Value of entries without the field, when it is not the type's own zero.
  package var absent: FieldValue?
  /// What a filter reads where this text is empty, such as the service where there is no pod.
  package var fallback: FieldID?
  /// Whether it says that an entry is of some protocol or kind, as `http` and `conn` do.
  package var isFlag: Bool
  /// KFL name of the flag without which the field means nothing, such as `http` for `method`.
  package var scope: String?
  /// Texts it may hold, where only a few make sense or most entries have one of these.
  package var values: [String]

  /// Where the value comes from.
  package enum Source: Sendable {
    /// A column of its own.
    case column
    /// Headers or bodies, which lie apart and are read only when asked for.
    case content
    /// The same value as another column.
    case same(as: FieldID)
    /// Whether the entry is of one of these kinds.
    case kinds([ProtocolKind])
    /// The first of these text fields that is not empty.
    case firstOf([FieldID])
    /// The distinct non-empty values of these text fields, in order.
    case union([FieldID])
    /// Worked out from other fields of the same entry, which are named so that a query can fetch
    /// just them.
    case derived(from: [FieldID], @Sendable (any FieldRow) -> FieldValue)
  }

  package init(
    _ id: FieldID, _ name: String?, _ type: FieldType, _ doc: String, unit: String? = nil,
    example: String? = nil, source: Source = .column, ignoresCase: Bool = false,
    absent: FieldValue? = nil, fallback: FieldID? = nil, isFlag: Bool = false,
    scope: String? = nil, values: [String] = []
  ) {
    (self.id, self.name, self.type, self.doc) = (id, name, type, doc)
    (self.unit, self.example, self.source) = (unit, example, source)
    (self.ignoresCase, self.absent) = (ignoresCase, absent)
    (self.fallback, self.isFlag, self.scope) = (fallback, isFlag, scope)
    self.values = values
  }
}

/// Types of fields, one for each case of `FieldValue`.
package enum FieldType: UInt8, Hashable, Sendable {
  case bool = 1
  case int = 2
  case text = 3
  case bytes = 4
  case instant = 5
  case texts = 6
  case pairs = 7
  case numbers = 8
  /// The raw record: any JSON, made on demand.
  case record = 9
}

/// Gives the fields of one entry; `.none` for those it lacks.
package protocol FieldRow {
  func value(_ id: FieldID) -> FieldValue
}
