import Bytes
import Flows
import Layers
import TestSupport
import Testing

@testable import Dissectors

@Suite struct AssociationBookTests {
  private static let client: UInt32 = 0xaaaa_0001
  private static let server: UInt32 = 0xbbbb_0001

  // MARK: From its beginning

  @Test func addressesThatWereToldAreOfOneAssociation() {
    var road = Road()
    #expect(road.begin() == ["1>11", "11>1"])
    #expect(road.send(1, 11, Self.server, [SCTP.data(1, [1])]) == "1>11")
    // The answer takes the other path, and the next question as well.
    #expect(road.send(12, 2, Self.client, [SCTP.data(9, [1])]) == "11>1")
    #expect(road.send(2, 12, Self.server, [SCTP.data(2, [1])]) == "1>11")
    #expect(road.send(2, 11, Self.server, [Chunk.sack]) == "1>11")
    #expect(road.send(11, 1, Self.client, [Chunk.sack]) == "11>1")
  }

  @Test func addressesThatWereNotToldAreOfAnother() {
    var road = Road()
    _ = road.begin()
    #expect(road.send(3, 11, Self.server, [SCTP.data(1, [1])]) == "3>11")
    #expect(road.send(11, 3, 0xcccc_0001, [SCTP.data(1, [1])]) == "11>3")
    #expect(road.send(1, 11, Self.server, [SCTP.data(1, [1])]) == "1>11")
  }

  /// Before and behind a translation of addresses all is the same but those: each is for itself, for the
  /// ends name what they have.
  @Test func whatIsTranslatedIsNoOtherPath() {
    var road = Road()
    for server: UInt8 in [11, 13] {
      #expect(road.send(1, server, 0, [Chunk.initiation(Self.client, [])]) == "1>\(server)")
    }
    for server: UInt8 in [13, 11] {
      #expect(road.send(server, 1, Self.client, [Chunk.answer(Self.server, [])]) == "\(server)>1")
    }
    for server: UInt8 in [11, 13, 11, 13] {
      #expect(road.send(1, server, Self.server, [SCTP.data(1, [1])]) == "1>\(server)")
      #expect(road.send(server, 1, Self.client, [SCTP.data(1, [1])]) == "\(server)>1")
    }
  }

  @Test func addressesMayBeAddedLater() {
    var road = Road()
    _ = road.begin()
    // The first address says who it is, and is none of those that are added.
    #expect(
      road.send(2, 12, Self.server, [Chunk.authentication, Chunk.change(from: 2, adding: 3)])
        == "1>11")
    #expect(road.send(3, 12, Self.server, [SCTP.data(5, [1])]) == "1>11")
    #expect(road.send(4, 12, Self.server, [SCTP.data(5, [1])]) == "4>12")
  }

  @Test func addressesOfVersion6Count() {
    var road = Road()
    _ = road.send(1, 11, 0, [Chunk.initiation(Self.client, [], v6: [7])])
    _ = road.send(11, 1, Self.client, [Chunk.answer(Self.server, [11, 12])])
    let six = IPAddress(high: 0xfd00 << 48, low: 7)
    #expect(road.send(six, address(12), Self.server, [SCTP.data(1, [1])]) == "1>11")
  }

  /// The first one got no answer.
  @Test func anInitiationMayBeSentAgainOnAnotherPath() {
    var road = Road()
    #expect(road.send(1, 11, 0, [Chunk.initiation(Self.client, [1, 2])]) == "1>11")
    #expect(road.send(1, 12, 0, [Chunk.initiation(Self.client, [1, 2])]) == "1>12")
    #expect(road.send(12, 1, Self.client, [Chunk.answer(Self.server, [11, 12])]) == "12>1")
    #expect(road.send(2, 11, Self.server, [SCTP.data(1, [1])]) == "1>12")
    #expect(road.send(1, 11, Self.server, [SCTP.data(2, [1])]) == "1>11")
    #expect(road.send(2, 11, Self.server, [SCTP.data(3, [1])]) == "1>11")
  }

  @Test func theAnswerToAnInitiationMayTakeAnotherPath() {
    var road = Road()
    #expect(road.send(1, 11, 0, [Chunk.initiation(Self.client, [1, 2])]) == "1>11")
    #expect(road.send(12, 1, Self.client, [Chunk.answer(Self.server, [11, 12])]) == "11>1")
    #expect(road.send(2, 12, Self.server, [SCTP.data(1, [1])]) == "1>11")
  }

  @Test func aRestartBringsOtherTags() {
    var road = Road()
    _ = road.begin()
    #expect(road.send(2, 12, 0, [Chunk.initiation(0xaaaa_0002, [1, 2])]) == "2>12")
    #expect(road.send(12, 2, 0xaaaa_0002, [Chunk.answer(0xbbbb_0002, [11, 12])]) == "12>2")
    #expect(road.send(1, 11, 0xbbbb_0002, [SCTP.data(1, [1])]) == "1>11")
    #expect(road.send(12, 2, 0xaaaa_0002, [SCTP.data(1, [1])]) == "11>1")
  }

  @Test func initiationsThatCrossBeginOneAssociation() {
    var road = Road()
    #expect(road.send(1, 11, 0, [Chunk.initiation(Self.client, [1, 2])]) == "1>11")
    #expect(road.send(11, 1, 0, [Chunk.initiation(Self.server, [11, 12])]) == "11>1")
    #expect(road.send(11, 1, Self.client, [Chunk.answer(Self.server, [11, 12])]) == "11>1")
    #expect(road.send(1, 11, Self.server, [Chunk.answer(Self.client, [1, 2])]) == "1>11")
    #expect(road.send(12, 2, Self.client, [SCTP.data(1, [1])]) == "11>1")
    #expect(road.send(2, 12, Self.server, [SCTP.data(1, [1])]) == "1>11")
  }

  /// An end that knows no tag of the other sends its own back (RFC 9260 §8.5.1), which names nothing.
  @Test func aReflectedTagIsNotTheReceivers() {
    var road = Road()
    _ = road.begin()
    #expect(road.send(12, 2, Self.server, [SCTP.chunk(6, flags: 1, [])]) == "12>2")
    #expect(road.send(2, 12, Self.client, [SCTP.chunk(14, flags: 1, [])]) == "2>12")
    #expect(road.send(12, 2, Self.client, [SCTP.data(1, [1])]) == "11>1")
  }

  // MARK: From the middle

  @Test(arguments: [UInt16(40_000), 3868])
  func tagsTellTheAssociationWhereItsBeginningIsMissing(port: UInt16) {
    var road = Road()
    #expect(road.send(1, 11, Self.server, [SCTP.data(1, [1])], port: port) == "1>11")
    #expect(road.send(11, 1, Self.client, [SCTP.data(1, [1])], port: port) == "11>1")
    // Here the other end is heard of first.
    #expect(road.send(12, 2, Self.client, [SCTP.data(2, [1])], port: port) == "11>1")
    #expect(road.send(2, 12, Self.server, [SCTP.chunk(4, [])], port: port) == "1>11")
  }

  /// Questions take one path and answers the other: where the two tags meet they are known to be of
  /// one association.
  @Test(arguments: [UInt16(40_000), 3868]) func twoPathsBecomeOneWhereTheyMeet(port: UInt16) {
    var road = Road()
    #expect(road.send(1, 11, Self.server, [SCTP.data(1, [1])], port: port) == "1>11")
    #expect(road.send(12, 2, Self.client, [SCTP.data(1, [1])], port: port) == "12>2")
    // A third one goes with the first.
    #expect(road.send(3, 13, Self.server, [SCTP.data(2, [1])], port: port) == "1>11")
    // The answer to a heartbeat.
    #expect(road.send(11, 1, Self.client, [SCTP.chunk(5, [])], port: port) == "11>1")
    #expect(road.send(12, 2, Self.client, [SCTP.data(2, [1])], port: port) == "11>1")
    #expect(road.send(2, 12, Self.server, [SCTP.data(3, [1])], port: port) == "1>11")
    #expect(road.send(3, 13, Self.server, [SCTP.data(4, [1])], port: port) == "1>11")
    #expect(road.send(13, 3, Self.client, [SCTP.data(3, [1])], port: port) == "11>1")
    // Or on the path of the answers.
    var other = Road()
    _ = other.send(1, 11, Self.server, [SCTP.data(1, [1])], port: port)
    _ = other.send(12, 2, Self.client, [SCTP.data(1, [1])], port: port)
    #expect(other.send(2, 12, Self.server, [SCTP.chunk(5, [])], port: port) == "1>11")
    #expect(other.send(12, 2, Self.client, [SCTP.data(2, [1])], port: port) == "11>1")
  }

  @Test func aTagThatProvesNothingJoinsNothing() {
    // Of tests and simulators.
    for tag: UInt32 in [0, 1, 0xffff] {
      var road = Road()
      #expect(road.send(1, 11, tag, [SCTP.data(1, [1])]) == "1>11")
      #expect(road.send(2, 12, tag, [SCTP.data(2, [1])]) == "2>12")
    }
    var road = Road()
    _ = road.send(1, 11, Self.server, [SCTP.data(1, [1])])
    // Other ports, and numbers of data that are far away.
    #expect(road.send(2, 12, Self.server, [SCTP.data(2, [1])], port: 41_000) == "2>12")
    #expect(road.send(2, 12, Self.server, [SCTP.data(0x2000_0000, [1])]) == "2>12")
    #expect(road.send(2, 12, Self.server, [SCTP.data(0x8000_0001, [1])]) == "2>12")
  }

  /// Where a snapshot length cut the list, there may be more addresses.
  @Test func aListThatIsCutIsNone() {
    var road = Road()
    let whole = Chunk.initiation(Self.client, [1, 2])
    #expect(road.send(1, 11, 0, [Array(whole.dropLast(8))]) == "1>11")
    _ = road.send(11, 1, Self.client, [Chunk.answer(Self.server, [11, 12])])
    #expect(road.send(2, 12, Self.server, [SCTP.data(1, [1])]) == "1>11")
  }

  // MARK: Limits

  @Test func tagsBeyondTheLimitMakeRoom() {
    var road = Road()
    for number in 0..<UInt32(AssociationBook.maxTags + 12) {
      #expect(road.send(1, 11, 0x0010_0000 + number, [SCTP.data(number, [1])]) == "1>11")
    }
    #expect(road.book.forgotten == 12)
    // The latest are known, the first ones are not.
    #expect(road.send(2, 12, 0x0010_0000, [Chunk.sack]) == "2>12")
    #expect(road.send(2, 12, 0x0010_0013, [Chunk.sack]) == "1>11")
  }

  @Test func whatIsOverIsForgotten() {
    var road = Road()
    _ = road.begin()
    _ = road.send(12, 2, Self.client, [SCTP.data(1, [1])])
    #expect(road.close() == [false, true])
    #expect(road.send(1, 12, Self.server, [SCTP.data(1, [1])]) == "1>12")
    #expect(road.send(12, 2, Self.client, [SCTP.data(1, [1])]) == "12>2")
  }

  @Test func nothingBreaksIt() {
    var random = SeededGenerator(seed: 11)
    let chunks = [
      Chunk.initiation(Self.client, [1, 2], v6: [3]), Chunk.answer(Self.server, [11, 12]),
      Chunk.change(from: 2, adding: 3), SCTP.data(3, [1]), SCTP.chunk(6, flags: 1, []), Chunk.sack,
    ]
    let tags: [UInt32] = [0, Self.client, Self.server, 5]
    for round in 0..<20 {
      var road = Road()
      for _ in 0..<200 {
        var chunk = chunks.randomElement(using: &random) ?? []
        switch Int.random(in: 0..<4, using: &random) {
        case 0: chunk.removeLast(Int.random(in: 0...chunk.count, using: &random))
        case 1:
          let place = Int.random(in: 0..<chunk.count, using: &random)
          chunk[place] = .random(in: 0...255, using: &random)
        default: break
        }
        let tag = tags.randomElement(using: &random) ?? 0
        let isClient = Bool.random(using: &random)
        let (own, other) = (
          UInt8.random(in: 1...3, using: &random), UInt8.random(in: 11...13, using: &random)
        )
        _ = road.send(
          isClient ? own : other, isClient ? other : own, tag, [chunk],
          port: round % 2 == 0 ? 40_000 : 3868)
      }
      // Each path is over, and the last one of an association ends it.
      #expect(road.close().last == true)
    }
  }
}

/// Hosts of one network by their number: those below 10 ask, on port 40000, the others answer.
private func address(_ host: UInt8) -> IPAddress { IPAddress(v4: 0x0a00_0000 | UInt32(host)) }

/// Sends packets through a book and writes down which way they go: by the hosts between which the first
/// packet went that is known to be of their association.
private struct Road {
  var book = AssociationBook()
  private var paths: [SCTPPath] = []
  private var number: UInt64 = 0

  /// INIT and INIT ACK between hosts that have two addresses each.
  mutating func begin() -> [String] {
    [
      send(1, 11, 0, [Chunk.initiation(0xaaaa_0001, [1, 2])]),
      send(11, 1, 0xaaaa_0001, [Chunk.answer(0xbbbb_0001, [11, 12])]),
    ]
  }

  mutating func send(
    _ source: UInt8, _ destination: UInt8, _ tag: UInt32, _ chunks: [[UInt8]],
    port: UInt16 = 40_000
  ) -> String {
    send(address(source), address(destination), tag, chunks, port: port)
  }

  mutating func send(
    _ source: IPAddress, _ destination: IPAddress, _ tag: UInt32, _ chunks: [[UInt8]],
    port: UInt16 = 40_000
  ) -> String {
    let asks = !source.isV4 || source.v4 & 0xff < 10
    let sender = Conversation.Peer(address: source, port: asks ? port : 3868)
    let receiver = Conversation.Peer(address: destination, port: asks ? 3868 : port)
    func isOwn(_ path: SCTPPath) -> Bool {
      path.ends.client == sender && path.ends.server == receiver
        || path.ends.server == sender && path.ends.client == receiver
    }
    let path = paths.first(where: isOwn) ?? SCTPPath(client: sender, server: receiver)
    if !paths.contains(where: { $0 === path }) { paths.append(path) }
    let side: Side = path.ends.client == sender ? .client : .server
    let packet = SCTP.packet(tag: tag, ports: (sender.port, receiver.port), chunks)
    book.note(packet.rawSpan, on: path, from: side)
    number += 1
    let moment = Moment(timestamp: Timestamp(milliseconds: Int64(number)), packet: number)
    var dropped = 0
    _ = path.messages(
      completedBy: packet.rawSpan, from: path.side(side), at: moment, limit: 1 << 20,
      dropped: &dropped)
    guard let first = paths.first(where: { $0.isJoined(with: path) }) else { return "" }
    let ends = (short(first.ends.client.address), short(first.ends.server.address))
    return path.side(side) == first.side(.client)
      ? "\(ends.0)>\(ends.1)" : "\(ends.1)>\(ends.0)"
  }

  /// Ends all paths; gives of each whether it was the last of its association.
  mutating func close() -> [Bool] {
    defer { paths = [] }
    return paths.map { book.close($0) }
  }

  private func short(_ address: IPAddress) -> String {
    address.isV4 ? "\(address.v4 & 0xff)" : "\(address)"
  }
}

/// Chunks that say something of their association.
private enum Chunk {
  static let sack = SCTP.chunk(3, SCTP.big32(1) + SCTP.big32(1000) + SCTP.big32(0))
  static let authentication = SCTP.chunk(15, [0, 0, 0, 1, 9, 9, 9])

  static func initiation(_ tag: UInt32, _ hosts: [UInt8], v6: [UInt8] = []) -> [UInt8] {
    SCTP.chunk(1, head(tag) + hosts.flatMap(parameter) + v6.flatMap(parameter6))
  }

  static func answer(_ tag: UInt32, _ hosts: [UInt8]) -> [UInt8] {
    // A cookie first, which is none of these.
    SCTP.chunk(2, head(tag) + [0, 7, 0, 7, 1, 2, 3, 0] + hosts.flatMap(parameter))
  }

  static func change(from host: UInt8, adding other: UInt8) -> [UInt8] {
    SCTP.chunk(
      193,
      join(
        SCTP.big32(1), parameter(host), [0xc0, 1, 0, 16], SCTP.big32(5), parameter(other)))
  }

  private static func head(_ tag: UInt32) -> [UInt8] {
    join(SCTP.big32(tag), SCTP.big32(65_535), [0, 10, 0, 10], SCTP.big32(1))
  }

  private static func parameter(_ host: UInt8) -> [UInt8] { [0, 5, 0, 8, 10, 0, 0, host] }

  private static func parameter6(_ host: UInt8) -> [UInt8] {
    join([0, 6, 0, 20, 0xfd, 0], [UInt8](repeating: 0, count: 13), [host])
  }
}
