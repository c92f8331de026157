/// What records mean in an UPDATE (RFC 2136 §2.4, §2.5): their class and type tell, in place of a word.
enum DNSUpdate {
  private static let none: UInt16 = 254
  private static let any: UInt16 = 255

  /// What must be so for the update to be made.
  static func prerequisite(_ record: DNSRecord) -> String {
    switch (record.recordClass, record.type) {
    case (any, any): "name is in use"
    case (any, _): "RRset exists"
    case (none, any): "name is not in use"
    case (none, _): "RRset does not exist"
    default: "RRset exists with this value"
    }
  }

  /// What is changed.
  static func change(_ record: DNSRecord) -> String {
    switch (record.recordClass, record.type) {
    case (any, any): "delete all RRsets of the name"
    case (any, _): "delete the RRset"
    case (none, _): "delete this record"
    default: "add to the RRset"
    }
  }
}
