import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Layers
import Testing

@Suite struct RADIUSTests {
  @Test func packetsFindEachOther() throws {
    let calls = Self.session.calls().sorted { $0.index < $1.index }
    #expect(calls.allSatisfy { $0.kind == .radius && $0.fault == nil && $0.hasResponse })
    #expect(calls.map { $0.int(.radiusCode) } == [1, 1])
    #expect(calls.map { $0.text(.radiusCodeName) } == ["Access-Request", "Access-Request"])
    #expect(calls.map { $0.text(.statusText) } == ["Access-Reject", "Access-Accept"])
    #expect(calls.map(\.failed) == [true, false])
    #expect(calls.map { $0.text(.radiusUser) } == ["bob", "bob"])
    let request = try JSONReader.value(of: calls[0].text(.details) ?? "")["request"]
    #expect(
      request?["attributes"] == [
        ["type": 1, "name": "User-Name", "value": "bob"],
        ["type": 2, "name": "User-Password", "value": "[redacted]"],
        ["type": 4, "name": "NAS-IP-Address", "value": "10.0.0.9"],
        ["type": 6, "name": "Service-Type", "value": "Framed"],
      ])
  }

  @Test func anErrorOfTheProtocolRefusesAnyRequest() throws {
    var talk = Talk(transport: .udp, serverPort: 1813)
    talk.says(.client, Self.packet(4, 7, 9, []))
    // Error-Cause: Unsupported-Attribute.
    talk.says(.server, Self.packet(52, 7, 9, [101, 6, 0, 0, 1, 145]))
    let call = try #require(talk.calls().first)
    #expect(call.failed && call.text(.statusText) == "Protocol-Error")
    #expect(call.text(.radiusCodeName) == "Accounting-Request")
  }

  @Test func codesOfMakersOfAccessServersPairAsTheirNamesSay() throws {
    var talk = Talk(transport: .udp, serverPort: 1812)
    let pairs: [(UInt8, UInt8)] = [(7, 8), (7, 9), (21, 22), (23, 24), (26, 27), (33, 34), (1, 32)]
    for (place, pair) in pairs.enumerated() {
      talk.says(.client, Self.packet(pair.0, UInt8(place), 9))
      talk.says(.server, Self.packet(pair.1, UInt8(place), 9))
    }
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(
      calls.map { $0.text(.radiusCodeName) } == [
        "Password-Request", "Password-Request", "Resource-Free-Request", "Resource-Query-Request",
        "NAS-Reboot-Request", "Event-Request", "Access-Request",
      ])
    #expect(
      calls.map { $0.text(.statusText) } == [
        "Password-Ack", "Password-Reject", "Resource-Free-Response", "Resource-Query-Response",
        "NAS-Reboot-Response", "Event-Response", "Password-Expired",
      ])
    #expect(calls.map(\.failed) == [false, true, false, false, false, false, true])
    // Elsewhere their numbers alone tell nothing.
    var other = Talk(transport: .udp, serverPort: 40_001)
    other.says(.client, Self.packet(33, 7, 9, [1, 5] + Array("bob".utf8)))
    #expect(other.calls().allSatisfy { $0.kind != .radius })
  }

  @Test func attributesOfATunnelHaveTags() throws {
    var reply: [UInt8] = [64, 6, 0, 0, 0, 13, 65, 6, 1, 0, 0, 6, 81, 5, 1]
    reply += Array("20".utf8)
    reply += [81, 5] + Array("300".utf8)
    reply += [97, 10, 0, 32, 0x20, 1, 0x0d, 0xb8, 0, 0]
    reply += [95, 18, 0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [1]
    let shown: JSONValue = [
      ["type": 64, "name": "Tunnel-Type", "value": "VLAN"],
      ["type": 65, "name": "Tunnel-Medium-Type", "tag": 1, "value": "IEEE-802"],
      ["type": 81, "name": "Tunnel-Private-Group-ID", "tag": 1, "value": "20"],
      ["type": 81, "name": "Tunnel-Private-Group-ID", "value": "300"],
      ["type": 97, "name": "Framed-IPv6-Prefix", "value": "2001:db8::/32"],
      ["type": 95, "name": "NAS-IPv6-Address", "value": "fe80::1"],
    ]
    #expect(try Self.attributes(Self.packet(2, 7, 9, reply)) == shown)
  }

  @Test func attributesOfVendorsAreNamedAndTheirSecretsHidden() throws {
    func pair(_ text: String) -> [UInt8] { [1, UInt8(text.utf8.count + 2)] + Array(text.utf8) }
    func field(_ vendor: [UInt8], _ attributes: [UInt8]) -> [UInt8] {
      [26, UInt8(attributes.count + 6)] + vendor + attributes
    }
    let cisco: [UInt8] = [0, 0, 0, 9]
    var reply = field(cisco, pair("shell:priv-lvl=15"))
    reply += field(cisco, pair("leap:session-key=hunter2") + pair("psk*hunter3"))
    reply += field([0, 0, 1, 55], [16, 4, 0x41, 0x42])
    reply += field([0, 0, 1, 55], [28, 6, 10, 0, 0, 1])
    reply += field([0, 1, 0, 0], [0, 1, 2])
    let pairs: JSONValue = [
      [
        "vendorType": 1, "vendorTypeName": "Cisco-AVPair", "value": "leap:session-key=[redacted]",
      ],
      ["vendorType": 1, "vendorTypeName": "Cisco-AVPair", "value": "psk*[redacted]"],
    ]
    let shown: JSONValue = [
      [
        "type": 26, "name": "Vendor-Specific", "vendor": 9, "vendorName": "Cisco",
        "vendorType": 1, "vendorTypeName": "Cisco-AVPair", "value": "shell:priv-lvl=15",
      ],
      [
        "type": 26, "name": "Vendor-Specific", "vendor": 9, "vendorName": "Cisco",
        "attributes": pairs,
      ],
      [
        "type": 26, "name": "Vendor-Specific", "vendor": 311, "vendorName": "Microsoft",
        "vendorType": 16, "vendorTypeName": "MS-MPPE-Send-Key", "value": "[redacted]",
      ],
      [
        "type": 26, "name": "Vendor-Specific", "vendor": 311, "vendorName": "Microsoft",
        "vendorType": 28, "vendorTypeName": "MS-Primary-DNS-Server", "value": "10.0.0.1",
      ],
      ["type": 26, "name": "Vendor-Specific", "vendor": 65536, "value": "3 bytes"],
    ]
    #expect(try Self.attributes(Self.packet(2, 7, 9, reply)) == shown)
  }

  @Test func whatEAPSaysAndWhyAServerRefusesIsTold() throws {
    let eap: [UInt8] = [79, 8, 1, 5, 0, 6, 25, 0x20, 79, 4, 3, 3]
    let challenge: JSONValue = [
      ["type": 79, "name": "EAP-Message", "eap": "Request PEAP", "value": "[redacted]"],
      ["type": 79, "name": "EAP-Message", "value": "[redacted]"],
    ]
    #expect(try Self.attributes(Self.packet(11, 7, 9, eap)) == challenge)
    let refusal: JSONValue = [
      ["type": 101, "name": "Error-Cause", "value": "Session-Context-Not-Found"]
    ]
    #expect(try Self.attributes(Self.packet(45, 7, 9, [101, 6, 0, 0, 1, 0xf7])) == refusal)
  }

  /// The attributes of a reply as they are shown.
  private static func attributes(_ reply: [UInt8]) throws -> JSONValue? {
    var talk = Talk(transport: .udp, serverPort: 1812)
    talk.says(.server, reply)
    let call = try #require(talk.calls().first)
    return try JSONReader.value(of: call.text(.details) ?? "")["response"]?["attributes"]
  }

  @Test func aPacketSentAgainIsOneRequest() {
    var talk = Talk(transport: .udp, serverPort: 1812)
    talk.says(.client, Self.request(7, 1))
    talk.says(.client, Self.request(7, 1))
    talk.says(.server, Self.packet(2, 7, 9))
    #expect(talk.calls().count == 1)
  }

  /// The second reply stood alone, as if its request had not been captured.
  @Test func aReplySentAgainIsCounted() {
    let (request, reply) = (Self.request(7, 1), Self.packet(2, 7, 9))
    for order in [[request, request, reply, reply], [request, reply, request, reply]] {
      var talk = Talk(transport: .udp, serverPort: 1812)
      for packet in order { talk.says(packet == request ? .client : .server, packet) }
      // Another request with that number, which is refused.
      talk.says(.client, Self.request(7, 3))
      talk.says(.server, Self.packet(3, 7, 4))
      let dissection = Dissection(switches: .everything)
      talk.play(to: dissection)
      let calls = dissection.drain().filter(\.kind.isCall)
      #expect(calls.map { $0.text(.statusText) } == ["Access-Accept", "Access-Reject"])
      #expect(calls.allSatisfy { $0.fault == nil })
      let figures = dissection.counters.protocols["radius"]
      #expect((figures?.interim ?? 0) + (figures?.repeats ?? 0) == 2)
      Laws.truncation(talk)
      Laws.mutation(talk)
    }
    var other = Talk(transport: .udp, serverPort: 1812)
    for packet in [request, reply, Self.packet(2, 7, 8)] {
      other.says(packet == request ? .client : .server, packet)
    }
    #expect(other.calls().count == 2, "a reply that is not the same is shown")
  }

  /// The same identifier is used again and again, and of each pair the reply was captured first.
  @Test func aReplyThatWasCapturedBeforeItsRequestBelongsToIt() {
    var talk = Talk(transport: .udp, serverPort: 1812)
    for round in 1...3 as ClosedRange<UInt8> {
      talk.says(.server, Self.packet(2, 7, 100 + round))
      talk.says(.client, Self.request(7, round))
      talk.pause(500)
    }
    let calls = talk.calls()
    #expect(calls.count == 3)
    #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse && $0.fault == nil })
    #expect(calls.map { $0.int(.radiusCode) } == [1, 1, 1])
    #expect(calls.map { $0.text(.statusText) } == Array(repeating: "Access-Accept", count: 3))
    Laws.truncation(talk)
    Laws.mutation(talk)
  }

  /// A reply from long before belongs to another request, which was not captured; so does one that nobody
  /// waits beside any more.
  @Test(arguments: [500, 200_000] as [Int64]) func aReplyFromLongBeforeStaysAlone(_ pause: Int64) {
    var talk = Talk(transport: .udp, serverPort: 1812)
    talk.says(.server, Self.packet(3, 7, 9))
    talk.says(.server, Self.packet(3, 7, 9))
    talk.pause(pause)
    talk.says(.client, Self.request(7, 1))
    talk.says(.client, Self.request(7, 1))
    talk.says(.server, Self.packet(2, 7, 8))
    let calls = talk.calls()
    #expect(calls.map(\.hasRequest) == [false, true] && calls.allSatisfy(\.hasResponse))
    #expect(calls.map { $0.int(.radiusCode) } == [3, 1])
    #expect(calls.map { $0.text(.radiusCodeName) } == ["Access-Reject", "Access-Request"])
    #expect(calls.map { $0.text(.statusText) } == ["Access-Reject", "Access-Accept"])
    #expect(calls.first?.fault?.kind == (pause == 500 ? .pairNotFound : .timeout))
  }

  @Test func aPacketThatIsCutIsMarked() {
    var talk = Talk(transport: .udp, serverPort: 1812)
    talk.says(.client, Self.request(7, 1).dropLast(2))
    #expect(talk.calls().map { $0.fault?.kind } == [.dissection])
  }

  @Test func itIsFoundOnOtherPortsByItsForm() {
    var talk = Talk(transport: .udp, serverPort: 9999)
    talk.says(.client, Self.request(7, 1))
    #expect(talk.calls().map(\.kind) == [.radius])
    var other = Talk(transport: .udp, serverPort: 9999)
    other.says(.client, [1, 2, 0, 40] + Array(repeating: 7, count: 30))
    #expect(other.calls().isEmpty)
  }

  // MARK: Laws

  @Test func anyBeginningGivesABeginningOfTheMessages() { Laws.truncation(Self.session) }
  @Test func nothingBreaksIt() { Laws.mutation(Self.session) }

  // MARK: Material

  static func packet(
    _ code: UInt8, _ identifier: UInt8, _ authenticator: UInt8, _ attributes: [UInt8] = []
  ) -> [UInt8] {
    [code, identifier, 0, UInt8(20 + attributes.count)]
      + Array(repeating: authenticator, count: 16) + attributes
  }

  static func request(_ identifier: UInt8, _ authenticator: UInt8) -> [UInt8] {
    packet(
      1, identifier, authenticator,
      [1, 5] + Array("bob".utf8) + [2, 18] + Array(repeating: 0x55, count: 16)
        + [4, 6, 10, 0, 0, 9, 6, 6, 0, 0, 0, 2])
  }

  static var session: Talk {
    var talk = Talk(transport: .udp, serverPort: 1812)
    talk.says(.client, request(7, 1))
    talk.says(.server, packet(3, 7, 2))
    talk.says(.client, request(7, 3))
    talk.says(.server, packet(2, 7, 4, [8, 6, 10, 1, 1, 1]))
    return talk
  }
}
