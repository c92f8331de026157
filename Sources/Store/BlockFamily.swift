package import Entries

/// What a block holds: calls, or connection and flow records. Never both, so that a scan of calls
/// does not touch the others. Raw values are stored.
package enum BlockFamily: UInt8, Hashable, Sendable, CaseIterable {
  case calls = 0
  case connections = 1

  package init(_ kind: ProtocolKind) { self = kind.isCall ? .calls : .connections }
}

/// A set of protocol kinds as bits: bit n is the kind of raw value n.
package struct KindSet: Hashable, Sendable {
  package var bits: UInt64

  package init(bits: UInt64 = 0) { self.bits = bits }
  package init(_ kinds: some Sequence<ProtocolKind>) {
    bits = kinds.reduce(0) { $0 | 1 << UInt64($1.rawValue) }
  }

  package mutating func insert(_ kind: ProtocolKind) { bits |= 1 << UInt64(kind.rawValue) }
  package func contains(_ kind: ProtocolKind) -> Bool { bits >> UInt64(kind.rawValue) & 1 == 1 }
  package func intersects(_ other: KindSet) -> Bool { bits & other.bits != 0 }
  package var kinds: [ProtocolKind] { ProtocolKind.allCases.filter(contains) }
}
