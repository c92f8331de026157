import Bytes
import Entries
import JSON

/// What an entry needs of a DNS message at once; `DNSDetails` shows the rest when somebody asks.
///
/// A name or a record's data that is malformed is marked, and reading goes on behind it; where that
/// place is not known, reading ends, and what came before stays.
struct DNSMessage {
  /// Questions and answers kept as texts, and records shown in the details, at most; the counts
  /// tell the rest.
  static let maxRecords = 256

  /// Memory that is used again for each message.
  struct Scratch: Sendable {
    fileprivate var name: [UInt8] = []
    /// What the answers say in one text each (addresses, names, texts), as `FieldValues` packs a
    /// list.
    fileprivate(set) var answers: [UInt8] = []

    /// Adds the name to the answers.
    fileprivate mutating func keepName() {
      var list: [UInt8] = []
      swap(&list, &answers)
      DNSMessage.add(name.rawSpan, to: &list)
      swap(&list, &answers)
    }
  }

  /// What could not be read of it.
  enum Damage: String {
    case question = "a question is malformed"
    case name = "a name is malformed"
    case record = "a record is malformed"
    case data = "the data of a record is malformed"
    case end = "the message was cut"
  }

  let header: DNSHeader
  /// Transaction id and questions as one number.
  private(set) var key: UInt64 = 0
  /// With the bits that EDNS adds.
  private(set) var rcode: UInt16
  private(set) var damage: Damage?
  /// They do not tell which query a reply belongs to.
  private(set) var questionsAreDamaged = false
  /// The first question was read.
  private var hasQuestion = false
  /// What it asks for.
  private(set) var questionType: UInt16 = 0
  /// Place of the labels of the name that is asked for, of a message with one question whose name has
  /// no pointers: as nearly all are.
  private(set) var name: Range<Int>?

  /// - Parameter room: answers of which the texts are noted.
  /// - Precondition: `bytes` holds a header.
  init(
    _ bytes: RawSpan, _ family: DNSFamily, _ scratch: inout Scratch,
    room: Int = DNSMessage.maxRecords
  ) {
    header = DNSHeader(bytes)
    rcode = header.rcode
    if !scratch.answers.isEmpty { scratch.answers.removeAll(keepingCapacity: true) }
    var offset = DNSHeader.length
    var hash = hashSeed
    var goesOn = true
    do {
      try readQuestions(bytes, &offset, &hash)
    } catch {
      damage = .question
      questionsAreDamaged = true
      goesOn = false
    }
    key = UInt64(header.id) << 48 | hash >> 16
    guard goesOn, header.records > 0 else { return }
    do {
      try readRecords(bytes, &offset, family, &scratch, header.isUpdate ? 0 : room)
    } catch {
      damage = header.isTruncated ? .end : .record
    }
  }

  var fault: Entry.Fault? { damage.map { Entry.Fault(.dissection, $0.rawValue) } }

  // MARK: Fields

  /// Bytes that `addQuestion` packs, at most.
  func room(for name: Range<Int>) -> Int { DNSName.textLength(of: name) + 40 }

  /// Packs the name asked for, which is that of `name`, and the type by name; gives false, and packs
  /// nothing, where they are not plain.
  func addQuestion(
    _ bytes: RawSpan, _ name: Range<Int>, to fields: inout OutputSpan<UInt8>
  ) -> Bool {
    let start = fields.count
    guard let type = DNSTable.knownType(questionType) else { return false }
    var isPlain = false
    fields.add(.dnsQuestions, .texts) { list in
      list.append(varint: DNSName.textLength(of: name))
      isPlain = DNSName.append(bytes, name, to: &list)
    }
    if !isPlain {
      fields.removeLast(fields.count - start)
      return false
    }
    fields.add(.dnsQuestionTypes, .texts) { list in
      list.append(UInt8(type.utf8CodeUnitCount))
      list.append(text: type)
    }
    return true
  }

  /// Adds the names asked for, and the types by name.
  func addQuestions(_ bytes: RawSpan, to fields: inout FieldValues) {
    var count = 0
    fields.add(.dnsQuestions, .texts) { list in
      var offset = DNSHeader.length
      while count < min(header.questions, Self.maxRecords) {
        let start = list.count
        list.append(0)
        guard (try? DNSName.read(bytes, &offset, into: &list)) != nil,
          bytes.byteCount - offset >= 4
        else {
          list.removeLast(list.count - start)
          break
        }
        Self.count(textAt: start, in: &list)
        offset += 4
        count += 1
      }
    }
    fields.add(.dnsQuestionTypes, .texts) { list in
      var type = questionType
      var offset = DNSHeader.length
      for _ in 0..<count {
        if count > 1 {
          guard (try? DNSName.pass(bytes, &offset)) != nil else { break }
          type = bytes.big16(offset)
          offset += 4
        }
        list.append(counted: DNSTable.type(type).utf8Span.span.bytes)
      }
    }
  }

  /// Adds the operation, where it is no query.
  func addOperation(to fields: inout FieldValues) {
    if header.opcode != 0 {
      fields.add(.dnsOperation, .text(DNSTable.opcode(header.opcode)))
    }
  }

  /// Puts the length of the last text of a list in front of it, in place of one byte; one that is no
  /// UTF-8 is made readable.
  private static func count(textAt start: Int, in list: inout [UInt8]) {
    let length = list.count - start - 1
    if length < 0x80, list.rawSpan.suffix(from: start).isASCII {
      list[start] = UInt8(length)
      return
    }
    let copy = list.rawSpan.suffix(from: start + 1).text()
    list.removeLast(list.count - start)
    list.append(counted: copy.utf8Span.span.bytes)
  }

  /// Adds a text to a list; one that is no UTF-8 is made readable.
  fileprivate static func add(_ text: RawSpan, to list: inout [UInt8]) {
    if text.isASCII {
      list.append(counted: text)
    } else {
      list.append(counted: text.text().utf8Span.span.bytes)
    }
  }

  // MARK: Reading

  private mutating func readQuestions(
    _ bytes: RawSpan, _ offset: inout Int, _ hash: inout UInt64
  ) throws(WireError) {
    for _ in 0..<header.questions {
      let labels = header.questions == 1 ? DNSName.labels(bytes, offset) : nil
      if let labels {
        hash = DNSName.mixed(bytes, labels, into: hash)
        offset = labels.upperBound + 1
      } else if try !DNSName.mix(bytes, &offset, into: &hash) {
        damage = .name
        questionsAreDamaged = true
      }
      guard bytes.byteCount - offset >= 4 else { throw WireError(.truncated, at: offset) }
      hash = folded(hash ^ UInt64(bytes.big32(offset)), hashMultiplier)
      if !hasQuestion { questionType = bytes.big16(offset) }
      hasQuestion = true
      name = labels
      offset += 4
    }
  }

  private mutating func readRecords(
    _ bytes: RawSpan, _ offset: inout Int, _ family: DNSFamily, _ scratch: inout Scratch,
    _ room: Int
  ) throws(WireError) {
    for place in 0..<header.records {
      // The name is mostly a pointer to that of the question, which has been looked at.
      if hasQuestion, bytes.byteCount - offset >= 2,
        bytes.big16(offset) == 0xc000 | UInt16(DNSHeader.length)
      {
        offset += 2
      } else if try !DNSName.pass(bytes, &offset) {
        damage = .name
      }
      let record = try DNSRecord(bytes, &offset)
      if record.type == DNSRecord.opt {
        rcode = header.rcode | UInt16(record.ttl >> 24) << 4
        continue
      }
      let isAnswer = place < header.answers
      let number =
        isAnswer
        ? place
        : place < header.answers + header.authorities
          ? place - header.answers : place - header.answers - header.authorities
      if number >= Self.maxRecords { continue }
      do {
        try read(record, bytes, family, isAnswer: isAnswer && number < room, &scratch)
      } catch {
        // The next record begins where this one says that it ends.
        damage = .data
      }
    }
  }

  /// Looks at the data of a record, and notes what an answer says.
  private func read(
    _ record: DNSRecord, _ bytes: RawSpan, _ family: DNSFamily, isAnswer: Bool,
    _ scratch: inout Scratch
  ) throws(WireError) {
    if record.data.isEmpty { return }
    switch record.type {
    case 1 where record.data.count == 4:
      if isAnswer {
        scratch.answers.append(counted: IPAddress(v4: bytes.big32(record.data.lowerBound)))
      }
    case 28 where record.data.count == 16:
      if isAnswer {
        scratch.answers.append(counted: IPAddress(v6: bytes, at: record.data.lowerBound))
      }
    case 2, 5, 12, 39:
      var at = record.data.lowerBound
      scratch.name.removeAll(keepingCapacity: true)
      let isWhole = try DNSName.read(bytes, &at, into: &scratch.name)
      if at > record.data.upperBound || !isWhole { throw WireError(.invalid, at: at) }
      if isAnswer { scratch.keepName() }
    default:
      // What is rare is read as the details show it.
      var writer = JSONWriter(reserving: 256)
      let text = try DNSData(record).write(bytes, owner: [], family, &scratch.name, &writer)
      if isAnswer, let text { scratch.answers.append(counted: text.utf8Span.span.bytes) }
    }
  }

  // MARK: Recognising

  /// Whether these bytes surely begin a message of `length` bytes, as far as they go.
  static func isPlausible(_ bytes: RawSpan, length: Int) -> Bool {
    guard length >= DNSHeader.length + 4 else { return false }
    if bytes.byteCount < DNSHeader.length { return true }
    let header = DNSHeader(bytes)
    guard header.isPlausible, length > DNSHeader.length + 4 || header.isStateful else {
      return false
    }
    return bytes.byteCount < length || isWellFormed(bytes.prefix(length))
  }

  /// Whether names and lengths lead through the whole message exactly to its end.
  static func isWellFormed(_ bytes: RawSpan) -> Bool {
    let header = DNSHeader(bytes)
    if header.isStateful { return DNSStateful.isWellFormed(bytes) }
    var offset = DNSHeader.length
    do {
      for _ in 0..<header.questions {
        try DNSName.skip(bytes, &offset)
        offset += 4
        if offset > bytes.byteCount { return false }
      }
      for _ in 0..<header.records {
        try DNSName.skip(bytes, &offset)
        _ = try DNSRecord(bytes, &offset)
      }
    } catch {
      return false
    }
    return offset == bytes.byteCount
  }
}
