/// The type of an expression, known before the first entry is read.
package indirect enum KFLType: Hashable, Sendable {
  case bool, int, uint, double, string, bytes, timestamp, duration, null
  /// The type of a type, such as that of `int` in `type(x) == int`.
  case type
  /// Checked at run time: values under `raw` and legacy record paths.
  case dyn
  case list(KFLType)
  case map(KFLType, KFLType)
}

extension KFLType: CustomStringConvertible, LosslessStringConvertible {
  /// `int`, `list<string>`, `map<string,double>`.
  package var description: String {
    switch self {
    case .bool: "bool"
    case .int: "int"
    case .uint: "uint"
    case .double: "double"
    case .string: "string"
    case .bytes: "bytes"
    case .timestamp: "timestamp"
    case .duration: "duration"
    case .null: "null"
    case .type: "type"
    case .dyn: "dyn"
    case .list(let element): "list<\(element)>"
    case .map(let key, let value): "map<\(key),\(value)>"
    }
  }

  /// Reads what `description` writes; nil for anything else.
  package init?(_ text: String) {
    let simple: [KFLType] = [
      .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration, .null, .type, .dyn,
    ]
    if let match = simple.first(where: { $0.description == text }) {
      self = match
    } else if text.hasPrefix("list<"), text.hasSuffix(">"),
      let element = KFLType(String(text.dropFirst(5).dropLast()))
    {
      self = .list(element)
    } else if text.hasPrefix("map<"), text.hasSuffix(">"), let comma = text.firstIndex(of: ","),
      let key = KFLType(String(text[..<comma].dropFirst(4))),
      let value = KFLType(String(text[text.index(after: comma)...].dropLast()))
    {
      self = .map(key, value)
    } else {
      return nil
    }
  }
}

extension KFLType {
  /// int, uint or double.
  var isNumber: Bool {
    switch self {
    case .int, .uint, .double: true
    default: false
    }
  }

  /// Whether nothing is known before run time.
  var isDynamic: Bool { self == .dyn }

  /// The name in a sentence: `text` for string, `a list of text`.
  var phrase: String {
    switch self {
    case .bool: "a condition (bool)"
    case .int: "a number (int)"
    case .uint: "a number (uint)"
    case .double: "a number (double)"
    case .string: "text (string)"
    case .bytes: "bytes"
    case .timestamp: "an instant (timestamp)"
    case .duration: "a length of time (duration)"
    case .null: "null"
    case .type: "a type"
    case .dyn: "a value known at run time (dyn)"
    case .list, .map: "a \(description)"
    }
  }

  /// Whether a value of this type may stand where `target` is expected.
  func fits(_ target: KFLType) -> Bool {
    switch (self, target) {
    case (.dyn, _), (_, .dyn): true
    case (.list(let a), .list(let b)): a.fits(b)
    case (.map(let a, let b), .map(let c, let d)): a.fits(c) && b.fits(d)
    default: self == target
    }
  }

  /// The type of either of two values; `dyn` when they have nothing in common.
  func joined(with other: KFLType) -> KFLType {
    switch (self, other) {
    case _ where self == other: self
    case (.list(let a), .list(let b)): .list(a.joined(with: b))
    case (.map(let a, let b), .map(let c, let d)): .map(a.joined(with: c), b.joined(with: d))
    default: .dyn
    }
  }

  /// What an entry that lacks a variable of this type reads as.
  package var defaultValue: Value {
    switch self {
    case .bool: .bool(false)
    case .int: .int(0)
    case .uint: .uint(0)
    case .double: .double(0)
    case .string: .string("")
    case .bytes: .bytes([])
    case .timestamp: .timestamp(Instant(seconds: 0, nanoseconds: 0))
    case .duration: .duration(nanoseconds: 0)
    case .list: .list([])
    case .map: .map(ValueMap())
    case .null, .dyn: .null
    case .type: .type("type")
    }
  }
}
