import Bytes
import Entries
import Flows
import Testing

@testable import Dissectors

@Suite struct HTTP1Tests {
  @Test func aRequestAndItsReplyAreOneEntry() throws {
    var talk = Talk()
    talk.client(
      "POST /orders?id=7&x=%20y HTTP/1.1\r\nHost: shop.example:8080\r\nContent-Type: text/plain\r\n"
        + "content-LENGTH: 5\r\n\r\nhello")
    talk.server(
      "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n"
        + #"{"ok":true}"#)
    let calls = talk.calls()
    let call = try #require(calls.first)
    #expect(calls.count == 1)
    #expect(call.kind == .http)
    #expect(call.transport == .tcp)
    #expect(call.text(.method) == "POST")
    #expect(call.text(.url) == "/orders?id=7&x=%20y")
    #expect(call.text(.path) == "/orders")
    #expect(call.text(.host) == "shop.example:8080")
    #expect(call.text(.httpVersion) == "HTTP/1.1")
    #expect(call.text(.requestContentType) == "text/plain")
    #expect(call.int(.statusCode) == 201)
    #expect(call.text(.statusText) == "Created")
    #expect(call.text(.responseContentType) == "application/json")
    #expect(call.int(.requestHeadersSize) == 107)
    #expect(call.int(.requestBodySize) == 5)
    #expect(call.int(.responseBodySize) == 11)
    #expect(call.request?.text == "hello")
    #expect(call.response?.text == #"{"ok":true}"#)
    #expect(call.requestSize == 112)
    #expect(call.elapsed == 1000)
    #expect(call.packets == 2...3)
    #expect(!call.failed)
    #expect(call.fault == nil)
  }

  @Test func pipelinedRequestsArePairedInOrder() {
    let calls = Self.pipeline.calls()
    #expect(calls.map { $0.text(.path) } == ["/a", "/b", "/c"])
    #expect(calls.map { $0.int(.statusCode) } == [200, 404, 204])
    #expect(calls.map(\.index) == [0, 1, 2])
    #expect(calls.map(\.failed) == [false, true, false])
  }

  @Test(arguments: [Self.pipeline, Self.chunks, Self.interims, Self.untilClose])
  func theLawsHold(_ talk: Talk) {
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.mutation(talk, rounds: 150)
    Laws.reordering(talk)
  }

  @Test func chunksExtensionsAndTrailersAreTakenApart() {
    let calls = Self.chunks.calls()
    #expect(calls.count == 2)
    #expect(calls.first?.response?.text == "hello chunked world")
    #expect(calls.first?.response?.headers.value(of: "x-checksum") == "abc")
    #expect(calls.first?.int(.responseBodySize) == 19)
    #expect(calls.last?.request?.text == "abc")
  }

  @Test func interimRepliesBelongToTheFinalOne() {
    let calls = Self.interims.calls()
    #expect(calls.count == 1)
    #expect(calls.first?.int(.statusCode) == 200)
    #expect(calls.first?.text(.details) == #"{"response":{"interim":[100,103]}}"#)
    #expect(calls.first?.request?.text == "ok")
  }

  @Test func aBodyWithoutLengthLastsUntilTheConnectionCloses() {
    let calls = Self.untilClose.calls()
    #expect(calls.count == 1)
    #expect(calls.first?.response?.text == "all of it\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
    #expect(calls.first?.fault == nil)
    var reset = Self.untilClose
    reset.turns.removeLast()
    reset.closeReason = .reset
    #expect(reset.calls().first?.fault?.kind == .connection)
  }

  @Test func repliesToHEADHaveNoBody() {
    var talk = Talk()
    talk.client("HEAD /big HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    talk.server("HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.int(.statusCode) } == [200, 304])
    #expect(calls.allSatisfy { $0.fault == nil })
  }

  @Test func transferCodingOverridesLength() {
    var talk = Talk()
    talk.client(
      "POST / HTTP/1.1\r\nContent-Length: 6\r\nTransfer-Encoding: gzip,\r\n chunked\r\n\r\n0\r\n\r\n"
        + "GET /x HTTP/1.1\r\n\r\n")
    talk.server(
      "HTTP/1.1 200\r\nContent-Length: 2, 2\r\n\r\nokHTTP/1.1 404 \r\nContent-Length:0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/", "/x"])
    #expect(calls.map { $0.int(.statusCode) } == [200, 404])
    #expect(calls.map { $0.text(.statusText) } == ["", ""])
  }

  @Test func bareLineFeedsFoldedLinesAndOddMethodsAreRead() {
    var talk = Talk(serverPort: 9999)
    talk.client("\r\nBREW-2 /pot HTTP/1.0\nX-A: one\n  two\nHost : here\n\n")
    talk.server("HTTP/1.0 418 I'm a teapot\nContent-Length: 0\n\n")
    let call = talk.calls().first
    #expect(call?.text(.method) == "BREW-2")
    #expect(call?.text(.host) == "here")
    #expect(call?.request?.headers.value(of: "x-a") == "one two")
    #expect(call?.int(.statusCode) == 418)
    #expect(call?.failed == true)
  }

  @Test(arguments: [
    ("GET http://h.example:81/p?q HTTP/1.1", "/p?q", "/p", "h.example:81"),
    ("GET http://h.example HTTP/1.1", "/", "/", "h.example"),
    ("GET http://h.example?q=/x HTTP/1.1", "/?q=/x", "/", "h.example"),
    ("GET http://[::1]:80/x HTTP/1.1", "/x", "/x", "[::1]:80"),
    ("GET http://bob:pw@h.example/p HTTP/1.1", "/p", "/p", "h.example"),
    ("OPTIONS * HTTP/1.1", "*", "*", "other"),
    ("GET /a?u=http://x/ HTTP/1.1", "/a?u=http://x/", "/a", "other"),
    ("GET /two words HTTP/1.1", "/two words", "/two words", "other"),
  ])
  func everyFormOfTargetIsRead(line: String, url: String, path: String, host: String) {
    var talk = Talk()
    // What the target says goes before the field (RFC 9112 §3.2.2).
    talk.client("\(line)\r\nHost: other\r\n\r\n")
    let call = talk.calls().first
    #expect(call?.text(.url) == url)
    #expect(call?.text(.path) == path)
    #expect(call?.text(.host) == host)
  }

  @Test func aTunnelIsRecognisedAnew() {
    var talk = Talk()
    talk.client("CONNECT inner:80 HTTP/1.1\r\nHost: inner:80\r\n\r\n")
    talk.server("HTTP/1.1 200 Connection established\r\n\r\n")
    talk.client("GET /inside HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.method) } == ["CONNECT", "GET"])
    #expect(calls.map { $0.text(.path) } == ["inner:80", "/inside"])
    #expect(calls.map { $0.int(.statusCode) } == [200, 500])
    #expect(calls.map(\.index) == [0, 1])
    Laws.split(talk)
  }

  @Test func afterAnUpgradeNothingIsTakenForHTTP() {
    var talk = Talk()
    talk.client("GET /chat HTTP/1.1\r\nUpgrade: odd\r\nConnection: Upgrade\r\n\r\n")
    talk.server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: odd\r\n\r\n\u{1}\u{2}binary")
    talk.client("\u{1}\u{2}\u{3}more")
    let entries = talk.entries()
    #expect(entries.count == 2)
    #expect(entries.first?.int(.statusCode) == 101)
    #expect(entries.last?.texts(.connL7Detected) == ["HTTP"])
  }

  @Test func aDeclinedUpgradeGoesOn() {
    var talk = Talk()
    talk.client("GET /a HTTP/1.1\r\nUpgrade: h2c\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    talk.client("GET /b HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    #expect(talk.calls().map { $0.text(.path) } == ["/a", "/b"])
    Laws.split(talk)
  }

  @Test(arguments: ["Content-Length: 40", "Transfer-Encoding: chunked"])
  func aRefusedBodyNeedNotCome(framing: String) {
    var talk = Talk()
    talk.client("PUT /a HTTP/1.1\r\nExpect: 100-continue\r\n\(framing)\r\n\r\n")
    talk.server("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
    talk.client("GET /b HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/a", "/b"])
    #expect(calls.map { $0.int(.statusCode) } == [417, 200])
    #expect(calls.allSatisfy { $0.fault == nil })
    Laws.split(talk)
  }

  @Test(arguments: ["Content-Length: 40", "Transfer-Encoding: chunked"])
  func aRefusedBodyIsNotMissed(framing: String) {
    var talk = Talk()
    talk.client("PUT /a HTTP/1.1\r\nExpect: 100-continue\r\n\(framing)\r\n\r\n")
    talk.server("HTTP/1.1 413 No\r\nConnection: close\r\n\r\nToo large.")
    talk.finishes(.server)
    talk.finishes(.client)
    let calls = talk.calls()
    #expect(calls.map { $0.int(.statusCode) } == [413])
    #expect(calls.first?.fault == nil)
    #expect(calls.first?.response?.text == "Too large.")
    // A reply that is cut is.
    for framing in ["Content-Length: 40", "Transfer-Encoding: chunked"] {
      var cut = talk
      cut.turns[1] = .says(.server, Array("HTTP/1.1 413 No\r\n\(framing)\r\n\r\n4\r\n".utf8))
      #expect(cut.calls().first?.fault?.kind == .connection)
    }
    // A body that has begun is.
    for body in ["4\r\nbody", "4"] {
      var begun = talk
      begun.turns.insert(.says(.client, Array(body.utf8)), at: 2)
      #expect(begun.calls().first?.fault?.kind == .connection)
    }
  }

  @Test(arguments: [true, false]) func aPromisedBodyIsReadToItsEnd(isWanted: Bool) {
    for body in ["hello", "x"] {
      var talk = Talk()
      let head = "PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: "
      talk.client(head + "\(body.utf8.count)\r\n\r\n")
      if isWanted {
        talk.server("HTTP/1.1 100 Continue\r\n\r\n")
        talk.client(body)
        talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      } else {
        talk.server("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
        talk.client(body)
      }
      talk.client("GET /b HTTP/1.1\r\n\r\n")
      talk.server("HTTP/1.1 204 No\r\n\r\n")
      let calls = talk.calls()
      #expect(calls.map { $0.text(.path) } == ["/a", "/b"])
      #expect(calls.allSatisfy { $0.fault == nil && $0.hasResponse })
      #expect(calls.first?.request?.text == body)
      #expect(calls.first?.requestSize == Int64(head.utf8.count + 5 + body.utf8.count))
      Laws.split(talk)
      Laws.truncation(talk)
    }
  }

  /// The method of the next request is longer than the body that does not come.
  @Test func inPlaceOfAShortRefusedBodyTheNextRequestIsFound() {
    var talk = Talk()
    talk.client("PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    talk.server("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
    talk.client("GET /b HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 204 No\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/a", "/b"])
    #expect(calls.allSatisfy { $0.fault == nil })
    Laws.split(talk)
  }

  @Test func bytesLostInsideABodyMarkItsEntryOnly() {
    var talk = Talk()
    talk.client("GET /a HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789")
    talk.lost(.server, 6)
    talk.server("6789")
    talk.client("GET /b HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/a", "/b"])
    #expect(calls.first?.fault == Entry.Fault(.dissection, "6 bytes were not captured"))
    #expect(calls.first?.response?.bodyLength == 20)
    #expect(calls.last?.fault == nil)
  }

  @Test func aPipelineBehindAHoleBetweenCallsIsPaired() {
    for isMidway in [true, false] {
      var talk = Talk()
      talk.isMidway = isMidway
      if !isMidway {
        talk.client("GET /0 HTTP/1.1\r\n\r\n")
        talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        talk.lost(.server, 40)
      }
      talk.client("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")
      for status in [201, 202] {
        talk.server("HTTP/1.1 \(status) OK\r\nContent-Length: 0\r\n\r\n")
      }
      let calls = talk.calls().suffix(2)
      #expect(calls.map { $0.text(.path) } == ["/a", "/b"])
      #expect(calls.map { $0.int(.statusCode) } == [201, 202])
    }
  }

  /// One reply is missing, and nobody knows which: those of its batch stand alone, and so do its requests.
  @Test func aLostReplyInAPipelineShiftsNothing() {
    func batch(_ paths: String...) -> String {
      paths.map { "GET \($0) HTTP/1.1\r\n\r\n" }.joined()
    }
    func replies(_ statuses: Int...) -> String {
      statuses.map { "HTTP/1.1 \($0) OK\r\nContent-Length: 0\r\n\r\n" }.joined()
    }
    var talk = Talk()
    talk.client(batch("/a", "/b"))
    talk.server(replies(201, 202))
    talk.client(batch("/c", "/d"))
    talk.lost(.server, 40)
    talk.server(replies(203))
    talk.client(batch("/e", "/f"))
    talk.server(replies(205, 206))
    talk.client(batch("/g"))
    talk.server(replies(207))
    let calls = talk.calls()
    let statuses = ["/a", "/b", "/e", "/f", "/g"].map { path in
      calls.first { $0.text(.path) == path }?.int(.statusCode)
    }
    #expect(statuses == [201, 202, 205, 206, 207])
    #expect(calls.count == 8)
    let alone = calls.filter { !$0.hasRequest }
    #expect(alone.map { $0.int(.statusCode) } == [203])
    #expect(alone.first?.fault == AnswerOrder.unknownQuestion)
    let unanswered = calls.filter { !$0.hasResponse }
    #expect(unanswered.map { $0.text(.path) } == ["/c", "/d"])
    #expect(unanswered.allSatisfy { $0.fault == AnswerOrder.unknownAnswer })
  }

  @Test func aLostReplyLeavesAHalfAndNoMixUp() {
    var talk = Talk()
    talk.client("GET /a HTTP/1.1\r\n\r\n")
    talk.lost(.server, 120)
    talk.client("GET /b HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n")
    talk.client("GET /c HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 203 OK\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.path) } == ["/a", "/b", "/c"])
    #expect(calls.map { $0.int(.statusCode) } == [nil, 202, 203])
    #expect(calls.first?.fault?.kind == .pairNotFound)
  }

  /// The end of a body, and the head of the next reply: only the first was heard before the next request.
  @Test func aHeadThatIsLostWithTheBodyBeforeItIsNotTheNextOnes() {
    var talk = Talk()
    talk.client("GET /a HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 201 OK\r\nContent-Length: 40\r\n\r\n")
    talk.heard(.client, 40)
    talk.client("GET /b HTTP/1.1\r\n\r\n")
    talk.lost(.server, 40 + 38)
    talk.server("0123456789")
    talk.client("GET /c HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 203 OK\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls()
    let statuses = ["/a", "/b", "/c"].map { path in
      calls.first { $0.text(.path) == path }?.int(.statusCode)
    }
    #expect(statuses == [201, nil, 203])
  }

  /// A burst of lost packets: a reply, and the request behind it.
  @Test func aReplyBehindHolesOfBothSidesIsNotThatOfWhoWaited() {
    var talk = Talk()
    talk.client("GET /a HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n")
    talk.client("GET /b HTTP/1.1\r\n\r\n")
    talk.lost(.client, 19)
    talk.lost(.server, 38)
    talk.server("HTTP/1.1 203 OK\r\nContent-Length: 0\r\n\r\n")
    talk.client("GET /d HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 204 OK\r\n\r\n")
    let calls = talk.calls()
    let statuses = ["/a", "/b", "/d"].map { path in
      calls.first { $0.text(.path) == path }?.int(.statusCode)
    }
    #expect(statuses == [201, nil, 204])
    #expect(calls.first { !$0.hasRequest }?.int(.statusCode) == 203)
    #expect(calls.count == 4)
  }

  @Test func aReplyCapturedJustBeforeItsRequestIsItsOwn() {
    var talk = Talk()
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    talk.client("GET /a HTTP/1.1\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.int(.statusCode) } == [200])
    #expect(calls.first?.elapsed == 0)
    #expect(calls.first?.text(.path) == "/a")
  }

  @Test func aReplyLongBeforeTheRequestStandsAlone() {
    var talk = Talk()
    talk.server("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
    talk.pause(500)
    talk.client("GET /a HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.int(.statusCode) } == [408, 200])
    #expect(calls.map(\.hasRequest) == [false, true])
    #expect(calls.first?.fault?.kind == .pairNotFound)
  }

  @Test func aReplyToALostRequestIsNotTakenForTheNextOnes() {
    var talk = Talk()
    talk.server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    talk.lost(.client, 90)
    talk.client("GET /a HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.int(.statusCode) } == [404, 200])
    #expect(calls.map { $0.text(.path) } == [nil, "/a"])
  }

  @Test(arguments: [
    ("GET /HTTP/1.1", "GET", "/HTTP/1.1"), ("OPTIONS HTTP/1.1", "OPTIONS", "HTTP/1.1"),
    ("GET /", "GET", "/"), ("DELETE", "DELETE", ""),
  ])
  func malformedRequestsAreReadWhenTheServerAnswersInHTTP(
    line: String, method: String, url: String
  ) {
    var talk = Talk(serverPort: 4711)
    talk.client("\(line)\r\nHost: x\r\n\r\n")
    talk.server("HTTP/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.method) } == [method])
    #expect(calls.map { $0.text(.url) } == [url])
    #expect(calls.map { $0.int(.statusCode) } == [400])
  }

  @Test func aRequestThatCannotBeReadShiftsNoPairOfItsPipeline() {
    var talk = Talk()
    talk.client("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nno request\r\n\r\n")
    talk.client("GET /c HTTP/1.1\r\n\r\n")
    for status in [200, 404, 400, 204] {
      talk.server("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n")
    }
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/a", "/b", nil, "/c"])
    #expect(calls.map { $0.int(.statusCode) } == [200, 404, 400, 204])
  }

  /// As of servers that answer HEAD with a body.
  @Test(arguments: ["body", "<p>\r\nmore\r\n</p>", "line\r\n"])
  func contentThatNoHeadToldOfIsPassedOver(content: String) {
    var talk = Talk()
    talk.client("HEAD /a HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + content)
    talk.client("GET /b HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/a", "/b"])
    #expect(calls.map { $0.int(.statusCode) } == [200, 404])
    Laws.split(talk)
  }

  @Test func aServerOfHTTP2AloneIsToldToBeOne() {
    var talk = Talk()
    talk.client("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    talk.says(.server, H2.settings + H2.goAway(last: 0, 1))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/healthz"])
    #expect(calls.first?.fault == Entry.Fault(.connection, "the server answered in HTTP/2"))
    Laws.split(talk)
  }

  @Test func moreBodyThanWasToldWaitsForNoReply() {
    var talk = Talk()
    talk.client("POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcdef\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    talk.client("GET /b HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.path) } == ["/a", "/b"])
    #expect(calls.map { $0.int(.statusCode) } == [200, 404])
  }

  @Test(arguments: [
    "HTTP/1.12 200 OK", "HTTP/2.0 200 OK", "HTTP/2 200", "HTTP/0.9 200 OK", "ICY 200 OK",
    "HTTP/1.1 200OK",
  ])
  func statusLinesOfOtherVersionsAreReplies(line: String) {
    var talk = Talk()
    talk.client("GET /a HTTP/1.0\r\n\r\n")
    talk.server("\(line)\r\nContent-Length: 5\r\n\r\nhello")
    let calls = talk.calls()
    #expect(calls.map { $0.int(.statusCode) } == [200])
    #expect(calls.first?.response?.text == "hello" && calls.first?.fault == nil)
    Laws.split(talk)
  }

  @Test(arguments: ["20 OK", "2xx", "-200", ""])
  func whatHasNoStatusIsNoReply(status: String) {
    var talk = Talk()
    talk.client("GET /a HTTP/1.0\r\n\r\n")
    talk.server("HTTP/1.1 \(status)\r\nContent-Length: 5\r\n\r\nhello")
    #expect(talk.calls().map(\.hasResponse) == [false])
  }

  @Test(arguments: ["2", "02", " 2 ", "2;name=value", "+2", "0x2", "0X02"])
  func sizesOfChunksAreReadAsLenientReadersDo(size: String) {
    var talk = Talk()
    talk.client("GET /a HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\nok\r\n0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.response?.text } == ["ok"])
    #expect(calls.first?.fault == nil)
  }

  @Test(arguments: ["chunked,", "chunked, identity", "chunked\r\nTransfer-Encoding: identity"])
  func codingsThatSayNothingLeaveTheChunks(coding: String) {
    var talk = Talk()
    talk.client("GET /a HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nTransfer-Encoding: \(coding)\r\n\r\n2\r\nok\r\n0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.response?.text } == ["ok"])
    #expect(calls.first?.fault == nil)
  }

  @Test func joinedMidwayItFindsTheNextMessage() {
    var talk = Talk()
    talk.isMidway = true
    talk.server("rest of a body\r\nnothing HTTP/1.1 here\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    talk.client("GET /b HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.int(.statusCode) } == [200, 404])
    #expect(calls.map { $0.text(.path) } == [nil, "/b"])
    #expect(calls.first?.fault?.kind == .pairNotFound)
    #expect(calls.first?.text(.httpVersion) == "HTTP/1.1")
  }

  @Test func theSideThatAsksIsTheSource() {
    var talk = Talk()
    talk.isMidway = true
    talk.says(.server, Array("GET /x HTTP/1.1\r\n\r\n".utf8))
    talk.says(.client, Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))
    let entries = talk.entries()
    #expect(entries.first?.source.port == 80)
    #expect(entries.first?.hasResponse == true)
    // The connection's own entry follows the requests, too.
    #expect(entries.last?.source.port == 80)
  }

  @Test func aHeadCutByTheCaptureIsKeptAsFarAsItGoes() {
    var talk = Talk()
    talk.client("GET /cut HTTP/1.1\r\nHost: here\r\nX-Long: abc")
    talk.lost(.client, 500)
    let call = talk.calls().first
    #expect(call?.text(.path) == "/cut")
    #expect(call?.text(.host) == "here")
    #expect(call?.fault?.kind == .dissection)
  }

  /// By a snapshot length, for example: the target is whole, its line is not.
  @Test func ofAStartLineThatIsCutTheTargetIsKept() {
    var talk = Talk()
    talk.client("GET /images/box.gif HTT")
    talk.lost(.client, 400)
    talk.server("HTTP/1.1 200 O")
    talk.lost(.server, 400)
    let call = talk.calls().first
    #expect(call?.text(.method) == "GET" && call?.text(.path) == "/images/box.gif")
    #expect(call?.int(.statusCode) == 200 && call?.fault?.kind == .dissection)
    for line in ["GET /images/bo", "GET ", "FOO /x y", "HTTP/1.1 20"] {
      var cut = Talk()
      cut.client(line)
      cut.lost(.client, 400)
      #expect(cut.calls([HTTP1.row]).isEmpty, "\(line)")
    }
  }

  /// A snapshot length cuts every message of a connection, not only its first.
  @Test func startLinesThatAreCutAreFoundBehindGaps() {
    var talk = Talk()
    for path in ["/a", "/b", "/c"] {
      talk.client("GET \(path) HTT")
      talk.lost(.client, 100)
      talk.server("HTTP/1.1 200 O")
      talk.lost(.server, 3_000)
    }
    let calls = talk.calls([HTTP1.row])
    #expect(calls.map { $0.text(.path) } == ["/a", "/b", "/c"])
    #expect(calls.allSatisfy { $0.int(.statusCode) == 200 && $0.fault?.kind == .dissection })
  }

  /// JSON has no line break at its end: the next reply begins in the same line.
  @Test func behindTheRestOfABodyTheNextReplyIsFound() {
    func exchange(_ path: String, _ status: Int, in talk: inout Talk) {
      talk.client("POST \(path) HTTP/1.1\r\nContent-Length: 7\r\n\r\n{\"a\":1}")
      talk.server("HTTP/1.1 \(status) OK\r\nContent-Length: 7\r\n\r\n{\"b\":2}")
    }
    var lossy = Talk()
    lossy.client("GET /a HTTP/1.1\r\n\r\n")
    lossy.lost(.server, 60)
    lossy.server("\"c\":3}")
    exchange("/b", 201, in: &lossy)
    exchange("/c", 202, in: &lossy)
    let calls = lossy.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.path) } == ["/a", "/b", "/c"])
    #expect(calls.map { $0.int(.statusCode) } == [nil, 201, 202])
    Laws.split(lossy)

    var midway = Talk()
    midway.isMidway = true
    midway.server("{\"c\":3}")
    exchange("/b", 201, in: &midway)
    exchange("/c", 202, in: &midway)
    #expect(midway.calls().map { $0.int(.statusCode) } == [201, 202])
  }

  @Test func behindTheRestOfABodyTheNextRequestIsFound() {
    var talk = Talk()
    talk.client("GET /a HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 204 No\r\n\r\n")
    talk.lost(.client, 80)
    talk.client("\"x\":1}")
    talk.server("HTTP/1.1 205 No\r\nContent-Length: 0\r\n\r\n")
    talk.client("POST /b HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
    talk.server("HTTP/1.1 206 No\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.path) } == ["/a", nil, "/b"])
    #expect(calls.map { $0.int(.statusCode) } == [204, 205, 206])
    Laws.split(talk)
  }

  @Test func proseBehindAGapIsNoStartLine() {
    var talk = Talk()
    talk.client("GET / HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n")
    talk.lost(.server, 100)
    talk.server("LINK to them, ")
    talk.lost(.server, 100)
    talk.server("as in GET /x HTTP/1.1\r\nand HTTP/1.1 200 OK\r\n")
    #expect(talk.calls([HTTP1.row]).count == 1)
  }

  @Test(arguments: [
    "SET key HTTP\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTPS/1.1 200 OK\r\n",
    "EHLO mail.example\r\n", "*1\r\n$4\r\nPING\r\n",
  ])
  func otherProtocolsAreNotTaken(opening: String) {
    var talk = Talk()
    talk.client(opening)
    talk.server("+OK\r\n")
    let entries = talk.entries([HTTP1.row])
    #expect(entries.count == 1)
    #expect(entries.first?.kind == .tcpConn)
    #expect(entries.first?.request?.text == opening)
    #expect(entries.first?.response?.text == "+OK\r\n")
  }

  @Test func anEndlessHeadIsGivenUp() {
    var talk = Talk()
    talk.client("GET / HTTP/1.1\r\n")
    for number in 0..<3000 { talk.client("X-\(number): filling the head up\r\n") }
    let dissection = Dissection()
    talk.play(to: dissection)
    #expect(dissection.isIdle)
    #expect(dissection.counters.protocols["http"]?.errors(of: .tooLarge) == 1)
  }

  @Test func aChunkLargerThanAnyBodyIsAnError() {
    var talk = Talk()
    talk.client("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx")
    #expect(talk.calls().first?.fault != nil)
  }

  // MARK: Conversations

  static let pipeline = {
    var talk = Talk()
    talk.client(
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
    talk.client("DELETE /c HTTP/1.1\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 404 Not Found\r\n")
    talk.server("Content-Length: 0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    return talk
  }()

  static let chunks = {
    var talk = Talk()
    talk.client("GET /a HTTP/1.1\r\n\r\n")
    talk.server(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n\r\n"
        + "6\r\nhello \r\n8;name=\"v\"\r\nchunked \r\n005\r\nworld\r\n0\r\nX-Checksum: abc\r\n\r\n")
    talk.client("PUT /b HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3\nabc\n0\n\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return talk
  }()

  static let interims = {
    var talk = Talk()
    talk.client("PUT /up HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    talk.server("HTTP/1.1 100 Continue\r\n\r\n")
    talk.client("ok")
    talk.server(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return talk
  }()

  static let untilClose = {
    var talk = Talk()
    talk.client("GET /a HTTP/1.0\r\n\r\n")
    talk.server("HTTP/1.0 200 OK\r\n\r\nall of it\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
    talk.finishes(.server)
    return talk
  }()
}
