import Bytes
import Entries
import JSON

/// What a client offers (RFC 8446 §4.1.2).
struct TLSClientHello: Sendable {
  private(set) var version: UInt16
  let random: TLSRandom?
  private(set) var suites: [UInt16] = []
  private(set) var extensions: [UInt16] = []
  private(set) var serverName = ""
  private(set) var protocols: [String] = []
  private var versions: [UInt16] = []
  private var groups: [UInt16] = []
  private var formats: [UInt8] = []
  private var signatures: [UInt16] = []
  private var resumes = false

  init(_ body: RawSpan) throws(WireError) {
    var cursor = Cursor(body)
    version = try cursor.big16()
    random = TLSRandom(try cursor.take(32))
    try cursor.skip(Int(try cursor.uint8()))
    suites = Self.numbers(try cursor.take(Int(try cursor.big16())))
    try cursor.skip(Int(try cursor.uint8()))
    if cursor.remaining < 2 { return }
    var list = Cursor(try cursor.take(min(Int(try cursor.big16()), cursor.remaining)))
    while list.remaining >= 4 {
      let type = try list.big16()
      let length = Int(try list.big16())
      // A hello may be cut by its sender; what is there counts.
      let data = try list.take(min(length, list.remaining))
      extensions.append(type)
      // What is malformed inside one extension leaves the others.
      try? read(type, data)
    }
  }

  private mutating func read(_ type: UInt16, _ data: RawSpan) throws(WireError) {
    var cursor = Cursor(data)
    switch type {
    case 0:
      try cursor.skip(3)
      serverName = try cursor.take(Int(try cursor.big16())).text()
    case 10: groups = Self.numbers(try cursor.take(Int(try cursor.big16())))
    case 11: formats = try cursor.take(Int(try cursor.uint8())).array()
    case 13: signatures = Self.numbers(try cursor.take(Int(try cursor.big16())))
    case 16:
      var list = Cursor(try cursor.take(Int(try cursor.big16())))
      while !list.isAtEnd, protocols.count < 32 {
        protocols.append(try list.take(Int(try list.uint8())).text())
      }
    case 35: resumes = resumes || !data.isEmpty
    case 41: resumes = true
    case 43: versions = Self.numbers(try cursor.take(Int(try cursor.uint8())))
    default: break
    }
  }

  static func numbers(_ bytes: RawSpan) -> [UInt16] {
    stride(from: 0, to: bytes.byteCount - 1, by: 2).map { bytes.big16($0) }
  }

  /// Values that mean nothing, sent so that nobody relies on a list (RFC 8701).
  static func isGREASE(_ value: UInt16) -> Bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
  }

  private static func plain(_ values: [UInt16]) -> [UInt16] { values.filter { !isGREASE($0) } }

  /// It sends application data before the handshake is done (0-RTT).
  var offersEarlyData: Bool { extensions.contains(42) }

  /// The highest version it offers.
  var highest: UInt16 { Self.plain(versions).filter { $0 >> 8 == 3 }.max() ?? version }

  func describe(_ message: inout Message) {
    let names = Self.plain(suites).map(TLSNames.suite)
    let summary =
      [serverName, protocols.first ?? "", names.first ?? ""].first { !$0.isEmpty } ?? ""
    message.fields.add(.tlsxVersion, int: Int64(highest))
    message.fields.add(.tlsxCipherSuites, .texts(names))
    message.fields.add(.tlsxSummary, .text(summary))
    if !serverName.isEmpty { message.fields.add(.tlsxSNI, .text(serverName)) }
    if !protocols.isEmpty {
      message.fields.add(.tlsxALPN, .text(protocols.joined(separator: ",")))
    }
    let ja3 = TLSFingerprint.md5(ja3Text)
    message.fields.add(.tlsxJA3, .text(ja3))
    message.fields.add(.tlsxJA4, .text(ja4))
    message.details = details(ja3)
  }

  private func details(_ ja3: String) -> [UInt8] {
    var writer = JSONWriter(reserving: 512)
    writer.beginObject()
    writer.name("version")
    writer.write(TLSNames.version(version))
    writer.list("supportedVersions", Self.plain(versions).map(TLSNames.version))
    if !serverName.isEmpty {
      writer.name("sni")
      writer.write(serverName)
    }
    writer.list("alpn", protocols)
    writer.numbers("cipherSuites", suites)
    writer.numbers("extensions", extensions)
    writer.list("groups", Self.plain(groups).map(TLSNames.group))
    writer.list(
      "signatureAlgorithms", Self.plain(signatures).map { "0x" + TLSFingerprint.hex4($0) })
    writer.name("ja3")
    writer.write(ja3)
    writer.name("ja3Text")
    writer.write(ja3Text)
    writer.name("ja4")
    writer.write(ja4)
    if resumes {
      writer.name("offersResumption")
      writer.write(true)
    }
    if extensions.contains(0xfe0d) {
      writer.name("encryptedClientHello")
      writer.write(true)
    }
    if offersEarlyData {
      writer.name("earlyData")
      writer.write(true)
    }
    writer.endObject()
    return writer.bytes
  }

  /// The text that is hashed: `version,suites,extensions,groups,formats`.
  private var ja3Text: String {
    func joined(_ values: [some BinaryInteger]) -> String {
      values.map { "\($0)" }.joined(separator: "-")
    }
    return [
      "\(version)", joined(Self.plain(suites)), joined(Self.plain(extensions)),
      joined(Self.plain(groups)), joined(formats),
    ].joined(separator: ",")
  }

  /// JA4: transport, version, server name, counts, protocol, and two hashes that do not depend on
  /// the order of suites and extensions.
  private var ja4: String {
    let suites = Self.plain(suites)
    let extensions = Self.plain(extensions)
    let version =
      switch highest {
      case 0x0304: "13"
      case 0x0303: "12"
      case 0x0302: "11"
      case 0x0301: "10"
      case 0x0300: "s3"
      default: "00"
      }
    func two(_ count: Int) -> String { (count < 10 ? "0" : "") + "\(min(count, 99))" }
    let head =
      "t" + version + (self.extensions.contains(0) ? "d" : "i") + two(suites.count)
      + two(extensions.count) + Self.ends(of: protocols.first)
    let first = suites.map(TLSFingerprint.hex4).sorted().joined(separator: ",")
    var second = extensions.filter { $0 != 0 && $0 != 16 }.map(TLSFingerprint.hex4).sorted()
      .joined(separator: ",")
    if !signatures.isEmpty {
      second += "_" + signatures.map(TLSFingerprint.hex4).joined(separator: ",")
    }
    return head + "_" + TLSFingerprint.short(first) + "_" + TLSFingerprint.short(second)
  }

  /// First and last character of a protocol's name; of what is no text, of its hexadecimal form.
  private static func ends(of name: String?) -> String {
    guard let bytes = name.map({ Array($0.utf8) }), let first = bytes.first, let last = bytes.last
    else { return "00" }
    func isPlain(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 }
    if isPlain(first), isPlain(last) { return String(decoding: [first, last], as: UTF8.self) }
    return "\(hex([first]).first ?? "0")\(hex([last]).last ?? "0")"
  }
}

extension JSONWriter {
  /// A member with a list of texts, left out when it is empty.
  mutating func list(_ member: String, _ texts: [String]) {
    if texts.isEmpty { return }
    name(member)
    beginArray()
    for text in texts { write(text) }
    endArray()
  }

  mutating func numbers(_ member: String, _ numbers: [UInt16]) {
    name(member)
    beginArray()
    for number in numbers { write(Int(number)) }
    endArray()
  }
}
