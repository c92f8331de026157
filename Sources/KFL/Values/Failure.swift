/// Why evaluating an expression on one entry gave no value.
///
/// Boxed, so that an outcome stays one word and constant failures cost no allocation.
package indirect enum Failure: Error, Sendable {
  case noKey(String, in: String)
  case outOfRange(index: Int64, count: Int)
  case divisionByZero
  case overflow
  /// An operator or function met values it is not defined for.
  case noOverload(String, [String])
  /// Text, or a number, that cannot be turned into the wanted type.
  case notConvertible(String, to: String)
  case unknownZone(String)
  case unknownName(String)
  case unknownFunction(String)
  case repeatedKey(String)
  case badPattern(String)
  /// More work for one entry than `Limits.costPerEntry`.
  case tooCostly
  /// A legacy record path that the entry does not have: not selected, and not worth counting.
  case absent(String)

  /// One sentence without full stop.
  package var sentence: String {
    switch self {
    case .noKey(let key, let container): "no key \"\(key)\" in \(container); use map_get"
    case .outOfRange(let index, let count): "index \(index) of a list of \(count)"
    case .divisionByZero: "division by zero"
    case .overflow: "the result does not fit its type"
    case .noOverload(let name, let types):
      "\(name) is not defined for \(types.joined(separator: ", "))"
    case .notConvertible(let text, let type): "\(text) cannot be read as \(type)"
    case .unknownZone(let zone): "unknown time zone \"\(zone)\""
    case .unknownName(let name): "no value is bound to \(name)"
    case .unknownFunction(let name): "unknown function \(name)"
    case .repeatedKey(let key): "the key \(key) is given twice"
    case .badPattern(let reason): "not a regular expression: \(reason)"
    case .tooCostly: "evaluation was stopped after \(Limits.costPerEntry) steps on one entry"
    case .absent(let path): "the entry has no \(path)"
    }
  }

  /// The same without what the entry holds, which may be secret: quoted is only what the filter says.
  ///
  /// - Parameter isWritten: whether a text stands in the filter.
  package func sentence(quoting isWritten: (String) -> Bool) -> String {
    switch self {
    case .noKey(let key, let container)
    where !isWritten(Value.string(key).literalText) && !isWritten("." + key):
      "no such key in \(container); use map_get"
    case .notConvertible(let text, let type) where !isWritten(text):
      "there are values that cannot be read as \(type)"
    case .unknownZone(let zone) where !isWritten(Value.string(zone).literalText):
      "there are values that name no time zone"
    case .repeatedKey(let key) where !isWritten(key): "a key is given twice"
    // Patterns that are written in the filter were checked before it ran.
    case .badPattern: "there are values that are not regular expressions"
    default: sentence
    }
  }
}
