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
    if let place = place(of: came) { return plain[place] }
    guard SQLText.isShownAsItIs(came) else {
      return PostgreSQLText(SQLText.shown(came, .postgresql).rawSpan)
    }
    let text = PostgreSQLText(came)
    if came.byteCount <= Self.longestPlain { remember(text) }
    return text
  }

  private func place(of text: RawSpan) -> Int? {
    // Looked at where they lie: each would be copied, and its references counted.
    let plain = plain.span
    for place in plain.indices where plain[place].isText(text) { return place }
    return nil
  }

  private mutating func remember(_ text: PostgreSQLText) {
    if plain.count < Self.maxPlain { return plain.append(text) }
    plain[oldestPlain] = text
    oldestPlain = (oldestPlain + 1) % Self.maxPlain
  }

  /// The text of a statement, and its name.
  mutating func statement(_ name: RawSpan) -> PostgreSQLTexts.Named? { statements.find(name) }

  mutating func portal(_ name: RawSpan) -> PostgreSQLText? { portals.find(name)?.text }

  mutating func prepare(_ name: RawSpan, _ text: PostgreSQLText) {
    statements.remove(name)
    if name.byteCount + text.count <= room { statements.add(name, text) }
  }

  mutating func bind(_ name: RawSpan, to text: PostgreSQLText) {
    portals.remove(name)
    if name.byteCount + text.count <= room { portals.add(name, text) }
  }

  mutating func forgetStatement(_ name: RawSpan) { statements.remove(name) }
  mutating func forgetPortal(_ name: RawSpan) { portals.remove(name) }

  /// Bytes that may be remembered yet.
  private var room: Int { Self.maxRemembered - statements.count - portals.count }
}

/// Texts by the names of prepared statements, or of portals. Mostly there is but the one without a
/// name.
struct PostgreSQLTexts: Sendable {
  private var unnamed: PostgreSQLText?
  private var named: [[UInt8]: PostgreSQLText] = [:]
  /// Bytes of all names and texts.
  private(set) var count = 0

  /// Those that were looked for last: clients run the same few again and again.
  private var recent: [Named] = []
  /// Hashes of their names: what is looked at while the right one is looked for.
  private var marks: [UInt64] = []
  private var oldest = 0

  private static let maxRecent = 8

  /// A text with the name it has.
  struct Named: Sendable {
    var name: [UInt8]
    var text: PostgreSQLText

    fileprivate func isCalled(_ name: RawSpan) -> Bool { self.name.rawSpan.equals(name) }
  }

  mutating func find(_ name: RawSpan) -> Named? {
    if name.isEmpty { return unnamed.map { Named(name: [], text: $0) } }
    if named.isEmpty { return nil }
    let mark = name.seededHash
    if let place = place(of: name, mark) { return recent[place] }
    let name = name.array()
    guard let text = named[name] else { return nil }
    let found = Named(name: name, text: text)
    if recent.count < Self.maxRecent {
      recent.append(found)
      marks.append(mark)
    } else {
      (recent[oldest], marks[oldest]) = (found, mark)
      oldest = (oldest + 1) % Self.maxRecent
    }
    return found
  }

  private func place(of name: RawSpan, _ mark: UInt64) -> Int? {
    let marks = marks.span
    for place in marks.indices where marks[place] == mark && recent[place].isCalled(name) {
      return place
    }
    return nil
  }

  /// Adds a text under a name that has none.
  mutating func add(_ name: RawSpan, _ text: PostgreSQLText) {
    count += name.byteCount + text.count
    if name.isEmpty { unnamed = text } else { named[name.array()] = text }
  }

  mutating func remove(_ name: RawSpan) {
    if name.isEmpty {
      count -= unnamed?.count ?? 0
      unnamed = nil
    } else if !named.isEmpty, let old = named.removeValue(forKey: name.array()) {
      count -= name.byteCount + old.count
      if let place = place(of: name, name.seededHash) {
        recent.remove(at: place)
        marks.remove(at: place)
        oldest = 0
      }
    }
  }
}
