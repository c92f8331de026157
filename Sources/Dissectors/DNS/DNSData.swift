import Bytes
import JSON

/// Writes resource records: common members first, then the data by type, under the names the type's
/// specification uses.
struct DNSData {
  /// Bytes shown of data that has no reading of its own.
  static let maxShown = 64
  /// Strings of one TXT record, service parameters, and types of a bit map, at most.
  static let maxParts = 64

  let record: DNSRecord
  /// What the record means, where that is not told by its name and data alone.
  let meaning: String?
  var end: Int { record.data.upperBound }

  init(_ record: DNSRecord, meaning: String? = nil) {
    (self.record, self.meaning) = (record, meaning)
  }

  /// Writes the record of `owner` as an object and gives what it says in one text; nil for types
  /// that do not say one thing.
  ///
  /// - Parameter scratch: memory for names, whatever it holds.
  func write(
    _ bytes: RawSpan, owner: [UInt8], _ family: DNSFamily, _ scratch: inout [UInt8],
    _ writer: inout JSONWriter
  ) throws(WireError) -> String? {
    writer.beginObject()
    defer { writer.endObject() }
    writer.fragment("\"name\":")
    writer.write(text: owner.rawSpan)
    writer.fragment(",\"type\":")
    writer.write(DNSTable.type(record.type))
    // The top bit of an mDNS class asks to forget older records (RFC 6762 §10.2).
    let flushes = family == .mdns && record.recordClass & 0x8000 != 0
    let recordClass = flushes ? record.recordClass & 0x7fff : record.recordClass
    if recordClass == 1 {
      writer.fragment(",\"class\":\"IN\"")
    } else {
      writer.fragment(",\"class\":")
      writer.write(DNSTable.recordClass(recordClass))
    }
    if flushes { writer.fragment(",\"flush\":true") }
    writer.fragment(",\"ttl\":")
    writer.write(Int(record.ttl))
    if let meaning {
      writer.name("means")
      writer.write(meaning)
    }
    // Updates name records without data (RFC 2136 §2.4).
    if record.data.isEmpty { return nil }
    return try writeData(bytes, &scratch, &writer)
  }

  private func writeData(
    _ bytes: RawSpan, _ scratch: inout [UInt8], _ writer: inout JSONWriter
  ) throws(WireError) -> String? {
    var at = record.data.lowerBound
    switch record.type {
    case 1 where record.data.count == 4:
      return text("ip", IPAddress(v4: bytes.big32(at)).description, &writer)
    case 28 where record.data.count == 16:
      return text("ip", IPAddress(v6: bytes, at: at).description, &writer)
    case 2: return try name("ns", bytes, &at, &scratch, &writer)
    case 5: return try name("cname", bytes, &at, &scratch, &writer)
    case 12: return try name("ptr", bytes, &at, &scratch, &writer)
    case 39: return try name("dname", bytes, &at, &scratch, &writer)
    case 6:
      try writeStart(bytes, &at, &scratch, &writer)
      return nil
    case 15: return try writeExchange(bytes, &at, &scratch, &writer)
    case 16, 99: return try writeTexts(bytes, &at, &writer)
    case 33: return try writeService(bytes, &at, &scratch, &writer)
    case 35: return try writeNamingPointer(bytes, &at, &scratch, &writer)
    case 43, 59: try writeDigest(bytes, &at, &writer)
    case 46: try writeSignature(bytes, &at, &scratch, &writer)
    case 47: try writeNext(bytes, &at, &scratch, &writer)
    case 48, 60: try writeKey(bytes, &at, &writer)
    case 50: try writeHashedNext(bytes, &at, &writer)
    case 51: try writeHashing("nsec3param", bytes, &at, &writer)
    case 52: try writeCertificate(bytes, &at, &writer)
    case 250: try writeTransactionSignature(bytes, &at, &scratch, &writer)
    case 64, 65: return try writeBinding(bytes, &at, &scratch, &writer)
    case 256: return try writeURI(bytes, &at, &writer)
    case 257: return try writeAuthority(bytes, &at, &writer)
    default: hexText("data", bytes, at, &writer)
    }
    return nil
  }

  // MARK: Types

  /// MNAME, RNAME, five numbers (RFC 1035 §3.3.13).
  private func writeStart(
    _ bytes: RawSpan, _ at: inout Int, _ scratch: inout [UInt8], _ writer: inout JSONWriter
  ) throws(WireError) {
    writer.name("soa")
    writer.beginObject()
    defer { writer.endObject() }
    _ = try name("mname", bytes, &at, &scratch, &writer)
    _ = try name("rname", bytes, &at, &scratch, &writer)
    try need(20, at)
    for member in ["serial", "refresh", "retry", "expire", "minimum"] {
      number(member, Int(bytes.big32(at)), &writer)
      at += 4
    }
  }

  /// RFC 1035 §3.3.9.
  private func writeExchange(
    _ bytes: RawSpan, _ at: inout Int, _ scratch: inout [UInt8], _ writer: inout JSONWriter
  ) throws(WireError) -> String {
    try need(3, at)
    writer.name("mx")
    writer.beginObject()
    defer { writer.endObject() }
    number("preference", Int(bytes.big16(at)), &writer)
    at += 2
    return try name("exchange", bytes, &at, &scratch, &writer)
  }

  /// Strings with their lengths (RFC 1035 §3.3.14); as one answer they are joined.
  private func writeTexts(
    _ bytes: RawSpan, _ at: inout Int, _ writer: inout JSONWriter
  ) throws(WireError) -> String {
    writer.name("txts")
    writer.beginArray()
    defer { writer.endArray() }
    var joined = ""
    var count = 0
    while at < end, count < Self.maxParts {
      let text = try string(bytes, &at)
      writer.write(text)
      joined += text
      count += 1
    }
    return joined
  }

  /// RFC 2782.
  private func writeService(
    _ bytes: RawSpan, _ at: inout Int, _ scratch: inout [UInt8], _ writer: inout JSONWriter
  ) throws(WireError) -> String {
    try need(7, at)
    writer.name("srv")
    writer.beginObject()
    defer { writer.endObject() }
    number("priority", Int(bytes.big16(at)), &writer)
    number("weight", Int(bytes.big16(at + 2)), &writer)
    number("port", Int(bytes.big16(at + 4)), &writer)
    at += 6
    return try name("target", bytes, &at, &scratch, &writer)
  }

  /// RFC 3403 §4.1.
  private func writeNamingPointer(
    _ bytes: RawSpan, _ at: inout Int, _ scratch: inout [UInt8], _ writer: inout JSONWriter
  ) throws(WireError) -> String {
    try need(7, at)
    writer.name("naptr")
    writer.beginObject()
    defer { writer.endObject() }
    number("order", Int(bytes.big16(at)), &writer)
    number("preference", Int(bytes.big16(at + 2)), &writer)
    at += 4
    for member in ["flags", "service", "regexp"] {
      _ = text(member, try string(bytes, &at), &writer)
    }
    return try name("replacement", bytes, &at, &scratch, &writer)
  }

  /// RFC 6698 §2.1.
  private func writeCertificate(
    _ bytes: RawSpan, _ at: inout Int, _ writer: inout JSONWriter
  ) throws(WireError) {
    try need(3, at)
    writer.name("tlsa")
    writer.beginObject()
    number("usage", Int(bytes.byte(at)), &writer)
    number("selector", Int(bytes.byte(at + 1)), &writer)
    number("matchingType", Int(bytes.byte(at + 2)), &writer)
    hexText("data", bytes, at + 3, &writer)
    writer.endObject()
  }

  /// SVCB and HTTPS (RFC 9460 §2.2).
  private func writeBinding(
    _ bytes: RawSpan, _ at: inout Int, _ scratch: inout [UInt8], _ writer: inout JSONWriter
  ) throws(WireError) -> String {
    try need(3, at)
    writer.name("svcb")
    writer.beginObject()
    defer { writer.endObject() }
    number("priority", Int(bytes.big16(at)), &writer)
    at += 2
    let target = try name("target", bytes, &at, &scratch, &writer)
    writer.name("parameters")
    writer.beginObject()
    defer { writer.endObject() }
    var shown = 0
    while end - at >= 4, shown < Self.maxParts {
      let key = bytes.big16(at)
      let length = Int(bytes.big16(at + 2))
      try need(4 + length, at)
      writer.name(DNSTable.serviceParameter(key))
      writeParameter(key, bytes.slice(at + 4..<at + 4 + length), &writer)
      at += 4 + length
      shown += 1
    }
    return target
  }

  private func writeParameter(_ key: UInt16, _ value: RawSpan, _ writer: inout JSONWriter) {
    switch key {
    case 0:
      writer.beginArray()
      for place in 0..<value.byteCount / 2 {
        writer.write(DNSTable.serviceParameter(value.big16(place * 2)))
      }
      writer.endArray()
    case 1:
      writer.beginArray()
      var at = 0
      while at < value.byteCount, Int(value.byte(at)) < value.byteCount - at {
        let length = Int(value.byte(at))
        writer.write(value.text(at + 1..<at + 1 + length))
        at += 1 + length
      }
      writer.endArray()
    case 3 where value.byteCount == 2: writer.write(Int(value.big16(0)))
    case 4:
      writer.beginArray()
      for place in 0..<value.byteCount / 4 {
        writer.write(IPAddress(v4: value.big32(place * 4)).description)
      }
      writer.endArray()
    case 6:
      writer.beginArray()
      for place in 0..<value.byteCount / 16 {
        writer.write(IPAddress(v6: value, at: place * 16).description)
      }
      writer.endArray()
    case 7: writer.write(value.text())
    default: writer.write(hex(value.prefix(Self.maxShown).array()))
    }
  }

  /// RFC 7553 §4.
  private func writeURI(
    _ bytes: RawSpan, _ at: inout Int, _ writer: inout JSONWriter
  ) throws(WireError) -> String {
    try need(4, at)
    writer.name("uri")
    writer.beginObject()
    defer { writer.endObject() }
    number("priority", Int(bytes.big16(at)), &writer)
    number("weight", Int(bytes.big16(at + 2)), &writer)
    return text("target", bytes.text(at + 4..<end), &writer)
  }

  /// Certification authority authorization (RFC 8659 §4.1).
  private func writeAuthority(
    _ bytes: RawSpan, _ at: inout Int, _ writer: inout JSONWriter
  ) throws(WireError) -> String {
    try need(2, at)
    writer.name("caa")
    writer.beginObject()
    defer { writer.endObject() }
    number("flags", Int(bytes.byte(at)), &writer)
    at += 1
    _ = text("tag", try string(bytes, &at), &writer)
    return text("value", bytes.text(at..<end), &writer)
  }

  // MARK: Parts

  func need(_ count: Int, _ at: Int) throws(WireError) {
    if end - at < count { throw WireError(.truncated, at: at) }
  }

  func name(
    _ member: String, _ bytes: RawSpan, _ at: inout Int, _ scratch: inout [UInt8],
    _ writer: inout JSONWriter
  ) throws(WireError) -> String {
    scratch.removeAll(keepingCapacity: true)
    let isWhole = try DNSName.read(bytes, &at, into: &scratch)
    if at > end { throw WireError(.invalid, at: at) }
    let name = text(member, String(decoding: scratch, as: UTF8.self), &writer)
    if !isWhole { throw WireError(.invalid, at: at) }
    return name
  }

  /// A string with its length before it.
  private func string(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> String {
    try need(1, at)
    let length = Int(bytes.byte(at))
    try need(1 + length, at)
    defer { at += 1 + length }
    return bytes.text(at + 1..<at + 1 + length)
  }

  @discardableResult
  func text(_ member: String, _ text: String, _ writer: inout JSONWriter) -> String {
    writer.name(member)
    writer.write(text)
    return text
  }

  func number(_ member: String, _ value: Int, _ writer: inout JSONWriter) {
    writer.name(member)
    writer.write(value)
  }

  func hexText(_ member: String, _ bytes: RawSpan, _ at: Int, _ writer: inout JSONWriter) {
    writer.name(member)
    writer.write(hex(bytes.slice(at..<end).prefix(Self.maxShown).array()))
  }
}
