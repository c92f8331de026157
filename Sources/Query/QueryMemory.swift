import Entries

/// How much memory a query may keep at once.
///
/// Counted is what grows with the answer: groups, flows, rows taken out of their blocks. The one
/// block being looked at, and the store's cache, have limits of their own.
package enum QueryMemory {
  /// Bytes, unless a source is told otherwise.
  package static let limit = 64 << 20
  /// Rows after which what has been kept is added up again.
  static let checkedRows = 65_536
}

extension QueryError {
  /// - Parameters:
  ///   - what: what does not fit, as a plural.
  ///   - advice: how to ask for less.
  static func overMemory(_ what: String, limit: Int, _ advice: String) -> QueryError {
    let size = limit >= 1 << 20 ? "\(limit >> 20) MB" : "\(limit >> 10) KB"
    return .tooLarge("\(what) need more than the \(size) a query may keep; \(advice).")
  }
}

extension FieldValue {
  /// Bytes it takes in memory, about.
  var memory: Int {
    let own = MemoryLayout<FieldValue>.stride
    switch self {
    case .none, .bool, .int, .instant: return own
    case .text(let text): return own + text.utf8.count + 32
    case .bytes(let bytes): return own + bytes.count + 32
    case .texts(let texts): return texts.reduce(own + 32) { $0 + $1.utf8.count + 48 }
    case .pairs(let pairs):
      return pairs.reduce(own + 32) { $0 + $1.name.utf8.count + $1.value.utf8.count + 96 }
    case .numbers(let numbers): return numbers.reduce(own + 32) { $0 + $1.name.utf8.count + 56 }
    }
  }
}
