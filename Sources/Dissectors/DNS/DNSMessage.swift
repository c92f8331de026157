import Bytes
import Entries
import JSON

/// A DNS message as an entry shows it. What is malformed ends the reading; what came before stays.
struct DNSMessage {
  /// Answers kept as texts, and records written to the details, at most; the counts tell the rest.
  static let maxRecords = 256

  let header: DNSHeader
  /// Names asked for, and the types by name.
  private(set) var questions: [String] = []
  private(set) var questionTypes: [String] = []
  /// What the answers say, one text each: addresses, names, texts.
  private(set) var answers: [String] = []
  /// Transaction id and questions as one number.
  private(set) var key: UInt64 = 0
  /// With the bits that EDNS adds.
  private(set) var rcode: UInt16
  /// JSON object with everything.
  private(set) var details = ""
  private(set) var fault: Entry.Fault?
  private(set) var questionsAreDamaged = false

  /// - Precondition: `bytes` holds a header.
  init(_ bytes: RawSpan, _ family: DNSFamily) {
    header = DNSHeader(bytes)
    rcode = header.rcode
    var writer = JSONWriter(reserving: 160 + bytes.byteCount * 3)
    var offset = DNSHeader.length
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    writer.beginObject()
    writeHeader(&writer, family)
    do {
      try readQuestions(bytes, &offset, &hash, &writer)
    } catch {
      fault = Entry.Fault(.dissection, "a question is malformed")
      questionsAreDamaged = true
    }
    key = UInt64(header.id) << 48 | hash >> 16
    if fault == nil, header.records > 0 {
      do {
        try readRecords(bytes, &offset, &writer, family)
      } catch {
        fault = Entry.Fault(
          .dissection, header.isTruncated ? "the message was cut" : "a record is malformed")
      }
    }
    writer.endObject()
    details = writer.text
  }

  func addQuestions(_ fields: inout FieldValues) {
    fields.add(.dnsQuestions, .texts(questions))
    fields.add(.dnsQuestionTypes, .texts(questionTypes))
  }

  // MARK: Reading

  private func writeHeader(_ writer: inout JSONWriter, _ family: DNSFamily) {
    writer.name("id")
    writer.write(Int(header.id))
    if family != .dns {
      writer.name("family")
      writer.write(family == .mdns ? "mdns" : "llmnr")
    }
    writer.name("opCode")
    writer.write(DNSTable.opcode(header.opcode))
    if header.isResponse {
      writer.name("code")
      writer.write(Int(header.rcode))
    }
    writer.name("flags")
    writer.beginArray()
    for (bit, name) in Self.flags where header.flags >> bit & 1 == 1 { writer.write(name) }
    writer.endArray()
  }

  private static let flags: [(bit: UInt16, name: String)] = [
    (10, "aa"), (9, "tc"), (8, "rd"), (7, "ra"), (5, "ad"), (4, "cd"),
  ]

  private mutating func readQuestions(
    _ bytes: RawSpan, _ offset: inout Int, _ hash: inout UInt64, _ writer: inout JSONWriter
  ) throws(WireError) {
    writer.name("questions")
    writer.beginArray()
    defer { writer.endArray() }
    var text: [UInt8] = []
    for place in 0..<header.questions {
      var again = offset
      try DNSName.skip(bytes, &again, hash: &hash)
      text.removeAll(keepingCapacity: true)
      try DNSName.read(bytes, &offset, into: &text)
      guard bytes.byteCount - offset >= 4 else { throw WireError(.truncated, at: offset) }
      hash = (hash ^ UInt64(bytes.big32(offset))) &* 0x100_0000_01b3
      if place < Self.maxRecords {
        let name = String(decoding: text, as: UTF8.self)
        let type = DNSTable.type(bytes.big16(offset))
        questions.append(name)
        questionTypes.append(type)
        writer.beginObject()
        writer.name("name")
        writer.write(name)
        writer.name("type")
        writer.write(type)
        writer.name("class")
        writer.write(DNSTable.recordClass(bytes.big16(offset + 2)))
        writer.endObject()
      }
      offset += 4
    }
  }

  private mutating func readRecords(
    _ bytes: RawSpan, _ offset: inout Int, _ writer: inout JSONWriter, _ family: DNSFamily
  ) throws(WireError) {
    var edns: DNSRecord?
    var text: [UInt8] = []
    let sections = [
      ("answers", header.answers), ("authorities", header.authorities),
      ("additionals", header.additionals),
    ]
    defer { if let edns { DNSEdns(edns).write(bytes, rcode: header.rcode, &writer) } }
    for (place, (name, count)) in sections.enumerated() where count > 0 {
      // The section is opened with its first record that is not OPT, which has a place of its own.
      var isOpen = false
      defer { if isOpen { writer.endArray() } }
      for number in 0..<count {
        text.removeAll(keepingCapacity: true)
        try DNSName.read(bytes, &offset, into: &text)
        let record = try DNSRecord(bytes, &offset)
        if record.type == DNSRecord.opt {
          edns = record
          rcode = header.rcode | UInt16(record.ttl >> 24) << 4
          continue
        }
        if number >= Self.maxRecords { continue }
        if !isOpen {
          writer.name(name)
          writer.beginArray()
          isOpen = true
        }
        let owner = String(decoding: text, as: UTF8.self)
        let data = try DNSData(record).write(bytes, owner: owner, family, &text, &writer)
        if place == 0, let data { answers.append(data) }
      }
    }
  }

  // MARK: Recognising

  /// Whether these bytes surely begin a message of `length` bytes, as far as they go.
  static func isPlausible(_ bytes: RawSpan, length: Int) -> Bool {
    guard length >= DNSHeader.length + 5 else { return false }
    if bytes.byteCount < DNSHeader.length { return true }
    let header = DNSHeader(bytes)
    guard header.isPlausible else { return false }
    return bytes.byteCount < length || isWellFormed(bytes.prefix(length))
  }

  /// Whether names and lengths lead through the whole message exactly to its end.
  static func isWellFormed(_ bytes: RawSpan) -> Bool {
    let header = DNSHeader(bytes)
    var offset = DNSHeader.length
    var hash: UInt64 = 0
    do {
      for _ in 0..<header.questions {
        try DNSName.skip(bytes, &offset, hash: &hash)
        offset += 4
        if offset > bytes.byteCount { return false }
      }
      for _ in 0..<header.records {
        try DNSName.skip(bytes, &offset, hash: &hash)
        _ = try DNSRecord(bytes, &offset)
      }
    } catch {
      return false
    }
    return offset == bytes.byteCount
  }
}
