package import Store

extension Statistics {
  /// No count becomes larger: agents tell theirs themselves, and what they tell must not be too large
  /// to be added to others.
  private static let mostCounted: UInt64 = 1 << 54
  /// Names in a list. What has others is counted under one name.
  private static let mostNamed = 512
  private static let otherName = "other causes"

  /// What two counts are together.
  package static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? mostCounted : min(sum, mostCounted)
  }

  /// Adds what another run saw. Sources and warnings of both are kept.
  package mutating func add(_ other: Statistics) {
    combine(other, with: Self.sum)
    sources += other.sources.filter { !sources.contains($0) }
    warnings += other.warnings
    for instant in [other.oldest, other.newest].compactMap({ $0 }) {
      oldest = min(oldest ?? instant, instant)
      newest = max(newest ?? instant, instant)
    }
  }

  /// Takes the counts of an earlier moment off.
  mutating func subtract(_ earlier: Statistics) { combine(earlier, with: &-) }

  private mutating func combine(
    _ other: Statistics, with operation: (UInt64, UInt64) -> UInt64
  ) {
    let counts: [WritableKeyPath<Statistics, UInt64>] = [
      \.packets, \.bytes, \.cutPackets, \.droppedPackets, \.duplicates, \.bytesLost,
      \.conversations, \.entries, \.unrecognised, \.entriesExpired, \.blocksExpired,
      \.bytesExpired, \.entriesLost, \.indexesRemoved,
    ]
    for count in counts {
      self[keyPath: count] = operation(self[keyPath: count], other[keyPath: count])
    }
    let lists: [WritableKeyPath<Statistics, [Named]>] = [
      \.wrongChecksums, \.notFollowed, \.fragmentTroubles, \.flowTroubles, \.dissectionTroubles,
    ]
    for list in lists where !other[keyPath: list].isEmpty {
      var items = self[keyPath: list]
      var places: [String: Int] = [:]
      for (place, item) in items.enumerated() { places[item.name] = place }
      for item in other[keyPath: list] {
        let isKnown = places[item.name] != nil || items.count < Self.mostNamed
        let name = isKnown ? item.name : Self.otherName
        if let place = places[name] {
          items[place].count = operation(items[place].count, item.count)
        } else {
          places[name] = items.count
          items.append(Named(name: name, count: operation(0, item.count)))
        }
      }
      self[keyPath: list] = items.filter { $0.count != 0 }
    }
  }

  /// Brings counts into an order that does not depend on how they came about.
  mutating func sortTroubles() {
    flowTroubles.sort { $0.name < $1.name }
    dissectionTroubles.sort { $0.name < $1.name }
  }

  /// What the store let go or could not take since it was opened.
  package mutating func take(_ counters: StoreCounters, failure: StoreError?) {
    var own = Statistics()
    own.entriesExpired = UInt64(counters.rowsExpired)
    own.blocksExpired = UInt64(counters.blocksExpired)
    own.bytesExpired = UInt64(counters.bytesExpired)
    own.entriesLost = UInt64(counters.entriesLost)
    own.dissectionTroubles = [
      Named(name: "values cut for the store", count: UInt64(counters.valuesCut)),
      Named(name: "contents cut for the store", count: UInt64(counters.contentsCut)),
      Named(name: "values of another type left out", count: UInt64(counters.valuesMismatched)),
      Named(name: "second values of a field left out", count: UInt64(counters.valuesRepeated)),
    ]
    add(own)
    if counters.blocksDamaged > 0 {
      warnings.append(
        "The store is damaged in \(counters.blocksDamaged) of its blocks: what could not be read is "
          + "missing here.")
    }
    if let failure { warnings.append("Entries could not be stored: \(failure).") }
  }
}
