import Bytes
package import Entries
package import KFL

/// The field catalogue as the filter language sees it: slot n is row n of `fields`.
package enum FieldSchema {
  /// The rows that have a KFL name.
  package static let fields: [Field] = Catalogue.named

  /// The schema of an installation that configures no macros of its own.
  package static let schema = Schema(variables, rawPaths: rawPaths)

  /// The schema with these macros; slots are the same.
  package static func schema(macros: [String: String]) -> Schema {
    Schema(variables, macros: macros, rawPaths: rawPaths)
  }

  /// What a filter that reads `field` sees in an entry without it, by slot.
  static let missing: [Value] = variables.map(\.missing)

  private static let variables: [Variable] = fields.map { field in
    Variable(
      field.name ?? "", KFLType(field.type), doc: field.doc, unit: field.unit,
      example: field.example, isHeaderMap: field.ignoresCase,
      defaultValue: field.absent.map { Value($0, of: field) }, isFlag: field.isFlag,
      scope: field.scope, values: field.values)
  }

  /// Paths under `raw` are open: protocols add to them through `details`.
  private static let rawPaths: Set<String> = []
}

extension KFLType {
  /// The type a filter sees for a field of that type.
  package init(_ type: FieldType) {
    self =
      switch type {
      case .bool: .bool
      case .int: .int
      case .text: .string
      case .bytes: .bytes
      case .instant: .timestamp
      case .texts: .list(.string)
      case .pairs: .map(.string, .string)
      case .numbers: .map(.string, .double)
      case .record: .map(.string, .dyn)
      }
  }
}

extension Value {
  /// The value of a field as a filter sees it; what is absent reads as the field's default.
  package init(_ value: FieldValue, of field: Field) {
    switch value {
    case .none:
      self = field.absent.map { Value($0, of: field) } ?? KFLType(field.type).defaultValue
    case .bool(let flag): self = .bool(flag)
    case .int(let number): self = .int(number)
    // A text that is empty says no more than one that is absent.
    case .text(let text):
      if text.isEmpty, let absent = field.absent, absent != value {
        self = Value(absent, of: field)
      } else {
        self = .string(text)
      }
    case .bytes(let bytes): self = .bytes(bytes)
    case .instant(let instant): self = .timestamp(Instant(instant))
    case .texts(let texts): self = .list(texts.map(Value.string))
    case .pairs(let pairs): self = .map(ValueMap(pairs.lazy.map { ($0.name, $0.value) }))
    case .numbers(let numbers):
      self = .map(ValueMap(numbers.map { (.string($0.name), .double($0.value)) }))
    }
  }
}
