/// Bytes that are not what they claim to be: what is wrong, and where.
///
/// Trivially copyable, without text: the pipeline counts it per protocol and kind and goes on.
/// Words for people are made at the edge, from `kind`.
package struct WireError: Error, Equatable, Sendable {
  package enum Kind: UInt8, Sendable, CaseIterable {
    /// Fewer bytes than the format's own length fields demand.
    case truncated
    /// A field holds a value that its specification forbids.
    case invalid
    /// A version or variant that this reader does not know.
    case unsupported
    /// A length or count beyond the reader's named limit.
    case tooLarge
    /// The bytes belong to another protocol.
    case foreign
  }

  package var kind: Kind
  /// Bytes from the start of what was being parsed.
  package var offset: Int

  @inlinable
  package init(_ kind: Kind, at offset: Int = 0) {
    self.kind = kind
    self.offset = offset
  }
}
