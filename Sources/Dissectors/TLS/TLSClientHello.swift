import Bytes
import Entries
import JSON

/// What a client offers (RFC 8446 §4.1.2).
struct TLSClientHello: Sendable {
  /// 0 where a hello was cut before it.
  private(set) var version: UInt16 = 0
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
  /// What the client says of QUIC (RFC 9001 §8.2).
  private(set) var transportParameters: [UInt8] = []
  /// Cipher specs of SSL 2.0 in a hello of its format; nil in others.
  private let olderSpecs: [String]?

  /// Its end was not captured: what is missing is not known to be so.
  private let isCut: Bool

  /// - Parameters:
  ///   - hasCookie: it is one of DTLS (RFC 6347 §4.2.1).
  ///   - isCut: only the beginning of it is there, which may be nothing but its type.
  init(_ body: RawSpan, hasCookie: Bool = false, isCut: Bool = false) throws(WireError) {
    var cursor = Cursor(body)
    olderSpecs = nil
    self.isCut = isCut
    if isCut, body.byteCount < Self.fixedLength {
      // A piece of a random number is none.
      random = nil
      if body.byteCount >= 2 { version = body.big16(0) }
      return
    }
    version = try cursor.big16()
    random = TLSRandom(try cursor.take(32))
    do {
      try readOffers(&cursor, hasCookie: hasCookie)
    } catch {
      if !isCut { throw error }
    }
  }

  /// Bytes of version and random number.
  private static let fixedLength = 34

  private mutating func readOffers(_ cursor: inout Cursor, hasCookie: Bool) throws(WireError) {
    try cursor.skip(Int(try cursor.uint8()))
    if hasCookie { try cursor.skip(Int(try cursor.uint8())) }
    let count = Int(try cursor.big16())
    suites = Self.numbers(try cursor.take(isCut ? min(count, cursor.remaining) : count))
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
    // The second is that of the drafts.
    case 57, 0xffa5: transportParameters = data.array()
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
  var highest: UInt16 {
    // Those of DTLS count down.
    let older = Self.plain(versions).filter { $0 >> 8 == 0xfe }.min()
    return Self.plain(versions).filter { $0 >> 8 == 3 }.max() ?? older ?? version
  }

  /// Fills in what a ClientHello tells.
  func describe(_ message: inout Message, over carrier: TLSCarrier = .records) {
    let names = Self.plain(suites).map(TLSNames.suite) + (olderSpecs ?? [])
    let summary =
      [serverName, protocols.first ?? "", names.first ?? ""].first { !$0.isEmpty } ?? ""
    // The newest version stands in an extension, which may have been cut off.
    if !isCut || !versions.isEmpty { message.fields.add(.tlsxVersion, int: Int64(highest)) }
    // What was cut off is not told to be empty.
    if !isCut || !names.isEmpty { message.fields.add(.tlsxCipherSuites, .texts(names)) }
    message.fields.add(.tlsxSummary, .text(summary))
    if !serverName.isEmpty { message.fields.add(.tlsxSNI, .text(serverName)) }
    if !protocols.isEmpty {
      message.fields.add(.tlsxALPN, .text(protocols.joined(separator: ",")))
    }
    if let olderSpecs {
      message.details = details(olderSpecs)
      return
    }
    let prints = isCut ? nil : (TLSFingerprint.md5(ja3Text), ja4(over: carrier))
    if let prints {
      message.fields.add(.tlsxJA3, .text(prints.0))
      message.fields.add(.tlsxJA4, .text(prints.1))
    }
    message.details = details(prints, carrier)
  }

  /// - Parameter prints: JA3 and JA4; nil where not all is there that they are made of.
  private func details(_ prints: (String, String)?, _ carrier: TLSCarrier) -> [UInt8] {
    var writer = JSONWriter(reserving: 512)
    writer.beginObject()
    if !isCut || version != 0 {
      writer.name("version")
      writer.write(TLSNames.version(version))
    }
    writer.list("supportedVersions", Self.plain(versions).map(TLSNames.version))
    if !serverName.isEmpty {
      writer.name("sni")
      writer.write(serverName)
    }
    writer.list("alpn", protocols)
    if !isCut || !suites.isEmpty { writer.numbers("cipherSuites", suites) }
    if !isCut || !extensions.isEmpty { writer.numbers("extensions", extensions) }
    writer.list("groups", Self.plain(groups).map(TLSNames.group))
    writer.list(
      "signatureAlgorithms", Self.plain(signatures).map { "0x" + TLSFingerprint.hex4($0) })
    if let prints {
      writer.name("ja3")
      writer.write(prints.0)
      writer.name("ja3Text")
      writer.write(ja3Text)
      writer.name("ja4")
      writer.write(prints.1)
    }
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
    writer.write(carrier)
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
  private func ja4(over carrier: TLSCarrier) -> String {
    let suites = Self.plain(suites)
    let extensions = Self.plain(extensions)
    let version =
      switch highest {
      case 0x0304: "13"
      case 0x0303: "12"
      case 0x0302: "11"
      case 0x0301: "10"
      case 0x0300: "s3"
      case 0xfefc: "d3"
      case 0xfefd: "d2"
      case 0xfeff: "d1"
      default: "00"
      }
    func two(_ count: Int) -> String { (count < 10 ? "0" : "") + "\(min(count, 99))" }
    let head =
      carrier.letter + version + (self.extensions.contains(0) ? "d" : "i") + two(suites.count)
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

// In the format of SSL 2.0, which clients sent that would have spoken that as well.
extension TLSClientHello {
  /// Bytes up to its lists.
  static let version2Head = 11

  /// Bytes of a hello in that format that begins there, for a version that has records of ours; of
  /// its head while that is not whole. Nil where none begins.
  ///
  ///     length   type   version   specs   session   challenge
  ///     +--------+------+---------+-------+---------+-----------+-------
  ///     | 0x8000 | 1    | 2       | 2     | 2       | 2         | lists of those lengths
  ///     +--------+------+---------+-------+---------+-----------+-------
  static func version2(_ bytes: RawSpan) -> Int? {
    let count = bytes.byteCount
    guard count > 0, bytes.byte(0) >= 0x80, count < 3 || bytes.byte(2) == 1,
      count < 4 || bytes.byte(3) == 3, count < 5 || bytes.byte(4) <= 4
    else { return nil }
    guard count >= version2Head else { return version2Head }
    let specs = Int(bytes.big16(5))
    let session = Int(bytes.big16(7))
    let challenge = Int(bytes.big16(9))
    let length = Int(bytes.big16(0) & 0x7fff)
    guard specs > 0, specs % 3 == 0, session == 0 || session == 16, 16...32 ~= challenge,
      length == version2Head - 2 + specs + session + challenge
    else { return nil }
    return 2 + length
  }

  /// - Parameter body: what follows on the length.
  init(version2 body: RawSpan) throws(WireError) {
    var cursor = Cursor(body)
    try cursor.skip(1)
    version = try cursor.big16()
    let count = Int(try cursor.big16())
    let session = Int(try cursor.big16())
    let challenge = Int(try cursor.big16())
    var specs: [String] = []
    for _ in 0..<count / 3 {
      let first = try cursor.uint8()
      let second = try cursor.big16()
      if first == 0 {
        suites.append(second)
      } else {
        specs.append(TLSNames.version2(first, second))
      }
    }
    olderSpecs = specs
    isCut = false
    try cursor.skip(session)
    // The challenge stands for the random number, with zeros before it.
    var number = [UInt8](repeating: 0, count: max(0, 32 - challenge))
    number.append(try cursor.take(challenge))
    random = TLSRandom(number.rawSpan)
  }

  /// Fingerprints are not defined for it.
  private func details(_ specs: [String]) -> [UInt8] {
    var writer = JSONWriter(reserving: 256)
    writer.beginObject()
    writer.name("version")
    writer.write(TLSNames.version(version))
    writer.name("format")
    writer.write("SSL 2.0")
    writer.numbers("cipherSuites", suites)
    writer.list("cipherSpecs", specs)
    writer.list("security", ["a hello in the format of SSL 2.0 is deprecated"])
    writer.endObject()
    return writer.bytes
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
