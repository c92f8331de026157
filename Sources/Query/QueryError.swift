package import Store

/// Why a question has no answer.
package enum QueryError: Error, Sendable {
  /// The cursor is none of ours, or belongs to another filter or order.
  case badCursor(String)
  /// The task was cancelled.
  case cancelled
  /// The answer would need more memory than a query may have; the sentence says what to narrow.
  case tooLarge(String)
  /// The store could not be read at all; single damaged blocks are in the coverage instead.
  case store(StoreError)

  /// One sentence with full stop.
  package var sentence: String {
    switch self {
    case .badCursor(let reason): reason
    case .cancelled: "The query was cancelled."
    case .tooLarge(let reason): reason
    case .store(let error): "\(error)."
    }
  }
}
