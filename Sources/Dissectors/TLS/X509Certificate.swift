import Bytes
import JSON

/// Who a certificate is for and who says so (RFC 5280 §4.1).
struct X509Certificate: Sendable {
  private static let maxNames = 16
  /// Bits of an RSA key that are enough (NIST SP 800-131A).
  private static let leastBits = 2048
  private static let objectIdentifier: UInt8 = 0x06
  /// 2.5.29.17, subjectAltName.
  private static let alternativeNames: [UInt8] = [0x55, 0x1d, 0x11]

  private var subject = ""
  private var issuer = ""
  private var notBefore = ""
  private var notAfter = ""
  private var signature = ""
  /// Kind of its key, such as `EC P-256`.
  private var key = ""
  /// Bits of an RSA key.
  private var keyBits: Int?
  private var names: [String] = []

  init(_ bytes: RawSpan) throws(WireError) {
    var at = 0
    let certificate = try BER(bytes, &at, end: bytes.byteCount)
    at = certificate.content.lowerBound
    let body = try BER(bytes, &at, end: certificate.content.upperBound)
    at = body.content.lowerBound
    let end = body.content.upperBound
    // The version stands in [0], and may be left out.
    if at < end, bytes.byte(at) == 0xa0 { _ = try BER(bytes, &at, end: end) }
    _ = try BER(bytes, &at, end: end)
    let signing = try BER(bytes, &at, end: end)
    if let algorithm = try? Self.algorithm(bytes, signing) {
      signature = X509Names.signature(algorithm.identifier)
    }
    issuer = try Self.name(bytes, try BER(bytes, &at, end: end))
    let validity = try BER(bytes, &at, end: end)
    var inner = validity.content.lowerBound
    notBefore = Self.time(bytes, try BER(bytes, &inner, end: validity.content.upperBound))
    notAfter = Self.time(bytes, try BER(bytes, &inner, end: validity.content.upperBound))
    subject = try Self.name(bytes, try BER(bytes, &at, end: end))
    let info = try BER(bytes, &at, end: end)
    try? readKey(bytes, info)
    while at < end {
      let part = try BER(bytes, &at, end: end)
      if part.tag == 0xa3 { try readExtensions(bytes, part) }
    }
  }

  /// An algorithm's identifier, in hexadecimal, and where its parameters begin.
  private static func algorithm(
    _ bytes: RawSpan, _ sequence: BER
  ) throws(WireError) -> (identifier: String, parameters: Int) {
    var at = sequence.content.lowerBound
    let identifier = try BER(bytes, &at, end: sequence.content.upperBound)
    return (hex(bytes.slice(identifier.content).prefix(16).array()), at)
  }

  /// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7): an algorithm, and the key as bits.
  private mutating func readKey(_ bytes: RawSpan, _ part: BER) throws(WireError) {
    var at = part.content.lowerBound
    let sequence = try BER(bytes, &at, end: part.content.upperBound)
    let algorithm = try Self.algorithm(bytes, sequence)
    var place = algorithm.parameters
    key = X509Names.key(algorithm.identifier)
    if key == X509Names.ellipticCurve, place < sequence.content.upperBound {
      let curve = try BER(bytes, &place, end: sequence.content.upperBound)
      if curve.tag == Self.objectIdentifier {
        key += " " + X509Names.curve(hex(bytes.slice(curve.content).prefix(16).array()))
      }
    }
    guard key == X509Names.rsa else { return }
    let bits = try BER(bytes, &at, end: part.content.upperBound)
    guard !bits.content.isEmpty else { return }
    // Behind the number of bits that are not used: modulus and exponent (RFC 8017 §A.1.1).
    place = bits.content.lowerBound + 1
    let pair = try BER(bytes, &place, end: bits.content.upperBound)
    place = pair.content.lowerBound
    let modulus = try BER(bytes, &place, end: pair.content.upperBound).content
    var first = modulus.lowerBound
    while first < modulus.upperBound, bytes.byte(first) == 0 { first += 1 }
    guard first < modulus.upperBound else { return }
    let count = (modulus.upperBound - first) * 8 - bytes.byte(first).leadingZeroBitCount
    keyBits = count
    key += " \(count)"
  }

  private mutating func readExtensions(_ bytes: RawSpan, _ part: BER) throws(WireError) {
    var at = part.content.lowerBound
    let list = try BER(bytes, &at, end: part.content.upperBound)
    at = list.content.lowerBound
    while at < list.content.upperBound {
      let item = try BER(bytes, &at, end: list.content.upperBound)
      var inner = item.content.lowerBound
      let oid = try BER(bytes, &inner, end: item.content.upperBound)
      guard bytes.slice(oid.content).array() == Self.alternativeNames else { continue }
      var value = try BER(bytes, &inner, end: item.content.upperBound)
      if value.tag == BER.boolean { value = try BER(bytes, &inner, end: item.content.upperBound) }
      var place = value.content.lowerBound
      let names = try BER(bytes, &place, end: value.content.upperBound)
      place = names.content.lowerBound
      while place < names.content.upperBound, self.names.count < Self.maxNames {
        let name = try BER(bytes, &place, end: names.content.upperBound)
        if name.tag == 0x82 { self.names.append(bytes.slice(name.content).prefix(255).text()) }
        if name.tag == 0x87, name.content.count == 4 {
          self.names.append(IPAddress(v4: bytes.big32(name.content.lowerBound)).description)
        }
        if name.tag == 0x87, name.content.count == 16 {
          self.names.append(IPAddress(v6: bytes, at: name.content.lowerBound).description)
        }
      }
    }
  }

  /// A distinguished name as `CN=…, O=…`.
  private static func name(_ bytes: RawSpan, _ name: BER) throws(WireError) -> String {
    var parts: [String] = []
    var at = name.content.lowerBound
    while at < name.content.upperBound {
      let set = try BER(bytes, &at, end: name.content.upperBound)
      var inner = set.content.lowerBound
      let pair = try BER(bytes, &inner, end: set.content.upperBound)
      inner = pair.content.lowerBound
      let type = try BER(bytes, &inner, end: pair.content.upperBound)
      let value = try BER(bytes, &inner, end: pair.content.upperBound)
      // 2.5.4.x
      guard type.content.count == 3, bytes.big16(type.content.lowerBound) == 0x5504 else {
        continue
      }
      let short: String? =
        switch bytes.byte(type.content.lowerBound + 2) {
        case 3: "CN"
        case 6: "C"
        case 7: "L"
        case 8: "ST"
        case 10: "O"
        case 11: "OU"
        default: nil
        }
      if let short {
        parts.append(short + "=" + bytes.slice(value.content).prefix(128).text())
      }
    }
    return parts.reversed().joined(separator: ", ")
  }

  /// UTCTime `YYMMDDhhmmssZ` or GeneralizedTime `YYYYMMDDhhmmssZ` as a date.
  private static func time(_ bytes: RawSpan, _ time: BER) -> String {
    var digits = bytes.slice(time.content).prefix(20).text()
    if time.tag == 0x17, digits.count >= 12 { digits = (digits < "50" ? "20" : "19") + digits }
    guard digits.count >= 14 else { return digits }
    let parts = Array(digits)
    func part(_ range: Range<Int>) -> String { String(parts[range]) }
    return "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T"
      + "\(part(8..<10)):\(part(10..<12)):\(part(12..<14))Z"
  }

  /// What should not be in use any more. Nobody relies on how a certificate signs itself.
  var weaknesses: [String] {
    var found: [String] = []
    if let digest = ["SHA-1", "MD5", "MD2"].first(where: { signature.hasPrefix($0) }),
      subject != issuer
    {
      found.append("certificate signed with \(digest): \(subject)")
    }
    if let keyBits, keyBits < Self.leastBits { found.append("weak key: \(key)") }
    return found
  }

  func write(_ writer: inout JSONWriter) {
    writer.beginObject()
    for (member, text) in [
      ("subject", subject), ("issuer", issuer), ("notBefore", notBefore), ("notAfter", notAfter),
      ("key", key), ("signature", signature),
    ] {
      writer.name(member)
      writer.write(text)
    }
    writer.list("names", names)
    writer.endObject()
  }
}
