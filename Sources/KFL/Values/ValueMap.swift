/// A map at run time: pairs in the order they were written, no key twice.
///
/// Copies share their storage. Looking up is a scan for small maps and hashed for larger ones.
package struct ValueMap: Sendable {
  private let storage: Storage?

  /// Pairs up to this many are scanned: comparing a few short texts beats hashing one.
  private static let scanLimit = 12

  private final class Storage: Sendable {
    let entries: [(key: Value, value: Value)]
    /// Places by key, for large maps only.
    let index: [MapKey: Int]

    init(_ entries: [(key: Value, value: Value)]) {
      self.entries = entries
      var index: [MapKey: Int] = [:]
      if entries.count > ValueMap.scanLimit {
        index.reserveCapacity(entries.count)
        for (place, entry) in entries.enumerated() { index[MapKey(value: entry.key)] = place }
      }
      self.index = index
    }
  }

  package init() { storage = nil }

  /// A map of `entries`; of equal keys the last one stays.
  package init(_ entries: [(key: Value, value: Value)]) {
    storage = entries.isEmpty ? nil : Storage(entries)
  }

  /// A map from text to text, as headers and labels are.
  package init(_ pairs: some Sequence<(String, String)>) {
    self.init(pairs.map { (.string($0), .string($1)) })
  }

  package var entries: [(key: Value, value: Value)] { storage?.entries ?? [] }
  package var count: Int { storage?.entries.count ?? 0 }
  package var isEmpty: Bool { storage == nil }

  /// The value under a key that equals `key`, numbers compared across their kinds.
  package func value(for key: Value) -> Value? {
    guard let storage else { return nil }
    if !storage.index.isEmpty {
      return storage.index[MapKey(value: key)].map { storage.entries[$0].value }
    }
    if case .string(let text) = key {
      for entry in storage.entries.reversed() {
        if case .string(let candidate) = entry.key, sameText(candidate, text) { return entry.value }
      }
      return nil
    }
    return storage.entries.last { $0.key.equals(key) }?.value
  }
}

/// A value as a hashed key: equal by CEL's equality.
struct MapKey: Hashable {
  var value: Value

  static func == (a: MapKey, b: MapKey) -> Bool { a.value.equals(b.value) }

  /// Numbers that are equal across kinds hash alike, by their nearest double.
  func hash(into hasher: inout Hasher) {
    switch value {
    case .string(let text): hasher.combine(text)
    case .bool(let flag): hasher.combine(flag)
    case .int(let number): hasher.combine(Double(number))
    case .uint(let number): hasher.combine(Double(number))
    case .double(let number): hasher.combine(number)
    case .bytes(let bytes): hasher.combine(bytes)
    default: hasher.combine(value.typeName)
    }
  }
}
