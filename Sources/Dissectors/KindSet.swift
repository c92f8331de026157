import Entries

/// A set of protocol kinds, in four bytes.
struct KindSet: Hashable, Sendable {
  var bits: UInt32 = 0

  mutating func insert(_ kind: ProtocolKind) { bits |= 1 << UInt32(kind.rawValue) }

  mutating func formUnion(_ other: KindSet) { bits |= other.bits }

  var isEmpty: Bool { bits == 0 }

  /// Families in the order of the kinds' numbers, each once.
  var families: [String] {
    var result: [String] = []
    for kind in ProtocolKind.allCases where bits >> UInt32(kind.rawValue) & 1 == 1 {
      if !result.contains(kind.family) { result.append(kind.family) }
    }
    return result
  }
}
