import Bytes
import Dissectors
import Entries
import Flows
import Testing

@Suite struct HTTP2Tests {
  @Test func aServerOfHTTP1AloneAnswersThePreface() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/a"))
    talk.server("HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\nwhat")
    talk.says(.client, H2.goAway(last: 0, 1))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/a"])
    #expect(calls.first?.kind == .http2)
    #expect(calls.first?.int(.statusCode) == 400)
    #expect(calls.first?.failed == true)
    #expect(calls.first?.response?.text == "what")
    #expect(calls.first?.fault == nil)
    Laws.split(talk)
  }

  @Test func behindAReplyInHTTP1NoFramesAreLookedFor() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/a"))
    talk.server("HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n")
    // What would be a PING, and DATA without a stream.
    let ping: [UInt8] = [0, 0, 8, 6, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 8)
    talk.says(.server, ping + [0, 0, 1, 0, 0, 0, 0, 0, 0, 0x78])
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    #expect(dissection.counters.protocols["http2"]?.pairs == 1)
    #expect(dissection.counters.protocols["http2"]?.errors.allSatisfy { $0 == 0 } == true)
  }

  @Test func aStreamIsOneEntry() throws {
    var talk = Talk()
    talk.says(
      .client,
      H2.opening
        + H2.headers(1, H2.request("POST", "/orders?id=7") + [("content-type", "text/plain")])
        + H2.data(1, "hel") + H2.data(1, "lo", ends: true))
    talk.says(.server, H2.settings + H2.acknowledgement)
    talk.says(
      .server,
      H2.headers(1, [(":status", "201"), ("content-type", "application/json"), ("x-a", "b")])
        + H2.data(1, #"{"ok":true}"#, ends: true))
    let calls = talk.calls()
    let call = try #require(calls.first)
    #expect(calls.count == 1)
    #expect(call.kind == .http2)
    #expect(call.text(.method) == "POST")
    #expect(call.text(.url) == "/orders?id=7")
    #expect(call.text(.path) == "/orders")
    #expect(call.text(.host) == "shop.example:81")
    #expect(call.text(.httpVersion) == "HTTP/2")
    #expect(call.text(.requestContentType) == "text/plain")
    #expect(call.int(.statusCode) == 201)
    #expect(call.text(.responseContentType) == "application/json")
    #expect(call.int(.requestBodySize) == 5)
    #expect(call.int(.responseBodySize) == 11)
    #expect(call.request?.text == "hello")
    #expect(call.response?.text == #"{"ok":true}"#)
    #expect(call.response?.headers.value(of: "x-a") == "b")
    #expect(call.requestSize == (call.int(.requestHeadersSize) ?? 0) + 9 + 3 + 9 + 2)
    #expect(call.elapsed == 2000)
    #expect(!call.failed)
    #expect(call.fault == nil)
  }

  @Test func streamsInterleaveAndAnswerInAnyOrder() {
    let calls = Self.interleaved.calls()
    #expect(calls.map { $0.text(.path) } == ["/b", "/c", "/a"])
    #expect(calls.map { $0.int(.statusCode) } == [404, 204, 200])
    #expect(calls.map { $0.response?.text } == ["not here", "", "first second third"])
    #expect(calls.map(\.failed) == [true, false, false])
    #expect(calls.map(\.index) == [1, 2, 0])
  }

  @Test(arguments: [
    Self.interleaved, Self.continued, Self.padded, Self.pushed, Self.upgraded, Self.resets,
    GRPCTests.unary, GRPCTests.bidirectional,
  ])
  func theLawsHold(_ talk: Talk) {
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.mutation(talk, rounds: 150)
    Laws.reordering(talk)
  }

  @Test func headerBlocksGoOnInCONTINUATION() {
    let calls = Self.continued.calls()
    #expect(calls.map { $0.text(.path) } == ["/continued"])
    #expect(calls.first?.request?.headers.value(of: "x-last") == "end")
    #expect(calls.first?.int(.statusCode) == 200)
    #expect(calls.first?.response?.headers.value(of: "x-checksum") == "abc")
  }

  @Test func paddingAndPriorityAreNoContent() throws {
    let calls = Self.padded.calls()
    #expect(calls.map { $0.text(.path) } == ["/padded"])
    #expect(calls.first?.response?.text == "body")
    let call = try #require(calls.first)
    let head = try #require(call.int(.responseHeadersSize))
    #expect(call.responseSize == head + 37)
    #expect(calls.first?.fault == nil)
  }

  @Test func longBodiesAreNotWaitedFor() {
    let calls = Self.longBody.calls()
    #expect(calls.first?.int(.responseBodySize) == 40_000)
    #expect(calls.first?.fault == nil)
  }

  @Test func interimRepliesAreNotTheAnswer() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/"))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "103"), ("link", "x")]))
    talk.says(.server, H2.headers(1, [(":status", "200")], ends: true))
    let calls = talk.calls()
    #expect(calls.map { $0.int(.statusCode) } == [200])
    #expect(calls.first?.text(.details)?.contains(#""interim":[103]"#) == true)
  }

  @Test func anUpgradedRequestIsAnsweredOnStream1() {
    let calls = Self.upgraded.calls()
    #expect(calls.map(\.kind) == [.http, .http2, .http2])
    #expect(calls.map { $0.text(.path) } == ["/up", "/up", "/next"])
    #expect(calls.map { $0.int(.statusCode) } == [101, 200, 404])
    #expect(calls.map { $0.text(.httpVersion) } == ["HTTP/1.1", "HTTP/2", "HTTP/2"])
    #expect(calls[1].response?.text == "upgraded")
  }

  /// As when a server has read enough of its head.
  @Test func aRequestBehindAnErrorOfTheConnectionTellsIt() {
    var talk = Talk()
    talk.says(.client, H2.opening)
    talk.says(.server, H2.settings + H2.goAway(last: 1, 11))
    talk.says(.client, H2.get(1, "/late"))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/late"])
    #expect(
      calls.first?.fault == Entry.Fault(.connection, "the server went away: ENHANCE_YOUR_CALM"))
  }

  /// Client and server know the same deadline: the reply crosses the reset.
  @Test func aReplyThatCrossesTheResetIsKept() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/slow") + H2.get(3, "/never"))
    talk.says(.client, H2.reset(1, 8) + H2.reset(3, 8))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "504")], ends: true))
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    let calls = dissection.drain().filter(\.kind.isCall).sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.path) } == ["/slow", "/never"])
    #expect(calls.map { $0.int(.statusCode) } == [504, nil])
    let fault = Entry.Fault(.connection, "the client reset the stream: CANCEL")
    #expect(calls.map(\.fault) == [fault, fault])
    #expect(dissection.isIdle)
  }

  @Test func streamsThatWereResetAreForgottenInTime() {
    var talk = Talk()
    talk.says(.client, H2.opening)
    for id in stride(from: UInt32(1), to: 10_001, by: 2) {
      talk.says(.client, H2.get(id, "/never") + H2.reset(id, 8))
    }
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    #expect(dissection.drain().filter(\.kind.isCall).count == 5000)
    #expect(dissection.counters.protocols["http2"]?.errors(of: .tooLarge) == 0)
  }

  /// The path of later requests was lost with any packet of the connection: they refer to fields that
  /// came before.
  @Test func behindAHoleRequestsHaveTheirPaths() {
    var first: [UInt8] = [0x83, 0x86]
    for (lead, text): (UInt8, String) in [
      (0x41, "a.b"), (0x44, "/s/M"), (0x5f, "application/grpc"), (0x40, "te"),
    ] {
      first += [lead, UInt8(text.utf8.count)]
      first += Array(text.utf8)
    }
    first += [8]
    first += Array("trailers".utf8)
    var talk = Talk(serverPort: 50051)
    talk.says(.client, H2.opening + H2.frame(1, 4, 1, first))
    talk.says(.client, H2.data(1, H2.message([1]), ends: true))
    let reply: [(String, String)] = [(":status", "200"), ("content-type", "application/grpc")]
    let trailers = [("grpc-status", "0")]
    talk.says(.server, H2.settings)
    talk.says(.server, H2.headers(1, reply) + H2.headers(1, trailers, ends: true))
    talk.lost(.client, 60)
    talk.says(.client, H2.frame(1, 4, 5, [0x83, 0x86, 0xc1, 0xc0, 0xbf, 0xbe]))
    talk.says(.client, H2.data(5, H2.message([2]), ends: true))
    talk.says(.server, H2.headers(5, reply) + H2.headers(5, trailers, ends: true))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map(\.kind) == [.grpc, .grpc])
    #expect(calls.map { $0.text(.path) } == ["/s/M", "/s/M"])
    #expect(calls.map { $0.int(.grpcStatus) } == [0, 0])
    #expect(calls.last?.fault == nil)
  }

  @Test func resetsNameTheirReason() {
    let calls = Self.resets.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.path) } == ["/cancelled", "/refused", "/half", "/enough"])
    #expect(
      calls.map(\.fault) == [
        Entry.Fault(.connection, "the client reset the stream: CANCEL"),
        Entry.Fault(.connection, "the server reset the stream: REFUSED_STREAM"),
        Entry.Fault(.connection, "the server reset the stream: INTERNAL_ERROR"), nil,
      ])
    #expect(calls.map(\.hasResponse) == [false, false, true, true])
  }

  @Test func whatTheServerLeavesUnreadIsTold() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/1") + H2.get(3, "/3") + H2.get(5, "/5"))
    talk.says(.server, H2.settings + H2.goAway(last: 1, 0))
    talk.says(.server, H2.headers(1, [(":status", "200")], ends: true))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/3", "/5", "/1"])
    #expect(calls.map { $0.fault?.kind } == [.connection, .connection, nil])
    #expect(calls.first?.fault?.message.contains("NO_ERROR") == true)
    // One that was under way when the server said so has the same fate.
    talk.says(.client, H2.get(7, "/7"))
    let late = talk.calls().last
    #expect(late?.text(.path) == "/7" && late?.hasResponse == false)
    #expect(late?.fault == calls.first?.fault)
  }

  @Test func anErrorOfTheConnectionIsToldOfWhatIsUnfinished() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/1") + H2.get(3, "/3") + H2.get(5, "/5"))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")], ends: true))
    talk.says(.server, H2.headers(3, [(":status", "200")]) + H2.data(3, "par"))
    talk.says(.server, H2.goAway(last: 3, 11))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/1", "/5", "/3"])
    #expect(
      calls.map(\.fault) == [
        nil, Entry.Fault(.connection, "the server went away without reading it: ENHANCE_YOUR_CALM"),
        Entry.Fault(.connection, "the server went away: ENHANCE_YOUR_CALM"),
      ])
    #expect(calls.last?.response?.text == "par")
    // A client that cannot go on says so, too; with nothing for people behind the code.
    var client = Talk()
    client.says(.client, H2.opening + H2.get(1, "/1"))
    client.says(.server, H2.settings + H2.headers(1, [(":status", "200")]) + H2.data(1, "x"))
    client.says(.client, H2.frame(7, 0, 0, H2.big32(0) + H2.big32(9)))
    #expect(
      client.calls().first?.fault
        == Entry.Fault(.connection, "the client went away: COMPRESSION_ERROR"))
  }

  @Test func pushedRepliesStandAlone() {
    let calls = Self.pushed.calls()
    #expect(calls.map { $0.text(.path) } == ["/style.css", "/", "/unwanted.js"])
    #expect(calls.map { $0.int(.statusCode) } == [200, 200, nil])
    #expect(calls.map(\.hasRequest) == [false, true, true])
    #expect(calls[0].text(.details)?.contains(#""pushedBy":1"#) == true)
    #expect(calls[2].fault?.message == "the client reset the pushed stream: CANCEL")
    #expect(calls[0].fault == nil)
  }

  @Test func connectAndOddTargetsAreRead() {
    var talk = Talk()
    talk.says(
      .client,
      H2.opening + H2.headers(1, [(":method", "CONNECT"), (":authority", "db:5432")])
        + H2.headers(3, [(":method", "OPTIONS"), (":path", "*"), ("host", "h")], ends: true))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")]))
    talk.says(.server, H2.headers(3, [(":status", "204")], ends: true))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.url) } == ["db:5432", "*"])
    #expect(calls.map { $0.text(.host) } == ["db:5432", "h"])
  }

  @Test func theServerMaySpeakFirst() {
    var talk = Talk(serverPort: 4711)
    talk.says(.server, H2.frame(4, 0, 0, [0, 3, 0, 0, 0, 100]))
    talk.says(.client, H2.opening + H2.get(1, "/"))
    talk.says(.server, H2.headers(1, [(":status", "200")], ends: true))
    #expect(talk.calls().map { $0.int(.statusCode) } == [200])
  }

  @Test func joinedMidwayItSaysWhatItDoesNotKnow() {
    var talk = Talk(serverPort: 4711)
    talk.isMidway = true
    // GET, an old field, and a path of its own.
    let block: [UInt8] = [0x82, 0xc0, 0x04, 2, 0x2f, 0x61]
    talk.says(.client, H2.frame(1, 5, 77, block))
    talk.says(.server, H2.headers(77, [(":status", "200")]) + H2.data(77, "ok", ends: true))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.method) } == ["GET"])
    #expect(calls.first?.text(.path) == "/a")
    #expect(calls.first?.request?.headers.value(of: "?") == "?")
    #expect(calls.first?.text(.host) == nil)
    #expect(calls.first?.response?.text == "ok")
    #expect(calls.first?.fault == nil)
  }

  @Test func theSideThatAsksIsTheSource() {
    var talk = Talk(serverPort: 4711)
    talk.isMidway = true
    talk.says(.server, H2.get(7, "/turned"))
    talk.says(.client, H2.headers(7, [(":status", "200")]) + H2.data(7, "ok", ends: true))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/turned"])
    #expect(calls.first?.source.port == 4711)
    #expect(calls.first?.response?.text == "ok")
  }

  @Test func aHeadCutByTheCaptureIsKeptAsFarAsItGoes() {
    var talk = Talk()
    talk.says(.client, H2.opening)
    talk.says(.client, Array(H2.get(1, "/cut").dropLast(5)))
    talk.lost(.client, 200)
    talk.says(.client, H2.get(3, "/next") + H2.settings)
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/cut", "/next"])
    #expect(calls.first?.text(.method) == "GET")
    #expect(calls.first?.text(.host) == nil)
    #expect(calls.first?.fault?.kind == .dissection)
  }

  @Test func streamsWhoseEndWasLostAreGivenUpInTime() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/lost"))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")]) + H2.data(1, "x"))
    talk.lost(.server, 30)
    talk.says(.server, H2.settings + H2.settings)
    for id in stride(from: UInt32(3), through: 601, by: 2) {
      talk.says(.client, H2.get(id, "/x"))
      talk.says(.server, H2.headers(id, [(":status", "200")], ends: true))
    }
    let paths = talk.calls().map { $0.text(.path) }
    #expect(paths.count == 301)
    #expect(paths.firstIndex(of: "/lost") ?? 0 > 200)
    #expect(paths.firstIndex(of: "/lost") ?? 301 < 290)
  }

  @Test func manyStreamsWhoseEndWasLostDoNotStopTheConnection() {
    var talk = Talk()
    let hit = stride(from: UInt32(1), through: 79, by: 2)
    talk.says(.client, H2.opening + hit.flatMap { H2.get($0, "/lost") })
    talk.says(.server, H2.settings + hit.flatMap { H2.headers($0, [(":status", "200")]) })
    talk.lost(.client, 1000)
    talk.lost(.server, 1000)
    talk.says(.server, H2.settings + H2.settings)
    talk.says(.client, H2.settings + H2.settings)
    for id in stride(from: UInt32(2001), through: 2019, by: 2) {
      talk.says(.client, H2.get(id, "/after"))
      talk.says(.server, H2.headers(id, [(":status", "200")], ends: true))
    }
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    let after = dissection.drain().filter { $0.text(.path) == "/after" }
    #expect(after.count == 10 && after.allSatisfy { $0.int(.statusCode) == 200 })
    #expect(dissection.counters.misbehaved == 0)
  }

  @Test func contentWithoutItsBeginningIsKept() {
    var talk = Talk(serverPort: 50051)
    talk.isMidway = true
    talk.says(.server, H2.data(3, "middle ") + H2.data(3, "end", ends: true))
    let calls = talk.calls()
    #expect(calls.map { $0.response?.text } == ["middle end"])
    #expect(calls.first?.hasRequest == false)
    #expect(calls.first?.fault?.kind == .dissection)
  }

  @Test func lostBytesMarkWhatTheyHitAndNoMore() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/hit") + H2.get(3, "/after"))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")]) + H2.data(1, "one "))
    talk.lost(.server, 17)
    talk.says(.server, H2.data(1, "three") + H2.headers(1, [("x-end", "1")], ends: true))
    talk.says(.server, H2.headers(3, [(":status", "204")], ends: true))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/hit", "/after"])
    #expect(calls.map { $0.response?.text } == ["one three", ""])
    #expect(calls.map { $0.fault?.kind } == [.dissection, nil])
    #expect(calls.first?.response?.headers.value(of: "x-end") == "1")
  }

  @Test func aRequestAloneBehindAHoleHasItsReply() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/before"))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")], ends: true))
    talk.lost(.client, 60)
    talk.lost(.server, 40)
    for id: UInt32 in [5, 7] {
      talk.says(.client, H2.get(id, "/after"))
      talk.says(.server, H2.headers(id, [(":status", "204")], ends: true))
    }
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/before", "/after", "/after"])
    #expect(calls.map { $0.int(.statusCode) } == [200, 204, 204])
  }

  @Test func bytesLostInsideABodyKeepTheFrames() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/a") + H2.get(3, "/b"))
    let frame = H2.data(1, [UInt8](repeating: 0x61, count: 30_000))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")]) + frame.prefix(1000))
    talk.lost(.server, 20_000)
    talk.says(.server, frame.suffix(frame.count - 21_000) + H2.data(1, "end", ends: true))
    talk.says(.server, H2.headers(3, [(":status", "200")], ends: true))
    let calls = talk.calls()
    #expect(calls.first?.response?.bodyLength == 30_003)
    #expect(calls.first?.fault == Entry.Fault(.dissection, "20000 bytes were not captured"))
    #expect(calls.last?.fault == nil)
  }

  @Test func aBlockThatCannotBeDecodedIsCountedAndMarked() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/good"))
    talk.says(
      .client, H2.frame(1, 5, 3, [0x82, 0x04, 2, 0x2f, 0x62, 0xfe]) + H2.get(5, "/still"))
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    let calls = dissection.drain().filter(\.kind.isCall)
    #expect(calls.map { $0.text(.path) } == ["/good", "/b", "/still"])
    #expect(calls[1].fault == Entry.Fault(.dissection, "the header block could not be decoded"))
    #expect(dissection.counters.protocols["http2"]?.errors(of: .invalid) == 1)
  }

  @Test func forgottenStreamsAreCounted() {
    var talk = Talk()
    talk.says(.client, H2.opening)
    for number in 0..<5000 { talk.says(.client, H2.get(UInt32(number * 2 + 1), "/x")) }
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    #expect(dissection.drain().count == 5001)
    #expect(dissection.counters.protocols["http2"]?.errors(of: .tooLarge) == 1)
    #expect(dissection.isIdle)
  }

  @Test func anEndlessHeaderBlockIsGivenUp() {
    var talk = Talk()
    talk.says(.client, H2.opening + H2.get(1, "/"))
    talk.says(.client, H2.frame(1, 0, 3, H2.block([(":method", "GET")])))
    let more = H2.frame(9, 0, 3, [UInt8](repeating: 0x82, count: 16_000))
    for _ in 0..<40 { talk.says(.client, more) }
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    #expect(dissection.isIdle)
    #expect((dissection.counters.protocols["http2"]?.errors(of: .tooLarge) ?? 0) > 0)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/1.1\r\n\r\n", "*1\r\n$4\r\nPING\r\n",
    "\u{0}\u{0}\u{4}\u{4}\u{0}\u{0}\u{0}\u{0}\u{0}abcd", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
    "\u{0}\u{0}\u{2}\u{1}\u{4}\u{0}\u{0}\u{0}\u{1}ab",
  ])
  func otherProtocolsAreNotTaken(opening: String) {
    for isMidway in [false, true] {
      var talk = Talk()
      talk.isMidway = isMidway
      talk.client(opening)
      talk.server("+OK\r\n")
      let entries = talk.entries([HTTP2.row])
      #expect(entries.map(\.kind) == [.tcpConn])
    }
  }
}

// The conversations the laws are applied to.
extension HTTP2Tests {
  static let interleaved = talk { talk in
    talk.says(.client, H2.opening + H2.get(1, "/a") + H2.get(3, "/b"))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")]) + H2.data(1, "first "))
    talk.says(
      .server,
      H2.headers(3, [(":status", "404")]) + H2.data(1, "second ") + H2.frame(8, 0, 1, [0, 0, 1, 0])
        + H2.data(3, "not here", ends: true))
    talk.says(
      .client, H2.acknowledgement + H2.get(5, "/c") + H2.frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]))
    talk.says(
      .server,
      H2.headers(5, [(":status", "204")], ends: true) + H2.data(1, "third")
        + H2.data(1, "", ends: true))
  }

  static let continued = talk { talk in
    let block = H2.block(H2.request("GET", "/continued") + [("x-last", "end")])
    talk.says(.client, H2.opening)
    talk.says(
      .client,
      H2.frame(1, 1, 1, Array(block.prefix(10))) + H2.frame(9, 0, 1, Array(block[10..<11]))
        + H2.frame(9, 4, 1, Array(block[11...])))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")]) + H2.data(1, "x"))
    let trailers = H2.block([("x-checksum", "abc")])
    talk.says(.server, H2.frame(1, 1, 1, []) + H2.frame(9, 4, 1, trailers))
  }

  static let padded = talk { talk in
    talk.says(.client, H2.opening)
    let block = H2.block(H2.request("GET", "/padded"))
    talk.says(.client, H2.frame(1, 0x2d, 1, [3, 0, 0, 0, 0, 15] + block + [0, 0, 0]))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")]))
    talk.says(.server, H2.frame(0, 8, 1, [5] + Array("body".utf8) + [0, 0, 0, 0, 0]))
    talk.says(.server, H2.frame(0, 9, 1, [8, 0, 0, 0, 0, 0, 0, 0, 0]))
  }

  static let pushed = talk { talk in
    talk.says(.client, H2.opening + H2.get(1, "/"))
    talk.says(
      .server,
      H2.settings
        + H2.frame(5, 4, 1, H2.big32(2) + H2.block(H2.request("GET", "/style.css")))
        + H2.frame(5, 4, 1, H2.big32(4) + H2.block(H2.request("GET", "/unwanted.js"))))
    talk.says(.server, H2.headers(2, [(":status", "200")]) + H2.data(2, "css", ends: true))
    talk.says(.server, H2.headers(1, [(":status", "200")], ends: true))
    talk.says(.client, H2.reset(4, 8))
  }

  static let upgraded = talk { talk in
    talk.client(
      "GET /up HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        + "HTTP2-Settings: AAMAAABk\r\n\r\n")
    talk.server("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    talk.says(.server, H2.settings)
    talk.says(.client, H2.opening)
    talk.says(.server, H2.headers(1, [(":status", "200")]) + H2.data(1, "upgraded", ends: true))
    talk.says(.client, H2.get(3, "/next"))
    talk.says(.server, H2.headers(3, [(":status", "404")], ends: true))
  }

  static let resets = talk { talk in
    talk.says(.client, H2.opening + H2.get(1, "/cancelled") + H2.get(3, "/refused"))
    talk.says(.client, H2.headers(5, H2.request("PUT", "/half")) + H2.data(5, "some"))
    talk.says(.client, H2.headers(7, H2.request("PUT", "/enough")) + H2.data(7, "some"))
    talk.says(.server, H2.settings)
    talk.says(.client, H2.reset(1, 8))
    talk.says(.server, H2.reset(3, 7) + H2.headers(5, [(":status", "200")]) + H2.data(5, "x"))
    talk.says(.server, H2.reset(5, 2))
    talk.says(.server, H2.headers(7, [(":status", "200")]) + H2.data(7, "y", ends: true))
    talk.says(.server, H2.reset(7, 0))
  }

  static let longBody = talk { talk in
    talk.says(.client, H2.opening + H2.get(1, "/long"))
    talk.says(.server, H2.settings + H2.headers(1, [(":status", "200")]))
    talk.says(.server, H2.data(1, [UInt8](repeating: 0x61, count: 20_000)))
    talk.says(.server, H2.data(1, [UInt8](repeating: 0x62, count: 20_000), ends: true))
  }

  private static func talk(_ fill: (inout Talk) -> Void) -> Talk {
    var talk = Talk()
    fill(&talk)
    return talk
  }
}
