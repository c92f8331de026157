import Bytes
import Decompression
import Entries
import JSON

/// What a server chooses (RFC 8446 §4.1.3).
struct TLSServerHello: Sendable {
  let legacyVersion: UInt16
  let random: TLSRandom?
  /// Number of the session, by which it may be taken up again; nil for none.
  let session: TLSRandom?
  private(set) var selected: UInt16?
  let suite: UInt16
  private(set) var extensions: [UInt16] = []
  private(set) var alpn: String?
  private(set) var group: UInt16?
  /// It takes up a session that both sides know (TLS 1.3).
  private(set) var hasPSK = false
  let isRetryRequest: Bool
  /// Contents are compressed before they are encrypted.
  let isCompressed: Bool

  init(_ body: RawSpan) throws(WireError) {
    var cursor = Cursor(body)
    legacyVersion = try cursor.big16()
    let number = try cursor.take(32)
    random = TLSRandom(number)
    // SHA-256 of "HelloRetryRequest".
    isRetryRequest = number.big64(0) == 0xcf21_ad74_e59a_6111
    session = TLSRandom(try cursor.take(Int(try cursor.uint8())))
    suite = try cursor.big16()
    isCompressed = try cursor.uint8() != 0
    if cursor.remaining < 2 { return }
    var list = Cursor(try cursor.take(min(Int(try cursor.big16()), cursor.remaining)))
    while list.remaining >= 4 {
      let type = try list.big16()
      let data = try list.take(min(Int(try list.big16()), list.remaining))
      extensions.append(type)
      switch type {
      case 16 where data.byteCount > 3: alpn = data.suffix(from: 3).text()
      case 41: hasPSK = true
      case 43 where data.byteCount >= 2: selected = data.big16(0)
      case 51 where data.byteCount >= 2: group = data.big16(0)
      default: break
      }
    }
  }

  var version: UInt16 { selected ?? legacyVersion }

  /// What follows is encrypted at once: TLS 1.3, its drafts, or DTLS 1.3. Versions of DTLS count down.
  var isVersion13: Bool { version >= 0x0304 && version < 0xfe00 || version == 0xfefc }

  /// Records in CBC mode are authenticated as they are sent (RFC 7366).
  var macsLast: Bool { extensions.contains(22) }
}

/// What is known of a handshake from the server's side.
struct TLSAnswer: Sendable {
  /// Certificates of a chain that are shown.
  private static let maxCertificates = 4

  private let hello: TLSServerHello
  private let retried: Bool
  private let isNamed: Bool
  private let carrier: TLSCarrier
  private var certificates: [X509Certificate] = []
  private var group: UInt16?
  /// The protocol agreed on.
  var alpn: String?
  var hasStaple = false
  var alert: String?
  /// How its certificates were decompressed.
  private var decompression: Decompressed.End?

  init(
    _ hello: TLSServerHello, retried: Bool, isNamed: Bool, over carrier: TLSCarrier = .records
  ) {
    (self.hello, self.retried, self.isNamed, self.carrier) = (hello, retried, isNamed, carrier)
    (group, alpn) = (hello.group, hello.alpn)
  }

  var isVersion13: Bool { hello.isVersion13 }

  /// Certificate (RFC 5246 §7.4.2): a list of certificates with lengths of three bytes.
  mutating func readCertificates(_ body: RawSpan) {
    var at = 3
    while at + 3 <= body.byteCount, certificates.count < Self.maxCertificates {
      let end = at + 3 + Int(body.big24(at))
      guard end <= body.byteCount else { return }
      if let certificate = try? X509Certificate(body.slice(at + 3..<end)) {
        certificates.append(certificate)
      }
      at = end
    }
  }

  /// Certificate of TLS 1.3 (RFC 8446 §4.4.2): a context, then certificates that have extensions.
  mutating func readEntries(_ body: RawSpan) {
    guard body.byteCount > 4 else { return }
    var at = 1 + Int(body.byte(0)) + 3
    while at + 3 <= body.byteCount, certificates.count < Self.maxCertificates {
      let end = at + 3 + Int(body.big24(at))
      guard end + 2 <= body.byteCount else { return }
      if let certificate = try? X509Certificate(body.slice(at + 3..<end)) {
        certificates.append(certificate)
      }
      let extensions = end + 2
      at = extensions + Int(body.big16(end))
      readStaple(body.slice(extensions..<min(at, body.byteCount)))
    }
  }

  /// CompressedCertificate (RFC 8879 §4): the method, the length it will have, and what is compressed.
  mutating func readCompressed(_ body: RawSpan) {
    guard body.byteCount > 8 else { return }
    let compression: Compression? =
      switch body.big16(0) {
      case 1: .zlib
      case 2: .brotli
      case 3: .zstd
      default: nil
      }
    guard let compression else { return }
    let limits = DecompressionLimits(output: TLS.maxFlight)
    let message = decompress(body.suffix(from: 8), compression, limits: limits)
    decompression = message.end
    readEntries(message.bytes.rawSpan)
  }

  /// Whether `status_request` is among the extensions of a certificate.
  private mutating func readStaple(_ extensions: RawSpan) {
    var at = 0
    while at + 4 <= extensions.byteCount {
      if extensions.big16(at) == 5 { hasStaple = true }
      at += 4 + Int(extensions.big16(at + 2))
    }
  }

  /// ServerKeyExchange with a named curve (RFC 8422 §5.4).
  mutating func readKeyExchange(_ body: RawSpan) {
    if body.byteCount >= 3, body.byte(0) == 3 { group = body.big16(1) }
  }

  func ending(isComplete: Bool) -> Ending {
    var ending = Ending()
    let version = TLSNames.version(hello.version)
    let suite = TLSNames.suite(hello.suite)
    ending.fields.add(.tlsxVersion, int: Int64(hello.version))
    ending.fields.add(.tlsxCipherSuite, int: Int64(hello.suite))
    ending.fields.add(.tlsInfo, .text(version + ", " + suite))
    if let alpn { ending.fields.add(.tlsxALPN, .text(alpn)) }
    if !isNamed { ending.fields.add(.tlsxSummary, .text(alpn ?? suite)) }
    let ja3s = TLSFingerprint.md5(ja3sText)
    ending.fields.add(.tlsxJA3S, .text(ja3s))
    ending.fields.add(.statusText, .text(alert ?? version))
    ending.failed = alert != nil
    ending.decompression = decompression
    var writer = JSONWriter(reserving: 512)
    writer.beginObject()
    writer.name("version")
    writer.write(version)
    writer.name("cipherSuite")
    writer.write(suite)
    writer.name("cipherCode")
    writer.write(Int(hello.suite))
    if let alpn {
      writer.name("alpn")
      writer.write(alpn)
    }
    if let group {
      writer.name("group")
      writer.write(TLSNames.group(group))
    }
    writer.numbers("extensions", hello.extensions)
    writer.name("ja3s")
    writer.write(ja3s)
    flags(isComplete, &writer)
    if !certificates.isEmpty {
      writer.name("certificates")
      writer.beginArray()
      for certificate in certificates { certificate.write(&writer) }
      writer.endArray()
    }
    if let alert {
      writer.name("alert")
      writer.write(alert)
    }
    writer.list("security", weaknesses)
    writer.write(carrier)
    writer.endObject()
    ending.details = writer.bytes
    return ending
  }

  private func flags(_ isComplete: Bool, _ writer: inout JSONWriter) {
    if retried {
      writer.name("helloRetryRequest")
      writer.write(true)
    }
    // Before 1.3, a server that takes up a session sends no certificate.
    let isResumed = isVersion13 ? hello.hasPSK : isComplete && certificates.isEmpty
    if isResumed {
      writer.name("resumed")
      writer.write(true)
    }
    if hasStaple {
      writer.name("ocspStapled")
      writer.write(true)
    }
  }

  private var ja3sText: String {
    let extensions = hello.extensions.map { "\($0)" }.joined(separator: "-")
    return "\(hello.legacyVersion),\(hello.suite),\(extensions)"
  }

  /// Exchanges of keys that whoever gets the server's key later can undo.
  private static let withoutForwardSecrecy: [StaticString] = [
    "TLS_RSA_", "TLS_DH_RSA_", "TLS_DH_DSS_", "TLS_ECDH_RSA_", "TLS_ECDH_ECDSA_", "TLS_PSK_",
    "TLS_KRB5_",
  ]

  /// What names of weak suites hold, and what it is called.
  private static let weak: [(word: StaticString, name: String)] = [
    ("RC4", "RC4"), ("3DES", "3DES"), ("_DES_", "DES"), ("NULL", "NULL"), ("EXPORT", "EXPORT"),
    ("anon", "anon"), ("RC2", "RC2"),
  ]

  /// What should not be in use any more.
  private var weaknesses: [String] {
    var found: [String] = []
    if hello.version < 0x0303 || hello.version == 0xfeff {
      found.append("\(TLSNames.version(hello.version)) is deprecated")
    }
    let name = TLSNames.suite(hello.suite)
    let suite = name.utf8Span.span.bytes
    for weak in Self.weak where suite.firstOffset(of: weak.word) != nil {
      found.append("weak cipher suite: " + weak.name)
    }
    for start in Self.withoutForwardSecrecy where suite.starts(with: start) {
      found.append("no forward secrecy")
    }
    for certificate in certificates { found += certificate.weaknesses }
    return found
  }
}
