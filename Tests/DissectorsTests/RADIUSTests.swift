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
