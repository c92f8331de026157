extension Value {
  /// `self sign other` for `+ - * / %`.
  ///
  /// Integers fail on overflow and on division by zero; doubles follow IEEE 754.
  func computed(_ sign: Syntax.Operator, _ other: Value) throws(Failure) -> Value {
    switch (self, other) {
    case (.int(let a), .int(let b)): return .int(try integer(a, sign, b))
    case (.uint(let a), .uint(let b)): return .uint(try integer(a, sign, b))
    case (.double(let a), .double(let b)):
      switch sign {
      case .plus: return .double(a + b)
      case .minus: return .double(a - b)
      case .times: return .double(a * b)
      case .divided: return .double(a / b)
      default: break
      }
    case (.string(let a), .string(let b)) where sign == .plus: return .string(a + b)
    case (.bytes(let a), .bytes(let b)) where sign == .plus: return .bytes(a + b)
    case (.list(let a), .list(let b)) where sign == .plus: return .list(a + b)
    default: if let time = try time(sign, other) { return time }
    }
    throw .noOverload(sign.rawValue, [typeName, other.typeName])
  }

  /// Sums and differences of instants and lengths of time; nil for anything else.
  private func time(_ sign: Syntax.Operator, _ other: Value) throws(Failure) -> Value? {
    switch (self, sign, other) {
    case (.timestamp(let instant), .plus, .duration(let length)),
      (.duration(let length), .plus, .timestamp(let instant)):
      guard let moved = instant.advanced(by: length) else { throw .overflow }
      return .timestamp(moved)
    case (.timestamp(let instant), .minus, .duration(let length)):
      guard length != .min, let moved = instant.advanced(by: -length) else { throw .overflow }
      return .timestamp(moved)
    case (.timestamp(let a), .minus, .timestamp(let b)):
      guard let length = a.nanoseconds(since: b) else { throw .overflow }
      return .duration(nanoseconds: length)
    case (.duration(let a), .plus, .duration(let b)):
      return .duration(nanoseconds: try integer(a, .plus, b))
    case (.duration(let a), .minus, .duration(let b)):
      return .duration(nanoseconds: try integer(a, .minus, b))
    default: return nil
    }
  }

  /// How much work looking at this value may be, in steps of the budget.
  var weight: Int {
    switch self {
    case .string(let text): text.utf8.count >> 6
    case .bytes(let bytes): bytes.count >> 6
    case .list(let elements): elements.count
    case .map(let map): map.count
    default: 0
    }
  }
}

private func integer<T: FixedWidthInteger>(
  _ a: T, _ sign: Syntax.Operator, _ b: T
) throws(Failure) -> T {
  let (result, overflow): (T, Bool)
  switch sign {
  case .plus: (result, overflow) = a.addingReportingOverflow(b)
  case .minus: (result, overflow) = a.subtractingReportingOverflow(b)
  case .times: (result, overflow) = a.multipliedReportingOverflow(by: b)
  case .divided:
    if b == 0 { throw .divisionByZero }
    (result, overflow) = a.dividedReportingOverflow(by: b)
  case .modulo:
    if b == 0 { throw .divisionByZero }
    (result, overflow) = a.remainderReportingOverflow(dividingBy: b)
  default: throw .noOverload(sign.rawValue, ["int", "int"])
  }
  if overflow { throw .overflow }
  return result
}
