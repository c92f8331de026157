package import Bytes

/// The value of one field of an entry.
package enum FieldValue: Hashable, Sendable {
  case none
  case bool(Bool)
  case int(Int64)
  case text(String)
  case bytes([UInt8])
  case instant(Timestamp)
  case texts([String])
  /// Names and values in order; a name may repeat.
  case pairs([HeaderBlock.Field])
  case numbers([NamedNumber])

  package struct NamedNumber: Hashable, Sendable {
    package var name: String
    package var value: Double
    package init(_ name: String, _ value: Double) { (self.name, self.value) = (name, value) }
  }
}
