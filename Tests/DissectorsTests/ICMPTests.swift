import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Layers
import TestSupport
import Testing

@Suite struct ICMPTests {
  // MARK: Queries and replies

  @Test func anEchoFindsItsReply() throws {
    let calls = Self.pings.calls()
    #expect(calls.map { $0.text(.icmpType) } == ["echo", "echo", "echo"])
    #expect(calls.map(\.hasResponse) == [true, true, false])
    #expect(calls.map(\.elapsed) == [1000, 2000, nil])
    #expect(calls.map { $0.text(.statusText) } == ["reply", "reply", nil])
    #expect(calls.map { $0.int(.icmpVersion) } == [4, 4, 4])
    #expect(calls.map { $0.int(.icmpLength) } == [12, 12, 12])
    #expect(calls.allSatisfy { !$0.failed })
    #expect(calls.map { $0.fault?.kind } == [nil, nil, .pairNotFound])
    let details = try JSONReader.value(of: calls[0].text(.details) ?? "")
    #expect(details["request"]?["sequence"] == 1)
    #expect(details["response"]?["identifier"] == 7)
    #expect(details["response"]?["dataLength"] == 4)
  }

  @Test func echoesWithTheSameNumbersAreOneEachAndAnswersGoToTheNewest() {
    var talk = Talk(transport: .icmp)
    talk.says(.client, Self.echo(8, 0))
    talk.says(.client, Self.echo(8, 0))
    talk.says(.server, Self.echo(0, 0))
    talk.says(.client, Self.echo(8, 0))
    talk.says(.server, Self.echo(0, 0))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map(\.hasResponse) == [false, true, true])
  }

  @Test func aReplyThatIsCapturedFirstFindsItsEcho() {
    var talk = Talk(transport: .icmp)
    talk.says(.server, Self.echo(0, 1))
    talk.says(.client, Self.echo(8, 1))
    #expect(talk.calls().map(\.hasRequest) == [true])
    // Half a second before it, it answered another.
    var late = Talk(transport: .icmp)
    late.says(.server, Self.echo(0, 1))
    late.pause(500)
    late.says(.client, Self.echo(8, 1))
    late.says(.server, Self.echo(0, 1))
    #expect(
      late.calls().map { [$0.hasRequest, $0.hasResponse] } == [[false, true], [true, true]])
  }

  @Test func bothSidesMayAsk() {
    var talk = Talk(transport: .icmpv6)
    talk.says(.client, Self.echo(128, 1))
    talk.says(.server, Self.echo(128, 1))
    talk.says(.client, Self.echo(129, 1))
    talk.says(.server, Self.echo(129, 1))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map(\.elapsed) == [3000, 1000])
    #expect(calls.map(\.source.address) == [talk.clientAddress, talk.serverAddress])
  }

  @Test func anExtendedEchoMayBeRefused() {
    var talk = Talk(transport: .icmp)
    talk.says(.client, [42, 0, 0, 0, 0, 9, 3, 1])
    talk.says(.server, [43, 2, 0, 0, 0, 9, 3, 0])
    let calls = talk.calls()
    #expect(calls.map { $0.text(.icmpType) } == ["extended echo"])
    #expect(calls.map { $0.text(.statusText) } == ["no such interface"])
    #expect(calls.map(\.failed) == [true])
  }

  @Test func anAddressThatPingsItselfIsAnsweredByItself() {
    for transport in [Transport.icmp, .icmpv6] {
      let isV6 = transport == .icmpv6
      var talk = Talk(transport: transport, serverPort: 0)
      talk.clientPort = 0
      talk.serverAddress = talk.clientAddress
      // Neither address nor port tells the directions apart.
      talk.says(.client, Self.echo(isV6 ? 128 : 8, 1))
      talk.says(.client, Self.echo(isV6 ? 129 : 0, 1))
      #expect(talk.calls().map(\.elapsed) == [1000])
    }
  }

  @Test func aGroupDoesNotAnswerItself() {
    var talk = Talk(transport: .icmp)
    talk.serverAddress = IPAddress(v4: 0xe000_0001)
    talk.says(.client, Self.echo(8, 1))
    #expect(talk.calls().map { $0.fault?.kind } == [nil])
  }

  // MARK: Errors

  @Test func anErrorNamesTheFlowItIsAbout() throws {
    var talk = Talk(transport: .icmp)
    talk.says(.server, Self.unreachable)
    let calls = talk.calls()
    #expect(calls.map { $0.text(.icmpType) } == ["destination unreachable/port"])
    #expect(calls.map(\.failed) == [true])
    #expect(calls.map { $0.text(.icmpAbout) } == ["udp 10.0.0.1 → 10.0.0.2:53"])
    #expect(calls.map(\.source.address) == [talk.serverAddress])
    let about = try JSONReader.value(of: calls[0].text(.details) ?? "")["request"]?["about"]
    #expect(
      about == [
        "transport": "udp", "source": "10.0.0.1", "destination": "10.0.0.2", "sourcePort": 40_000,
        "destinationPort": 53,
      ])

    // The flow's own record has that number.
    var asked = Talk(transport: .udp, serverPort: 53)
    asked.says(.client, [1])
    let record = try #require(asked.entries().first { $0.kind == .udpConn })
    guard case .int(let flow) = EntryRow(record).value(.flowID) else {
      Issue.record("no flow_id")
      return
    }
    #expect(calls.map { $0.int(.icmpAboutFlow) } == [flow])
  }

  @Test func aRefusedReplyIsOfTheSameFlow() {
    var talk = Talk(transport: .icmp)
    talk.says(.server, Self.unreachable)
    talk.says(.client, Self.error(3, 3, about: [10, 0, 0, 2], 53, [10, 0, 0, 1], 40_000))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.icmpAbout) }.last == "udp 10.0.0.2:53 → 10.0.0.1")
    #expect(Set(calls.map { $0.int(.icmpAboutFlow) }).count == 1)
  }

  @Test func whatAnErrorSaysBesidesIsShown() throws {
    var talk = Talk(transport: .icmp)
    talk.says(.server, Self.error(3, 4, rest: [0, 0, 5, 0xdc]))
    talk.says(.server, Self.error(5, 1, rest: [10, 0, 0, 254]))
    talk.says(.server, Self.error(11, 0))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(
      calls.map { $0.text(.icmpType) } == [
        "destination unreachable/fragmentation needed", "redirect/host", "time exceeded/TTL",
      ])
    let details = try calls.map { try JSONReader.value(of: $0.text(.details) ?? "")["request"] }
    #expect(details[0]?["mtu"] == 1500)
    #expect(details[1]?["gateway"] == "10.0.0.254")
  }

  // MARK: Neighbours

  @Test func neighboursTellTheirAddresses() throws {
    let target = [UInt8](repeating: 0, count: 15) + [9]
    var talk = Talk(transport: .icmpv6)
    talk.says(.client, [135, 0, 0, 0, 0, 0, 0, 0] + target + [1, 1, 2, 0, 0, 0, 0, 7])
    var router: [UInt8] = [134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]
    router += [3, 4, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    router += target
    router += [9, 0]
    talk.says(.server, router)
    talk.says(.client, [143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0] + target)
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(
      calls.map { $0.text(.icmpType) } == [
        "neighbour solicitation", "router advertisement", "multicast listener report",
      ])
    #expect(calls.allSatisfy { !$0.failed && $0.fault == nil })
    let details = try calls.map { try JSONReader.value(of: $0.text(.details) ?? "")["request"] }
    #expect(details[0]?["target"] == "::9")
    #expect(
      details[0]?["options"] == [
        ["type": 1, "name": "sourceLinkLayerAddress", "value": "02:00:00:00:00:07"]
      ])
    #expect(details[1]?["lifetimeSeconds"] == 1800)
    #expect(details[1]?["options"] == [["type": 3, "name": "prefix", "value": "::9/64"]])
    #expect(details[2]?["groups"] == ["::9"])
  }

  // MARK: Laws

  @Test func aMessageThatIsCutIsMarked() {
    for length in 4..<8 {
      var talk = Talk(transport: .icmp)
      talk.says(.client, Array(Self.echo(8, 1).prefix(length)))
      #expect(talk.calls().map { $0.fault?.kind } == [.dissection])
    }
    for length in 1..<4 {
      var talk = Talk(transport: .icmp)
      talk.says(.client, Array(Self.echo(8, 1).prefix(length)))
      #expect(talk.calls().isEmpty)
    }
  }

  @Test func nothingBreaksIt() {
    Laws.mutation(Self.pings)
    var talk = Talk(transport: .icmp)
    talk.says(.server, Self.unreachable)
    Laws.mutation(talk)
    talk.transport = .icmpv6
    Laws.mutation(talk)
  }

  @Test func anyTypeAndCodeHasAName() {
    for isV6 in [false, true] {
      for type in UInt8.min...UInt8.max {
        var talk = Talk(transport: isV6 ? .icmpv6 : .icmp)
        talk.says(.client, [type, 1] + [UInt8](repeating: type, count: 60))
        let calls = talk.calls()
        #expect(calls.count == 1)
        #expect(calls.first?.text(.icmpType)?.isEmpty == false)
        #expect((try? JSONReader.value(of: calls.first?.text(.details) ?? "")) != nil)
      }
    }
  }

  // MARK: Material

  static func echo(_ type: UInt8, _ sequence: UInt8) -> [UInt8] {
    [type, 0, 0, 0, 0, 7, 0, sequence, 1, 2, 3, 4]
  }

  /// An error about a UDP datagram.
  static func error(
    _ type: UInt8, _ code: UInt8, rest: [UInt8] = [0, 0, 0, 0],
    about source: [UInt8] = [10, 0, 0, 1], _ sourcePort: UInt16 = 40_000,
    _ destination: [UInt8] = [10, 0, 0, 2], _ destinationPort: UInt16 = 53
  ) -> [UInt8] {
    var bytes: [UInt8] = [type, code, 0, 0]
    bytes += rest
    bytes += [0x45, 0, 0, 29, 0, 1, 0, 0, 64, 17, 0, 0]
    bytes += source
    bytes += destination
    for port in [sourcePort, destinationPort] { bytes += [UInt8(port >> 8), UInt8(port & 255)] }
    return bytes + [0, 9, 0, 0]
  }

  static let unreachable = error(3, 3)

  static var pings: Talk {
    var talk = Talk(transport: .icmp)
    talk.says(.client, echo(8, 1))
    talk.says(.server, echo(0, 1))
    talk.says(.client, echo(8, 2))
    talk.says(.client, echo(8, 3))
    talk.says(.server, echo(0, 2))
    return talk
  }
}
