/// The tags of a frame that say which VLAN it belongs to, the two outermost of them.
///
/// IEEE 802.1Q has one; a provider puts another around it (802.1ad, "QinQ").
package struct VLANTags: Hashable, Sendable {
  /// Bits 0 to 11 the outermost identifier, 12 to 23 the next one's, 24 and 25 whether they are
  /// there, 26 that the outermost is a provider's.
  private var bits: UInt32 = 0

  private static let hasOuter: UInt32 = 1 << 24
  private static let hasInner: UInt32 = 1 << 25
  private static let isService: UInt32 = 1 << 26

  /// None.
  package init() {}

  package var isEmpty: Bool { bits == 0 }

  /// Identifier of the outermost tag; 0 is a priority without a VLAN.
  package var outer: UInt16? { bits & Self.hasOuter == 0 ? nil : UInt16(bits & 0xfff) }

  /// Identifier of the tag inside that one.
  package var inner: UInt16? { bits & Self.hasInner == 0 ? nil : UInt16(bits >> 12 & 0xfff) }

  /// Whether the outermost tag is of another type than 802.1Q's own: a provider's.
  package var isOfProvider: Bool { bits & Self.isService != 0 }

  /// Adds the next tag inwards; a third one changes nothing.
  ///
  /// - Parameters:
  ///   - control: priority and identifier.
  ///   - type: the EtherType that announced it.
  package mutating func add(_ control: UInt16, type: UInt16) {
    let identifier = UInt32(control & 0xfff)
    if bits == 0 {
      bits = identifier | Self.hasOuter | (type == 0x8100 ? 0 : Self.isService)
    } else if bits & Self.hasInner == 0 {
      bits |= identifier << 12 | Self.hasInner
    }
  }
}
