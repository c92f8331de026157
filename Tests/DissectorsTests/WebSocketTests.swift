import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Testing

@Suite struct WebSocketTests {
  @Test func everyMessageIsAnEntry() throws {
    let calls = Self.session.calls().sorted { $0.index < $1.index }.dropFirst()
    #expect(calls.allSatisfy { $0.kind == .ws && $0.fault == nil })
    #expect(
      calls.map { $0.text(.wsOpcode) } == ["text", "text", "ping", "pong", "binary", "close"])
    #expect(calls.map(\.hasRequest) == [true, false, true, false, false, true])
    // RFC 6455 §5.7: "Hello", masked and in two fragments.
    #expect(calls.map { $0.text(.wsRequestPayloadData) }[0] == "Hello")
    #expect(calls.map { $0.text(.wsResponsePayloadData) }[1] == "Hello")
    #expect(calls.map { $0.int(.wsRequestPayloadLength) }[0] == 5)
    #expect(calls.map { $0.int(.wsResponsePayloadLength) }[4] == 256)
    #expect(calls.map(\.failed) == [false, false, false, false, false, true])
    let last = try #require(calls.last)
    let close = try JSONReader.value(of: last.text(.details) ?? "")["request"]
    #expect(close?["closeCode"] == 1009)
    #expect(close?["closeReason"] == "big")
  }

  /// RFC 7692 §7.2.3.1: "Hello" in one frame.
  @Test func compressedMessagesAreRead() {
    var talk = Self.opened
    talk.says(.server, [0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00])
    #expect(talk.calls().last?.text(.wsResponsePayloadData) == "Hello")
    #expect(talk.calls().last?.int(.wsResponsePayloadLength) == 7)
  }

  @Test func aHoleInAPayloadLeavesTheNextMessage() {
    var talk = Self.opened
    talk.says(.server, [0x82, 100] + Array(repeating: 1, count: 10))
    talk.lost(.server, 50)
    talk.says(.server, Array(repeating: 1, count: 40) + [0x81, 2, 0x68, 0x69])
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.fault?.message } == [nil, "50 bytes were not captured", nil])
    #expect(calls.last?.text(.wsResponsePayloadData) == "hi")
  }

  // MARK: Laws

  @Test func anySplitGivesTheSameMessages() { Laws.split(Self.session) }
  @Test func anyBeginningGivesABeginningOfTheMessages() { Laws.truncation(Self.session) }
  @Test func anyOrderOfSegmentsGivesTheSameMessages() { Laws.reordering(Self.session) }
  @Test func nothingBreaksIt() { Laws.mutation(Self.session) }

  // MARK: Material

  static var opened: Talk {
    var talk = Talk()
    talk.client("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    talk.server(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    return talk
  }

  static var session: Talk {
    var talk = opened
    talk.says(.client, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58])
    talk.says(.server, [0x01, 3] + Array("Hel".utf8))
    talk.says(.client, [0x89, 0x80, 1, 2, 3, 4])
    talk.says(.server, [0x8a, 0] + [0x80, 2] + Array("lo".utf8))
    talk.says(.server, [0x82, 0x7e, 1, 0] + Array(repeating: 9, count: 256))
    talk.says(.client, [0x88, 0x85, 0, 0, 0, 0, 3, 0xf1] + Array("big".utf8))
    return talk
  }
}
