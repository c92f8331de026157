import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Testing

@Suite struct SOCKSTests {
  private struct Handshake {
    var what: String
    var target: String
    /// What the two sides say in turn, the client first, until the way is open.
    var turns: [[UInt8]]
  }

  private static let name: [UInt8] = Array("db.shop".utf8)
  private static let loopback = [UInt8](repeating: 0, count: 15) + [1]
  private static let toName: [UInt8] = [5, 1, 0, 3, 7] + name + [0x18, 0xeb]
  private static let fromName: [UInt8] = [5, 0, 0, 3, 7] + name + [0, 1]
  private static let toLoopback: [UInt8] = [5, 1, 0, 4] + loopback + [1, 0xbb]
  private static let fromLoopback: [UInt8] = [5, 0, 0, 4] + loopback + [0x10, 0]
  private static let login: [UInt8] = [1, 3] + Array("bob".utf8) + [6] + Array("s3cret".utf8)
  private static let oldToAddress: [UInt8] = [4, 1, 0, 80, 10, 0, 0, 7] + Array("bob".utf8) + [0]
  private static let oldToName: [UInt8] = [4, 1, 0x18, 0xeb, 0, 0, 0, 1, 0] + name + [0]
  private static let oldGrant: [UInt8] = [0, 0x5a, 0, 0, 0, 0, 0, 0]

  private static let handshakes = [
    Handshake(
      what: "SOCKS5", target: "db.shop:6379",
      turns: [[5, 1, 0], [5, 0], toName, [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]]),
    Handshake(
      what: "SOCKS5", target: "10.0.0.7:80",
      turns: [
        [5, 3, 0, 1, 2], [5, 2], login, [1, 0], [5, 1, 0, 1, 10, 0, 0, 7, 0, 80], fromLoopback,
      ]),
    Handshake(
      what: "SOCKS5", target: "[::1]:443", turns: [[5, 1, 0], [5, 0], toLoopback, fromName]),
    // Who waits for a connection is told twice.
    Handshake(
      what: "SOCKS5", target: "10.0.0.7:20",
      turns: [
        [5, 1, 0], [5, 0], [5, 2, 0, 1, 10, 0, 0, 7, 0, 20],
        [5, 0, 0, 1, 10, 0, 0, 1, 0x30, 0x39, 5, 0, 0, 1, 10, 0, 0, 7, 0, 20],
      ]),
    Handshake(what: "SOCKS4", target: "10.0.0.7:80", turns: [oldToAddress, oldGrant]),
    Handshake(what: "SOCKS4", target: "db.shop:6379", turns: [oldToName, oldGrant]),
  ]

  private static func talk(_ turns: [[UInt8]], port: UInt16 = 31_080) -> Talk {
    var talk = Talk(serverPort: port)
    for (number, turn) in turns.enumerated() {
      talk.says(number.isMultiple(of: 2) ? .client : .server, turn)
    }
    return talk
  }

  @Test(arguments: 0..<6)
  func whatFollowsIsReadAsIfItWereNotThere(number: Int) throws {
    let handshake = Self.handshakes[number]
    var talk = Self.talk(handshake.turns)
    talk.client("*2\r\n$3\r\nGET\r\n$1\r\na\r\n")
    talk.server("$1\r\nb\r\n")
    let entries = talk.entries()
    let calls = entries.filter(\.kind.isCall)
    #expect(calls.map(\.kind) == [.redis])
    #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse && $0.fault == nil })
    #expect(
      Self.proxies(entries) == [
        ["protocol": .string(handshake.what), "target": .string(handshake.target)]
      ])
    #expect(!entries.contains { $0.essence.contains("s3cret") })
    Laws.split(talk)
    Laws.mutation(talk, rounds: 50)
  }

  @Test func handshakesOfTLSBehindItAreSeen() {
    var talk = Self.talk(Self.handshakes[0].turns)
    talk.says(.client, TLSTests.clientHello)
    talk.says(.server, TLSTests.record(21, [2, 40]))
    let calls = talk.calls()
    #expect(calls.map(\.kind) == [.tlsx])
    #expect(calls.first?.text(.tlsxSNI) == "api.shop")
  }

  /// A client that is sure of the answers says all at once.
  @Test func theClientNeedNotWait() {
    let turns = Self.handshakes[0].turns
    var talk = Talk(serverPort: 31_080)
    talk.says(.client, turns[0] + turns[2] + Array("GET /a HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    talk.says(
      .server, turns[1] + turns[3] + Array("HTTP/1.1 204 No Content\r\n\r\n".utf8))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/a"])
    #expect(calls.map { $0.int(.statusCode) } == [204])
    Laws.split(talk)
  }

  /// One proxy behind another.
  @Test func proxiesMayFollowOnEachOther() {
    var talk = Self.talk(Self.handshakes[0].turns + Self.handshakes[4].turns)
    talk.client("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    talk.server("HTTP/1.1 204 No Content\r\n\r\n")
    let entries = talk.entries()
    #expect(entries.filter(\.kind.isCall).map { $0.text(.path) } == ["/a"])
    let targets = Self.proxies(entries)?.array?.compactMap { $0["target"]?.string }
    #expect(targets == ["db.shop:6379", "10.0.0.7:80"])
  }

  @Test(
    arguments: [
      (
        [[5, 1, 0], [5, 0], [5, 1, 0, 1, 10, 0, 0, 7, 0, 80], [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]],
        "connection refused"
      ),
      (
        [[4, 1, 0, 80, 10, 0, 0, 7, 0], [0, 0x5b, 0, 0, 0, 0, 0, 0]], "request rejected or failed"
      ),
    ] as [([[UInt8]], String)])
  func aRefusalIsTold(turns: [[UInt8]], refusal: String) {
    let entries = Self.talk(turns).entries()
    #expect(entries.map(\.kind) == [.tcpConn])
    #expect(Self.proxies(entries)?[0]?["target"] == "10.0.0.7:80")
    #expect(Self.proxies(entries)?[0]?["refusal"] == .string(refusal))
  }

  @Test func aRefusalBeforeTheRequestIsTold() {
    for (method, status, refusal): ([UInt8], [UInt8], String) in [
      ([5, 2], [1, 1], "authentication failed"), ([5, 0xff], [], "no acceptable method"),
    ] {
      var talk = Self.talk([[5, 1, 2], method])
      if !status.isEmpty {
        talk.says(.client, Self.login)
        talk.says(.server, status)
      }
      let entries = talk.entries()
      #expect(Self.proxies(entries) == [["protocol": "SOCKS5", "refusal": .string(refusal)]])
    }
  }

  /// Captured at two places: all that the server says comes first, and the client's in any pieces.
  @Test(arguments: [1, 2, 3, 5, 100])
  func answersWaitForWhatTheyAnswer(piece: Int) {
    let request: [UInt8] = [5, 1, 0, 1, 10, 0, 0, 7, 0, 80]
    for (server, refusal): ([UInt8], JSONValue?) in [
      ([5, 2, 1, 1], "authentication failed"), ([5, 0xff], "no acceptable method"),
      ([5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0], nil),
    ] {
      var talk = Self.talk([])
      talk.says(.server, server)
      let client = [5, 2, 0, 2] + Self.login + request
      for start in stride(from: 0, to: client.count, by: piece) {
        talk.says(.client, Array(client[start..<min(start + piece, client.count)]))
      }
      let proxy = Self.proxies(talk.entries())?[0]
      #expect(proxy?["target"] == "10.0.0.7:80")
      #expect(proxy?["refusal"] == refusal)
    }
  }

  /// What was asked for is told also where the answer was not captured.
  @Test func aRequestWithoutAnswerTellsItsTarget() {
    let entries = Self.talk(Array(Self.handshakes[0].turns.prefix(3))).entries()
    #expect(Self.proxies(entries) == [["protocol": "SOCKS5", "target": "db.shop:6379"]])
  }

  /// Where only the client was captured its port tells; elsewhere nothing does.
  @Test func otherBytesAreNotTaken() {
    for turns: [[UInt8]] in [
      // A server that speaks something else, a method that was not offered, a version of its own.
      [[5, 1, 0], [6, 0]], [[5, 1, 0], [5, 2]], [[5, 0, 11, 3], [5, 0, 12, 3]],
      [[4, 1, 0, 80, 10, 0, 0, 7, 0], [0x84, 0, 0, 0]], [[4, 0, 0, 1, 5, 0, 0, 0, 0], [0, 0x5a]],
      [[5, 1, 0]],
    ] {
      let entries = Self.talk(turns).entries([SOCKS.row])
      #expect(entries.map(\.kind) == [.tcpConn])
      #expect(entries.first?.request?.bodyLength == Int64(turns[0].count), "\(turns)")
    }
  }

  @Test func behindAGapInTheHandshakeTheRestIsLookedAt() {
    var talk = Self.talk(Array(Self.handshakes[0].turns.prefix(3)))
    talk.lost(.server, 10)
    talk.client("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    talk.server("HTTP/1.1 204 No Content\r\n\r\n")
    #expect(talk.calls().map { $0.text(.path) } == ["/a"])
  }

  private static func proxies(_ entries: [Entry]) -> JSONValue? {
    let details = entries.first { $0.kind == .tcpConn }?.text(.details) ?? ""
    return (try? JSONReader.value(of: details))?["request"]?["proxies"]
  }
}
