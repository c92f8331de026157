import Bytes
import Decompression
import Entries
import Flows
import JSON
import TestSupport
import Testing

@testable import Dissectors

@Suite struct TLSDecryptionTests {
  @Test(arguments: [true, false])
  func whatIsInsideBecomesEntriesBesideTheHandshake(isVersion13: Bool) {
    var sealed = SealedTalk(isVersion13: isVersion13)
    sealed.asks("/a", gets: 200, "tea")
    sealed.asks("/b", gets: 404)
    let calls = sealed.opened.calls()
    #expect(calls.map(\.kind) == [.tlsx, .http, .http])
    #expect(calls.map(\.decrypted) == [false, true, true])
    #expect(calls.compactMap { $0.text(.path) } == ["/a", "/b"])
    #expect(calls.compactMap { $0.int(.statusCode) } == [200, 404])
    #expect(calls[1].response?.text == "tea")
    #expect(calls.map(\.index) == [0, 1, 2], "one row of numbers for both")
    #expect(calls[2].failed)
    #expect(record(sealed.opened)?.text(.connTLS) == "decrypted")
    #expect(record(sealed.opened)?.texts(.connL7Detected) == ["HTTP", "TLS"])
  }

  @Test func withoutSecretsTheHandshakeStays() {
    var sealed = SealedTalk()
    sealed.asks("/a")
    #expect(sealed.talk.calls().map(\.kind) == [.tlsx])
    #expect(record(sealed.talk)?.text(.connTLS) == "no_key_log")
    var other = sealed.talk
    other.secrets = SealedTalk.known("CLIENT_RANDOM \(hex([UInt8](repeating: 8, count: 32))) 00\n")
    #expect(other.calls().map(\.kind) == [.tlsx])
    #expect(record(other)?.text(.connTLS) == "no_keys")
  }

  // MARK: The handshake of TLS 1.3

  @Test func whatAHandshakeHidesIsShownWithItsSecrets() throws {
    var sealed = SealedTalk(flight: TLSTests.certificateEntry, alpn: "http/1.1")
    let bare = sealed
    sealed.asks("/a")
    for talk in [bare, sealed] {
      let call = try #require(talk.opened.calls().first)
      #expect(call.kind == .tlsx && call.fault == nil && !call.failed && call.index == 0)
      #expect(call.text(.tlsxALPN) == "http/1.1")
      #expect(call.text(.tlsxSummary) == "api.shop")
      let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
      #expect(reply?["alpn"] == "http/1.1")
      #expect(reply?["ocspStapled"] == true)
      #expect(reply?["certificates"]?.array?.count == 1)
      #expect(reply?["certificates"]?[0]?["subject"] == "CN=api.shop, O=Shop")
      #expect(reply?["certificates"]?[0]?["names"] == ["api.shop", "www.shop"])
    }
    let closed = try #require(sealed.talk.calls().first)
    #expect(closed.fault == nil && closed.text(.tlsxALPN) == "h2", "what the client offers")
    let hidden = try JSONReader.value(of: closed.text(.details) ?? "")["response"]
    #expect(hidden?["certificates"] == nil && hidden?["version"] == "TLS 1.3")
  }

  /// RFC 8879, as browsers and large servers have it.
  @Test func compressedCertificatesAreShown() throws {
    let dissection = Dissection(
      switches: .everything, secrets: SealedTalk.known(SealedTalk().keyLog))
    SealedTalk(flight: TLSTests.compressedCertificate).talk.play(to: dissection)
    let call = try #require(dissection.drain().first)
    let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
    #expect(reply?["certificates"]?[0]?["subject"] == "CN=api.shop, O=Shop")
    #expect(dissection.counters.decompressions.whole == 1)
  }

  @Test func anAlertInsideTheHandshakeIsAFailure() throws {
    let distrusted = SealedTalk(flight: TLSTests.certificateEntry, refusal: 48)
    let first = distrusted.opened.calls()
    #expect(first.map(\.failed) == [true] && first[0].text(.statusText) == "unknown CA")
    #expect(first[0].fault?.message == "the client ended the handshake: unknown CA")
    #expect(distrusted.talk.calls().map(\.failed) == [false], "nobody can see it")
    // RFC 8446 §4.3.2: what the server makes of the client's certificate, it says after Finished.
    var unproven = SealedTalk(flight: [13, 0, 0, 3, 0, 0, 0])
    unproven.says(.client, "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n")
    unproven.refuses(.server, 116)
    let second = unproven.opened.calls()
    #expect(second.map(\.kind) == [.tlsx, .http] && second[0].failed && second[0].fault == nil)
    #expect(second[0].text(.statusText) == "certificate required")
    // Of one that nobody asked for proof, alerts come after the handshake.
    var later = SealedTalk()
    later.asks("/a")
    later.refuses(.server, 80)
    #expect(later.opened.calls().map(\.failed) == [false, false])
    for talk in [distrusted.opened, unproven.opened] {
      Laws.split(talk)
      Laws.truncation(talk)
      Laws.reordering(talk)
      Laws.mutation(talk, rounds: 50)
    }
  }

  /// The call of the handshake waits with its records, and not for ever.
  @Test func aHandshakeWhoseSecretsComeLateIsWhole() throws {
    let sealed = SealedTalk(flight: TLSTests.certificateEntry)
    for comes in [true, false] {
      let secrets = SealedTalk.known("")
      secrets.mayGrow(true)
      let dissection = Dissection(switches: .everything, secrets: secrets)
      play(sealed.talk, to: dissection)
      #expect(dissection.drain().isEmpty)
      if comes {
        var log = KeyLog()
        log.take(Array(sealed.keyLog.utf8).rawSpan, into: secrets)
      }
      dissection.advance(to: Timestamp(milliseconds: comes ? 2_000 : 20_000))
      let calls = dissection.drain()
      #expect(calls.map(\.kind) == [.tlsx] && calls[0].fault == nil)
      let reply = try JSONReader.value(of: calls[0].text(.details) ?? "")["response"]
      #expect((reply?["certificates"] != nil) == comes)
    }
  }

  /// It was told that the key log has no secrets of it.
  @Test(arguments: [true, false])
  func aHandshakeThatNothingFollowsIsDecrypted(isVersion13: Bool) {
    let bare = SealedTalk(isVersion13: isVersion13)
    #expect(record(bare.opened)?.text(.connTLS) == "decrypted")
    #expect(record(bare.talk)?.text(.connTLS) == "no_key_log")
  }

  @Test func secretsThatDoNotFitOpenNothing() {
    for isVersion13 in [true, false] {
      var sealed = SealedTalk(isVersion13: isVersion13)
      sealed.asks("/a")
      var wrong = sealed.talk
      wrong.secrets = SealedTalk.known(
        sealed.keyLog.split(separator: "\n").map { $0.dropLast(2) + "aa\n" }.joined())
      #expect(wrong.calls().map(\.kind) == [.tlsx])
      #expect(record(wrong)?.text(.connTLS) == "wrong_keys")
    }
  }

  @Test func keysChangeWhileTheyAreInUse() {
    var sealed = SealedTalk()
    sealed.asks("/a")
    sealed.updatesKey(.client)
    sealed.asks("/b")
    sealed.updatesKey(.server)
    sealed.updatesKey(.client)
    sealed.asks("/c")
    #expect(sealed.opened.calls().compactMap { $0.text(.path) } == ["/a", "/b", "/c"])
  }

  @Test func earlyDataIsMarked() {
    var sealed = SealedTalk(early: "GET /early HTTP/1.1\r\nHost: shop\r\n\r\n")
    sealed.says(.server, "HTTP/1.1 204 X\r\n\r\n")
    sealed.asks("/late")
    let calls = sealed.opened.calls().filter { $0.kind == .http }
    #expect(calls.compactMap { $0.text(.path) } == ["/early", "/late"])
    #expect(calls.map { $0.fields[.tlsEarlyData] } == [.bool(true), .none])
  }

  /// A log with the last secrets alone opens what they are for.
  @Test func handshakeSecretsMayBeMissing() {
    var sealed = SealedTalk()
    sealed.asks("/a")
    var talk = sealed.talk
    talk.secrets = SealedTalk.known(
      sealed.keyLog.split(separator: "\n").filter { $0.contains("_TRAFFIC_SECRET_0") }
        .joined(separator: "\n"))
    #expect(talk.calls().compactMap { $0.text(.path) } == ["/a"])
  }

  @Test func aReplyThatLastsUntilTheEndEndsWithCloseNotify() {
    var sealed = SealedTalk()
    sealed.says(.client, "GET /a HTTP/1.0\r\n\r\n")
    sealed.says(.server, "HTTP/1.0 200 OK\r\n\r\nall there is")
    sealed.closes(.server)
    var talk = sealed.opened
    talk.closeReason = .reset
    let call = talk.calls().last
    #expect(call?.fault == nil && call?.response?.text == "all there is")
  }

  @Test func aConnectionJoinedMidwayIsToldToBe() {
    var talk = Talk(serverPort: 443)
    talk.isMidway = true
    talk.secrets = SealedTalk.known("")
    talk.says(.client, TLSTests.record(23, Array(repeating: 1, count: 60)))
    talk.says(.server, TLSTests.record(23, Array(repeating: 2, count: 600)))
    #expect(talk.calls().isEmpty)
    #expect(record(talk)?.text(.connTLS) == "handshake_not_seen")
  }

  // MARK: What is missing

  @Test func aGapLeavesWhatComesBehindReadable() {
    for isVersion13 in [true, false] {
      var sealed = SealedTalk(isVersion13: isVersion13)
      sealed.asks("/a")
      sealed.says(.client, "GET /b HTTP/1.1\r\n\r\n")
      let head = "HTTP/1.1 200 X\r\nContent-Length: 90\r\n\r\n"
      sealed.says(.server, head + String(repeating: "x", count: 30))
      sealed.loses(.server, String(repeating: "y", count: 20))
      sealed.says(.server, String(repeating: "z", count: 40))
      sealed.asks("/c")
      let calls = sealed.opened.calls().filter { $0.kind == .http }
      #expect(calls.compactMap { $0.text(.path) } == ["/a", "/b", "/c"])
      #expect(calls[1].fault?.message == "20 bytes were not captured")
      #expect(calls[2].fault == nil)
    }
  }

  @Test func aGapInsideARecordLosesThatRecord() {
    var sealed = SealedTalk()
    sealed.says(.client, "GET /a HTTP/1.1\r\n\r\n")
    let record = sealed.sealed(
      .server, Array("HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n".utf8), type: 23)
    sealed.talk.says(.server, Array(record.prefix(20)))
    sealed.talk.lost(.server, 10)
    sealed.talk.says(.server, Array(record.dropFirst(30)))
    sealed.talk.heard(.client, 10)
    sealed.asks("/b", gets: 204)
    let calls = sealed.opened.calls().filter { $0.kind == .http }.sorted { $0.index < $1.index }
    #expect(calls.compactMap { $0.text(.path) } == ["/a", "/b"])
    #expect(calls.map { $0.int(.statusCode) } == [nil, 204])
  }

  /// Whose a reply is cannot be told behind a hole, until the client has rested: as in the clear.
  @Test func afterARestNobodyInsideWaitsAnyMore() throws {
    func gets(_ keys: String...) -> String {
      keys.map { "*2\r\n$3\r\nGET\r\n$1\r\n\($0)\r\n" }.joined()
    }
    for pause: Int64 in [0, 1500] {
      var sealed = SealedTalk()
      sealed.says(.client, gets("a", "b"))
      sealed.says(.server, "$1\r\na\r\n")
      sealed.says(.client, gets("c"))
      sealed.says(.server, "$1\r\nb\r\n$1\r\nc\r\n")
      sealed.says(.client, gets("d", "e"))
      sealed.loses(.server, "$1\r\nd\r\n")
      sealed.says(.server, "$1\r\ne\r\n")
      sealed.talk.pause(pause)
      sealed.says(.client, gets("g"))
      sealed.says(.server, "$1\r\ng\r\n")
      let call = try #require(sealed.opened.calls().first { $0.text(.redisKey) == "g" })
      #expect(call.hasResponse == (pause > 0), "\(pause)")
    }
  }

  // MARK: Secrets that come late

  @Test(arguments: [true, false])
  func recordsWaitForTheirSecrets(isOver: Bool) {
    var sealed = SealedTalk()
    sealed.asks("/a", gets: 200, "tea")
    let secrets = SealedTalk.known("")
    secrets.mayGrow(true)
    let dissection = Dissection(switches: .everything, secrets: secrets)
    if isOver {
      sealed.talk.play(to: dissection)
    } else {
      play(sealed.talk, to: dissection)
    }
    #expect(dissection.drain().filter { $0.kind == .http || $0.kind == .tcpConn }.isEmpty)
    #expect(dissection.held.sealedBytes > 0)
    var log = KeyLog()
    log.take(Array(sealed.keyLog.utf8).rawSpan, into: secrets)
    dissection.advance(to: Timestamp(milliseconds: 2_000))
    let calls = dissection.drain()
    #expect(calls.filter { $0.kind == .http }.map { $0.response?.text } == ["tea"])
    #expect(calls.first { $0.kind == .http }?.elapsed == 1000, "with the times of the records")
    #expect(calls.filter { $0.kind == .tcpConn }.count == (isOver ? 1 : 0))
    #expect(dissection.held.sealedBytes == 0)
    dissection.finish()
    #expect(dissection.isIdle)
  }

  @Test func waitingHasAnEnd() {
    var sealed = SealedTalk()
    sealed.asks("/a")
    let secrets = SealedTalk.known("")
    secrets.mayGrow(true)
    let dissection = Dissection(switches: .everything, secrets: secrets)
    sealed.talk.play(to: dissection)
    dissection.advance(to: Timestamp(milliseconds: 9_000))
    #expect(dissection.held.sealedBytes > 0)
    dissection.advance(to: Timestamp(milliseconds: 11_000))
    #expect(dissection.isIdle)
    #expect(dissection.counters.sealedDropped > 0)
    #expect(dissection.counters.secrecy == [.noKeys: 1])
    #expect(dissection.drain().map(\.kind) == [.tlsx, .tcpConn])
  }

  @Test func waitingHasALimit() {
    var sealed = SealedTalk()
    for number in 0..<20 { sealed.asks("/\(number)") }
    let secrets = SealedTalk.known("")
    secrets.mayGrow(true)
    var limits = DissectionLimits()
    limits.sealedPerConversation = 500
    let dissection = Dissection(limits: limits, switches: .everything, secrets: secrets)
    play(sealed.talk, to: dissection)
    #expect(dissection.held.sealedBytes <= 500)
    #expect(dissection.counters.sealedDropped > 0)
    var log = KeyLog()
    log.take(Array(sealed.keyLog.utf8).rawSpan, into: secrets)
    dissection.closed(0, sealed.talk.conversation)
    #expect(dissection.counters.secrecy == [.keysTooLate: 1])
    #expect(dissection.isIdle)
  }

  // MARK: Laws

  @Test func anySplitGivesTheSameMessages() { for talk in Self.talks { Laws.split(talk) } }

  @Test func anyBeginningGivesABeginningOfTheMessages() {
    for talk in Self.talks { Laws.truncation(talk) }
  }

  @Test func anyOrderOfSegmentsGivesTheSameMessages() {
    for talk in Self.talks { Laws.reordering(talk) }
  }

  @Test func nothingBreaksIt() { for talk in Self.talks { Laws.mutation(talk, rounds: 150) } }

  private static let talks: [Talk] = [true, false].map { isVersion13 in
    var sealed =
      isVersion13
      ? SealedTalk(flight: TLSTests.certificateEntry, alpn: "http/1.1")
      : SealedTalk(isVersion13: false)
    sealed.asks("/a", gets: 200, "tea")
    if isVersion13 { sealed.updatesKey(.client) }
    sealed.asks("/b", gets: 404)
    return sealed.opened
  }

  /// Plays a talk that does not end.
  private func play(_ talk: Talk, to dissection: Dissection) {
    dissection.opened(0, talk.conversation)
    for (number, turn) in talk.turns.enumerated() {
      guard case .says(let side, let bytes) = turn else { continue }
      let moment = Moment(
        timestamp: Timestamp(milliseconds: Int64(number)), packet: UInt64(number) + 2)
      dissection.received(bytes.rawSpan, on: 0, from: side, at: moment)
    }
  }

  private func record(_ talk: Talk) -> Entry? { talk.entries().first { $0.kind == .tcpConn } }
}
