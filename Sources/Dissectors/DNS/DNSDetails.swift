import Bytes
import JSON

/// The details of a DNS message: a JSON object with everything, made of the message as it was on the
/// wire when somebody asks.
///
/// What is malformed is left out; the entry's fault tells of it.
struct DNSDetails {
  private let header: DNSHeader
  /// The first name asked for.
  private var question: [UInt8]?
  private var writer: JSONWriter

  /// Facts: a byte for the family, then the message.
  static func add(_ bytes: RawSpan, _ family: DNSFamily, to facts: inout OutputSpan<UInt8>) {
    facts.append(family.rawValue)
    facts.append(bytes)
  }

  /// Facts of a zone transfer: a byte for the family with its top bit set, the number of messages and
  /// of records, then the first messages, each behind its length.
  static func add(
    messages: Int, records: Int, _ kept: [UInt8], _ family: DNSFamily, to facts: inout [UInt8]
  ) {
    facts.append(family.rawValue | transfer)
    facts.append(varint: messages)
    facts.append(varint: records)
    facts.append(kept.rawSpan)
  }

  private static let transfer: UInt8 = 0x80

  /// The details that facts tell; empty when they are none of ours.
  static func json(_ facts: RawSpan) -> [UInt8] {
    guard facts.byteCount > DNSHeader.length,
      let family = DNSFamily(rawValue: facts.byte(0) & ~transfer)
    else { return [] }
    if facts.byte(0) & transfer == 0 {
      return DNSDetails(facts.suffix(from: 1), family).writer.bytes
    }
    var input = Cursor(facts, at: 1)
    var places: [Range<Int>] = []
    do {
      let messages = try input.varint(limit: .max)
      let records = try input.varint(limit: .max)
      while !input.isAtEnd {
        let length = try input.varint(limit: .max)
        let start = input.offset
        guard length >= DNSHeader.length, length <= facts.byteCount - start else { return [] }
        places.append(start..<start + length)
        _ = try input.take(length)
      }
      if places.isEmpty { return [] }
      return DNSDetails(facts, places, family, messages: messages, records: records).writer.bytes
    } catch {
      return []
    }
  }

  private init(_ bytes: RawSpan, _ family: DNSFamily) {
    header = DNSHeader(bytes)
    writer = JSONWriter(reserving: 160 + bytes.byteCount * 3)
    writeHeader(family)
    var offset = DNSHeader.length
    do {
      try writeQuestions(bytes, &offset, family)
      if header.isStateful { DNSStateful.write(bytes, to: &writer) }
      try writeRecords(bytes, &offset, family, of: sections)
    } catch {
      // What came before stays.
    }
    writer.endObject()
  }

  /// The reply to a zone transfer, whose first messages lie at `places`.
  private init(
    _ facts: RawSpan, _ places: [Range<Int>], _ family: DNSFamily, messages: Int, records: Int
  ) {
    let first = facts.slice(places[0])
    header = DNSHeader(first)
    writer = JSONWriter(reserving: 32 << 10)
    writeHeader(family)
    var offset = DNSHeader.length
    try? writeQuestions(first, &offset, family)
    let asked = question
    var shown = 0
    writer.name("answers")
    writer.beginArray()
    for (number, place) in places.enumerated() {
      // What the second of them begins with need not be the question.
      if number > 0 { question = nil }
      let message = facts.slice(place)
      let end = try? writeAnswers(message, family, &shown)
      if number == 0, let end { offset = end }
    }
    writer.endArray()
    question = asked
    try? writeRecords(first, &offset, family, of: Array(sections.dropFirst()))
    writer.name("transfer")
    writer.beginObject()
    writer.name("messages")
    writer.write(messages)
    writer.name("records")
    writer.write(records)
    if records > shown {
      writer.name("recordsLeftOut")
      writer.write(records - shown)
    }
    writer.endObject()
    writer.endObject()
  }

  /// Writes the answers of a message into an open list, of which `shown` are in it already. Gives
  /// where they end.
  private mutating func writeAnswers(
    _ bytes: RawSpan, _ family: DNSFamily, _ shown: inout Int
  ) throws(WireError) -> Int {
    let header = DNSHeader(bytes)
    var offset = DNSHeader.length
    var text: [UInt8] = []
    for _ in 0..<header.questions {
      try DNSName.skip(bytes, &offset)
      guard bytes.byteCount - offset >= 4 else { throw WireError(.truncated, at: offset) }
      offset += 4
    }
    for _ in 0..<header.answers {
      let owner = try owner(bytes, &offset, &text)
      let record = try DNSRecord(bytes, &offset)
      if shown >= DNSMessage.maxRecords { continue }
      shown += 1
      _ = try? DNSData(record).write(bytes, owner: owner, family, &text, &writer)
    }
    return offset
  }

  /// Names and counts of the sections with records.
  private var sections: [(name: String, count: Int)] {
    header.isUpdate
      ? [
        ("prerequisites", header.answers), ("updates", header.authorities),
        ("additionals", header.additionals),
      ]
      : [
        ("answers", header.answers), ("authorities", header.authorities),
        ("additionals", header.additionals),
      ]
  }

  private mutating func writeHeader(_ family: DNSFamily) {
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
      // The four bits of the header alone; the record's `code` has those of EDNS, too.
      writer.fragment(",\"rcode\":")
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

  private mutating func writeQuestions(
    _ bytes: RawSpan, _ offset: inout Int, _ family: DNSFamily
  ) throws(WireError) {
    writer.name(header.isUpdate ? "zone" : "questions")
    writer.beginArray()
    defer { writer.endArray() }
    var text: [UInt8] = []
    for place in 0..<header.questions {
      text.removeAll(keepingCapacity: true)
      _ = try DNSName.read(bytes, &offset, into: &text)
      guard bytes.byteCount - offset >= 4 else { throw WireError(.truncated, at: offset) }
      if place < DNSMessage.maxRecords {
        repair(&text)
        if question == nil { question = text }
        if place > 0 { writer.fragment(",") }
        writer.fragment("{\"name\":")
        writer.write(text: text.rawSpan)
        writer.fragment(",\"type\":")
        writer.write(DNSTable.type(bytes.big16(offset)))
        let questionClass = bytes.big16(offset + 2)
        // The top bit of an mDNS class asks for a reply to the sender alone (RFC 6762 §5.4).
        let isUnicast = family == .mdns && questionClass & 0x8000 != 0
        writer.fragment(",\"class\":")
        writer.write(DNSTable.recordClass(isUnicast ? questionClass & 0x7fff : questionClass))
        if isUnicast { writer.fragment(",\"unicast\":true") }
        writer.endObject()
      }
      offset += 4
    }
  }

  /// Makes a name that is no UTF-8 readable.
  private func repair(_ name: inout [UInt8]) {
    if !name.rawSpan.isASCII { name = Array(name.rawSpan.text().utf8) }
  }

  private mutating func writeRecords(
    _ bytes: RawSpan, _ offset: inout Int, _ family: DNSFamily,
    of sections: [(name: String, count: Int)]
  ) throws(WireError) {
    var edns: DNSRecord?
    var text: [UInt8] = []
    defer { if let edns { DNSEdns(edns).write(bytes, rcode: header.rcode, &writer) } }
    for (name, count) in sections where count > 0 {
      // The section is opened with its first record that is not OPT, which has a place of its own.
      var isOpen = false
      defer { if isOpen { writer.endArray() } }
      for number in 0..<count {
        let owner = try owner(bytes, &offset, &text)
        let record = try DNSRecord(bytes, &offset)
        if record.type == DNSRecord.opt {
          edns = record
          continue
        }
        if number >= DNSMessage.maxRecords { continue }
        if !isOpen {
          writer.name(name)
          writer.beginArray()
          isOpen = true
        }
        // The next record begins where this one says that it ends.
        _ = try? DNSData(record, meaning: meaning(of: record, in: name))
          .write(bytes, owner: owner, family, &text, &writer)
      }
    }
  }

  /// What a record says in a section of an UPDATE.
  private func meaning(of record: DNSRecord, in section: String) -> String? {
    switch section {
    case "prerequisites": DNSUpdate.prerequisite(record)
    case "updates": DNSUpdate.change(record)
    default: nil
    }
  }

  /// The name of a record; mostly a pointer to that of the question.
  private func owner(
    _ bytes: RawSpan, _ offset: inout Int, _ text: inout [UInt8]
  ) throws(WireError) -> [UInt8] {
    if let question, bytes.byteCount - offset >= 2,
      bytes.big16(offset) == 0xc000 | UInt16(DNSHeader.length)
    {
      offset += 2
      return question
    }
    text.removeAll(keepingCapacity: true)
    _ = try DNSName.read(bytes, &offset, into: &text)
    repair(&text)
    return text
  }
}
