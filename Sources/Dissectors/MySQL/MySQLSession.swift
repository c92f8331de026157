/// What a connection is about, and the statements it has prepared.
struct MySQLSession: Sendable {
  /// Bytes of texts of statements that are remembered; what is prepared beyond is not.
  static let maxRemembered = 256 << 10

  var version: [UInt8] = []
  var user: [UInt8] = []
  var database: [UInt8] = []
  var method: [UInt8] = []
  /// What both sides can do; nil until the client has said so.
  var capabilities: UInt64?
  var serverCapabilities: UInt64 = 0
  /// Text of the last statement that was to be prepared, whatever came of it.
  var newest: [UInt8] = []
  /// Texts by number.
  private var statements: [UInt32: [UInt8]] = [:]
  private var remembered = 0

  /// Results end with OK instead of EOF, and columns with nothing. Not known midway: then `nil`.
  var deprecatesEOF: Bool? { capabilities.map { $0 & MySQLWire.deprecateEOF != 0 } }

  /// Results and prepared statements tell whether the definitions of their columns follow.
  var isMetadataOptional: Bool { (capabilities ?? 0) & MySQLWire.optionalMetadata != 0 }

  func statement(_ number: UInt32) -> [UInt8]? {
    if number == MySQLWire.newestStatement { return newest.isEmpty ? nil : newest }
    return statements[number]
  }

  mutating func prepare(_ number: UInt32, _ text: [UInt8]) {
    forget(number)
    if remembered + text.count > Self.maxRemembered { return }
    remembered += text.count
    statements[number] = text
  }

  mutating func forget(_ number: UInt32) {
    if let old = statements.removeValue(forKey: number) { remembered -= old.count }
  }

  mutating func forgetStatements() { (statements, remembered, newest) = ([:], 0, []) }
}
