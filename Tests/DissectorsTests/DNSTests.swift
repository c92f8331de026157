import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Layers
import TestSupport
import Testing

@Suite struct DNSTests {
  @Test func aQuestionAndItsAnswerAreOneEntry() throws {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(.client, Wire(id: 7, flags: 0x0100).asking("www.Example.com", 1).bytes)
    talk.says(
      .server,
      Wire(id: 7, flags: 0x8180).asking("www.Example.com", 1)
        .answering("www.example.com", 5, 60, Wire.name("web.example.com"))
        .answering("web.example.com", 1, 300, [10, 0, 0, 9]).bytes)
    let calls = talk.calls()
    let call = try #require(calls.first)
    #expect(calls.count == 1)
    #expect(call.kind == .dns)
    #expect(call.transport == .udp)
    #expect(call.texts(.dnsQuestions) == ["www.Example.com"])
    #expect(call.texts(.dnsQuestionTypes) == ["A"])
    #expect(call.texts(.dnsAnswers) == ["web.example.com", "10.0.0.9"])
    #expect(call.text(.dnsRcode) == "NOERROR")
    #expect(call.int(.statusCode) == 0)
    #expect(call.elapsed == 1000)
    #expect(!call.failed)
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    #expect(details["request"]?["id"] == .int(7))
    #expect(details["request"]?["flags"] == .array([.string("rd")]))
    #expect(details["response"]?["answers"]?[1]?["ttl"] == .int(300))
    #expect(details["response"]?["answers"]?[1]?["ip"] == .string("10.0.0.9"))
    #expect(details["response"]?["answers"]?[0]?["cname"] == .string("web.example.com"))
  }

  @Test func rareTypesHaveTheirNames() {
    let types: [UInt16: String] = [
      3: "MD", 23: "NSAP-PTR", 38: "A6", 104: "NID", 107: "LP", 254: "MAILA", 260: "AMTRELAY",
      32_769: "DLV", 65_281: "WINS", 54: "TYPE54",
    ]
    for (code, name) in types {
      var talk = Talk(transport: .udp, serverPort: 53)
      talk.says(.client, Wire(id: 7).asking("a.example", code).bytes)
      #expect(talk.calls().first?.texts(.dnsQuestionTypes) == [name])
    }
  }

  @Test func repliesFindTheirQuestionsByIdAndWords() {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(.client, Wire(id: 1).asking("a.example", 1).bytes)
    talk.says(.client, Wire(id: 1).asking("a.example", 28).bytes)
    talk.says(.client, Wire(id: 2).asking("b.example", 1).bytes)
    talk.says(.server, Wire(id: 2, flags: 0x8183).asking("B.example", 1).bytes)
    talk.says(.server, Wire(id: 1, flags: 0x8180).asking("a.example", 28).bytes)
    talk.says(.server, Wire(id: 9, flags: 0x8180).asking("a.example", 1).bytes)
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.texts(.dnsQuestionTypes) } == [["A"], ["AAAA"], ["A"], ["A"]])
    #expect(calls.map { $0.text(.dnsRcode) } == [nil, "NOERROR", "NXDOMAIN", "NOERROR"])
    #expect(calls.map(\.failed) == [false, false, true, false])
    #expect(calls.map { $0.fault?.kind } == [.pairNotFound, nil, nil, .pairNotFound])
  }

  @Test func repeatedQuestionsRefreshAndFurtherAnswersAreCounted() {
    var talk = Talk(transport: .udp, serverPort: 53)
    let question = Wire(id: 5).asking("slow.example", 1).bytes
    let answer = Wire(id: 5, flags: 0x8180).asking("slow.example", 1).bytes
    talk.says(.client, question)
    talk.pause(40_000)
    talk.says(.client, question)
    talk.pause(40_000)
    talk.says(.server, answer)
    talk.says(.server, answer)
    let dissection = Dissection()
    talk.play(to: dissection)
    let calls = dissection.drain().filter(\.kind.isCall)
    #expect(calls.count == 1)
    #expect(calls.first?.elapsed == 80_004_000)
    let figures = dissection.counters.protocols["dns"]
    #expect(figures?.repeats == 1)
    #expect(figures?.interim == 1)
    #expect(figures?.late == 1)
  }

  @Test func aReplyWithoutQuestionIsFoundByItsId() {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(.client, Wire(id: 77).asking("x.example", 255).bytes)
    talk.says(.server, Wire(id: 77, flags: 0x8181).bytes)
    let calls = talk.calls()
    #expect(calls.count == 1)
    #expect(calls.first?.text(.dnsRcode) == "FORMERR")
    #expect(calls.first?.texts(.dnsQuestions) == ["x.example"])
  }

  @Test func anInverseQueryIsAnsweredByAQuestion() {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(.client, Wire(id: 9, flags: 0x0900).answering(".", 1, 1, [1, 2, 3, 4]).bytes)
    talk.says(
      .server,
      Wire(id: 9, flags: 0x8980).asking("[1.2.3.4]", 1).answering(".", 1, 1, [1, 2, 3, 4]).bytes)
    #expect(talk.calls().map(\.hasResponse) == [true])
  }

  @Test func aDatagramCutByTheCaptureStillTellsItsQuestion() {
    var talk = Talk(transport: .udp, serverPort: 53)
    let whole = Wire(id: 9, flags: 0x8180).asking("a.example", 1)
      .answering("a.example", 1, 1, [1, 2, 3, 4]).bytes
    talk.says(.client, Wire(id: 9).asking("a.example", 1).bytes)
    talk.lost(.server, 10)
    talk.says(.server, Array(whole.dropLast(10)))
    let call = talk.calls().first
    #expect(call?.hasResponse == true)
    // What is missing is no fault of whoever sent it, and counts as sent.
    #expect(call?.fault?.message == "only the beginning of it was captured")
    #expect(call?.responseSize == Int64(whole.count))
    #expect(call?.texts(.dnsQuestions) == ["a.example"])
  }

  /// A pointer that does not lead backwards damages one name; what follows is read.
  @Test func answersBehindAMalformedNameAreShown() throws {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(.client, Wire(id: 9).asking("a.example", 1).bytes)
    var reply = Wire(id: 9, flags: 0x8180).asking("a.example", 1).bytes
    reply[7] = 3
    // A second question whose name does, too.
    reply[5] = 2
    reply += [1, 0x63, 0xc0, 0xff, 0, 1, 0, 1]
    // A name that points at itself, a CNAME that does, and an address.
    reply += [1, 0x62, 0xc0, 0xff, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 0, 1]
    reply += [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 0, 0, 2, 0xc0, 0xff]
    reply += [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 0, 2]
    talk.says(.server, reply)
    let call = try #require(talk.calls().first)
    #expect(call.hasRequest && call.hasResponse)
    #expect(call.fault?.kind == .dissection)
    #expect(call.texts(.dnsAnswers) == ["10.0.0.1", "10.0.0.2"])
  }

  @Test func overTCPMessagesHaveALength() {
    let calls = Self.stream.calls()
    #expect(calls.map { $0.texts(.dnsQuestions) } == [["one.example"], ["two.example"]])
    #expect(calls.map { $0.texts(.dnsAnswers) } == [["10.0.0.1"], ["::1"]])
    #expect(calls.allSatisfy { $0.transport == .tcp && $0.fault == nil })
  }

  @Test func theLawsHold() {
    Laws.split(Self.stream)
    Laws.truncation(Self.stream)
    Laws.mutation(Self.stream)
    Laws.reordering(Self.stream)
    var datagrams = Self.stream
    datagrams.transport = .udp
    datagrams.turns = Self.stream.turns.map { turn in
      if case .says(let side, let bytes) = turn {
        .says(side, Array(bytes.dropFirst(2)))
      } else {
        turn
      }
    }
    Laws.mutation(datagrams)
  }

  @Test func afterAGapReadingGoesOnWithTheNextSegment() {
    var talk = Self.stream
    talk.turns.insert(.lost(.server, 7), at: 2)
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map(\.hasResponse) == [true, true])
  }

  @Test func otherPortsAreRecognisedByShape() {
    var talk = Self.stream
    talk.serverPort = 7353
    #expect(talk.calls().count == 2)
    var datagram = Talk(transport: .udp, serverPort: 7353)
    datagram.says(.client, Wire(id: 1).asking("a.example", 1).bytes)
    #expect(datagram.calls().count == 1)
    var other = Talk(transport: .udp, serverPort: 7353)
    other.says(.client, Wire(id: 1).asking("a.example", 1).bytes + [0])
    #expect(other.calls().isEmpty)
    #expect(other.entries().first?.request?.bodyLength == 28)
  }

  @Test func netBIOSNamesAreNotDNS() {
    var talk = Talk(transport: .udp, serverPort: 137)
    talk.says(.client, Wire(id: 1).asking("FHEPFCELEHFCEPFFFACACACACACACABN", 32).bytes)
    #expect(talk.calls().isEmpty)
  }

  @Test func questionsToAGroupExpectNoReplyOfTheirOwn() {
    var talk = Talk(transport: .udp, serverPort: 5353)
    talk.clientPort = 5353
    talk.serverAddress = IPAddress(v4: 0xe000_00fb)
    talk.says(.client, Wire(id: 0).asking("_http._tcp.local", 12).bytes)
    let call = talk.calls().first
    #expect(call?.fault == nil)
    #expect(call?.text(.details)?.contains(#""family":"mdns""#) == true)
    var answer = talk
    answer.turns = []
    answer.says(
      .client,
      Wire(id: 0, flags: 0x8400)
        .answering("_http._tcp.local", 12, 120, Wire.name("Living Room._http._tcp.local"), 0x8001)
        .bytes)
    let reply = answer.calls().first
    #expect(reply?.fault == nil)
    #expect(reply?.hasRequest == false)
    #expect(reply?.texts(.dnsAnswers) == ["Living Room._http._tcp.local"])
    #expect(reply?.text(.details)?.contains(#""flush":true"#) == true)
  }

  @Test func edgesOfEDNSAreShown() throws {
    var talk = Talk(transport: .udp, serverPort: 53)
    // Client subnet 192.0.2.0/24 (RFC 7871 §6), extended code 16 in the reply.
    let subnet: [UInt8] = [0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2]
    talk.says(.client, Wire(id: 3).asking("a.example", 1).option(1232, 0x8000, subnet).bytes)
    talk.says(
      .server, Wire(id: 3, flags: 0x8180).asking("a.example", 1).option(512, 1 << 24, []).bytes)
    let call = try #require(talk.calls().first)
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    #expect(details["request"]?["edns"]?["udpSize"] == .int(1232))
    #expect(details["request"]?["edns"]?["do"] == .bool(true))
    #expect(details["request"]?["edns"]?["options"]?[0]?["subnet"] == .string("192.0.2.0/24"))
    #expect(call.text(.dnsRcode) == "BADVERS")
    #expect(call.int(.statusCode) == 16)
    #expect(details["response"]?["rcode"] == 0 && details["response"]?["code"] == nil)
  }

  @Test func optionsOfEDNSAreRead() throws {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(.client, Wire(id: 3).asking("a.example", 1).option(1232, 0, [0, 3, 0, 0]).bytes)
    // A name, seconds to expiry, tenths of a second, and two extended errors.
    let options: [UInt8] =
      [0, 3, 0, 3] + Array("ns1".utf8) + [0, 9, 0, 4, 0, 0, 0x0e, 0x10, 0, 11, 0, 2, 0, 30]
      + [0, 15, 0, 6, 0, 18] + Array("acl!".utf8) + [0, 15, 0, 2, 0, 99]
    talk.says(
      .server, Wire(id: 3, flags: 0x8185).asking("a.example", 1).option(1232, 0, options).bytes)
    let details = try JSONReader.value(of: talk.calls().first?.text(.details) ?? "")
    let request = details["request"]?["edns"]?["options"]
    #expect(request == [["code": 3, "name": "NSID"]])
    let shown = details["response"]?["edns"]?["options"]
    #expect(shown?[0]?["text"] == "ns1" && shown?[1]?["expire"] == 3600)
    #expect(shown?[2]?["timeoutMs"] == 3000)
    #expect(shown?[3]?["info"] == "Prohibited" && shown?[3]?["text"] == "acl!")
    #expect(shown?[4]?["infoCode"] == 99 && shown?[4]?["info"] == nil)
  }

  @Test func whatABindingDemandsIsNamed() throws {
    var talk = Talk(transport: .udp, serverPort: 53)
    // mandatory=alpn,port alpn=h2 port=443 (RFC 9460 §8)
    let data: [UInt8] =
      [0, 1, 0, 0, 0, 0, 4, 0, 1, 0, 3, 0, 1, 0, 3, 2, 0x68, 0x32, 0, 3, 0, 2, 1, 0xbb]
    talk.says(
      .server, Wire(id: 3, flags: 0x8180).asking("q", 64).answering("q", 64, 1, data).bytes)
    let details = try JSONReader.value(of: talk.calls().first?.text(.details) ?? "")
    let parameters = details["response"]?["answers"]?[0]?["svcb"]?["parameters"]
    #expect(parameters?["mandatory"] == ["alpn", "port"])
    #expect(parameters?["alpn"] == ["h2"] && parameters?["port"] == 443)
  }

  @Test func aQuestionToAGroupMayAskForAReplyToItselfAlone() throws {
    var talk = Talk(transport: .udp, serverPort: 5353)
    talk.serverAddress = IPAddress(v4: 0xe000_00fb)
    var question = Wire(id: 0).asking("printer.local", 1)
    question.body[question.body.count - 2] = 0x80
    talk.says(.client, question.bytes)
    let details = try JSONReader.value(of: talk.calls().first?.text(.details) ?? "")
    #expect(
      details["request"]?["questions"] == [
        ["name": "printer.local", "type": "A", "class": "IN", "unicast": true]
      ])
  }

  @Test(arguments: [
    (16, [3, 97, 98, 99, 1, 100], ["abcd"], "txts"),
    (15, [0, 10] + Wire.name("mx.example"), ["mx.example"], "mx"),
    (33, [0, 1, 0, 2, 0x1f, 0x90] + Wire.name("srv.example"), ["srv.example"], "srv"),
    (2, Wire.name("ns.example"), ["ns.example"], "ns"),
    (12, Wire.name("ptr.example"), ["ptr.example"], "ptr"),
    (28, [UInt8](repeating: 0, count: 15) + [1], ["::1"], "ip"),
    (6, Wire.name("a") + Wire.name("b") + [UInt8](repeating: 1, count: 20), [], "soa"),
    (35, [0, 1, 0, 2, 1, 0x73, 0, 0] + Wire.name("n.example"), ["n.example"], "naptr"),
    (43, [0, 1, 8, 2, 0xab], [], "ds"), (48, [1, 1, 3, 8, 0xab], [], "dnskey"),
    (46, [UInt8](repeating: 1, count: 18) + Wire.name("s") + [0xab], [], "rrsig"),
    (47, Wire.name("n") + [0, 1, 0x40], [], "nsec"),
    (65, [0, 1, 0, 0, 1, 0, 3, 2, 0x68, 0x32, 0, 3, 0, 2, 1, 0xbb], ["."], "svcb"),
    (257, [0, 5] + Array("issueca.example".utf8), ["ca.example"], "caa"),
    (256, [0, 1, 0, 2] + Array("http://x/".utf8), ["http://x/"], "uri"),
    (52, [3, 1, 1, 0xab], [], "tlsa"), (999, [1, 2, 3], [], "data"),
  ])
  func everyTypeIsShown(type: UInt16, data: [UInt8], answers: [String], member: String) throws {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(
      .server, Wire(id: 3, flags: 0x8180).asking("q", type).answering("q", type, 1, data).bytes)
    let call = try #require(talk.calls().first)
    let details = try JSONReader.value(of: call.text(.details) ?? "")
    #expect(call.texts(.dnsAnswers) == answers)
    #expect(details["response"]?["answers"]?[0]?[member] != nil)
    #expect(call.fault?.kind == .pairNotFound)
  }

  /// The hash of "example" with this salt, and its digits, are those of RFC 5155, appendix A.
  @Test func recordsOfSecurityAreShownByTheirParts() throws {
    let parameters: [UInt8] = [1, 1, 0, 12, 4, 0xaa, 0xbb, 0xcc, 0xdd]
    let hash: [UInt8] = [
      0x06, 0x53, 0x68, 0xab, 0xee, 0xd7, 0xec, 0x6e, 0x9f, 0xeb, 0xa9, 0x6b, 0x8c, 0x8b, 0xc3,
      0xe8, 0xb7, 0x91, 0xf7, 0x16,
    ]
    var next = parameters
    next.append(UInt8(hash.count))
    next += hash
    next += [0, 1, 0x42]
    let nextParts: JSONValue = [
      "algorithm": 1, "flags": 1, "iterations": 12, "salt": "aabbccdd",
      "next": "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "types": ["A", "SOA"],
    ]
    #expect(try Self.parts(50, next)?["nsec3"] == nextParts)
    let hashing: JSONValue = ["algorithm": 1, "flags": 1, "iterations": 12, "salt": "aabbccdd"]
    #expect(try Self.parts(51, parameters)?["nsec3param"] == hashing)
    var signature = Wire.name("hmac-sha256")
    signature += [0, 0, 0x6b, 0, 0, 1, 1, 44, 0, 2, 0xab, 0xcd, 0, 7, 0, 16, 0, 0]
    let signatureParts: JSONValue = [
      "algorithm": "hmac-sha256", "timeSigned": 1_795_162_113, "fudge": 300, "mac": "abcd",
      "originalID": 7, "error": "BADSIG",
    ]
    #expect(try Self.parts(250, signature)?["tsig"] == signatureParts)
  }

  /// The first answer, as a reply with one record of this type shows it.
  private static func parts(_ type: UInt16, _ data: [UInt8]) throws -> JSONValue? {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(
      .server, Wire(id: 3, flags: 0x8180).asking("q", type).answering("q", type, 1, data).bytes)
    let call = try #require(talk.calls().first)
    return try JSONReader.value(of: call.text(.details) ?? "")["response"]?["answers"]?[0]
  }

  @Test func pointersThatLeadForwardOrNowhereAreErrors() {
    for target: [UInt8] in [
      [0xc0, 0x0c], [0xc0, 0xff], [0xc0, 0x20], [0x80, 1], [63], [1, 97, 0xc0, 12],
    ] {
      var talk = Talk(transport: .udp, serverPort: 53)
      var message = Wire(id: 3)
      message.body = target + [0, 1, 0, 1]
      message.counts[0] = 1
      talk.says(.client, message.bytes)
      #expect(talk.calls().first?.fault?.kind == .dissection)
    }
  }

  /// Pointers that lead to pointers, and labels beyond the length of a name: many names that point
  /// there would be as many walks through all of them.
  @Test(arguments: [false, true]) func whatLeadsBeyondANameIsNotGoneThrough(labels: Bool) {
    var message = Wire(id: 3, flags: 0x8180).asking("q", 1)
    // The data of a record that nobody reads.
    message.body += [0, 0xff, 0xff, 0, 1, 0, 0, 0, 0, 0x03, 0xe8]
    message.counts[1] += 1
    let begin = 12 + message.body.count
    for place in 0..<500 {
      let target = place == 0 ? 12 : begin + 2 * (place - 1)
      message.body += labels ? [1, 97] : [0xc0 | UInt8(target >> 8), UInt8(target & 255)]
    }
    for last in [begin + (labels ? 0 : 998), 12] {
      message.body += [0xc0 | UInt8(last >> 8), UInt8(last & 255)]
      message.body += [0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 0, 1]
      message.counts[1] += 1
    }
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(.client, Wire(id: 3).asking("q", 1).bytes)
    talk.says(.server, message.bytes)
    let call = talk.calls().first
    #expect(call?.fault?.message == "a name is malformed")
    #expect((call?.texts(.dnsAnswers) ?? []).suffix(2) == ["10.0.0.1", "10.0.0.1"])
  }

  @Test func aLongChainOfPointersIsFollowedToItsEnd() {
    // Each answer's name points at the one before: one more label, one more jump.
    var message = Wire(id: 3, flags: 0x8180).asking("q", 1)
    var previous = 12
    for _ in 0..<100 {
      let place = 12 + message.body.count
      message.body += [1, 97, 0xc0 | UInt8(previous >> 8), UInt8(previous & 255)]
      message.body += [0, 16, 0, 1, 0, 0, 0, 0, 0, 1, 0]
      message.counts[1] += 1
      previous = place
    }
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(.server, message.bytes)
    #expect(talk.calls().first?.texts(.dnsAnswers)?.count == 100)
  }

  @Test func namesAreEscaped() {
    var talk = Talk(transport: .udp, serverPort: 53)
    var message = Wire(id: 3)
    message.body = [5, 97, 0x2e, 98, 0x5c, 7, 0, 0, 1, 0, 1]
    message.counts[0] = 1
    talk.says(.client, message.bytes)
    #expect(talk.calls().first?.texts(.dnsQuestions) == [#"a\.b\\\007"#])
  }

  static let stream = {
    var talk = Talk(serverPort: 53)
    talk.says(.client, Wire(id: 1).asking("one.example", 1).framed)
    talk.says(
      .server,
      Wire(id: 1, flags: 0x8180).asking("one.example", 1)
        .answering("one.example", 1, 60, [10, 0, 0, 1]).framed)
    talk.says(.client, Wire(id: 2).asking("two.example", 28).framed)
    talk.says(
      .server,
      Wire(id: 2, flags: 0x8180).asking("two.example", 28)
        .answering("two.example", 28, 60, [UInt8](repeating: 0, count: 15) + [1]).framed)
    return talk
  }()
}

private typealias Wire = DNSWire
