import Bytes
import Entries
import JSON

/// A DNS message as an entry shows it.
///
/// A name or a record's data that is malformed is marked, and reading goes on behind it; where that
/// place is not known, reading ends, and what came before stays.
struct DNSMessage {
  /// Answers kept as texts, and records written to the details, at most; the counts tell the rest.
  static let maxRecords = 256

  let header: DNSHeader
  /// Names asked for, the types by name, and what the answers say in one text each (addresses,
  /// names, texts): lists as `FieldValues` packs them.
  private var questions: [UInt8] = []
  private var questionTypes: [UInt8] = []
  private var answers: [UInt8] = []
  /// The first name asked for.
  private var question: [UInt8]?
  /// Transaction id and questions as one number.
  private(set) var key: UInt64 = 0
  /// With the bits that EDNS adds.
  private(set) var rcode: UInt16
  /// JSON object with everything.
  private(set) var details: [UInt8] = []
  private(set) var fault: Entry.Fault?
  /// They do not tell which query a reply belongs to.
  private(set) var questionsAreDamaged = false

  /// - Precondition: `bytes` holds a header.
  init(_ bytes: RawSpan, _ family: DNSFamily) {
    header = DNSHeader(bytes)
    rcode = header.rcode
    var writer = JSONWriter(reserving: 160 + bytes.byteCount * 3)
    var offset = DNSHeader.length
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    writeHeader(&writer, family)
    var goesOn = true
    do {
      try readQuestions(bytes, &offset, &hash, &writer)
    } catch {
      fault = Entry.Fault(.dissection, "a question is malformed")
      questionsAreDamaged = true
      goesOn = false
    }
    key = UInt64(header.id) << 48 | hash >> 16
    if goesOn, header.records > 0 {
      do {
        try readRecords(bytes, &offset, &writer, family)
      } catch {
        fault = Entry.Fault(
          .dissection, header.isTruncated ? "the message was cut" : "a record is malformed")
      }
    }
    writer.endObject()
    details = writer.bytes
  }

  func addQuestions(_ fields: inout FieldValues) {
    fields.add(.dnsQuestions, .texts) { $0.append(questions.rawSpan) }
    fields.add(.dnsQuestionTypes, .texts) { $0.append(questionTypes.rawSpan) }
  }

  func addAnswers(_ fields: inout FieldValues) {
    fields.add(.dnsAnswers, .texts) { $0.append(answers.rawSpan) }
  }

  // MARK: Reading

  private func writeHeader(_ writer: inout JSONWriter, _ family: DNSFamily) {
    writer.fragment("{\"id\":")
    writer.write(Int(header.id))
    if family != .dns {
      writer.name("family")
      writer.write(family == .mdns ? "mdns" : "llmnr")
    }
    if header.opcode == 0 {
      writer.fragment(",\"opCode\":\"QUERY\"")
    } else {
      writer.name("opCode")
      writer.write(DNSTable.opcode(header.opcode))
    }
    if header.isResponse {
      writer.fragment(",\"code\":")
      writer.write(Int(header.rcode))
    }
    writer.fragment(",\"flags\":")
    writer.beginArray()
    if header.has(10) { writer.write("aa") }
    if header.has(9) { writer.write("tc") }
    if header.has(8) { writer.write("rd") }
    if header.has(7) { writer.write("ra") }
    if header.has(5) { writer.write("ad") }
    if header.has(4) { writer.write("cd") }
    writer.endArray()
  }

  private mutating func readQuestions(
    _ bytes: RawSpan, _ offset: inout Int, _ hash: inout UInt64, _ writer: inout JSONWriter
  ) throws(WireError) {
    writer.name("questions")
    writer.beginArray()
    defer { writer.endArray() }
    var text: [UInt8] = []
    for place in 0..<header.questions {
      text.removeAll(keepingCapacity: true)
      if try !DNSName.read(bytes, &offset, into: &text) {
        fault = Entry.Fault(.dissection, "a name is malformed")
        questionsAreDamaged = true
      }
      guard bytes.byteCount - offset >= 4 else { throw WireError(.truncated, at: offset) }
      mix(text, &hash)
      hash = (hash ^ UInt64(bytes.big32(offset))) &* 0x100_0000_01b3
      if place < Self.maxRecords {
        repair(&text)
        let type = DNSTable.type(bytes.big16(offset))
        questions.append(counted: text.rawSpan)
        questionTypes.append(counted: type.utf8Span.span.bytes)
        if question == nil { question = text }
        if place > 0 { writer.fragment(",") }
        writer.fragment("{\"name\":")
        writer.write(text: text.rawSpan)
        writer.fragment(",\"type\":")
        writer.write(type)
        writer.fragment(",\"class\":")
        writer.write(DNSTable.recordClass(bytes.big16(offset + 2)))
        writer.endObject()
      }
      offset += 4
    }
  }

  /// Makes a name that is no UTF-8 readable.
  private func repair(_ name: inout [UInt8]) {
    if !name.rawSpan.isASCII { name = Array(name.rawSpan.text().utf8) }
  }

  /// Mixes a name into `hash` without regard to case (FNV-1a).
  private func mix(_ name: borrowing [UInt8], _ hash: inout UInt64) {
    let span = name.span
    for at in span.indices {
      let lower = span[at] &- 0x41 < 26 ? span[at] | 0x20 : span[at]
      hash = (hash ^ UInt64(lower)) &* 0x100_0000_01b3
    }
    hash = (hash ^ 0xff) &* 0x100_0000_01b3
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
        let owner = try owner(bytes, &offset, &text)
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
        do {
          let data = try DNSData(record).write(bytes, owner: owner, family, &text, &writer)
          if place == 0, let data { answers.append(counted: data.utf8Span.span.bytes) }
        } catch {
          // The next record begins where this one says that it ends.
          fault = Entry.Fault(.dissection, "the data of a record is malformed")
        }
      }
    }
  }

  /// The name of a record; mostly a pointer to that of the question.
  private mutating func owner(
    _ bytes: RawSpan, _ offset: inout Int, _ text: inout [UInt8]
  ) throws(WireError) -> [UInt8] {
    if let question, bytes.byteCount - offset >= 2,
      bytes.big16(offset) == 0xc000 | UInt16(DNSHeader.length)
    {
      offset += 2
      return question
    }
    text.removeAll(keepingCapacity: true)
    if try !DNSName.read(bytes, &offset, into: &text) {
      fault = Entry.Fault(.dissection, "a name is malformed")
    }
    repair(&text)
    return text
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
