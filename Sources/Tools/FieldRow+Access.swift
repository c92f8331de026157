import Entries

// Typed access to one entry's fields, for rendering.

extension FieldRow {
  /// The text, or nil when the entry has none or it is empty.
  func text(_ id: FieldID) -> String? {
    if case .text(let text) = value(id), !text.isEmpty { text } else { nil }
  }

  func int(_ id: FieldID) -> Int64? {
    if case .int(let number) = value(id) { number } else { nil }
  }

  func bool(_ id: FieldID) -> Bool {
    if case .bool(let flag) = value(id) { flag } else { false }
  }

  func texts(_ id: FieldID) -> [String] {
    if case .texts(let texts) = value(id) { texts } else { [] }
  }

  func pairs(_ id: FieldID) -> [HeaderBlock.Field] {
    if case .pairs(let pairs) = value(id) { pairs } else { [] }
  }

  func numbers(_ id: FieldID) -> [FieldValue.NamedNumber] {
    if case .numbers(let numbers) = value(id) { numbers } else { [] }
  }

  /// `halves` has one bit for the request and one for the reply.
  var hasRequest: Bool { (int(.halves) ?? 0) & 1 != 0 }
  var hasResponse: Bool { (int(.halves) ?? 0) & 2 != 0 }

  var kind: ProtocolKind? {
    int(.kind).flatMap { UInt8(exactly: $0) }.flatMap(ProtocolKind.init(rawValue:))
  }
}
