import Bytes
import Entries
import Flows
import JSON
import Layers
import Testing

@testable import Dissectors

@Suite struct DTLSTests {
  @Test func aHandshakeWithAHelloVerifyRequestIsOneEntry() throws {
    let talk = Self.whole
    let call = try #require(talk.calls().first)
    #expect(talk.calls().count == 1)
    #expect(call.kind == .tlsx && call.transport == .udp && call.fault == nil && !call.failed)
    #expect(call.text(.tlsxSNI) == "api.shop")
    #expect(call.int(.tlsxVersion) == 0xfefd)
    #expect(call.text(.tlsInfo) == "DTLS 1.2, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
    #expect(call.text(.statusText) == "DTLS 1.2")
    #expect(call.text(.tlsxJA4)?.hasPrefix("dd2d0102") == true)
    // From the first hello to the first byte of the server's.
    #expect(call.elapsed == 3_000)
    let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    #expect(reply?["helloVerifyRequest"] == true)
    #expect(reply?["certificates"]?.array?.count == 1)
    // Time begins in 1970 here.
    #expect(reply?["security"] == ["certificate not valid yet: CN=api.shop, O=Shop"])
    let record = talk.entries().first { $0.kind == .udpConn }
    #expect(record?.text(.connTLS) == "dtls_not_decrypted")
    Laws.truncation(talk)
    Laws.mutation(talk)
  }

  @Test func fragmentsComeInAnyOrderAndTwice() throws {
    let hello = Self.clientHello()
    var talk = Self.talk
    for range in [40..<60, 0..<25, 40..<hello.count, 20..<45] {
      talk.says(.client, Self.record(22, Self.fragment(1, hello, range)))
    }
    let certificate = Array(TLSTests.certificate.dropFirst(4))
    // The certificate comes before the hello.
    talk.says(.server, Self.record(22, Self.fragment(11, certificate, number: 1)))
    talk.says(.server, Self.record(22, Self.fragment(2, Self.serverHello)) + Self.record(20, [1]))
    let call = try #require(talk.calls().first)
    #expect(talk.calls().count == 1 && call.fault == nil)
    #expect(call.text(.tlsxSNI) == "api.shop")
    let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    #expect(reply?["certificates"]?.array?.count == 1)
  }

  /// Without a certificate a session is taken up again, but not when it was lost.
  @Test(arguments: [true, false])
  func aSessionThatIsTakenUpIsTold(isResumed: Bool) throws {
    var talk = Self.talk
    talk.says(.client, Self.record(22, Self.fragment(1, Self.clientHello())))
    talk.says(.server, Self.record(22, Self.fragment(2, Self.serverHello)))
    if !isResumed { talk.says(.server, Self.record(22, Self.fragment(14, [1], number: 2))) }
    talk.says(.server, Self.record(20, [1]))
    let call = try #require(talk.calls().first)
    let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    #expect(call.fault == nil && (reply?["resumed"] == true) == isResumed)
  }

  @Test func anotherHandshakeIsAnotherEntry() {
    var talk = Self.whole
    let again = Self.whole.turns
    talk.turns += again
    #expect(talk.calls().count == 1, "the same hello is sent again")
    talk.says(.client, Self.record(22, Self.fragment(1, Self.clientHello(random: 9))))
    talk.says(.server, Self.record(22, Self.fragment(2, Self.serverHello)) + Self.record(20, [1]))
    #expect(talk.calls().count == 2)
    #expect(talk.calls().allSatisfy { $0.fault == nil && $0.hasResponse })
  }

  @Test func alertsEndAHandshake() throws {
    var refused = Self.talk
    refused.says(.client, Self.record(22, Self.fragment(1, Self.clientHello())))
    refused.says(.server, Self.record(21, [2, 40]))
    let call = try #require(refused.calls().first)
    #expect(call.failed && call.fault == nil && call.text(.statusText) == "handshake failure")

    var givenUp = Self.talk
    givenUp.says(.client, Self.record(22, Self.fragment(1, Self.clientHello())))
    givenUp.says(.server, Self.record(22, Self.fragment(2, Self.serverHello)))
    givenUp.says(.client, Self.record(21, [2, 48]))
    let other = try #require(givenUp.calls().first)
    #expect(other.failed && other.text(.statusText) == "unknown CA")
    #expect(other.fault?.message == "the client ended the handshake: unknown CA")
  }

  @Test func whatIsMalformedIsCounted() throws {
    var talk = Self.talk
    talk.says(.client, Self.record(22, Self.fragment(1, Self.clientHello(), 0..<30)))
    // A fragment beyond its message, one cut by its record, one far ahead, a record beyond its datagram.
    talk.says(.client, Self.record(22, [1, 0, 0, 5, 0, 0, 0, 0, 3, 0, 0, 3, 1, 2, 3]))
    talk.says(.client, Self.record(22, [1, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3]))
    talk.says(.client, Self.record(22, Self.fragment(1, [1], number: 16)))
    talk.says(.client, Array(Self.record(22, Self.fragment(1, [1])).dropLast()))
    talk.says(.client, Self.record(22, Self.fragment(1, Self.clientHello())))
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    let figures = dissection.counters.protocols["dtls"]
    #expect(figures?.errors(of: .invalid) == 1)
    #expect(figures?.errors(of: .truncated) == 2)
    #expect(figures?.errors(of: .tooLarge) == 1)
    let call = try #require(dissection.drain().first { $0.kind == .tlsx })
    #expect(call.text(.tlsxSNI) == "api.shop")
  }

  // MARK: Messages

  private static var talk: Talk { Talk(transport: .udp, serverPort: 5684) }

  /// With a HelloVerifyRequest, a certificate, and what is encrypted behind it.
  private static var whole: Talk {
    var talk = talk
    let cookie: [UInt8] = [1, 2, 3, 4]
    talk.says(.client, record(22, fragment(1, clientHello())))
    talk.says(.server, record(22, fragment(3, [0xfe, 0xfd, 4] + cookie)))
    talk.says(.client, record(22, fragment(1, clientHello(cookie: cookie), number: 1)))
    talk.says(.server, record(22, fragment(2, serverHello, number: 1)))
    let certificate = Array(TLSTests.certificate.dropFirst(4))
    talk.says(
      .server,
      record(22, fragment(11, certificate, number: 2))
        + record(22, fragment(14, [], number: 3)))
    talk.says(
      .client,
      record(22, fragment(16, [1, 5], number: 2)) + record(20, [1])
        + record(22, [9, 9, 9, 9], epoch: 1))
    talk.says(.server, record(20, [1]) + record(22, [8, 8, 8, 8], epoch: 1))
    talk.says(.client, record(23, [7, 7, 7], epoch: 1))
    return talk
  }

  private static func record(_ type: UInt8, _ content: [UInt8], epoch: UInt8 = 0) -> [UInt8] {
    [type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0] + counted(content)
  }

  private static func counted(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
  }

  private static func fragment(
    _ type: UInt8, _ message: [UInt8], _ range: Range<Int>? = nil, number: UInt8 = 0
  ) -> [UInt8] {
    let range = range ?? 0..<message.count
    var bytes: [UInt8] = [type, 0]
    bytes += counted(message).prefix(2)
    bytes += [0, number, 0]
    bytes += counted([UInt8](repeating: 0, count: range.lowerBound)).prefix(2)
    bytes += [0]
    return bytes + counted(Array(message[range]))
  }

  private static func clientHello(random: UInt8 = 7, cookie: [UInt8] = []) -> [UInt8] {
    let name = counted([0] + counted(Array("api.shop".utf8)))
    var extensions: [UInt8] = [0, 0]
    extensions += counted(name)
    extensions += [0, 11] + counted([1, 0])
    var hello: [UInt8] = [0xfe, 0xfd]
    hello += [UInt8](repeating: random, count: 32)
    hello += [0, UInt8(cookie.count)] + cookie
    hello += counted([0xc0, 0x2f]) + [1, 0]
    return hello + counted(extensions)
  }

  private static let serverHello: [UInt8] =
    [0xfe, 0xfd] + [UInt8](repeating: 6, count: 32) + [0, 0xc0, 0x2f, 0]
}
