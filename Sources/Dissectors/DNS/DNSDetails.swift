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
  static func add(_ bytes: RawSpan, _ family: DNSFamily, to facts: inout [UInt8]) {
    facts.append(family.rawValue)
    facts.append(bytes)
  }

  /// The details that facts tell; empty when they are none of ours.
  static func json(_ facts: RawSpan) -> [UInt8] {
    guard facts.byteCount > DNSHeader.length, let family = DNSFamily(rawValue: facts.byte(0)) else {
      return []
    }
    return DNSDetails(facts.suffix(from: 1), family).writer.bytes
  }

  private init(_ bytes: RawSpan, _ family: DNSFamily) {
    header = DNSHeader(bytes)
    writer = JSONWriter(reserving: 160 + bytes.byteCount * 3)
    writeHeader(family)
    var offset = DNSHeader.length
    do {
      try writeQuestions(bytes, &offset, family)
      try writeRecords(bytes, &offset, family)
    } catch {
      // What came before stays.
    }
    writer.endObject()
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
    writer.name("questions")
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
    _ bytes: RawSpan, _ offset: inout Int, _ family: DNSFamily
  ) throws(WireError) {
    var edns: DNSRecord?
    var text: [UInt8] = []
    let sections = [
      ("answers", header.answers), ("authorities", header.authorities),
      ("additionals", header.additionals),
    ]
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
        _ = try? DNSData(record).write(bytes, owner: owner, family, &text, &writer)
      }
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
