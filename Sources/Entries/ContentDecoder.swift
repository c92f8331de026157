/// What an entry needs from the modules that know its protocol, to show what it keeps packed.
package struct ContentDecoder: Sendable {
  /// Undoes the content codings of a body: the bytes, and the value of its Content-Encoding field.
  /// What it cannot undo it gives back as far as it came.
  package var body: @Sendable (_ body: [UInt8], _ codings: String) -> [UInt8]
  /// The details of an entry that were not made when it was read, a JSON object; empty for none.
  package var details: @Sendable (any ColumnRow) -> String

  package init(
    body: @escaping @Sendable (_ body: [UInt8], _ codings: String) -> [UInt8] = { body, _ in body },
    details: @escaping @Sendable (any ColumnRow) -> String = { _ in "" }
  ) {
    (self.body, self.details) = (body, details)
  }

  /// Coded bodies count as binary, and there are no details but those that are stored.
  package static let plain = ContentDecoder()
}
