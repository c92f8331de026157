import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Testing

@Suite struct TLSTests {
  @Test func bothHellosAreOneEntry() throws {
    let call = try #require(Self.older.calls().first)
    #expect(Self.older.calls().count == 1)
    #expect(call.kind == .tlsx && call.fault == nil && !call.failed)
    #expect(call.text(.tlsxSNI) == "api.shop")
    #expect(call.text(.tlsxSummary) == "api.shop")
    #expect(call.int(.tlsxVersion) == 771)
    #expect(call.int(.tlsxCipherSuite) == 0xc02f)
    #expect(call.text(.tlsxALPN) == "h2")
    #expect(
      call.texts(.tlsxCipherSuites) == [
        "TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
      ])
    #expect(call.text(.statusText) == "TLS 1.2")
    let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    #expect(reply?["group"] == "x25519")
    #expect(
      reply?["certificates"] == [
        [
          "subject": "CN=api.shop, O=Shop", "issuer": "CN=api.shop, O=Shop",
          "notBefore": "2026-11-28T11:30:55Z", "notAfter": "2036-11-25T11:30:55Z",
          "key": "EC P-256", "signature": "SHA-256 with ECDSA", "names": ["api.shop", "www.shop"],
        ]
      ])
  }

  @Test(
    arguments: [
      (0, "certificate not valid yet: CN=api.shop, O=Shop"), (60, nil),
      (70, "expired certificate: CN=api.shop, O=Shop"),
    ] as [(Int64, String?)])
  func certificatesOutOfTheirTimeAreTold(years: Int64, warning: String?) throws {
    var talk = Talk(serverPort: 443)
    // Since 1970.
    talk.pause(years * 365 * 86_400_000)
    talk.turns += Self.older.turns
    let call = try #require(talk.calls().first)
    let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    #expect(reply?["security"]?.array?.compactMap(\.string) == warning.map { [$0] })
    #expect(reply?["certificates"]?.array?.count == 1)
  }

  @Test func weakKeysAndSignaturesAreTold() throws {
    var talk = Talk(serverPort: 443)
    talk.pause(60 * 365 * 86_400_000)
    talk.says(.client, Self.clientHello)
    let der = bytes(hex: Self.weakCertificateHex) ?? []
    talk.says(
      .server,
      Self.record(
        22,
        Self.serverHello(newer: false)
          + Self.message(11, [0] + Self.counted([0] + Self.counted(der))) + Self.message(14, [])))
    talk.says(.server, Self.record(20, [1]))
    let call = try #require(talk.calls().first)
    let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    let certificate = reply?["certificates"]?[0]
    #expect(certificate?["key"] == "RSA 1024")
    #expect(certificate?["signature"] == "SHA-1 with ECDSA")
    let warnings: JSONValue = [
      "certificate signed with SHA-1: CN=old.shop", "weak key: RSA 1024",
    ]
    #expect(reply?["security"] == warnings)
  }

  /// With TLS, the time to the first byte is that to the first data: the handshake is none.
  @Test func theFirstByteOfAServerIsThatOfItsData() throws {
    var talk = Self.older
    talk.health = TCPHealth()
    talk.health?.timeToFirstByte = 2_000
    func measured(_ kind: ProtocolKind) -> Int64? {
      talk.entries().first { $0.kind == kind }?.int(.metricTimeToFirstByte)
    }
    #expect(measured(.tcpConn) == nil, "nothing but a handshake")
    talk.says(.client, Self.record(23, [1, 2, 3]))
    #expect(measured(.tcpConn) == nil)
    talk.says(.server, Self.record(23, [4, 5, 6]))
    let first = Int64(talk.turns.count) * 1_000
    talk.says(.server, Self.record(23, [7, 8, 9]))
    #expect(measured(.tcpConn) == first)
    var clear = Talk(serverPort: 80)
    clear.health = talk.health
    clear.client("GET / HTTP/1.1\r\n\r\n")
    let plain = clear.entries().first { $0.kind == .tcpConn }
    #expect(plain?.int(.metricTimeToFirstByte) == 2_000)
  }

  /// Digests by Python's hashlib over the texts that the definitions of JA3 and JA4 give.
  @Test func fingerprintsLeaveOutWhatMeansNothing() {
    let call = Self.older.calls().first
    #expect(call?.text(.tlsxJA3) == "5fd219db9d7e9b788c9b089bcbd91260")
    #expect(call?.text(.tlsxJA3S) == "1089ea6f0461a29006cc96dfe7a11d80")
    #expect(call?.text(.tlsxJA4) == "t13d0206h2_c1929292aa6b_fb71836bce29")
  }

  @Test func ofTheNewerVersionTheServerHelloIsTheLastThatIsSeen() {
    let call = Self.newer.calls().first
    #expect(Self.newer.calls().count == 1)
    #expect(call?.int(.tlsxVersion) == 772)
    #expect(call?.text(.tlsInfo) == "TLS 1.3, TLS_AES_128_GCM_SHA256")
    #expect(call?.fault == nil)
  }

  /// Numbers from 0xfe00 on are DTLS's, which count down: this one is no TLS 1.3.
  @Test func aVersionThatNobodyKnowsIsNotTakenForTheNewest() throws {
    var hello = Self.serverHello(newer: false)
    hello.replaceSubrange(4..<6, with: [0xfe, 2])
    var talk = Self.older
    talk.turns[1] = .says(
      .server, Self.record(22, hello) + Self.record(22, Self.certificate + Self.message(14, [])))
    let call = try #require(talk.calls().first)
    #expect(call.fault == nil && call.text(.statusText) == "0xfe02")
    let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    #expect(reply?["certificates"]?.array?.count == 1 && reply?["resumed"] == nil)
    Laws.truncation(talk)
  }

  /// RFC 3207: SMTP is not read, what it turns into is.
  private static var smtp: Talk {
    var talk = Talk(serverPort: 25)
    for (side, line) in [
      (.server, "220 mail.test ESMTP"), (.client, "EHLO me"), (.server, "250 STARTTLS"),
      (.client, "STARTTLS"), (.server, "220 go ahead"),
    ] as [(Side, String)] {
      talk.says(side, Array((line + "\r\n").utf8))
    }
    return talk
  }

  @Test func aHelloBehindSTARTTLSIsFound() {
    var talk = Self.smtp
    talk.says(.client, Self.clientHello)
    talk.says(.server, Self.record(22, Self.serverHello(newer: false) + Self.certificate))
    #expect(talk.calls().map { $0.text(.tlsxSNI) } == ["api.shop"])
    #expect(talk.calls().first?.text(.statusText) == "TLS 1.2")
    Laws.mutation(talk)
  }

  /// What one side says of a talk that turns to TLS, as where only its direction was captured.
  @Test(arguments: [Side.client, .server], [false, true])
  func aHelloBehindSTARTTLSIsFoundWhereOneSideWasCaptured(side: Side, isMidway: Bool) {
    var talk = Self.smtp
    talk.says(.client, Self.clientHello)
    talk.says(.server, Self.record(22, Self.serverHello(newer: true)) + Self.record(20, [1]))
    talk.isMidway = isMidway
    talk.turns.removeAll { if case .says(side.other, _) = $0 { true } else { false } }
    let calls = talk.calls()
    #expect(calls.map(\.kind) == [.tlsx])
    #expect(calls.map(\.hasRequest) == [side == .client])
    #expect(calls.first?.destination.port == 25)
    #expect(
      side == .client
        ? calls.first?.text(.tlsxSNI) == "api.shop" : calls.first?.int(.tlsxVersion) == 772)
    Laws.truncation(talk)
    Laws.mutation(talk)
  }

  /// The same of protocols that are read: what agreed to TLS, on the other side, was not captured.
  @Test func aServersHelloIsFoundBehindProtocolsThatAreRead() {
    let hello = Self.record(22, Self.serverHello(newer: true))
    let ldap = LDAPTests.result(1, 0x78, 0)
    for (port, first, kinds) in [
      (3306, MySQLTests.greeting, [.tlsx]), (5432, [0x53], [.tlsx]), (389, ldap, [.ldap, .tlsx]),
    ] as [(UInt16, [UInt8], [ProtocolKind])] {
      var talk = Talk(serverPort: port)
      talk.says(.server, first)
      talk.says(.server, hello)
      talk.says(.server, Self.record(20, [1]) + Self.record(23, Array(repeating: 2, count: 40)))
      let calls = talk.calls().sorted { $0.index < $1.index }
      #expect(calls.map(\.kind) == kinds)
      #expect(calls.last?.int(.tlsxVersion) == 772 && calls.last?.hasRequest == false)
      Laws.mutation(talk, rounds: 100)
    }
  }

  /// The client's hello is lost, and so is what it had asked before.
  @Test func aServersHelloIsFoundWhereTheClientsIsLost() {
    var talk = Self.smtp
    talk.turns.removeLast(2)
    talk.lost(.client, 300)
    talk.server("220 go ahead\r\n")
    talk.says(.server, Self.record(22, Self.serverHello(newer: true)))
    #expect(talk.calls().map { $0.int(.tlsxVersion) } == [772])
  }

  /// What a page or a row holds is content, whatever it looks like.
  @Test func aHelloWithinABodyIsContent() {
    let hello = Self.record(22, Self.serverHello(newer: true))
    var talk = Talk()
    talk.client("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: \(hello.count)\r\n\r\n")
    talk.says(.server, hello)
    talk.client("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    talk.server("HTTP/1.1 204 No\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map(\.kind) == [.http, .http] && calls.allSatisfy { $0.fault == nil })
  }

  /// One byte looks like a hello, and the next shows that it is none.
  @Test func aHelloBehindWhatAlmostIsOneIsFound() {
    var talk = Self.smtp
    for bytes in [[0x16], [0x17], Self.clientHello] { talk.says(.client, bytes) }
    talk.says(.server, Self.record(22, Self.serverHello(newer: false) + Self.certificate))
    #expect(talk.calls().map { $0.text(.tlsxSNI) } == ["api.shop"])
  }

  /// What may turn to TLS and does not is not taken for another protocol from its middle.
  @Test func whatAlmostIsAHelloIsNotReadAsSomethingElse() {
    var row = HTTP1.row
    row.recognise = { _, _, _ in .yes(.certain) }
    var talk = Talk()
    talk.client("GET / HTTP/1.1\r\nhost: a\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n")
    talk.server("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n")
    talk.says(.client, [0x16])
    talk.says(.client, [0x17])
    let dissection = Dissection(switches: .everything, rows: [row])
    talk.play(to: dissection)
    #expect(dissection.counters.protocols["http"]?.conversations == 1)
    #expect(dissection.counters.protocols["http"]?.pairs == 1)
  }

  /// RFC 6520: what followed one was taken for encrypted.
  @Test func aHeartbeatInClearDoesNotEndAHandshake() throws {
    var talk = Talk(serverPort: 443)
    talk.says(.client, Self.clientHello)
    talk.says(
      .server, Self.record(22, Self.serverHello(newer: false)) + Self.record(24, [2, 0, 1, 9]))
    talk.says(.client, Self.record(24, [1, 0x40, 0]))
    talk.says(.server, Self.record(22, Self.certificate + Self.message(14, [])))
    talk.says(.client, Self.record(22, Self.message(16, [1, 5])) + Self.record(20, [1]))
    talk.says(.server, Self.record(20, [1]) + Self.record(22, [8, 8, 8, 8, 8]))
    let call = try #require(talk.calls().first)
    #expect(call.fault == nil && call.hasResponse && !call.failed)
    let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    #expect(reply?["certificates"]?.array?.count == 1)
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.reordering(talk)
  }

  @Test func alertsEndAHandshake() throws {
    var refused = Talk(serverPort: 443)
    refused.says(.client, Self.clientHello)
    refused.says(.server, Self.record(21, [2, 40]))
    let first = refused.calls()
    #expect(first.map(\.failed) == [true])
    #expect(first.first?.text(.statusText) == "handshake failure")
    var distrusted = Talk(serverPort: 443)
    distrusted.says(.client, Self.clientHello)
    distrusted.says(.server, Self.record(22, Self.serverHello(newer: false) + Self.certificate))
    distrusted.says(.client, Self.record(21, [2, 48]))
    let second = distrusted.calls()
    #expect(second.map { $0.fault?.message } == ["the client ended the handshake: unknown CA"])
    #expect(second.first?.int(.tlsxCipherSuite) == 0xc02f)
    #expect(second.map(\.failed) == [true])
    #expect(second.first?.text(.statusText) == "unknown CA")
    #expect(
      try JSONReader.value(of: second[0].text(.details) ?? "")["response"]?["alert"] == "unknown CA"
    )
    var unanswered = Talk(serverPort: 443)
    unanswered.says(.client, Self.clientHello)
    unanswered.says(.client, Self.record(21, [2, 80]))
    let third = unanswered.calls()
    #expect(third.map(\.failed) == [true] && !third[0].hasResponse)
    #expect(third.first?.text(.statusText) == "internal error")
    for talk in [refused, distrusted, unanswered] {
      Laws.split(talk)
      Laws.reordering(talk)
      Laws.mutation(talk, rounds: 50)
    }
  }

  /// As by a snapshot length: within an extension, and within a certificate.
  @Test func ofACutHandshakeIsShownWhatIsThere() throws {
    var talk = Talk(serverPort: 443)
    talk.says(.client, Array(Self.clientHello.dropLast(18)))
    talk.lost(.client, 18)
    let flight = Self.record(22, Self.serverHello(newer: false) + Self.certificate)
    talk.says(.server, Array(flight.dropLast(20)))
    talk.lost(.server, 20)
    let calls = talk.calls()
    let call = try #require(calls.first)
    #expect(calls.count == 1)
    #expect(call.text(.tlsxSNI) == "api.shop" && call.text(.tlsxALPN) == "h2")
    #expect(call.int(.tlsxVersion) == 771 && call.int(.tlsxCipherSuite) == 0xc02f)
    #expect(call.text(.tlsxJA3) == nil && call.text(.tlsxJA4) == nil)
    #expect(call.fault?.kind == .dissection)
  }

  /// What was lost of it is known only behind the reply.
  @Test func aHelloWhoseEndIsLostHasItsReply() throws {
    var talk = Talk(serverPort: 443)
    talk.says(.client, Array(Self.clientHello.dropLast(18)))
    talk.says(.server, Self.record(22, Self.serverHello(newer: true)))
    talk.lost(.client, 18)
    let calls = talk.calls()
    let call = try #require(calls.first)
    #expect(calls.count == 1 && call.hasRequest && call.hasResponse)
    #expect(call.text(.tlsxSNI) == "api.shop" && call.int(.tlsxVersion) == 772)
  }

  @Test func aHelloThatIsCutWithinItsSuitesNamesThem() throws {
    var talk = Talk(serverPort: 443)
    // To the second suite, the first of which means nothing.
    talk.says(.client, Array(Self.clientHello.prefix(50)))
    talk.lost(.client, 100)
    let call = try #require(talk.calls().first)
    #expect(call.texts(.tlsxCipherSuites) == ["TLS_AES_128_GCM_SHA256"])
    #expect(call.int(.tlsxVersion) == nil && !call.hasResponse)
  }

  /// A snapshot length of 96 bytes leaves 30 of them behind the heads of Ethernet, IP and TCP.
  @Test(arguments: 6..<45)
  func aHelloThatIsCutWithinItsRandomNumberIsShown(length: Int) throws {
    var talk = Talk(serverPort: 443)
    talk.says(.client, Array(Self.clientHello.prefix(length)))
    talk.lost(.client, Self.clientHello.count - length)
    talk.says(.server, Self.record(22, Self.serverHello(newer: true)))
    let calls = talk.calls()
    let call = try #require(calls.first)
    #expect(calls.count == 1 && call.kind == .tlsx)
    #expect(call.hasRequest && call.hasResponse && call.int(.tlsxVersion) == 772)
    #expect(call.fault?.message == "only the beginning of it was captured")
    #expect(call.requestSize == Int64(Self.clientHello.count))
    #expect(call.texts(.tlsxCipherSuites) == nil && call.text(.tlsxJA3) == nil)
    let details = try JSONReader.value(of: call.text(.details) ?? "")["request"]
    #expect(details == (length < 11 ? [:] : ["version": "TLS 1.2"]))
    Laws.mutation(talk, rounds: 20)
  }

  /// With as much of it as one packet has and no reply, as the capture ends.
  @Test func aHelloThatIsCutAndAloneIsShown() throws {
    var talk = Talk(serverPort: 443)
    talk.says(.client, Array(Self.clientHello.prefix(30)))
    talk.lost(.client, 300)
    let call = try #require(talk.calls().first)
    #expect(call.kind == .tlsx && !call.hasResponse && call.fault?.kind == .dissection)
    #expect(call.int(.tlsxVersion) == nil)
    Laws.split(talk)
  }

  @Test func aServerThatAnswersInHTTPHasRefusedTheHandshake() throws {
    var talk = Talk(serverPort: 8080)
    talk.says(.client, Self.clientHello)
    talk.server("HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno\n")
    // What the client thinks of that: protocol version.
    talk.says(.client, Self.record(21, [2, 70]))
    let calls = talk.calls()
    let call = try #require(calls.first)
    #expect(calls.count == 1)
    #expect(call.failed && call.text(.statusText) == "not TLS")
    #expect(call.fault?.kind == .connection)
    let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    #expect(reply == ["plain": "HTTP 400 Bad Request"])
    Laws.split(talk)
  }

  @Test func messagesMaySpanRecords() {
    var talk = Talk(serverPort: 443)
    let hello = Array(Self.clientHello.dropFirst(5))
    talk.says(
      .client,
      Self.record(22, Array(hello.prefix(50))) + Self.record(22, Array(hello.dropFirst(50))))
    talk.says(.server, Self.record(22, Self.serverHello(newer: true)))
    #expect(talk.calls().map { $0.text(.tlsxSNI) } == ["api.shop"])
  }

  /// RFC 5246, appendix E.2: SSL 2.0 is spoken once, to say which newer versions there are.
  @Test func aHelloInTheFormatOfAnOlderVersionIsRead() throws {
    let calls = Self.version2.calls()
    #expect(calls.map(\.kind) == [.tlsx] && calls[0].fault == nil)
    #expect(calls[0].hasRequest && calls[0].hasResponse)
    #expect(
      calls[0].texts(.tlsxCipherSuites) == [
        "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_RC4_128_MD5", "SSL2_RC4_128_WITH_MD5",
      ])
    #expect(calls[0].int(.tlsxVersion) == 771)
    #expect(calls[0].requestSize == 36)
    #expect(calls[0].text(.tlsxJA3) == nil)
    let details = try JSONReader.value(of: calls[0].text(.details) ?? "")
    #expect(details["request"]?["version"] == "TLS 1.0")
    #expect(details["request"]?["format"] == "SSL 2.0")
    #expect(details["request"]?["cipherSpecs"] == ["SSL2_RC4_128_WITH_MD5"])
    #expect(details["response"]?["version"] == "TLS 1.2")
    var lone = Talk(serverPort: 443)
    lone.says(.client, Self.version2Hello)
    #expect(lone.calls().first?.int(.tlsxVersion) == 769)
    var other = Talk(serverPort: 443)
    other.says(.client, [0x80, 0x22, 1, 3, 1, 0, 9, 0, 0, 0, 9] + Array(repeating: 1, count: 25))
    #expect(other.calls().isEmpty, "its lengths do not add up")
  }

  @Test func otherProtocolsAreNotTLS() {
    var talk = Talk(serverPort: 443)
    talk.says(.client, [0x16, 2, 1, 0, 5, 1, 0, 0, 0, 0])
    talk.server("hello\r\n")
    #expect(talk.calls().isEmpty)
    var http = Talk(serverPort: 443)
    http.client("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    http.server("HTTP/1.1 204 No\r\n\r\n")
    #expect(http.calls().map(\.kind) == [.http])
  }

  // MARK: Laws

  @Test func anySplitGivesTheSameMessages() { for talk in Self.talks { Laws.split(talk) } }

  @Test func anyBeginningGivesABeginningOfTheMessages() {
    for talk in Self.talks { Laws.truncation(talk) }
  }

  @Test func anyOrderOfSegmentsGivesTheSameMessages() {
    for talk in Self.talks { Laws.reordering(talk) }
  }

  @Test func nothingBreaksIt() { for talk in Self.talks { Laws.mutation(talk) } }

  // MARK: Material

  private static let talks = [older, newer, version2]

  private static func counted(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
  }

  static func record(_ type: UInt8, _ fragment: [UInt8]) -> [UInt8] {
    [type, 3, 3] + counted(fragment)
  }

  private static func message(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
    [type, 0] + counted(body)
  }

  private static func ext(_ type: UInt16, _ data: [UInt8]) -> [UInt8] {
    [UInt8(type >> 8), UInt8(type & 255)] + counted(data)
  }

  private static let random = Array(repeating: UInt8(7), count: 32)

  static var clientHello: [UInt8] { hello(early: false) }

  /// - Parameter early: whether it says that early data follows.
  static func hello(early: Bool) -> [UInt8] {
    let name = counted([0] + counted(Array("api.shop".utf8)))
    let protocols = counted([2] + Array("h2".utf8))
    // With values of RFC 8701 among suites and extensions.
    let extensions =
      ext(0x1a1a, []) + ext(0, name) + ext(16, protocols)
      + ext(10, counted([0x2a, 0x2a, 0, 29, 0, 23])) + ext(11, [1, 0])
      + ext(13, counted([4, 3, 8, 4])) + ext(43, [6, 0x3a, 0x3a, 3, 4, 3, 3])
      + (early ? ext(42, []) : [])
    let body =
      [3, 3] + random + [0] + counted([0x0a, 0x0a, 0x13, 1, 0xc0, 0x2f]) + [1, 0]
      + counted(extensions)
    return record(22, message(1, body))
  }

  static func serverHello(newer: Bool) -> [UInt8] {
    let extensions =
      newer
      ? ext(43, [3, 4]) + ext(51, [0, 29, 0, 1, 9])
      : ext(0xff01, [0]) + ext(11, [1, 0]) + ext(16, counted([2] + Array("h2".utf8)))
    let suite: [UInt8] = newer ? [0x13, 1] : [0xc0, 0x2f]
    return message(2, [3, 3] + random + [0] + suite + [0] + counted(extensions))
  }

  /// The chain of one certificate, made by `openssl req -x509`.
  static var certificate: [UInt8] {
    let der = bytes(hex: certificateHex) ?? []
    let one = [0] + counted(der)
    return message(11, [0] + counted(one))
  }

  /// The same in the form of TLS 1.3 (RFC 8446 §4.4.2), with an answer of OCSP.
  static var certificateEntry: [UInt8] {
    let der = bytes(hex: certificateHex) ?? []
    let one = [0] + counted(der) + counted(ext(5, [1, 0, 0, 1, 9]))
    return message(11, [0, 0] + counted(one))
  }

  /// The same once more, compressed by zlib in name only: one stored block (RFC 1951 §3.2.4).
  static var compressedCertificate: [UInt8] {
    let entry = Array(certificateEntry.dropFirst(4))
    var (low, high) = (1, 0)
    for byte in entry {
      low = (low + Int(byte)) % 65_521
      high = (high + low) % 65_521
    }
    let count = entry.count
    let block = [count & 255, count >> 8, ~count & 255, ~count >> 8 & 255].map { UInt8($0) }
    let sum = [high >> 8, high & 255, low >> 8, low & 255].map { UInt8($0) }
    let packed: [UInt8] = [0x78, 0x01, 0x01] + block + entry + sum
    let head: [UInt8] = [0, 1, 0, UInt8(count >> 8), UInt8(count & 255), 0]
    return message(25, head + counted(packed))
  }

  static var older: Talk {
    var talk = Talk(serverPort: 443)
    talk.says(.client, clientHello)
    talk.says(
      .server,
      record(22, serverHello(newer: false))
        + record(22, certificate + message(12, [3, 0, 29, 1, 5]) + message(14, [])))
    talk.says(
      .client, record(22, message(16, [1, 5])) + record(20, [1]) + record(22, [9, 9, 9, 9, 9]))
    talk.says(.server, record(20, [1]) + record(22, [8, 8, 8, 8, 8]))
    talk.says(.client, record(23, Array(repeating: 1, count: 30)))
    return talk
  }

  /// Three cipher specs, of which one is of SSL 2.0, no session, and a challenge of 16 bytes.
  static let version2Hello: [UInt8] =
    [0x80, 34, 1, 3, 1, 0, 9, 0, 0, 0, 16] + [0, 0, 0x2f, 1, 0, 0x80, 0, 0, 4]
    + Array(repeating: 7, count: 16)

  static var version2: Talk {
    var talk = Talk(serverPort: 443)
    talk.says(.client, version2Hello)
    talk.says(
      .server,
      record(22, serverHello(newer: false)) + record(22, certificate + message(14, [])))
    talk.says(.client, record(22, message(16, [1, 5])) + record(20, [1]))
    talk.says(.server, record(20, [1]) + record(22, [8, 8, 8, 8, 8]))
    return talk
  }

  static var newer: Talk {
    var talk = Talk(serverPort: 443)
    talk.says(.client, clientHello)
    talk.says(
      .server,
      record(22, serverHello(newer: true)) + record(20, [1])
        + record(23, Array(repeating: 2, count: 40)))
    talk.says(.client, record(20, [1]) + record(23, Array(repeating: 1, count: 30)))
    return talk
  }

  /// An RSA key of 1024 bits, signed by another one with SHA-1 (`openssl x509 -req -sha1`).
  private static let weakCertificateHex = """
    3082016030820107021475eadb3a217ecc88875715ceeaec1ebc75d03be9300906072a8648ce3d0401300d310b
    300906035504030c026361301e170d3236313132383232303131305a170d3336313132353232303131305a3013
    3111300f06035504030c086f6c642e73686f7030819f300d06092a864886f70d010101050003818d0030818902
    818100d9aa23691409732363cd15dff3c1f9a76954da5266cb38cd91edd0584ea32578c2f49cea2d5d2261fc6a
    bef538061f3f4dad745a195325a6583e28b13b157c795fab22a0ca31769a8b4854d748fad35604dbe54bdf2635
    de587102987d069c31b7c8849047034da046e466ad25d810190bac01bd9b7c65d12fb910e48859267502030100
    01300906072a8648ce3d040103480030450221008e9e3188baeb1af168e391f8f90cf1f2c7554ba9924fafe4a4
    c888bfeba764af02200d03d875faad0cec410acc87a9829fe85f96b2284b56f4646e9f80cccd2ae25b
    """

  private static let certificateHex = """
    308201b83082015ea003020102021412d2c70c453b973ccdf10eac15d4bfe025e9c6a2300a06082a8648ce3d04
    03023022310d300b060355040a0c0453686f703111300f06035504030c086170692e73686f70301e170d323631
    3132383131333035355a170d3336313132353131333035355a3022310d300b060355040a0c0453686f70311130
    0f06035504030c086170692e73686f703059301306072a8648ce3d020106082a8648ce3d030107034200041fc6
    bcdb34e16c39bed402f2b01cf95e9311636411ee55d788141bd72716e801402d4c2d0f83e5f94d8d21d4af83cf
    2af056363b23ce02b12503cbc0206526bea3723070301d0603551d0e0416041410f43d94526dfa2bf6781ffc8a
    edecd10c009a00301f0603551d2304183016801410f43d94526dfa2bf6781ffc8aedecd10c009a00300f060355
    1d130101ff040530030101ff301d0603551d110416301482086170692e73686f7082087777772e73686f70300a
    06082a8648ce3d0403020348003045022018dbb6da1186c9b413df0444f9fab334ff9eb8b7241624cbe0a93f10
    8d86b0b20221009e470714518b335be94106271a52eb1a34d3c22d59c3949cd083a148806d8f0d
    """
}
