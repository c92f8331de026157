extension Value {
  /// CEL's equality: numbers compare by value across their kinds, lists and maps deeply, values
  /// of different types are never equal, NaN equals nothing.
  package func equals(_ other: Value) -> Bool {
    switch (self, other) {
    case (.string(let a), .string(let b)): sameText(a, b)
    case (.int(let a), .int(let b)): a == b
    case (.bool(let a), .bool(let b)): a == b
    case (.null, .null): true
    case (.bytes(let a), .bytes(let b)): a == b
    case (.timestamp(let a), .timestamp(let b)): a == b
    case (.duration(let a), .duration(let b)): a == b
    case (.type(let a), .type(let b)): a == b
    case (.list(let a), .list(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.equals($1) }
    case (.map(let a), .map(let b)): a.equals(b)
    default: numericOrder(other) == .equal
    }
  }

  enum Order { case less, equal, greater }

  /// The order of two numbers; nil for NaN and for anything that is not a number.
  func numericOrder(_ other: Value) -> Order? {
    switch (self, other) {
    case (.int(let a), .int(let b)): ordering(a, b)
    case (.uint(let a), .uint(let b)): ordering(a, b)
    case (.double(let a), .double(let b)): a.isNaN || b.isNaN ? nil : ordering(a, b)
    case (.int(let a), .uint(let b)): a < 0 ? .less : ordering(UInt64(a), b)
    case (.uint(let a), .int(let b)): b < 0 ? .greater : ordering(a, UInt64(b))
    // Compared as doubles, as CEL's reference does.
    case (.int(let a), .double(let b)): b.isNaN ? nil : ordering(Double(a), b)
    case (.double(let a), .int(let b)): a.isNaN ? nil : ordering(a, Double(b))
    case (.uint(let a), .double(let b)): b.isNaN ? nil : ordering(Double(a), b)
    case (.double(let a), .uint(let b)): a.isNaN ? nil : ordering(a, Double(b))
    default: nil
    }
  }

  /// Whether `self comparison other` holds; nil when the types have no such comparison.
  ///
  /// Text is ordered by code point.
  package func compares(_ comparison: Comparison, to other: Value) -> Bool? {
    switch comparison {
    case .equal: return equals(other)
    case .notEqual: return !equals(other)
    default: break
    }
    let order: Order?
    switch (self, other) {
    case (.string(let a), .string(let b)):
      // UTF-8 sorts as code points do; String's own order is that of its normalised form.
      order =
        a.utf8.elementsEqual(b.utf8)
        ? .equal : a.utf8.lexicographicallyPrecedes(b.utf8) ? .less : .greater
    case (.bool(let a), .bool(let b)): order = ordering(a ? 1 : 0, b ? 1 : 0)
    case (.bytes(let a), .bytes(let b)):
      order = a == b ? .equal : a.lexicographicallyPrecedes(b) ? .less : .greater
    case (.timestamp(let a), .timestamp(let b)): order = ordering(a, b)
    case (.duration(let a), .duration(let b)): order = ordering(a, b)
    case (.int, .int), (.int, .uint), (.int, .double), (.uint, .int), (.uint, .uint),
      (.uint, .double), (.double, .int), (.double, .uint), (.double, .double):
      guard let found = numericOrder(other) else { return false }
      order = found
    default: return nil
    }
    return switch comparison {
    case .less: order == .less
    case .lessOrEqual: order != .greater
    case .greater: order == .greater
    case .greaterOrEqual: order != .less
    case .equal, .notEqual: nil
    }
  }
}

extension ValueMap {
  /// Whether both hold equal values under equal keys, in any order.
  func equals(_ other: ValueMap) -> Bool {
    count == other.count
      && entries.allSatisfy { entry in other.value(for: entry.key)?.equals(entry.value) ?? false }
  }
}

private func ordering<T: Comparable>(_ a: T, _ b: T) -> Value.Order {
  a < b ? .less : a == b ? .equal : .greater
}

/// Whether two texts have the same code points. `==` alone would also equate texts that differ
/// in normalisation; it goes first because it is quick.
func sameText(_ a: String, _ b: String) -> Bool { a == b && a.utf8.elementsEqual(b.utf8) }
