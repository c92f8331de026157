import Bytes
import JSON

/// The EDNS pseudo record (RFC 6891 §6): sizes and options instead of class and lifetime.
struct DNSEdns {
  /// Options shown, at most.
  private static let maxOptions = 64
  /// Bytes shown of an option that has no reading of its own.
  private static let maxShown = 64

  private let record: DNSRecord

  init(_ record: DNSRecord) { self.record = record }

  /// Writes the member `edns`.
  func write(_ bytes: RawSpan, rcode: UInt16, _ writer: inout JSONWriter) {
    writer.fragment(",\"edns\":{\"udpSize\":")
    writer.write(Int(record.recordClass))
    writer.fragment(",\"version\":")
    writer.write(Int(record.ttl >> 16 & 255))
    writer.fragment(",\"do\":")
    writer.write(record.ttl & 0x8000 != 0)
    if record.ttl >> 24 != 0 {
      writer.name("extendedCode")
      writer.write(DNSTable.rcode(rcode | UInt16(record.ttl >> 24) << 4))
    }
    if !record.data.isEmpty {
      writer.name("options")
      writer.beginArray()
      writeOptions(bytes, &writer)
      writer.endArray()
    }
    writer.endObject()
  }

  private func writeOptions(_ bytes: RawSpan, _ writer: inout JSONWriter) {
    var at = record.data.lowerBound
    var count = 0
    while record.data.upperBound - at >= 4, count < Self.maxOptions {
      let code = bytes.big16(at)
      let length = Int(bytes.big16(at + 2))
      guard length <= record.data.upperBound - at - 4 else { return }
      writeOption(code, bytes.slice(at + 4..<at + 4 + length), &writer)
      at += 4 + length
      count += 1
    }
  }

  private func writeOption(_ code: UInt16, _ data: RawSpan, _ writer: inout JSONWriter) {
    writer.beginObject()
    defer { writer.endObject() }
    writer.name("code")
    writer.write(Int(code))
    if let name = DNSTable.option(code) {
      writer.name("name")
      writer.write(name)
    }
    switch code {
    case 3 where data.prefix(Self.maxShown).isPrintable:
      // What a server calls itself (RFC 5001 §2.3) may be any bytes, and mostly is a name.
      writer.name("text")
      writer.write(data.prefix(Self.maxShown).text())
    case 8: writeSubnet(data, &writer)
    case 9 where data.byteCount == 4:
      // Seconds until a zone expires (RFC 7314 §3.2).
      writer.name("expire")
      writer.write(Int(data.big32(0)))
    case 11 where data.byteCount == 2:
      // In tenths of a second (RFC 7828 §3.1).
      writer.name("timeoutMs")
      writer.write(Int(data.big16(0)) * 100)
    case 12:
      writer.name("length")
      writer.write(data.byteCount)
    case 15 where data.byteCount >= 2:
      // Extended DNS errors (RFC 8914).
      writer.name("infoCode")
      writer.write(Int(data.big16(0)))
      if let info = DNSTable.extendedError(data.big16(0)) {
        writer.name("info")
        writer.write(info)
      }
      if data.byteCount > 2 {
        writer.name("text")
        writer.write(data.suffix(from: 2).text())
      }
    default:
      if data.isEmpty { return }
      writer.name("data")
      writer.write(hex(data.prefix(Self.maxShown).array()))
    }
  }

  /// Client subnet (RFC 7871 §6): the leading bytes of an address.
  private func writeSubnet(_ data: RawSpan, _ writer: inout JSONWriter) {
    guard data.byteCount >= 4 else { return }
    let isV4 = data.big16(0) == 1
    var address = data.suffix(from: 4).prefix(isV4 ? 4 : 16).array()
    while address.count < (isV4 ? 4 : 16) { address.append(0) }
    let span = address.rawSpan
    let ip = isV4 ? IPAddress(v4: span.big32(0)) : IPAddress(v6: span, at: 0)
    writer.name("subnet")
    writer.write("\(ip)/\(data.byte(2))")
    writer.name("scope")
    writer.write(Int(data.byte(3)))
  }
}
