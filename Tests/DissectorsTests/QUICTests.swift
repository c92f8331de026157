import Bytes
import Entries
import Flows
import JSON
import Layers
import Testing

@testable import Dissectors

@Suite struct QUICTests {
  // MARK: What the documents print

  @Test func thePacketsOfTheDocumentAreOneEntry() throws {
    var talk = Self.talk
    talk.says(.client, QUICVectors.clientInitial)
    talk.says(.server, QUICVectors.serverInitial)
    let call = try #require(talk.calls().first)
    #expect(talk.calls().count == 1)
    #expect(call.kind == .tlsx && call.transport == .udp && call.fault == nil && !call.failed)
    #expect(call.text(.tlsxSNI) == "example.com")
    #expect(call.text(.tlsxSummary) == "example.com")
    #expect(call.text(.tlsxALPN) == "alpn")
    #expect(call.int(.tlsxVersion) == 772)
    #expect(call.int(.tlsxCipherSuite) == 0x1301)
    #expect(call.text(.statusText) == "TLS 1.3")
    // By Python's hashlib over the texts that the definitions give.
    #expect(call.text(.tlsxJA3) == "41bc9ae914d6cb3bd0bd0a5453ab7d7f")
    #expect(call.text(.tlsxJA3S) == "eb1d94daa7e0344597e756a1fb6e7054")
    #expect(call.text(.tlsxJA4) == "q13d0211an_62ed6f6ca7ad_4d634acda6c0")
    #expect(call.requestSize == 1200 && call.responseSize == 135)
    #expect(call.elapsed == 1_000)
  }

  @Test func detailsTellOfThePackets() throws {
    var talk = Self.talk
    talk.says(.client, QUICVectors.clientInitial)
    talk.says(.server, QUICVectors.serverInitial)
    let details = try JSONReader.value(of: talk.calls().first?.text(.details) ?? "")
    let request = details["request"]?["quic"]
    #expect(request?["version"] == "QUIC v1")
    #expect(request?["destinationConnectionID"] == "8394c8f03e515708")
    #expect(request?["sourceConnectionID"] == "")
    let parameters: JSONValue = [
      "initial_max_data": 4_611_686_018_427_387_903,
      "initial_max_stream_data_bidi_local": 65_535, "initial_max_stream_data_uni": 65_535,
      "initial_max_streams_bidi": 16, "max_idle_timeout": 30_000, "initial_max_streams_uni": 16,
      "initial_source_connection_id": "8394c8f03e515708",
      "initial_max_stream_data_bidi_remote": 65_535,
    ]
    #expect(request?["transportParameters"] == parameters)
    #expect(details["response"]?["group"] == "x25519")
    #expect(details["response"]?["quic"]?["sourceConnectionID"] == "f067a5502a4262b5")
  }

  @Test func aSealerGivesThePacketsOfTheDocuments() {
    var sealer = QUICSealer(client: [])
    sealer.numberLength = 4
    let hello = QUICSealer.crypto(QUICVectors.clientHello)
    #expect(
      sealer.initial(.client, hello, number: 2, paddedTo: 1162) == QUICVectors.clientInitial)
    sealer.version = .v2
    let newer = sealer.initial(.client, hello, number: 2, paddedTo: 1162)
    #expect(newer.count == 1200 && newer.starts(with: QUICVectors.clientInitialOf2))
    sealer.numberLength = 2
    let reply = QUICSealer.ack + QUICSealer.crypto(QUICVectors.serverHello)
    #expect(sealer.initial(.server, reply, number: 1) == QUICVectors.serverInitialOf2)
  }

  @Test(arguments: [QUICVersion.v1, .v2])
  func theRetriesOfTheDocumentsAreGenuine(_ version: QUICVersion) throws {
    let bytes = version == .v1 ? QUICVectors.retry : QUICVectors.retryOf2
    let packet = try QUICPacket(bytes.rawSpan)
    #expect(packet.kind == .retry && packet.source == QUICVectors.server)
    let isGenuine = QUICInitialKeys.isGenuine(
      packet, bytes.rawSpan, to: QUICVectors.destination)
    #expect(isGenuine)
    var other = bytes
    other[16] ^= 1
    let isForged = !QUICInitialKeys.isGenuine(packet, other.rawSpan, to: QUICVectors.destination)
    #expect(isForged)
  }

  /// RFC 9000 §A.3.
  @Test func packetNumbersAreMadeWhole() {
    #expect(QUICInitialKeys.number(0x9b32, 2, after: 0xa82f_30ea) == 0xa82f_9b32)
    #expect(QUICInitialKeys.number(0x01, 1, after: 0xff) == 0x101)
    #expect(QUICInitialKeys.number(0xff, 1, after: 0x100) == 0xff)
    #expect(QUICInitialKeys.number(7, 1, after: nil) == 7)
  }

  // MARK: Hellos that take several packets

  @Test func aHelloMaySpanDatagramsInAnyOrder() throws {
    let sealer = QUICSealer()
    let hello = QUICVectors.clientHello
    var talk = Self.talk
    let last = QUICSealer.crypto(hello, 180..<241) + [1] + QUICSealer.crypto(hello, 60..<100)
    talk.says(.client, sealer.initial(.client, last, number: 1))
    let middle = QUICSealer.crypto(hello, 90..<190)
    let first = sealer.initial(.client, QUICSealer.crypto(hello, 0..<60), number: 0)
    talk.says(.client, sealer.initial(.client, middle, number: 2) + first)
    talk.says(.server, sealer.initial(.server, Self.serverFrames))
    let call = try #require(talk.calls().first)
    #expect(talk.calls().count == 1 && call.fault == nil)
    #expect(call.text(.tlsxSNI) == "example.com")
    #expect(call.text(.tlsxJA3) == "41bc9ae914d6cb3bd0bd0a5453ab7d7f")
    #expect(call.elapsed == 2_000, "from the first packet on")
    #expect(call.packets == 2...4)
    Laws.mutation(talk)
  }

  @Test func aServerHelloMaySpanDatagramsToo() throws {
    let sealer = QUICSealer()
    let hello = QUICVectors.serverHello
    var talk = Self.begun(sealer)
    talk.says(.server, sealer.initial(.server, QUICSealer.crypto(hello, 0..<50)))
    talk.says(.server, sealer.initial(.server, QUICSealer.crypto(hello, 50..<90), number: 1))
    let call = try #require(talk.calls().first)
    #expect(talk.calls().count == 1 && call.fault == nil)
    #expect(call.int(.tlsxCipherSuite) == 0x1301)
    #expect(call.elapsed == 1_000, "to the first packet of the reply")
    Laws.truncation(talk)
  }

  @Test func aHelloOfWhichAPartIsMissingIsToldAsSuch() throws {
    let sealer = QUICSealer()
    var talk = Self.talk
    talk.says(
      .client, sealer.initial(.client, QUICSealer.crypto(QUICVectors.clientHello, 0..<200)))
    talk.says(.server, sealer.initial(.server, Self.serverFrames))
    let call = try #require(talk.calls().first)
    #expect(call.fault?.message == "the connection ended inside the message")
    #expect(call.text(.statusText) == "TLS 1.3")
  }

  /// The two sides may be captured at two places.
  @Test func aHelloMayEndBehindItsReply() throws {
    let sealer = QUICSealer()
    let hello = QUICVectors.clientHello
    var talk = Self.talk
    talk.says(.client, sealer.initial(.client, QUICSealer.crypto(hello, 0..<200)))
    talk.says(.server, sealer.initial(.server, Self.serverFrames))
    talk.says(.server, sealer.initial(.server, QUICSealer.close(0), number: 1))
    talk.says(.client, sealer.initial(.client, QUICSealer.crypto(hello, 200..<241), number: 1))
    let call = try #require(talk.calls().first)
    #expect(talk.calls().count == 1 && call.fault == nil && !call.failed)
    #expect(call.text(.tlsxSummary) == "example.com")
    #expect(call.text(.statusText) == "TLS 1.3")
  }

  @Test func whatIsSentAgainIsNoNewEntry() {
    let sealer = QUICSealer()
    var talk = Self.begun(sealer)
    talk.says(.client, sealer.initial(.client, Self.clientFrames, number: 1))
    talk.says(.server, sealer.initial(.server, Self.serverFrames))
    talk.says(.server, sealer.initial(.server, Self.serverFrames, number: 1))
    talk.says(.client, sealer.initial(.client, Self.clientFrames, number: 2))
    var acknowledging = sealer
    acknowledging.destination = sealer.server
    talk.says(.client, acknowledging.initial(.client, QUICSealer.ack, number: 3))
    #expect(talk.calls().count == 1)
    #expect(talk.calls().first?.fault == nil)
  }

  // MARK: Other ways to begin

  @Test func aHelloRetryRequestIsFollowed() throws {
    let sealer = QUICSealer()
    // SHA-256 of "HelloRetryRequest" stands for the random number.
    let marker =
      bytes(hex: "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c") ?? []
    let rest: [UInt8] = [0, 0x13, 1, 0, 0, 12, 0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 23]
    let body = [3, 3] + marker + rest
    let again: [UInt8] = [2, 0, 0, UInt8(body.count)] + body
    var talk = Self.begun(sealer)
    talk.says(.server, sealer.initial(.server, QUICSealer.crypto(again)))
    talk.says(
      .client,
      sealer.initial(.client, QUICSealer.crypto(QUICVectors.clientHello, at: 241), number: 1))
    let reply = QUICSealer.crypto(QUICVectors.serverHello, at: again.count)
    talk.says(.server, sealer.initial(.server, reply, number: 1))
    let call = try #require(talk.calls().first)
    #expect(talk.calls().count == 1 && call.fault == nil)
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    #expect(details["response"]?["helloRetryRequest"] == true)
    #expect(details["response"]?["group"] == "x25519")
  }

  @Test(arguments: [QUICVersion.v1, .v2, .draft29])
  func behindARetryTheKeysAreOthers(_ version: QUICVersion) throws {
    var sealer = QUICSealer(version: version)
    var talk = Self.begun(sealer)
    let early = talk.turns
    talk.says(.server, try sealer.retry([1, 2, 3]))
    sealer.original = sealer.server
    (sealer.server, sealer.token) = ([5, 5, 5, 5], [1, 2, 3])
    talk.says(.client, sealer.initial(.client, Self.clientFrames, number: 1))
    // What was sent before the Retry came.
    talk.turns += early
    talk.says(.server, sealer.initial(.server, Self.serverFrames))
    for isSeen in [true, false] {
      if !isSeen { talk.turns.remove(at: 1) }
      let call = try #require(talk.calls().first)
      #expect(talk.calls().count == 1 && call.fault == nil && call.hasResponse)
      let details = try JSONReader.value(of: call.text(.details) ?? "")
      #expect(details["response"]?["quic"]?["retry"] == true)
      #expect(call.text(.tlsxSNI) == "example.com")
    }
  }

  @Test func aRetryThatIsForgedChangesNothing() throws {
    let sealer = QUICSealer()
    var talk = Self.begun(sealer)
    var forged = try sealer.retry([1, 2, 3])
    forged[forged.count - 1] ^= 1
    talk.says(.server, forged)
    talk.says(.server, sealer.initial(.server, Self.serverFrames))
    let details = try JSONReader.value(of: talk.calls().first?.text(.details) ?? "")
    #expect(details["response"]?["quic"]?["retry"] == nil)
    #expect(talk.calls().first?.text(.statusText) == "TLS 1.3")
  }

  @Test func bothMayAgreeOnAnotherVersion() throws {
    var sealer = QUICSealer()
    var talk = Self.begun(sealer)
    sealer.version = .v2
    talk.says(.server, sealer.initial(.server, Self.serverFrames))
    let call = try #require(talk.calls().first)
    #expect(talk.calls().count == 1 && call.fault == nil)
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    #expect(details["request"]?["quic"]?["version"] == "QUIC v1")
    #expect(details["response"]?["quic"]?["version"] == "QUIC v2")
  }

  @Test func aServerMayOfferOtherVersions() throws {
    var sealer = QUICSealer(version: .v2)
    var talk = Self.begun(sealer)
    talk.says(.server, sealer.negotiation([0x1a2a_3a4a, 1]))
    let refused = try #require(talk.calls().first)
    #expect(refused.failed && refused.text(.statusText) == "version negotiation")
    #expect(refused.fault?.message == "the server speaks other versions: QUIC v1")

    sealer.version = .v1
    (sealer.original, sealer.client) = ([8, 7, 6, 5, 4, 3, 2, 1], [0xc4])
    talk.says(.client, sealer.initial(.client, Self.clientFrames))
    talk.says(.server, sealer.initial(.server, Self.serverFrames))
    let call = try #require(talk.calls().first)
    #expect(talk.calls().count == 1 && call.fault == nil && !call.failed)
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    #expect(details["response"]?["quic"]?["versionNegotiation"] == ["QUIC v1"])
  }

  @Test func connectionsThatShareTheirPortsAreToldApart() {
    var talk = Self.talk
    let first = QUICSealer()
    let second = QUICSealer(original: [1, 2, 3, 4, 5, 6, 7, 8], client: [0xd1], server: [0xd2])
    talk.says(.client, first.initial(.client, Self.clientFrames))
    talk.says(.client, second.initial(.client, Self.clientFrames))
    talk.says(.server, second.initial(.server, Self.serverFrames))
    talk.says(.server, first.initial(.server, Self.serverFrames))
    let calls = talk.calls()
    #expect(calls.count == 2 && calls.allSatisfy { $0.fault == nil && $0.hasResponse })
    #expect(calls.compactMap(\.elapsed).sorted() == [1_000, 3_000])
  }

  // MARK: Refusals

  @Test func aServerThatClosesRefuses() throws {
    let sealer = QUICSealer()
    var talk = Self.begun(sealer)
    let close = QUICSealer.close(0x0178, "no h3 here")
    talk.says(.server, sealer.initial(.server, QUICSealer.ack + close))
    let call = try #require(talk.calls().first)
    #expect(call.failed && call.hasResponse && call.fault == nil)
    #expect(call.text(.statusText) == "no application protocol")
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    #expect(details["response"]?["alert"] == "no application protocol")
    #expect(details["response"]?["quic"]?["closeCode"] == 0x0178)
    #expect(details["response"]?["quic"]?["closeReason"] == "no h3 here")
  }

  @Test func aClientThatClosesGivesTheHandshakeUp() throws {
    let sealer = QUICSealer()
    var talk = Self.begun(sealer)
    talk.says(.client, sealer.initial(.client, QUICSealer.close(2), number: 1))
    let call = try #require(talk.calls().first)
    #expect(call.failed && !call.hasResponse)
    #expect(call.text(.statusText) == "connection refused")
    #expect(call.fault?.message == "the client ended the handshake: connection refused")
    #expect(call.text(.tlsxSNI) == "example.com")
  }

  @Test(
    arguments: [(0x00, "no error"), (0x0a, "protocol violation"), (0x012a, "bad certificate")]
      + [(0x11, "version negotiation error"), (0x12, "error 0x12")])
  func errorsHaveNames(code: Int, name: String) {
    #expect(QUICNames.error(code) == name)
  }

  // MARK: What is encrypted

  @Test func whatFollowsIsPassedOverAndCounted() throws {
    let sealer = QUICSealer()
    var talk = Self.talk
    let early = sealer.sealed(.client, type: 1, [UInt8](repeating: 9, count: 40))
    talk.says(.client, sealer.initial(.client, Self.clientFrames) + early)
    talk.says(
      .server,
      sealer.initial(.server, Self.serverFrames)
        + sealer.sealed(.server, type: 2, [UInt8](repeating: 8, count: 300)) + [0, 0, 0])
    for _ in 0..<3 {
      talk.says(.client, [0x41] + [UInt8](repeating: 7, count: 60))
      talk.says(.server, [0x7f] + [UInt8](repeating: 6, count: 900))
    }
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    let entries = dissection.drain()
    #expect(entries.count { $0.kind == .tlsx } == 1)
    let call = try #require(entries.first { $0.kind == .tlsx })
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    #expect(details["response"]?["quic"]?["earlyDataPackets"] == 1)
    #expect(call.text(.statusText) == "TLS 1.3" && call.fault == nil)
    let record = entries.first { $0.kind == .udpConn }
    #expect(record?.text(.connTLS) == "quic_not_decrypted")
    #expect(dissection.counters.secrecy == [.quic: 1])
    #expect(dissection.counters.protocols["quic"]?.messages == 2)
    #expect(dissection.counters.waitingDropped == 0)
  }

  @Test func aPortAloneIsNotEnough() {
    var talk = Self.talk
    var damaged = QUICVectors.clientInitial
    damaged[1000] ^= 1
    talk.says(.client, damaged)
    talk.says(.client, [0xc0, 0, 0, 0, 1] + [UInt8](repeating: 0x5a, count: 60))
    talk.says(.server, QUICVectors.serverInitial)
    #expect(talk.calls().isEmpty)
    talk.serverPort = 7
    talk.turns = []
    talk.says(.client, QUICVectors.clientInitial)
    #expect(talk.calls().count == 1, "nor is it needed")
  }

  static var talk: Talk { Talk(transport: .udp, serverPort: 443) }

  static let clientFrames = QUICSealer.crypto(QUICVectors.clientHello)
  static let serverFrames = QUICSealer.ack + QUICSealer.crypto(QUICVectors.serverHello)

  /// A client that has said its hello.
  static func begun(_ sealer: QUICSealer) -> Talk {
    var talk = talk
    talk.says(.client, sealer.initial(.client, clientFrames))
    return talk
  }
}
