import Bytes
import Entries
import JSON

/// The attributes of a message: code, flags, length, perhaps a vendor, and a value that is padded
/// to four bytes (RFC 6733 §4.1).
///
///      0                   1                   2                   3
///     +---------------------------------------------------------------+
///     |                           AVP code                            |
///     +---------------+-----------------------------------------------+
///     | V M P flags   |                 AVP length                    |
///     +---------------+-----------------------------------------------+
///     |                     vendor id (with flag V)                   |
///     +---------------------------------------------------------------+
///     |  value …
struct DiameterAVPs: Sendable {
  /// AVPs that are shown; all are looked through.
  private static let maxShown = 256
  /// Groups within groups that are read.
  private static let maxDepth = 8
  /// Bytes shown of a text, and of a value in hexadecimal.
  private static let maxText = 256
  private static let maxBytes = 64

  /// What the answer says: by name, and the code.
  private(set) var result: (name: String, code: UInt32)?
  private(set) var session: String?
  private(set) var originHost: String?
  private(set) var destinationHost: String?
  private(set) var destinationRealm: String?
  /// Which step of accounting or credit control it is, such as `INITIAL_REQUEST`.
  private(set) var recordType: String?
  private(set) var isWhole = true
  private var shown = 0

  /// One AVP.
  private struct AVP {
    var code: UInt32
    var vendor: UInt32
    var value: Range<Int>
    /// Where the next one begins.
    var end: Int

    /// The AVP at `at`; nil when its length cannot be.
    init?(_ bytes: RawSpan, at: Int) {
      guard at + 8 <= bytes.byteCount else { return nil }
      code = bytes.big32(at)
      let hasVendor = bytes.byte(at + 4) & 0x80 != 0
      let length = Int(bytes.big24(at + 5))
      let head = hasVendor ? 12 : 8
      guard length >= head, at + length <= bytes.byteCount else { return nil }
      vendor = hasVendor ? bytes.big32(at + 8) : 0
      value = at + head..<at + length
      end = at + (length + 3) & ~3
    }
  }

  /// Writes a member `avps`.
  mutating func read(_ bytes: RawSpan, to writer: inout JSONWriter) {
    writer.name("avps")
    list(bytes, depth: 0, to: &writer)
  }

  private mutating func list(_ bytes: RawSpan, depth: Int, to writer: inout JSONWriter) {
    writer.beginArray()
    var at = 0
    while at < bytes.byteCount {
      guard let avp = AVP(bytes, at: at) else {
        isWhole = false
        break
      }
      let value = bytes.slice(avp.value)
      if depth == 0 { note(avp, value) }
      if shown < Self.maxShown { write(avp, value, depth, to: &writer) }
      shown += 1
      at = avp.end
    }
    writer.endArray()
  }

  /// Keeps what has a field of its own.
  private mutating func note(_ avp: AVP, _ value: RawSpan) {
    guard avp.vendor == 0 else { return }
    switch avp.code {
    case 263: session = session ?? value.prefix(Self.maxText).text()
    case 264: originHost = value.prefix(Self.maxText).text()
    case 283: destinationRealm = value.prefix(Self.maxText).text()
    case 293: destinationHost = value.prefix(Self.maxText).text()
    case 268 where value.byteCount == 4:
      let code = value.big32(0)
      result = (DiameterNames.result(code), code)
    case 297 where result == nil: result = experimentalResult(value)
    case 416, 480:
      if value.byteCount == 4 { recordType = DiameterNames.value(avp.code, value.big32(0)) }
    default: break
    }
  }

  /// Experimental-Result: a vendor and a code of its own (RFC 6733 §7.6).
  private func experimentalResult(_ bytes: RawSpan) -> (name: String, code: UInt32)? {
    var vendor: UInt32 = 0
    var code: UInt32?
    var at = 0
    while let avp = AVP(bytes, at: at) {
      if avp.value.count == 4 {
        if avp.code == 266 { vendor = bytes.big32(avp.value.lowerBound) }
        if avp.code == 298 { code = bytes.big32(avp.value.lowerBound) }
      }
      at = avp.end
    }
    return code.map { (DiameterNames.experimentalResult($0, vendor: vendor), $0) }
  }

  // MARK: Showing

  private mutating func write(
    _ avp: AVP, _ value: RawSpan, _ depth: Int, to writer: inout JSONWriter
  ) {
    let known = DiameterNames.avp(avp.code, vendor: avp.vendor)
    writer.beginObject()
    writer.name("code")
    writer.write(Int64(avp.code))
    if avp.vendor != 0 {
      writer.name("vendor")
      writer.write(Int64(avp.vendor))
    }
    writer.name("name")
    writer.write(known.name)
    if known.form == .group, depth < Self.maxDepth {
      writer.name("avps")
      list(value, depth: depth + 1, to: &writer)
    } else {
      writer.name("value")
      show(value, known.form, avp, to: &writer)
    }
    writer.endObject()
  }

  private func show(
    _ value: RawSpan, _ form: DiameterNames.Form, _ avp: AVP, to writer: inout JSONWriter
  ) {
    switch form {
    case .secret: writer.write("[redacted]")
    case .userData: writer.write("\(value.byteCount) bytes")
    case .text: writer.write(text: value.prefix(Self.maxText))
    case .number where value.byteCount == 4:
      let number = value.big32(0)
      if let name = DiameterNames.value(avp.code, vendor: avp.vendor, number) {
        writer.write(name)
      } else {
        writer.write(Int64(number))
      }
    case .signed where value.byteCount == 4: writer.write(Int64(Int32(bitPattern: value.big32(0))))
    case .longNumber where value.byteCount == 8:
      writer.raw(String(value.big64(0)))
    case .longSigned where value.byteCount == 8: writer.write(Int64(bitPattern: value.big64(0)))
    case .fraction where value.byteCount == 4:
      let fraction = Double(Float(bitPattern: value.big32(0)))
      if fraction.isFinite { writer.write(fraction) } else { writer.write("\(fraction)") }
    case .address: writer.write(address(value) ?? bytes(value))
    case .time where value.byteCount == 4: writer.write(time(value.big32(0)))
    case .telephone: writer.write(digits(value) ?? bytes(value))
    default: writer.write(value.isPrintable ? value.prefix(Self.maxText).text() : bytes(value))
    }
  }

  /// Family and address (RFC 6733 §4.3.1), or an address alone as RADIUS has it.
  private func address(_ value: RawSpan) -> String? {
    switch value.byteCount {
    case 4: IPAddress(v4: value.big32(0)).description
    case 6 where value.big16(0) == 1: IPAddress(v4: value.big32(2)).description
    case 16: IPAddress(v6: value, at: 0).description
    case 18 where value.big16(0) == 2: IPAddress(v6: value, at: 2).description
    default: nil
    }
  }

  /// Seconds since 1900, or since 2036 where the first bit is not set (RFC 6733 §4.3.1).
  private func time(_ seconds: UInt32) -> String {
    let since1970 =
      seconds >> 31 == 1
      ? Int64(seconds) - 2_208_988_800 : Int64(seconds) + 2_085_978_496
    return Timestamp(nanoseconds: since1970 * 1_000_000_000).rfc3339
  }

  /// Telephone number, two digits a byte, the lower half first (3GPP TS 29.002).
  private func digits(_ value: RawSpan) -> String? {
    var text = ""
    for at in 0..<min(value.byteCount, 16) {
      for digit in [value.byte(at) & 15, value.byte(at) >> 4] where digit != 15 {
        guard digit < 10 else { return nil }
        text += String(digit)
      }
    }
    return text.isEmpty ? nil : text
  }

  private func bytes(_ value: RawSpan) -> String {
    "0x" + hex(value.prefix(Self.maxBytes).array())
  }
}
