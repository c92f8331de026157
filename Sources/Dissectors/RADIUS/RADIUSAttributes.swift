import Bytes
import JSON

/// Attributes: type, length, value each (RFC 2865 §5).
struct RADIUSAttributes: Sendable {
  /// Attributes that are shown; all are looked through.
  private static let maxShown = 128
  private static let vendorSpecific: UInt8 = 26
  private static let messageOfEAP: UInt8 = 79

  private(set) var user: [UInt8]?
  private(set) var isWhole = true
  /// A message of EAP has begun; it may take several attributes (RFC 3579 §3.1).
  private var hasEAP = false

  init() {}

  /// Whether lengths lead exactly to the end.
  static func areWellFormed(_ bytes: RawSpan) -> Bool {
    var at = 0
    while at + 2 <= bytes.byteCount {
      let length = Int(bytes.byte(at + 1))
      guard bytes.byte(at) != 0, length >= 2 else { return false }
      at += length
    }
    return at == bytes.byteCount
  }

  /// Writes a member `attributes`.
  mutating func read(_ bytes: RawSpan, _ writer: inout JSONWriter) {
    writer.name("attributes")
    writer.beginArray()
    var at = 0
    var count = 0
    while at < bytes.byteCount {
      guard at + 2 <= bytes.byteCount, bytes.byte(at + 1) >= 2,
        at + Int(bytes.byte(at + 1)) <= bytes.byteCount
      else {
        isWhole = false
        break
      }
      let type = bytes.byte(at)
      let value = bytes.slice(at + 2..<at + Int(bytes.byte(at + 1)))
      if type == 1, user == nil { user = value.prefix(128).array() }
      if count < Self.maxShown { write(type, value, &writer) }
      count += 1
      at += 2 + value.byteCount
    }
    writer.endArray()
  }

  private mutating func write(_ type: UInt8, _ value: RawSpan, _ writer: inout JSONWriter) {
    let known = RADIUSNames.attribute(type)
    writer.beginObject()
    writer.name("type")
    writer.write(Int(type))
    writer.name("name")
    writer.write(known.name)
    if type == Self.vendorSpecific, value.byteCount >= 4 {
      vendorValue(value.big32(0), value.suffix(from: 4), &writer)
    } else {
      if type == Self.messageOfEAP, !hasEAP {
        hasEAP = true
        if let message = RADIUSNames.messageOfEAP(value) {
          writer.name("eap")
          writer.write(message)
        }
      }
      let start = Self.tagLength(known.form, value)
      if start > 0, value.byte(0) > 0 {
        writer.name("tag")
        writer.write(Int(value.byte(0)))
      }
      writer.name("value")
      show(known.form, value.suffix(from: start), type, &writer)
    }
    writer.endObject()
  }

  /// Bytes of the tag in front of a value: it tells which attributes belong to one tunnel (RFC 2868
  /// §3). In front of a text it may be missing.
  private static func tagLength(_ form: RADIUSNames.Form, _ value: RawSpan) -> Int {
    switch form {
    case .taggedNumber: value.byteCount == 4 ? 1 : 0
    case .taggedText: !value.isEmpty && value.byte(0) <= 0x1f ? 1 : 0
    default: 0
    }
  }

  /// What a vendor put in: mostly attributes of its own, in the same form (RFC 2865 §5.26).
  private func vendorValue(_ vendor: UInt32, _ value: RawSpan, _ writer: inout JSONWriter) {
    writer.name("vendor")
    writer.write(Int64(vendor))
    if let name = RADIUSVendors.name(vendor) {
      writer.name("vendorName")
      writer.write(name)
    }
    guard value.byteCount >= 2, Self.areWellFormed(value) else {
      writer.name("value")
      writer.write("\(value.byteCount) bytes")
      return
    }
    if Int(value.byte(1)) == value.byteCount { return vendorAttribute(vendor, value, &writer) }
    writer.name("attributes")
    writer.beginArray()
    var at = 0
    while at < value.byteCount {
      let end = at + Int(value.byte(at + 1))
      writer.beginObject()
      vendorAttribute(vendor, value.slice(at..<end), &writer)
      writer.endObject()
      at = end
    }
    writer.endArray()
  }

  private func vendorAttribute(
    _ vendor: UInt32, _ bytes: RawSpan, _ writer: inout JSONWriter
  ) {
    let type = bytes.byte(0)
    let value = bytes.suffix(from: 2)
    let known = RADIUSVendors.attribute(vendor, type)
    writer.name("vendorType")
    writer.write(Int(type))
    if !known.name.isEmpty {
      writer.name("vendorTypeName")
      writer.write(known.name)
    }
    writer.name("value")
    if known.form != .secret, let start = RADIUSVendors.secretStart(value) {
      writer.write(value.prefix(start).text() + "[redacted]")
    } else {
      // Counted meanings are those of the standard's types alone.
      show(known.form, value, 0, &writer)
    }
  }

  private func show(
    _ form: RADIUSNames.Form, _ value: RawSpan, _ type: UInt8, _ writer: inout JSONWriter
  ) {
    switch form {
    case .secret: writer.write("[redacted]")
    case .text, .taggedText: writer.write(text: value)
    case .number where value.byteCount == 4: show(value.big32(0), type, &writer)
    case .taggedNumber where value.byteCount == 3: show(value.big24(0), type, &writer)
    case .address where value.byteCount == 4:
      writer.write(IPAddress(v4: value.big32(0)).description)
    case .address6 where value.byteCount == 16:
      writer.write(IPAddress(v6: value, at: 0).description)
    case .prefix where value.byteCount >= 2 && value.byteCount <= 18:
      // A reserved byte, the length in bits, and the bytes that are not all zero (RFC 3162 §2.3).
      let bytes =
        value.suffix(from: 2).array() + [UInt8](repeating: 0, count: 18 - value.byteCount)
      writer.write("\(IPAddress(v6: bytes.rawSpan, at: 0).description)/\(value.byte(1))")
    default:
      if form == .guess, value.isPrintable {
        writer.write(text: value)
      } else {
        writer.write("0x" + hex(value.prefix(64).array()))
      }
    }
  }

  /// A number, or what it means.
  private func show(_ number: UInt32, _ type: UInt8, _ writer: inout JSONWriter) {
    if let name = RADIUSNames.value(type, number) {
      writer.write(name)
    } else {
      writer.write(Int64(number))
    }
  }
}
