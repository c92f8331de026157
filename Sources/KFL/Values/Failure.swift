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
}
