import Bytes
import JSON

// Records of DNSSEC, and the signatures of messages.
extension DNSData {
  /// RFC 4034 §5.1.
  func writeDigest(
    _ bytes: RawSpan, _ at: inout Int, _ writer: inout JSONWriter
  ) throws(WireError) {
    try need(4, at)
    writer.name("ds")
    writer.beginObject()
    number("keyTag", Int(bytes.big16(at)), &writer)
    number("algorithm", Int(bytes.byte(at + 2)), &writer)
    number("digestType", Int(bytes.byte(at + 3)), &writer)
    hexText("digest", bytes, at + 4, &writer)
    writer.endObject()
  }

  /// RFC 4034 §3.1.
  func writeSignature(
    _ bytes: RawSpan, _ at: inout Int, _ scratch: inout [UInt8], _ writer: inout JSONWriter
  ) throws(WireError) {
    try need(19, at)
    writer.name("rrsig")
    writer.beginObject()
    defer { writer.endObject() }
    _ = text("typeCovered", DNSTable.type(bytes.big16(at)), &writer)
    number("algorithm", Int(bytes.byte(at + 2)), &writer)
    number("labels", Int(bytes.byte(at + 3)), &writer)
    number("originalTTL", Int(bytes.big32(at + 4)), &writer)
    number("expiration", Int(bytes.big32(at + 8)), &writer)
    number("inception", Int(bytes.big32(at + 12)), &writer)
    number("keyTag", Int(bytes.big16(at + 16)), &writer)
    at += 18
    _ = try name("signer", bytes, &at, &scratch, &writer)
    hexText("signature", bytes, at, &writer)
  }

  /// The next name, and the types this one has (RFC 4034 §4.1).
  func writeNext(
    _ bytes: RawSpan, _ at: inout Int, _ scratch: inout [UInt8], _ writer: inout JSONWriter
  ) throws(WireError) {
    writer.name("nsec")
    writer.beginObject()
    defer { writer.endObject() }
    _ = try name("next", bytes, &at, &scratch, &writer)
    try writeTypes(bytes, &at, &writer)
  }

  /// The same of names that are hashed (RFC 5155 §3.2).
  func writeHashedNext(
    _ bytes: RawSpan, _ at: inout Int, _ writer: inout JSONWriter
  ) throws(WireError) {
    writer.name("nsec3")
    writer.beginObject()
    defer { writer.endObject() }
    try writeParameters(bytes, &at, &writer)
    try need(1, at)
    let length = Int(bytes.byte(at))
    at += 1
    try need(length, at)
    text("next", Self.base32(bytes.slice(at..<at + length)), &writer)
    at += length
    try writeTypes(bytes, &at, &writer)
  }

  /// How names are hashed (RFC 5155 §4.2).
  func writeHashing(
    _ member: String, _ bytes: RawSpan, _ at: inout Int, _ writer: inout JSONWriter
  ) throws(WireError) {
    writer.name(member)
    writer.beginObject()
    defer { writer.endObject() }
    try writeParameters(bytes, &at, &writer)
  }

  private func writeParameters(
    _ bytes: RawSpan, _ at: inout Int, _ writer: inout JSONWriter
  ) throws(WireError) {
    try need(5, at)
    number("algorithm", Int(bytes.byte(at)), &writer)
    number("flags", Int(bytes.byte(at + 1)), &writer)
    number("iterations", Int(bytes.big16(at + 2)), &writer)
    let length = Int(bytes.byte(at + 4))
    try need(5 + length, at)
    text("salt", hex(bytes.slice(at + 5..<at + 5 + length).array()), &writer)
    at += 5 + length
  }

  /// With the digits of RFC 4648 §7, which keep the order of hashes.
  private static func base32(_ bytes: RawSpan) -> String {
    var text = ""
    var bits = 0
    var count = 0
    for offset in 0..<bytes.byteCount {
      bits = bits << 8 | Int(bytes.byte(offset))
      count += 8
      while count >= 5 {
        count -= 5
        text.append(digits[bits >> count & 31])
      }
      bits &= 31
    }
    if count > 0 { text.append(digits[bits << (5 - count) & 31]) }
    return text
  }

  private static let digits = Array("0123456789abcdefghijklmnopqrstuv")

  /// Types as a bit map (RFC 4034 §4.1.2).
  private func writeTypes(
    _ bytes: RawSpan, _ at: inout Int, _ writer: inout JSONWriter
  ) throws(WireError) {
    writer.name("types")
    writer.beginArray()
    defer { writer.endArray() }
    var shown = 0
    while end - at >= 2 {
      let window = UInt16(bytes.byte(at)) << 8
      let length = Int(bytes.byte(at + 1))
      try need(2 + length, at)
      for bit in 0..<length * 8
      where bytes.byte(at + 2 + bit / 8) >> UInt8(7 - bit % 8) & 1 == 1 && shown < Self.maxParts {
        writer.write(DNSTable.type(window + UInt16(truncatingIfNeeded: bit)))
        shown += 1
      }
      at += 2 + length
    }
  }

  /// RFC 4034 §2.1.
  func writeKey(
    _ bytes: RawSpan, _ at: inout Int, _ writer: inout JSONWriter
  ) throws(WireError) {
    try need(4, at)
    writer.name("dnskey")
    writer.beginObject()
    number("flags", Int(bytes.big16(at)), &writer)
    number("protocol", Int(bytes.byte(at + 2)), &writer)
    number("algorithm", Int(bytes.byte(at + 3)), &writer)
    hexText("publicKey", bytes, at + 4, &writer)
    writer.endObject()
  }

  /// TSIG, a signature of the whole message with a shared key (RFC 8945 §4.2).
  func writeTransactionSignature(
    _ bytes: RawSpan, _ at: inout Int, _ scratch: inout [UInt8], _ writer: inout JSONWriter
  ) throws(WireError) {
    writer.name("tsig")
    writer.beginObject()
    defer { writer.endObject() }
    _ = try name("algorithm", bytes, &at, &scratch, &writer)
    try need(10, at)
    number("timeSigned", Int(bytes.big16(at)) << 32 | Int(bytes.big32(at + 2)), &writer)
    number("fudge", Int(bytes.big16(at + 6)), &writer)
    let length = Int(bytes.big16(at + 8))
    at += 10
    try need(length + 4, at)
    text("mac", hex(bytes.slice(at..<at + length).prefix(Self.maxShown).array()), &writer)
    number("originalID", Int(bytes.big16(at + length)), &writer)
    let code = bytes.big16(at + length + 2)
    // The number is that of BADVERS elsewhere.
    text("error", code == 16 ? "BADSIG" : DNSTable.rcode(code), &writer)
  }
}
