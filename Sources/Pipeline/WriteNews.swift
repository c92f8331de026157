import Store

/// What is told of a store that cannot write: once when it begins, and once when it is over.
///
/// That a disk is full is in the coverage of answers; whoever watches the log hears of it as well.
struct WriteNews {
  private var before = StoreCounters()
  private var isFailing = false

  /// - Parameters:
  ///   - counters: those of the store, now.
  ///   - failure: why it lost entries lately.
  /// - Returns: a sentence without its full stop; nil while there is nothing new.
  mutating func sentence(_ counters: StoreCounters, _ failure: StoreError?) -> String? {
    defer { before = counters }
    if counters.entriesLost > before.entriesLost {
      guard !isFailing else { return nil }
      isFailing = true
      return "entries cannot be stored" + (failure.map { ": \($0)" } ?? "")
    }
    guard isFailing, counters.blocksInserted > before.blocksInserted else { return nil }
    isFailing = false
    return "entries are stored again; \(counters.entriesLost) could not be"
  }
}
