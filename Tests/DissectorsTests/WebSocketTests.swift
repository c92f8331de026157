import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Testing

@Suite struct WebSocketTests {
  @Test func everyMessageIsAnEntry() throws {
    let calls = Self.messages(Self.session)
    #expect(calls.allSatisfy { $0.kind == .ws && $0.fault == nil })
    #expect(
      calls.map { $0.text(.wsOpcode) } == ["text", "text", "ping", "pong", "binary", "close"])
    #expect(calls.map(\.hasRequest) == [true, false, true, false, false, true])
    // RFC 6455 §5.7: "Hello", masked and in two fragments.
    #expect(calls[0].text(.wsRequestPayloadData) == "Hello")
    #expect(calls[1].text(.wsResponsePayloadData) == "Hello")
    #expect(calls[0].int(.wsRequestPayloadLength) == 5)
    #expect(calls[4].int(.wsResponsePayloadLength) == 256)
    #expect(calls.map(\.failed) == [false, false, false, false, false, true])
    let close = try Self.details(calls[5], "request")
    #expect(close?["closeCode"] == 1009)
    #expect(close?["closeReason"] == "big")
    #expect(calls[5].text(.statusText) == "1009 message too big")
    #expect(try Self.details(calls[1], "response")?["fragments"] == 2)
  }

  @Test func aMessageNamesTheCallThatBeganItsConnection() throws {
    var talk = Talk()
    talk.client("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    talk.server("HTTP/1.1 204 No Content\r\n\r\n")
    talk.turns += Self.opened.turns
    talk.says(.server, [0x81, 2, 0x68, 0x69])
    let calls = talk.calls()
    let upgrade = try #require(calls.first { $0.int(.statusCode) == 101 })
    let message = try #require(calls.last)
    #expect(try Self.details(message, "response")?["upgradeIndex"] == .int(Int64(upgrade.index)))
  }

  /// What a client sends ahead of the reply comes before what its server sends with it.
  @Test func messagesStandInTheOrderTheyCame() {
    var talk = Talk()
    talk.client("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")
    talk.says(.client, [0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])
    let accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    talk.says(.server, Array(accepted.utf8) + [0x81, 2, 0x68, 0x6f])
    let calls = talk.calls()
    #expect(calls.map(\.index) == [0, 1, 2])
    #expect(calls.map(\.hasRequest) == [true, true, false])
    Laws.split(talk)
  }

  // MARK: Compression

  /// RFC 7692 §7.2.3.1: "Hello" in one frame; §7.2.3.2: the same again, by reference.
  @Test func compressedMessagesAreRead() {
    var talk = Self.deflating()
    talk.says(.server, [0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00])
    talk.says(.server, [0xc1, 5, 0xf2, 0x00, 0x11, 0x00, 0x00])
    let calls = Self.messages(talk)
    #expect(calls.map { $0.text(.wsResponsePayloadData) } == ["Hello", "Hello"])
    #expect(calls.map { $0.int(.wsResponsePayloadLength) } == [7, 5])
  }

  @Test func framesInPiecesAreFoundBehindAGap() {
    let masked: [UInt8] = [
      0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ]
    for (side, frame) in [(Side.client, masked), (.server, [0x81, 5] + Array("Hello".utf8))] {
      for cut in 1..<frame.count {
        var talk = Self.opened
        talk.lost(side, 9)
        talk.says(side, Array(frame[..<cut]))
        talk.says(side, Array(frame[cut...]))
        talk.says(side, frame)
        let texts = Self.messages(talk).map {
          $0.text(side == .client ? .wsRequestPayloadData : .wsResponsePayloadData)
        }
        #expect(texts == ["Hello", "Hello"], "cut at \(cut)")
      }
    }
  }

  @Test func aReferenceToWhatWasLostIsSaidToBeOne() throws {
    var talk = Self.deflating()
    talk.lost(.server, 9)
    talk.says(.server, [0xc1, 5, 0xf2, 0x00, 0x11, 0x00, 0x00])
    talk.says(.server, [0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00])
    let calls = Self.messages(talk)
    #expect(calls.map { $0.text(.wsResponsePayloadData) } == [nil, "Hello"])
    let problem = try Self.details(calls[0], "response")?["problem"]?.string
    #expect(problem?.contains("not read") == true)
  }

  /// RFC 7692 §7.2.1: "Hello" in two fragments, with a ping between them.
  @Test func compressedFragmentsAreJoined() throws {
    let calls = Self.messages(Self.compressedSession)
    #expect(
      calls.map { $0.text(.wsResponsePayloadData) }
        == ["Hello", nil, #"{"type":"tick","price":1}"#, #"{"type":"tick","price":2}"#])
    #expect(try Self.details(calls[0], "response")?["fragments"] == 2)
    #expect(calls[0].response?.bodyLength == 5)
  }

  @Test func noContextTakeoverForgets() {
    var talk = Self.deflating("; server_no_context_takeover")
    talk.says(.server, [0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00])
    talk.says(.server, [0xc1, 5, 0xf2, 0x00, 0x11, 0x00, 0x00])
    #expect(Self.messages(talk).map { $0.text(.wsResponsePayloadData) } == ["Hello", nil])
  }

  /// Four megabytes of zeros in four kilobytes: what is made of it stays within its limit.
  @Test func aBombIsCut() throws {
    var talk = Self.deflating()
    let zeros =
      [236, 193, 1, 1, 0, 0, 0, 130, 32, 255, 175, 110, 72, 64, 1]
      + Array(repeating: UInt8(0), count: 4063) + [124, 27, 0]
    talk.says(.server, [0xc2, 0x7e, 0x0f, 0xf1] + zeros)
    talk.says(.server, [0x81, 2, 0x68, 0x69])
    let calls = Self.messages(talk)
    #expect(calls.first?.response?.bodyLength ?? 0 > 1 << 19)
    #expect(calls.first?.response?.bodyLength ?? .max <= 1 << 20)
    let problem = try Self.details(calls[0], "response")?["problem"]?.string
    #expect(problem?.contains("limit") == true)
    #expect(calls.last?.text(.wsResponsePayloadData) == "hi")
  }

  // MARK: Holes

  @Test func aHoleInAPayloadLeavesTheNextMessage() {
    var talk = Self.opened
    talk.says(.server, [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0] + Array(repeating: 1, count: 10))
    talk.lost(.server, 50)
    talk.says(.server, Array(repeating: 1, count: 65_476) + [0x81, 2, 0x68, 0x69])
    let calls = Self.messages(talk)
    #expect(calls.map { $0.fault?.message } == ["50 bytes were not captured", nil])
    #expect(calls.last?.text(.wsResponsePayloadData) == "hi")
  }

  @Test func aHoleInAShortMessageLeavesTheNextOne() {
    var talk = Self.opened
    talk.says(.server, [0x81, 100] + Array(repeating: 0x61, count: 10))
    talk.lost(.server, 50)
    talk.says(.server, Array(repeating: 0x61, count: 40) + [0x81, 2, 0x68, 0x69])
    let calls = Self.messages(talk)
    #expect(calls.map { $0.fault == nil } == [false, true])
    #expect(calls.first?.text(.wsResponsePayloadData) == "aaaaaaaaaa")
    #expect(calls.last?.text(.wsResponsePayloadData) == "hi")
  }

  @Test func afterAHoleBetweenMessagesTheNextFrameIsFound() {
    var talk = Self.opened
    talk.lost(.client, 500)
    talk.says(.client, Array("in the middle".utf8))
    talk.says(.client, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58])
    #expect(Self.messages(talk).map { $0.text(.wsRequestPayloadData) } == ["Hello"])
  }

  /// A frame that nobody may send fails the connection (RFC 6455 §5.2), and its end tells why.
  @Test func behindAForbiddenFrameTheEndIsRead() {
    var talk = Self.opened
    talk.says(.client, [0x83, 0x80, 1, 2, 3, 4])
    talk.says(.server, [0x88, 2, 3, 0xea])
    talk.says(.client, [0x88, 0x82, 0, 0, 0, 0, 3, 0xea])
    let calls = Self.messages(talk)
    #expect(calls.map { $0.text(.wsOpcode) } == ["close", "close"])
    #expect(calls.map(\.hasRequest) == [false, true])
  }

  @Test func aMessageThatNeverEndsIsMarked() {
    var talk = Self.opened
    talk.says(.server, [0x01, 3] + Array("Hel".utf8))
    talk.says(.server, [0x81, 2, 0x68, 0x69])
    let calls = Self.messages(talk)
    #expect(calls.map { $0.fault?.message } == ["its last fragment never came", nil])
  }

  // MARK: Joined late

  @Test func framesTellWhoAsksWhenTheHandshakeWasNotSeen() {
    var talk = Talk(serverPort: 9000)
    talk.isMidway = true
    // The packets made the server the client.
    talk.says(.client, [0x81, 5] + Array("Hello".utf8))
    talk.says(.server, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58])
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map(\.kind) == [.ws, .ws])
    #expect(calls.map(\.hasRequest) == [false, true])
    #expect(calls.map(\.source.port) == [9000, 9000])
  }

  @Test func otherBytesAreNotTakenForFrames() {
    let others: [[UInt8]] = [
      [0, 0, 0, 8, 1, 2, 3, 4], [0x81, 0, 0, 0, 3, 0x53], [0x30, 0x0c, 2, 1, 1],
      [0x81, 3, 0xff, 0xfe, 0xfd], [0x88, 2, 0, 1], [0x81, 0x7e, 0, 2, 0x68, 0x69],
      // A message that begins within another, a fragment of none, masked and plain frames.
      [UInt8](repeating: 0x41, count: 5 * 67), [0x82, 1, 5, 0x80, 1, 5],
      [0x82, 1, 5, 0x82, 0x81, 1, 2, 3, 4, 5],
    ]
    for bytes in others {
      var talk = Talk(serverPort: 9000)
      talk.isMidway = true
      talk.says(.client, bytes)
      #expect(talk.calls([WebSocket.row]).isEmpty, "\(bytes)")
    }
  }

  // MARK: Laws

  @Test(arguments: [0, 1])
  func anySplitGivesTheSameMessages(session: Int) { Laws.split(Self.sessions[session]) }

  @Test(arguments: [0, 1])
  func anyBeginningGivesABeginningOfTheMessages(session: Int) {
    Laws.truncation(Self.sessions[session])
  }

  @Test(arguments: [0, 1])
  func anyOrderOfSegmentsGivesTheSameMessages(session: Int) {
    Laws.reordering(Self.sessions[session])
  }

  @Test(arguments: [0, 1])
  func nothingBreaksIt(session: Int) { Laws.mutation(Self.sessions[session]) }

  @Test func longMessagesGiveTheSameHoweverTheyAreCut() {
    var talk = Self.opened
    talk.says(.server, [0x82, 0x7e, 0x50, 0] + Array(repeating: 9, count: 0x5000))
    talk.says(.client, [0x01, 0xfe, 0x50, 0, 1, 2, 3, 4] + Array(repeating: 9, count: 0x5000))
    talk.says(.client, [0x80, 0x80, 1, 2, 3, 4])
    let whole = talk.calls().map(\.essence)
    for cut in [1, 3, 4, 5, 0x4fff, 0x5003] {
      var parts = talk
      for turn in talk.turns.indices.reversed() {
        guard case .says(let side, let bytes) = talk.turns[turn], bytes.count > cut else {
          continue
        }
        parts.turns.replaceSubrange(
          turn...turn,
          with: [.says(side, Array(bytes[..<cut])), .says(side, Array(bytes[cut...]))])
      }
      #expect(parts.calls().map(\.essence) == whole, "cut at \(cut)")
    }
  }

  // MARK: Material

  private static func messages(_ talk: Talk) -> [Entry] {
    talk.calls().filter { $0.kind == .ws }.sorted { $0.index < $1.index }
  }

  private static func details(_ entry: Entry, _ half: String) throws -> JSONValue? {
    try JSONReader.value(of: entry.text(.details) ?? "{}")[half]
  }

  private static var opened: Talk { opened("") }

  private static func deflating(_ parameters: String = "") -> Talk {
    opened("Sec-WebSocket-Extensions: permessage-deflate\(parameters)\r\n")
  }

  private static func opened(_ header: String) -> Talk {
    var talk = Talk()
    talk.client("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    talk.server(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\(header)\r\n"
    )
    return talk
  }

  private static let sessions = [session, compressedSession]

  private static var session: Talk {
    var talk = opened
    talk.says(.client, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58])
    talk.says(.server, [0x01, 3] + Array("Hel".utf8))
    talk.says(.client, [0x89, 0x80, 1, 2, 3, 4])
    talk.says(.server, [0x8a, 0] + [0x80, 2] + Array("lo".utf8))
    talk.says(.server, [0x82, 0x7e, 1, 0] + Array(repeating: 9, count: 256))
    talk.says(.client, [0x88, 0x85, 0, 0, 0, 0, 3, 0xf1] + Array("big".utf8))
    return talk
  }

  private static var compressedSession: Talk {
    var talk = deflating()
    talk.says(.server, [0x41, 3, 0xf2, 0x48, 0xcd])
    talk.says(.server, [0x89, 0, 0x80, 4, 0xc9, 0xc9, 0x07, 0x00])
    talk.says(
      .server,
      [
        0xc1, 26, 170, 86, 42, 169, 44, 72, 85, 178, 82, 42, 201, 76, 206, 86, 210, 81, 42, 40,
        202, 76, 6, 114, 13, 107, 1, 0,
      ])
    talk.says(.server, [0xc1, 7, 170, 198, 46, 97, 84, 11, 0])
    return talk
  }
}
