import Bytes
import Entries
import Flows
import Testing

@testable import Dissectors

/// WebSocket over HTTP/2 (RFC 8441).
@Suite struct WebSocketTunnelTests {
  @Test func messagesInAStreamAreEntries() {
    let calls = Self.talk.calls()
    let messages = calls.filter { $0.kind == .ws }.sorted { $0.index < $1.index }
    #expect(messages.map { $0.text(.wsOpcode) } == ["text", "text", "text", "close"])
    #expect(messages.map { $0.text(.wsRequestPayloadData) } == ["Hello", nil, nil, nil])
    #expect(messages.map { $0.text(.wsResponsePayloadData) } == [nil, "Hello", "Hello", nil])
    #expect(messages.allSatisfy { $0.fault == nil })
    let connect = calls.first { $0.kind == .http2 && $0.text(.path) == "/chat" }
    #expect(connect?.text(.method) == "CONNECT" && connect?.int(.statusCode) == 200)
    #expect(connect?.fault == nil)
  }

  @Test func otherStreamsAreReadBesideIt() {
    #expect(Self.talk.calls().contains { $0.text(.path) == "/other" && $0.int(.statusCode) == 204 })
  }

  @Test func aHoleIsSurvived() {
    var talk = Self.opened
    talk.lost(.server, 100)
    talk.says(.server, H2.data(1, [0x81, 2, 0x68, 0x69]))
    #expect(
      talk.calls().filter { $0.kind == .ws }.map { $0.text(.wsResponsePayloadData) } == ["hi"])
  }

  @Test func anySplitGivesTheSameMessages() { Laws.split(Self.talk) }
  @Test func anyBeginningGivesABeginning() { Laws.truncation(Self.talk) }
  @Test func anyOrderGivesTheSame() { Laws.reordering(Self.talk) }
  @Test func nothingBreaksIt() { Laws.mutation(Self.talk) }

  private static var opened: Talk {
    var talk = Talk()
    talk.says(
      .client,
      H2.opening
        + H2.headers(
          1,
          [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"),
            (":path", "/chat"), (":authority", "x"),
          ]))
    talk.says(
      .server,
      H2.settings
        + H2.headers(
          1, [(":status", "200"), ("sec-websocket-extensions", "permessage-deflate")]))
    return talk
  }

  /// A message in one frame, one whose head is cut by DATA frames, one that refers to it, a close.
  private static var talk: Talk {
    var talk = opened
    talk.says(
      .client,
      H2.data(1, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58])
        + H2.get(3, "/other"))
    talk.says(
      .server,
      H2.data(1, [0xc1]) + H2.headers(3, [(":status", "204")], ends: true)
        + H2.data(1, [7, 0xf2, 0x48]) + H2.data(1, [0xcd, 0xc9, 0xc9, 7, 0, 0xc1, 5, 0xf2]))
    talk.says(.server, H2.data(1, [0, 0x11, 0, 0, 0x88, 2, 3, 0xe8], ends: true))
    talk.says(.client, H2.data(1, [], ends: true))
    return talk
  }
}
