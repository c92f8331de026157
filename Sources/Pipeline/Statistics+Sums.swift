package import Store

extension Statistics {
  /// Adds what another run saw. Sources and warnings of both are kept.
  package mutating func add(_ other: Statistics) {
    addCounts(other)
    sources += other.sources.filter { !sources.contains($0) }
    warnings += other.warnings
    for instant in [other.oldest, other.newest].compactMap({ $0 }) {
      oldest = min(oldest ?? instant, instant)
      newest = max(newest ?? instant, instant)
    }
  }

  private mutating func addCounts(_ other: Statistics) {
    let counts: [WritableKeyPath<Statistics, UInt64>] = [
      \.packets, \.bytes, \.cutPackets, \.droppedPackets, \.duplicates, \.bytesLost,
      \.conversations, \.entries, \.unrecognised, \.entriesExpired, \.blocksExpired,
      \.bytesExpired, \.entriesLost, \.indexesRemoved,
    ]
    for count in counts {
      self[keyPath: count] &+= other[keyPath: count]
    }
    let lists: [WritableKeyPath<Statistics, [Named]>] = [
      \.wrongChecksums, \.notFollowed, \.flowTroubles, \.dissectionTroubles,
    ]
    for list in lists {
      for item in other[keyPath: list] {
        if let at = self[keyPath: list].firstIndex(where: { $0.name == item.name }) {
          self[keyPath: list][at].count &+= item.count
        } else {
          self[keyPath: list].append(item)
        }
      }
    }
  }

  /// What the store let go or could not take since it was opened.
  package mutating func take(_ counters: StoreCounters, failure: StoreError?) {
    entriesExpired &+= UInt64(counters.rowsExpired)
    blocksExpired &+= UInt64(counters.blocksExpired)
    bytesExpired &+= UInt64(counters.bytesExpired)
    entriesLost &+= UInt64(counters.entriesLost)
    if let failure { warnings.append("Entries could not be stored: \(failure).") }
  }
}
