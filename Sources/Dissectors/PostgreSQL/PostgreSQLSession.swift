import Bytes
import Entries

/// The text of a statement that was prepared, as it is shown, in the fields it makes.
struct PostgreSQLText: Sendable {
  /// Packed: the first word, where there is one, and the text.
  let fields: [UInt8]
  /// Where the field of the text begins.
  let textField: Int
  /// Where the text itself begins.
  private let start: Int
  let hasSecrets: Bool

  /// - Parameter text: as it is shown.
  init(_ text: RawSpan) {
    let verb = SQLText.verb(in: text)
    var textField = 0
    let fields = FieldValues(room: verb.count + text.byteCount + 16) { fields in
      if !verb.isEmpty {
        fields.add(.postgresqlCommand, .text) { SQLText.append(verb: verb, of: text, to: &$0) }
      }
      textField = fields.count
      fields.add(.postgresqlQuery, .text, packed: text)
    }
    self.fields = fields.bytes
    self.textField = textField
    start = fields.bytes.count - text.byteCount
    hasSecrets = SQLText.hasSecrets(text)
  }

  /// Bytes of the text.
  var count: Int { fields.count - start }

  func isText(_ text: RawSpan) -> Bool {
    count == text.byteCount && fields.rawSpan.suffix(from: start).equals(text)
  }
}

/// What a connection is about, and the statements it has prepared.
struct PostgreSQLSession: Sendable {
  /// Bytes of texts of statements that are remembered; what is prepared beyond is not.
  static let maxRemembered = 256 << 10
  /// Statements of which it is known that they are shown as they came, and the longest of them.
  private static let maxPlain = 8
  private static let longestPlain = 1 << 10

  private(set) var user: [UInt8] = []
  private(set) var database: [UInt8] = []
  /// They tell both.
  private(set) var fields = FieldValues()
  private var statements = PostgreSQLTexts()
  private var portals = PostgreSQLTexts()
  /// The last ones that are shown as they came: clients prepare the same few again and again.
  private var plain: [PostgreSQLText] = []
  private var oldestPlain = 0

  mutating func begin(user: [UInt8], database: [UInt8]) {
    (self.user, self.database) = (user, database)
    fields = FieldValues()
    if !database.isEmpty { fields.add(.postgresqlDatabase, text: database.rawSpan) }
    if !user.isEmpty { fields.add(.postgresqlUser, text: user.rawSpan) }
  }

  /// The text that is shown of a statement which came so.
  mutating func text(_ came: RawSpan, isCut: Bool) -> PostgreSQLText {
    if isCut { return PostgreSQLText(SQLText.shown(came, isCut: true, .postgresql).rawSpan) }
    for place in plain.indices where plain[place].isText(came) { return plain[place] }
    guard SQLText.isShownAsItIs(came) else {
      return PostgreSQLText(SQLText.shown(came, .postgresql).rawSpan)
    }
    let text = PostgreSQLText(came)
    if came.byteCount <= Self.longestPlain { remember(text) }
    return text
  }

  private mutating func remember(_ text: PostgreSQLText) {
    if plain.count < Self.maxPlain { return plain.append(text) }
    plain[oldestPlain] = text
    oldestPlain = (oldestPlain + 1) % Self.maxPlain
  }

  func statement(_ name: [UInt8]) -> PostgreSQLText? { statements[name] }
  func portal(_ name: [UInt8]) -> PostgreSQLText? { portals[name] }

  mutating func prepare(_ name: [UInt8], _ text: PostgreSQLText) {
    statements.remove(name)
    if name.count + text.count <= room { statements.add(name, text) }
  }

  mutating func bind(_ name: [UInt8], to text: PostgreSQLText) {
    portals.remove(name)
    if name.count + text.count <= room { portals.add(name, text) }
  }

  mutating func forgetStatement(_ name: [UInt8]) { statements.remove(name) }
  mutating func forgetPortal(_ name: [UInt8]) { portals.remove(name) }

  /// Bytes that may be remembered yet.
  private var room: Int { Self.maxRemembered - statements.count - portals.count }
}

/// Texts by the names of prepared statements, or of portals. Mostly there is but the one without a
/// name.
private struct PostgreSQLTexts: Sendable {
  private var unnamed: PostgreSQLText?
  private var named: [[UInt8]: PostgreSQLText] = [:]
  /// Bytes of all names and texts.
  private(set) var count = 0

  subscript(name: [UInt8]) -> PostgreSQLText? {
    if name.isEmpty { return unnamed }
    return named.isEmpty ? nil : named[name]
  }

  mutating func add(_ name: [UInt8], _ text: PostgreSQLText) {
    count += name.count + text.count
    if name.isEmpty { unnamed = text } else { named[name] = text }
  }

  mutating func remove(_ name: [UInt8]) {
    if name.isEmpty {
      count -= unnamed?.count ?? 0
      unnamed = nil
    } else if !named.isEmpty, let old = named.removeValue(forKey: name) {
      count -= name.count + old.count
    }
  }
}
