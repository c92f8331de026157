import Bytes
import Flows
import Layers
import TestSupport
import Testing

@Suite struct AssociationBookTests {
  private static let client: UInt32 = 0xaaaa_0001
  private static let server: UInt32 = 0xbbbb_0001

  // MARK: From its beginning

  @Test func addressesThatWereToldAreOfOneAssociation() {
    var road = Road()
    #expect(road.begin() == ["1>11", "11>1"])
    #expect(road.send(1, 11, Self.server, [Chunk.data(1)]) == "1>11")
    // The answer takes the other path, and the next question as well.
    #expect(road.send(12, 2, Self.client, [Chunk.data(9)]) == "11>1 (12>2)")
    #expect(road.send(2, 12, Self.server, [Chunk.data(2)]) == "1>11 (2>12)")
    #expect(road.send(2, 11, Self.server, [Chunk.sack]) == "1>11 (2>11)")
    #expect(road.send(11, 1, Self.client, [Chunk.sack]) == "11>1")
  }

  @Test func addressesThatWereNotToldAreOfAnother() {
    var road = Road()
    _ = road.begin()
    #expect(road.send(3, 11, Self.server, [Chunk.data(1)]) == "3>11")
    #expect(road.send(11, 3, 0xcccc_0001, [Chunk.data(1)]) == "11>3")
    #expect(road.send(1, 11, Self.server, [Chunk.data(1)]) == "1>11")
  }

  @Test func addressesMayBeAddedLater() {
    var road = Road()
    _ = road.begin()
    // The first address says who it is, and is none of those that are added.
    #expect(
      road.send(2, 12, Self.server, [Chunk.authentication, Chunk.change(from: 2, adding: 3)])
        == "1>11 (2>12)")
    #expect(road.send(3, 12, Self.server, [Chunk.data(5)]) == "1>11 (3>12)")
    #expect(road.send(4, 12, Self.server, [Chunk.data(5)]) == "4>12")
  }

  @Test func addressesOfVersion6Count() {
    var road = Road()
    _ = road.send(1, 11, 0, [Chunk.initiation(Self.client, [], v6: [7])])
    _ = road.send(11, 1, Self.client, [Chunk.answer(Self.server, [11, 12])])
    let six = IPAddress(high: 0xfd00 << 48, low: 7)
    #expect(road.send(six, address(12), Self.server, [Chunk.data(1)]) == "1>11 (fd00::7>12)")
  }

  @Test func anInitiationSentAgainIsTheSame() {
    var road = Road()
    #expect(road.send(1, 11, 0, [Chunk.initiation(Self.client, [1, 2])]) == "1>11")
    #expect(road.send(1, 12, 0, [Chunk.initiation(Self.client, [1, 2])]) == "1>11 (1>12)")
    #expect(road.send(12, 1, Self.client, [Chunk.answer(Self.server, [11, 12])]) == "11>1 (12>1)")
    #expect(road.send(2, 11, Self.server, [Chunk.data(1)]) == "1>11 (2>11)")
  }

  @Test func aRestartIsAnotherAssociation() {
    var road = Road()
    _ = road.begin()
    #expect(road.send(2, 12, 0, [Chunk.initiation(0xaaaa_0002, [1, 2])]) == "2>12")
    // What is late is of the one before.
    #expect(road.send(2, 12, Self.server, [Chunk.data(8)]) == "1>11 (2>12)")
    #expect(road.send(12, 2, 0xaaaa_0002, [Chunk.answer(0xbbbb_0002, [11, 12])]) == "12>2")
    #expect(road.send(1, 11, 0xbbbb_0002, [Chunk.data(1)]) == "2>12 (1>11)")
    #expect(road.send(1, 11, Self.server, [Chunk.data(9)]) == "1>11")
  }

  @Test func initiationsThatCrossBeginOneAssociation() {
    var road = Road()
    #expect(road.send(1, 11, 0, [Chunk.initiation(Self.client, [1, 2])]) == "1>11")
    #expect(road.send(11, 1, 0, [Chunk.initiation(Self.server, [11, 12])]) == "11>1")
    #expect(road.send(11, 1, Self.client, [Chunk.answer(Self.server, [11, 12])]) == "11>1")
    #expect(road.send(1, 11, Self.server, [Chunk.answer(Self.client, [1, 2])]) == "1>11")
    #expect(road.send(12, 2, Self.client, [Chunk.data(1)]) == "11>1 (12>2)")
    #expect(road.send(2, 12, Self.server, [Chunk.data(1)]) == "1>11 (2>12)")
  }

  /// An end that knows no tag of the other sends its own back (RFC 9260 §8.5.1).
  @Test func anAbortMayReflectTheTag() {
    var road = Road()
    _ = road.begin()
    #expect(road.send(12, 2, Self.server, [Chunk.of(6, flags: 1, [])]) == "11>1 (12>2)")
    #expect(road.send(2, 12, Self.client, [Chunk.of(14, flags: 1, [])]) == "1>11 (2>12)")
  }

  // MARK: From the middle

  @Test func tagsTellTheAssociationWhereItsBeginningIsMissing() {
    var road = Road()
    #expect(road.send(1, 11, Self.server, [Chunk.data(1)]) == "1>11")
    #expect(road.send(11, 1, Self.client, [Chunk.data(1)]) == "11>1")
    #expect(road.send(12, 2, Self.client, [Chunk.data(2)]) == "11>1 (12>2)")
    #expect(road.send(2, 12, Self.server, [Chunk.of(4, [])]) == "1>11 (2>12)")
  }

  /// Questions take one path and answers the other: where the two tags meet they are known to be of
  /// one association.
  @Test func twoPathsBecomeOneWhereTheyMeet() {
    var road = Road()
    #expect(road.send(1, 11, Self.server, [Chunk.data(1)]) == "1>11")
    #expect(road.send(12, 2, Self.client, [Chunk.data(1)]) == "12>2")
    // The answer to a heartbeat.
    #expect(road.send(11, 1, Self.client, [Chunk.of(5, [])]) == "11>1")
    #expect(road.send(12, 2, Self.client, [Chunk.data(2)]) == "11>1 (12>2)")
    #expect(road.send(2, 12, Self.server, [Chunk.data(2)]) == "1>11 (2>12)")
    // Or on the path of the answers; the one that began first stays.
    var other = Road()
    _ = other.send(1, 11, Self.server, [Chunk.data(1)])
    _ = other.send(12, 2, Self.client, [Chunk.data(1)])
    #expect(other.send(2, 12, Self.server, [Chunk.of(5, [])]) == "1>11 (2>12)")
    #expect(other.send(12, 2, Self.client, [Chunk.data(2)]) == "11>1 (12>2)")
  }

  @Test func aTagThatProvesNothingJoinsNothing() {
    // Of tests and simulators.
    for tag: UInt32 in [0, 1, 0xffff] {
      var road = Road()
      #expect(road.send(1, 11, tag, [Chunk.data(1)]) == "1>11")
      #expect(road.send(2, 12, tag, [Chunk.data(2)]) == "2>12")
    }
    var road = Road()
    _ = road.send(1, 11, Self.server, [Chunk.data(1)])
    // Other ports, numbers of data that are far away, and long afterwards.
    #expect(road.send(2, 12, Self.server, [Chunk.data(2)], port: 41_000) == "2>12")
    #expect(road.send(2, 12, Self.server, [Chunk.data(0x2000_0000)]) == "2>12")
    road.time += 1_300_000
    #expect(road.send(3, 13, Self.server, [Chunk.of(4, [])]) == "3>13")
  }

  /// Where a snapshot length cut the list, there may be more addresses.
  @Test func aListThatIsCutIsNone() {
    var road = Road()
    let whole = Chunk.initiation(Self.client, [1, 2])
    #expect(road.send(1, 11, 0, [Array(whole.dropLast(8))], cut: 8) == "1>11")
    _ = road.send(11, 1, Self.client, [Chunk.answer(Self.server, [11, 12])])
    #expect(road.send(2, 12, Self.server, [Chunk.data(1)]) == "1>11 (2>12)")
  }

  // MARK: Limits

  @Test func thoseThatWereNotHeardOfGoFirst() {
    var road = Road()
    _ = road.begin()
    for number in 0..<AssociationBook.maxAssociations + 50 {
      _ = road.send(5, 15, 0x0010_0000 + UInt32(number), [Chunk.data(1)], port: 50_000)
      if number % 1000 == 0 { _ = road.send(1, 11, Self.server, [Chunk.data(1)]) }
    }
    #expect(road.book.forgotten == 51)
    #expect(road.send(12, 2, Self.client, [Chunk.data(1)]) == "11>1 (12>2)")
  }

  @Test func nothingBreaksIt() {
    var random = SeededGenerator(seed: 11)
    let chunks = [
      Chunk.initiation(Self.client, [1, 2], v6: [3]), Chunk.answer(Self.server, [11, 12]),
      Chunk.change(from: 2, adding: 3), Chunk.data(3), Chunk.of(6, flags: 1, []), Chunk.sack,
    ]
    let tags: [UInt32] = [0, Self.client, Self.server, 5]
    for _ in 0..<20 {
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
        _ = road.send(isClient ? own : other, isClient ? other : own, tag, [chunk])
      }
    }
  }
}

/// Hosts of one network by their number: those below 10 ask, on port 40000, the others answer.
private func address(_ host: UInt8) -> IPAddress { IPAddress(v4: 0x0a00_0000 | UInt32(host)) }

/// Sends packets through a book and writes down between which hosts it says that they went, and in
/// brackets the path they took.
private struct Road {
  var book = AssociationBook()
  /// Milliseconds.
  var time: Int64 = 0
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
    port: UInt16 = 40_000, cut: Int = 0
  ) -> String {
    send(address(source), address(destination), tag, chunks, port: port, cut: cut)
  }

  mutating func send(
    _ source: IPAddress, _ destination: IPAddress, _ tag: UInt32, _ chunks: [[UInt8]],
    port: UInt16 = 40_000, cut: Int = 0
  ) -> String {
    number += 1
    time += 1
    let asks = !source.isV4 || source.v4 & 0xff < 10
    let ports = asks ? (port, 3868) : (3868, port)
    var bytes = big16(ports.0) + big16(ports.1)
    bytes += big32(tag) + big32(0)
    bytes += chunks.joined()
    var packet = Decoded(
      number: number, timestamp: Timestamp(milliseconds: time), source: source,
      destination: destination, sourcePort: ports.0, destinationPort: ports.1, transport: .sctp,
      payload: 0..<bytes.count, declaredPayload: bytes.count + cut,
      frameLength: 34 + bytes.count + cut)
    book.take(&packet, payload: bytes.rawSpan)
    let path = packet.detour.map { " (\(short($0.source))>\(short($0.destination)))" } ?? ""
    return "\(short(packet.source))>\(short(packet.destination))\(path)"
  }

  private func short(_ address: IPAddress) -> String {
    address.isV4 ? "\(address.v4 & 0xff)" : "\(address)"
  }
}

/// Chunks with their padding.
private enum Chunk {
  static let sack = of(3, big32(1) + big32(1000) + big32(0))
  static let authentication = of(15, [0, 0, 0, 1, 9, 9, 9])

  static func of(_ type: UInt8, flags: UInt8 = 0, _ value: [UInt8]) -> [UInt8] {
    [type, flags] + big16(UInt16(value.count + 4)) + value
      + [UInt8](repeating: 0, count: -value.count & 3)
  }

  static func data(_ number: UInt32) -> [UInt8] {
    of(0, flags: 3, big32(number) + [0, 0, 0, 0, 0, 0, 0, 0, 1])
  }

  static func initiation(_ tag: UInt32, _ hosts: [UInt8], v6: [UInt8] = []) -> [UInt8] {
    of(1, head(tag) + hosts.flatMap(parameter) + v6.flatMap(parameter6))
  }

  static func answer(_ tag: UInt32, _ hosts: [UInt8]) -> [UInt8] {
    // A cookie first, which is none of these.
    of(2, head(tag) + [0, 7, 0, 7, 1, 2, 3, 0] + hosts.flatMap(parameter))
  }

  static func change(from host: UInt8, adding other: UInt8) -> [UInt8] {
    of(193, big32(1) + parameter(host) + [0xc0, 1, 0, 16] + big32(5) + parameter(other))
  }

  private static func head(_ tag: UInt32) -> [UInt8] {
    big32(tag) + big32(65_535) + [0, 10, 0, 10] + big32(1)
  }

  private static func parameter(_ host: UInt8) -> [UInt8] { [0, 5, 0, 8, 10, 0, 0, host] }

  private static func parameter6(_ host: UInt8) -> [UInt8] {
    [0, 6, 0, 20, 0xfd, 0] + [UInt8](repeating: 0, count: 13) + [host]
  }
}

private func big16(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }

private func big32(_ number: UInt32) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
}
