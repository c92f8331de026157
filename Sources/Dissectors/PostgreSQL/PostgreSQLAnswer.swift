import Bytes
import Entries
import JSON

/// What the server has said to one statement. Used again for the next.
struct PostgreSQLAnswer: Sendable {
  /// Tags of a text with several statements that are shown.
  private static let maxTags = 8
  /// Bytes of tags after which their memory is emptied.
  private static let maxWords = 256

  private(set) var key: UInt64 = 0
  private(set) var asked: PostgreSQLQueue.Asked.Kind?
  /// DataRow messages.
  var rows = 0
  var columns: Int?
  /// Rows as the tags say, where they do.
  private var counted: Int?
  /// What the server says it did, without numbers, of each statement in the text: from `command` on.
  /// What is in front was said to others.
  private var words: [UInt8] = []
  private var command = 0
  private var tags = 0
  /// Where the one tag stands among the bytes that are read, while it is not among the words.
  private var tagPlace = 0..<0
  /// Bytes of a COPY to the client.
  var copied = 0
  var error: PostgreSQLError?
  /// Status of the transaction: I, T or E; 0 when it was not told.
  var state: UInt8 = 0
  /// How the client had to prove who it is.
  private var method: String?
  private var isAdmitted = false
  /// The version that the server would rather speak, behind the 3.
  private var minor: Int?
  /// Bytes of it that were not captured.
  var lost = 0
  /// The fields of the answer before, whose memory serves again when its entry is done.
  private var told = FieldValues()

  init() {}

  /// Forgets what was said; what comes now is said to the statement of that key.
  mutating func begin(_ key: UInt64, _ asked: PostgreSQLQueue.Asked.Kind?) {
    (self.key, self.asked) = (key, asked)
    (rows, columns, counted, copied, state, lost) = (0, nil, nil, 0, 0, 0)
    if words.count > Self.maxWords { words = [] }
    (command, tags, tagPlace) = (words.count, 0, 0..<0)
    (isAdmitted, minor) = (false, nil)
    if error != nil { error = nil }
    if method != nil { method = nil }
  }

  /// CommandComplete: `INSERT 0 5`, `SELECT 12`, `CREATE TABLE`.
  ///
  /// - Parameter body: where it stands in `bytes`, of which `keepTag` must be told when they are left
  ///   before the answer is complete.
  mutating func readTag(_ body: Range<Int>, in bytes: RawSpan) {
    let zero = bytes.firstOffset(of: 0, from: body.lowerBound) ?? body.upperBound
    let place = body.lowerBound..<min(zero, body.upperBound, body.lowerBound + 64)
    let tag = bytes.slice(place)
    if let (end, number) = Self.oneWord(tag) ?? Self.numbers(tag) {
      if let number { counted = (counted ?? 0) &+ number }
      if tags == 0 {
        tagPlace = place.lowerBound..<place.lowerBound + end
        tags = 1
        return
      }
      keepTag(bytes)
      return add(tag: tag.prefix(end))
    }
    keepTag(bytes)
    var words = tag.text().split(separator: " ")
    if let number = words.last.flatMap({ Int($0) }), number >= 0 {
      counted = (counted ?? 0) &+ number
    }
    while let last = words.last, last.allSatisfy(\.isWholeNumber) { words.removeLast() }
    add(tag: Array(words.joined(separator: " ").utf8).rawSpan)
  }

  /// The bytes in which the tag stands are left.
  mutating func keepTag(_ bytes: RawSpan) {
    if tagPlace.isEmpty { return }
    words.append(bytes.slice(tagPlace))
    tagPlace = 0..<0
  }

  /// The same as `numbers` of one word and at most two numbers: nearly every tag.
  private static func oneWord(_ tag: RawSpan) -> (start: Int, last: Int?)? {
    var at = 0
    while at < tag.byteCount, (tag.byte(at) | 0x20) &- 0x61 < 26 { at += 1 }
    if at == 0 { return nil }
    let end = at
    var last: Int?
    while at < tag.byteCount {
      if tag.byte(at) != 0x20 { return nil }
      at += 1
      let start = at
      var value = 0
      while at < tag.byteCount, tag.byte(at) &- 0x30 < 10 {
        value = value &* 10 &+ Int(tag.byte(at) &- 0x30)
        at += 1
      }
      if at == start || at - start > 18 { return nil }
      last = value
    }
    return (end, last)
  }

  /// Where the numbers at the end of a tag begin, the blank before them left out, and the last one;
  /// nil for a tag that is no plain words with a blank between each two.
  private static func numbers(_ tag: RawSpan) -> (start: Int, last: Int?)? {
    var wordStart = 0
    var isNumber = true
    var value = 0
    /// Behind the last word that is no number.
    var end = 0
    for at in 0...tag.byteCount {
      let byte = at < tag.byteCount ? tag.byte(at) : 0x20
      switch byte {
      case 0x20:
        if at == wordStart { return nil }
        if !isNumber { end = at }
        if at < tag.byteCount { (wordStart, isNumber, value) = (at + 1, true, 0) }
      case 0x30...0x39:
        if at - wordStart >= 18 { return nil }
        value = value * 10 + Int(byte - 0x30)
      case 0x41...0x5a, 0x61...0x7a, 0x5f: isNumber = false
      default: return nil
      }
    }
    return end > 0 ? (end, isNumber ? value : nil) : nil
  }

  private mutating func add(tag: RawSpan) {
    if tags >= Self.maxTags { return }
    if tags > 0 { words.append(text: "; ") }
    words.append(tag)
    tags += 1
  }

  /// CopyBothResponse: what follows is a stream without end (replication).
  mutating func noteReplication(_ bytes: RawSpan) {
    keepTag(bytes)
    if tags > 0 { words.append(text: "; ") }
    words.append(text: "COPY BOTH")
    tags += 1
  }

  /// Authentication requests.
  mutating func readAuthentication(_ body: RawSpan) {
    guard body.byteCount >= 4 else { return }
    switch body.big32(0) {
    case 0: isAdmitted = true
    case 2: method = "kerberos"
    case 3: method = "password"
    case 5: method = "md5"
    case 7: method = "gss"
    case 9: method = "sspi"
    case 10:
      let end = body.firstOffset(of: 0, from: 4) ?? body.byteCount
      method = body.slice(4..<end).prefix(64).text()
    default: break
    }
  }

  /// NegotiateProtocolVersion: the newest version the server speaks.
  mutating func readVersion(_ body: RawSpan) {
    if body.byteCount >= 4 { minor = Int(body.big16(2)) }
  }

  /// What is known of the answer at its end.
  /// - Parameters:
  ///   - copied: bytes of a COPY from the client.
  ///   - bytes: those that were read last.
  mutating func ending(copied fromClient: Int, _ bytes: RawSpan) -> Ending {
    var ending = Ending()
    let isPlain = isPlain
    ending.fields = fields(copied: copied + fromClient, bytes)
    if !isPlain { ending.details = details(copied: copied + fromClient) }
    ending.failed = error != nil
    ending.fault = fault
    return ending
  }

  /// Gives the message, which ends with the answer, what is known of it.
  /// - Parameters:
  ///   - copied: bytes of a COPY from the client.
  ///   - bytes: those that were read last.
  mutating func complete(_ message: inout Message, copied fromClient: Int, _ bytes: RawSpan) {
    let isPlain = isPlain
    let told = fields(copied: copied + fromClient, bytes)
    if message.fields.isEmpty { message.fields = told } else { message.fields.merge(told) }
    if !isPlain { message.details = details(copied: copied + fromClient) }
    message.failed = error != nil
    if lost > 0 { message.fault = fault }
  }

  private var fault: Entry.Fault? {
    lost > 0 ? Entry.Fault(.dissection, "\(lost) bytes were not captured") : nil
  }

  /// Rows as they are shown.
  private var shownRows: Int? { counted ?? (rows > 0 ? rows : nil) }

  /// Facts tell all that the details show.
  private var isPlain: Bool {
    error == nil && minor == nil && asked != .startup
      && (command == words.count && tagPlace.isEmpty) == (tags == 0) && shownRows ?? 0 >= 0
  }

  private mutating func fields(copied: Int, _ bytes: RawSpan) -> FieldValues {
    let isPlain = isPlain
    if !tagPlace.isEmpty {
      // The details will look for it among the words.
      if !isPlain { words.append(bytes.slice(tagPlace)) }
      let place = tagPlace
      tagPlace = 0..<0
      return pack(bytes.slice(place), copied, isPlain)
    }
    var own: [UInt8] = []
    swap(&own, &words)
    defer { swap(&own, &words) }
    return pack(own.rawSpan.suffix(from: command), copied, isPlain)
  }

  private mutating func pack(_ command: RawSpan, _ copied: Int, _ isPlain: Bool) -> FieldValues {
    let isASCII = command.isASCII
    let (tags, rows, columns, state) = (tags, shownRows, columns, state)
    let room = 2 * command.byteCount + PostgreSQLDetails.room + 64
    told.removeAll()
    told.append(room: room) { fields in
      if tags > 0, isASCII { fields.add(.postgresqlCommand, .text, packed: command) }
      if let rows { fields.add(.postgresqlRows, int: Int64(rows)) }
      switch state {
      case 0x49: fields.add(.postgresqlTransaction, text: "idle")
      case 0x54: fields.add(.postgresqlTransaction, text: "open")
      case 0x45: fields.add(.postgresqlTransaction, text: "failed")
      default: break
      }
      if isPlain {
        fields.add(.responseFacts, .bytes) {
          PostgreSQLDetails.addAnswer(
            columns: columns, rows: rows, copied: copied, command, to: &$0)
        }
      }
    }
    if tags > 0, !isASCII { told.add(.postgresqlCommand, text: command) }
    error?.add(to: &told)
    return told
  }

  private func details(copied: Int) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    if tags > 0 {
      writer.name("command")
      writer.write(text: words.rawSpan.suffix(from: command))
    }
    if let rows = shownRows {
      writer.name("rows")
      writer.write(rows)
    }
    if let columns {
      writer.name("columns")
      writer.write(columns)
    }
    if copied > 0 {
      writer.name("copiedBytes")
      writer.write(copied)
    }
    if asked == .startup {
      writer.name("authentication")
      writer.write(method ?? (isAdmitted ? "trust" : "none"))
    }
    if let minor {
      writer.name("protocol")
      writer.write("3.\(minor)")
    }
    error?.write(&writer)
    writer.endObject()
    return writer.bytes
  }
}

/// ErrorResponse: fields with a letter in front (protocol-error-fields of the manual).
struct PostgreSQLError: Sendable {
  /// Bytes of a text that are shown.
  private static let maxText = 1024

  private var fields: [(letter: UInt8, text: [UInt8])] = []

  /// - Parameter hasSecrets: so has the statement that it answers, of which it may repeat some.
  init(_ body: RawSpan, hasSecrets: Bool) {
    var at = 0
    while at < body.byteCount, body.byte(at) != 0, fields.count < 24 {
      let end = body.firstOffset(of: 0, from: at + 1) ?? body.byteCount
      if at + 1 <= end {
        let letter = body.byte(at)
        let text = body.slice(at + 1..<end).prefix(Self.maxText)
        fields.append((letter, Self.shown(letter, text, hasSecrets)))
      }
      at = end + 1
    }
  }

  private static func shown(_ letter: UInt8, _ text: RawSpan, _ hasSecrets: Bool) -> [UInt8] {
    switch letter {
    case 0x4d: SQLErrors.shown(text, hasSecrets: hasSecrets, .postgresql)
    case 0x44: SQLErrors.detail(text, hasSecrets: hasSecrets)
    case 0x57: SQLErrors.context(text)
    default: text.array()
    }
  }

  private func text(_ letter: UInt8) -> [UInt8]? {
    fields.first { $0.letter == letter }?.text
  }

  /// The session ends with it.
  var isFatal: Bool {
    guard let severity = text(0x56) ?? text(0x53) else { return false }
    return severity == Array("FATAL".utf8) || severity == Array("PANIC".utf8)
  }

  func add(to values: inout FieldValues) {
    if let code = text(0x43) { values.add(.postgresqlErrorCode, text: code.rawSpan) }
    if let message = text(0x4d) { values.add(.postgresqlErrorMessage, text: message.rawSpan) }
  }

  /// Writes a member `error`.
  func write(_ writer: inout JSONWriter) {
    writer.name("error")
    writer.beginObject()
    for (letter, text) in fields {
      let name: String
      switch letter {
      case 0x53: name = "severity"
      case 0x43: name = "code"
      case 0x4d: name = "message"
      case 0x44: name = "detail"
      case 0x48: name = "hint"
      case 0x50: name = "position"
      case 0x57: name = "where"
      case 0x73: name = "schema"
      case 0x74: name = "table"
      case 0x63: name = "column"
      case 0x6e: name = "constraint"
      default: continue
      }
      writer.name(name)
      writer.write(text: text.rawSpan)
    }
    writer.endObject()
  }
}
