import Bytes
import Entries
import JSON

/// What a message says: command, database, collection, documents, errors.
struct MongoContent: Sendable {
  let isRequest: Bool
  var isCut: Bool
  /// A reply to an older query: its document is one of a collection.
  private let holdsDocuments: Bool
  /// An older query: it is answered by documents of a collection.
  private(set) var asksDocuments = false
  private(set) var expectsReply = true
  private(set) var hasMoreToCome = false
  /// It may be answered by several messages (exhaust cursors).
  private(set) var allowsStream = false
  private(set) var failed = false
  private var opcode: UInt32 = 0
  private var command: [UInt8]?
  private var database: [UInt8]?
  private var collection: [UInt8]?
  private var documents: Int?
  private var errorCode: Int64?
  private var errorText: [UInt8]?
  private var errorName: [UInt8]?
  private var preview: [UInt8] = []
  /// The batch of a cursor.
  private var results: BSON.Element?

  init(isRequest: Bool, isCut: Bool, holdsDocuments: Bool = false) {
    (self.isRequest, self.isCut, self.holdsDocuments) = (isRequest, isCut, holdsDocuments)
  }

  mutating func read(_ opcode: UInt32, _ body: RawSpan) {
    self.opcode = opcode
    switch opcode {
    case MongoHeader.message: message(body)
    case MongoHeader.query: query(body)
    case MongoHeader.reply: reply(body)
    case MongoHeader.insert, MongoHeader.update, MongoHeader.delete, MongoHeader.getMore:
      expectsReply = opcode == MongoHeader.getMore
      asksDocuments = expectsReply
      // Called like the commands that came after them.
      let name = MongoHeader.name(opcode).map { "\($0)".dropFirst(3).lowercased() } ?? ""
      command = Array((opcode == MongoHeader.getMore ? "getMore" : name).utf8)
      let end = body.byteCount > 4 ? body.firstOffset(of: 0, from: 4) ?? 4 : 4
      if end > 4 { namespace(body.slice(4..<end)) }
      if opcode == MongoHeader.insert { documents = Self.count(body, from: end + 1) }
    case MongoHeader.killCursors:
      expectsReply = false
      command = Array("killCursors".utf8)
    default: expectsReply = false
    }
  }

  /// OP_MSG: flags, and sections of one document or of a sequence of them.
  private mutating func message(_ body: RawSpan) {
    guard body.byteCount >= 5 else { return }
    let flags = body.little32(0)
    hasMoreToCome = flags & 2 != 0
    expectsReply = flags & 2 == 0
    allowsStream = flags & 0x1_0000 != 0
    let end = flags & 1 != 0 && !isCut ? max(4, body.byteCount - 4) : body.byteCount
    var at = 4
    while at + 5 <= end {
      let kind = body.byte(at)
      let length = Int(body.little32(at + 1))
      if kind == 0 {
        if isRequest { ask(body, at: at + 1) } else { answer(body, at: at + 1) }
      } else if kind == 1 {
        sequence(body.slice(at + 1..<min(at + 1 + max(length, 0), end)))
      } else {
        return
      }
      if length < 5 { return }
      at += 1 + length
    }
  }

  /// Documents beside the command, such as those to insert.
  private mutating func sequence(_ bytes: RawSpan) {
    guard bytes.byteCount > 4, let nameEnd = bytes.firstOffset(of: 0, from: 4) else { return }
    let count = Self.count(bytes, from: nameEnd + 1)
    if bytes.slice(4..<nameEnd).equals("nsInfo") {
      // Of a bulkWrite, which may be about several collections.
      if count == 1 { soleNamespace(bytes, at: nameEnd + 1) }
    } else {
      documents = (documents ?? 0) + count
    }
  }

  /// Documents that follow each other.
  private static func count(_ bytes: RawSpan, from start: Int) -> Int {
    var at = start
    var count = 0
    while at + 5 <= bytes.byteCount {
      let length = Int(bytes.little32(at))
      if length < 5 { break }
      at += length
      count += 1
    }
    return count
  }

  /// The only collection that a bulkWrite is about: `{ns: "database.collection"}`.
  private mutating func soleNamespace(_ bytes: RawSpan, at start: Int) {
    guard let range = BSON.members(bytes, at: start) else { return }
    var at = range.lowerBound
    while let element = BSON.next(bytes, &at, in: range) {
      guard bytes.slice(element.name).equals("ns"), let text = BSON.text(bytes, element) else {
        continue
      }
      namespace(bytes.slice(text))
    }
  }

  /// A document that commands.
  ///
  /// - Parameter shown: where the document begins that is shown, when it has that one inside.
  private mutating func ask(_ bytes: RawSpan, at start: Int, shownFrom shown: Int? = nil) {
    guard let range = BSON.members(bytes, at: start) else { return }
    var at = range.lowerBound
    while let element = BSON.next(bytes, &at, in: range) {
      let name = bytes.slice(element.name)
      if command == nil {
        command = name.prefix(64).array()
        collection = BSON.text(bytes, element).map { bytes.slice($0).prefix(128).array() }
        if name.equals("saslStart") || name.equals("saslContinue") { collection = nil }
      } else if name.equals("$db") {
        database = BSON.text(bytes, element).map { bytes.slice($0).prefix(64).array() }
      } else if name.equals("collection") {
        collection = BSON.text(bytes, element).map { bytes.slice($0).prefix(128).array() }
      } else if name.equals("documents") || name.equals("updates") || name.equals("deletes") {
        if element.type == BSON.array { documents = BSON.count(bytes, element) }
      }
    }
    show(bytes, at: shown ?? start)
  }

  /// A document that answers.
  private mutating func answer(_ bytes: RawSpan, at start: Int) {
    guard let range = BSON.members(bytes, at: start) else { return }
    var at = range.lowerBound
    while let element = BSON.next(bytes, &at, in: range) {
      let name = bytes.slice(element.name)
      switch element.type {
      case BSON.document where name.equals("cursor"): batch(bytes, element)
      case BSON.array where name.equals("writeErrors"): writeError(bytes, element, isArray: true)
      case BSON.document where name.equals("writeConcernError"):
        writeError(bytes, element, isArray: false)
      case BSON.string:
        let text = BSON.text(bytes, element).map { bytes.slice($0).prefix(1024).array() }
        if name.equals("errmsg") || name.equals("$err") { errorText = text }
        if name.equals("codeName") { errorName = text }
        // Of getLastError, which itself has succeeded.
        if name.equals("err") { (errorText, failed) = (text, true) }
      default:
        guard let number = BSON.integer(bytes, element) else { continue }
        if name.equals("ok") { failed = failed || number == 0 }
        if name.equals("code") { errorCode = number }
        if name.equals("n") { documents = Int(clamping: number) }
        // Of a bulkWrite, whose results are its batch.
        if name.equals("nErrors"), number > 0 {
          failed = true
          if let results { failedResult(bytes, results) }
        }
      }
    }
    show(bytes, at: start)
  }

  /// The first result of a bulkWrite that is an error.
  private mutating func failedResult(_ bytes: RawSpan, _ results: BSON.Element) {
    guard let range = BSON.members(bytes, at: results.value.lowerBound) else { return }
    var at = range.lowerBound
    while let element = BSON.next(bytes, &at, in: range) {
      guard element.type == BSON.document, Self.reportsFailure(bytes, element) else { continue }
      return writeError(bytes, element, isArray: false)
    }
  }

  /// Whether a document has `ok: 0`.
  private static func reportsFailure(_ bytes: RawSpan, _ document: BSON.Element) -> Bool {
    guard let range = BSON.members(bytes, at: document.value.lowerBound) else { return false }
    var at = range.lowerBound
    while let element = BSON.next(bytes, &at, in: range) {
      if bytes.slice(element.name).equals("ok") { return BSON.integer(bytes, element) == 0 }
    }
    return false
  }

  /// Documents of a cursor's batch.
  private mutating func batch(_ bytes: RawSpan, _ cursor: BSON.Element) {
    guard let range = BSON.members(bytes, at: cursor.value.lowerBound) else { return }
    var at = range.lowerBound
    while let element = BSON.next(bytes, &at, in: range) {
      let name = bytes.slice(element.name)
      if element.type == BSON.array, name.equals("firstBatch") || name.equals("nextBatch") {
        documents = BSON.count(bytes, element)
        results = element
      }
    }
  }

  /// The first of the errors of a write that was done in part.
  private mutating func writeError(
    _ bytes: RawSpan, _ errors: BSON.Element, isArray: Bool
  ) {
    failed = true
    guard let range = BSON.members(bytes, at: errors.value.lowerBound) else { return }
    var at = range.lowerBound
    while let element = BSON.next(bytes, &at, in: range) {
      if isArray, element.type == BSON.document {
        return writeError(bytes, element, isArray: false)
      }
      let name = bytes.slice(element.name)
      if name.equals("code") { errorCode = BSON.integer(bytes, element) }
      if name.equals("errmsg") {
        errorText = BSON.text(bytes, element).map { bytes.slice($0).prefix(1024).array() }
      }
      if name.equals("codeName") {
        errorName = BSON.text(bytes, element).map { bytes.slice($0).prefix(64).array() }
      }
    }
  }

  /// OP_QUERY: flags, `database.collection`, two numbers, a document. Commands go to `$cmd`.
  private mutating func query(_ body: RawSpan) {
    guard body.byteCount > 5, let end = body.firstOffset(of: 0, from: 4) else { return }
    let start = end + 9
    namespace(body.slice(4..<end))
    if collection == Array("$cmd".utf8) {
      let database = database
      collection = nil
      ask(body, at: Self.wrapped(body, at: start) ?? start, shownFrom: start)
      self.database = self.database ?? database
    } else {
      command = Array("find".utf8)
      asksDocuments = true
      show(body, at: start)
    }
  }

  /// Where the command begins that a document has inside, beside the servers that may answer it:
  /// `{$query: {count: "orders"}, $readPreference: …}`.
  private static func wrapped(_ bytes: RawSpan, at start: Int) -> Int? {
    guard let range = BSON.members(bytes, at: start) else { return nil }
    var at = range.lowerBound
    guard let element = BSON.next(bytes, &at, in: range), element.type == BSON.document else {
      return nil
    }
    let name = bytes.slice(element.name)
    return name.equals("$query") || name.equals("query") ? element.value.lowerBound : nil
  }

  private mutating func namespace(_ name: RawSpan) {
    let dot = name.firstOffset(of: 0x2e) ?? name.byteCount
    database = name.prefix(min(dot, 64)).array()
    if dot < name.byteCount { collection = name.suffix(from: dot + 1).prefix(128).array() }
  }

  /// OP_REPLY: flags, a cursor, two numbers, documents.
  private mutating func reply(_ body: RawSpan) {
    guard body.byteCount >= 20 else { return }
    // CursorNotFound, QueryFailure
    failed = body.little32(0) & 3 != 0
    let count = Int(body.little32(16))
    if count == 1, failed || !holdsDocuments { answer(body, at: 20) } else { show(body, at: 20) }
    if documents == nil { documents = count }
  }

  private mutating func show(_ bytes: RawSpan, at start: Int) {
    guard preview.isEmpty, start + 5 <= bytes.byteCount else { return }
    var writer = JSONWriter(reserving: 256)
    var shown = BSONPreview(of: isRequest ? command : nil)
    shown.write(bytes, at: start, to: &writer)
    isCut = isCut || shown.isCut
    preview = writer.bytes
  }

  // MARK: What is kept

  private(set) var fields = FieldValues()
  private(set) var details: [UInt8] = []

  /// Command, database and collection, as far as the message names them.
  var subject: FieldValues {
    var fields = FieldValues()
    if let command { fields.add(.mongodbCommand, text: command.rawSpan) }
    if let database { fields.add(.mongodbDatabase, text: database.rawSpan) }
    if let collection { fields.add(.mongodbCollection, text: collection.rawSpan) }
    return fields
  }

  mutating func finish() {
    if isRequest {
      fields = subject
      if let name = MongoHeader.name(opcode) { fields.add(.mongodbOpcode, text: name) }
    }
    if let documents { fields.add(.mongodbDocuments, int: Int64(documents)) }
    if failed {
      if let errorCode { fields.add(.mongodbErrorCode, int: errorCode) }
      if let errorText { fields.add(.mongodbErrorMessage, text: errorText.rawSpan) }
      if let errorName { fields.add(.mongodbErrorCodeName, text: errorName.rawSpan) }
    }
    var writer = JSONWriter(reserving: preview.count + 64)
    writer.beginObject()
    if let name = MongoHeader.name(opcode) {
      writer.name("opcode")
      writer.write("\(name)")
    }
    if let documents {
      writer.name("documents")
      writer.write(documents)
    }
    if !preview.isEmpty {
      writer.name("document")
      writer.raw(preview.rawSpan)
    }
    if isCut {
      writer.name("truncated")
      writer.write(true)
    }
    writer.endObject()
    details = writer.bytes
  }
}
