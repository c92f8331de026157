import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Layers
import TestSupport
import Testing

@Suite struct DiameterTests {
  // MARK: Calls

  @Test func answersFindTheirRequests() throws {
    let calls = Self.session.calls().sorted { $0.index < $1.index }
    #expect(calls.allSatisfy { $0.kind == .diameter && $0.fault == nil && $0.hasResponse })
    #expect(
      calls.map { $0.text(.diameterMethod) } == [
        "Capabilities-Exchange", "Credit-Control", "Credit-Control", "Re-Auth",
      ])
    #expect(calls.map { $0.text(.diameterApplication) } == ["Base", "Gx", "Gx", "Gx"])
    #expect(
      calls.map { $0.text(.diameterResult) } == [
        "DIAMETER_SUCCESS", "DIAMETER_CREDIT_LIMIT_REACHED", "DIAMETER_SUCCESS",
        "DIAMETER_ERROR_USER_UNKNOWN",
      ])
    #expect(calls.map { $0.int(.diameterResultCode) } == [2001, 4012, 2001, 5001])
    #expect(calls.map(\.failed) == [false, true, false, true])
    #expect(calls.map(\.source.port) == [40_000, 40_000, 40_000, 3868])
    #expect(calls.map { $0.text(.diameterSession) } == [nil, "s;1", "s;1", "s;1"])
    #expect(
      calls[1].text(.diameterSummary)
        == "Credit-Control Gx INITIAL_REQUEST pgw.test → example.test")
  }

  @Test func groupsAreReadInside() throws {
    var talk = Talk(serverPort: 3868)
    talk.says(
      .client,
      Self.message(
        272, application: 4,
        join(
          Self.avp(
            456,
            join(
              Self.avp(437, Self.avp(420, Self.number(600))), Self.avp(432, Self.number(7)))),
          Self.avp(1032, vendor: 10_415, Self.number(1004)), Self.avp(257, [0, 1, 10, 0, 0, 9]),
          Self.avp(55, [0xe8, 0, 0, 0]), Self.avp(701, vendor: 10_415, [0x21, 0x43, 0xf5]),
          Self.avp(9999, vendor: 42, [1, 2]))))
    let details = try JSONReader.value(of: talk.calls().first?.text(.details) ?? "")["request"]
    #expect(
      details?["avps"] == [
        [
          "code": 456, "name": "Multiple-Services-Credit-Control",
          "avps": [
            [
              "code": 437, "name": "Requested-Service-Unit",
              "avps": [["code": 420, "name": "CC-Time", "value": 600]],
            ],
            ["code": 432, "name": "Rating-Group", "value": 7],
          ],
        ],
        ["code": 1032, "vendor": 10_415, "name": "RAT-Type", "value": "EUTRAN"],
        ["code": 257, "name": "Host-IP-Address", "value": "10.0.0.9"],
        ["code": 55, "name": "Event-Timestamp", "value": "2023-05-05T22:21:52Z"],
        ["code": 701, "vendor": 10_415, "name": "MSISDN", "value": "12345"],
        ["code": 9999, "vendor": 42, "name": "AVP-9999", "value": "0x0102"],
      ])
    #expect(details?["flags"] == ["request"])
    #expect(details?["command"] == "Credit-Control")
  }

  @Test func secretsAndUserDataAreNotKept() {
    let secret = Array("hunter2-secret".utf8)
    var talk = Talk(serverPort: 3868)
    talk.says(
      .client,
      Self.message(
        265, application: 1,
        join(
          Self.avp(2, secret), Self.avp(402, Self.avp(405, secret)), Self.avp(462, secret),
          Self.avp(1414, vendor: 10_415, Self.avp(1450, vendor: 10_415, secret)),
          Self.avp(702, vendor: 10_415, secret))))
    let details = talk.calls().first?.text(.details) ?? ""
    #expect(details.contains("KASME"))
    #expect(!details.contains("hunter2"))
    #expect(!details.contains(hex(secret)))
  }

  @Test func anErrorFlagIsAFailureWithoutAResult() {
    var talk = Talk(serverPort: 3868)
    talk.says(.client, Self.message(280, application: 0, Self.text(264, "a")))
    talk.says(.server, Self.message(280, application: 0, flags: 0x20, Self.text(264, "b")))
    #expect(talk.calls().map(\.failed) == [true])
  }

  @Test func aRequestSentAgainIsOneCall() {
    var talk = Talk(serverPort: 3868)
    let request = Self.message(280, application: 0, Self.text(264, "a"))
    var again = request
    again[4] |= 0x10
    talk.says(.client, request)
    talk.says(.client, again)
    talk.says(.server, Self.message(280, application: 0, flags: 0, Self.text(264, "b")))
    #expect(talk.calls().count == 1)
  }

  // MARK: What is not whole

  @Test func aMalformedAVPIsMarkedAndFramingGoesOn() {
    var talk = Talk(serverPort: 3868)
    var broken = Self.message(280, application: 0, Self.text(264, "a") + Self.text(296, "bbbb"))
    broken[39] = 200
    talk.says(.client, broken)
    talk.says(.client, Self.message(282, application: 0, hop: 9, Self.text(264, "a")))
    let calls = talk.calls()
    #expect(calls.map { $0.fault?.kind } == [.dissection, .pairNotFound])
    #expect(calls.map { $0.text(.diameterMethod) } == ["Device-Watchdog", "Disconnect-Peer"])
  }

  @Test func aLongMessageIsTakenWithoutItsAVPs() {
    let long = Self.message(
      271, application: 3, Self.text(264, "a") + Self.avp(25, Array(repeating: 7, count: 600_000)))
    var talk = Talk(serverPort: 3868)
    talk.says(.client, long)
    talk.says(.client, Self.message(280, application: 0, hop: 9, Self.text(264, "a")))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.diameterMethod) } == ["Accounting", "Device-Watchdog"])
    #expect(calls.first?.requestSize == Int64(long.count))
    #expect(calls.first?.fault?.message.contains("beyond the limit") == true)
  }

  @Test func behindAGapItFindsTheNextMessage() {
    var talk = Talk(serverPort: 3868)
    talk.says(.client, Self.message(280, application: 0, Self.text(264, "a")))
    talk.lost(.client, 100)
    talk.says(.client, Array(repeating: 0, count: 44))
    talk.says(.client, Self.message(282, application: 0, hop: 9, Self.text(264, "a")))
    #expect(
      Set(talk.calls().map { $0.text(.diameterMethod) }) == ["Device-Watchdog", "Disconnect-Peer"])
  }

  @Test func anAnswerInPiecesIsFoundWhereTheReaderSearches() {
    let answer = Self.message(
      280, application: 0, flags: 0, Self.avp(268, Self.number(2001)) + Self.text(264, "b"))
    for cut in 1..<answer.count {
      var talk = Talk(serverPort: 3868)
      talk.isMidway = true
      talk.says(.client, Self.message(280, application: 0, Self.text(264, "a")))
      talk.says(.server, Array(answer[..<cut]))
      talk.says(.server, Array(answer[cut...]))
      #expect(talk.calls().map(\.hasResponse) == [true], "cut at \(cut)")
    }
  }

  @Test func commandsOfMobileNetworksHaveTheirNames() {
    var talk = Talk(serverPort: 3868)
    for (hop, command) in [8_388_667, 8_388_713, 8_388_720, 8_388_721].enumerated() {
      talk.says(
        .client, Self.message(UInt32(command), application: 0, hop: UInt32(hop), Self.text(264, "a")))
    }
    #expect(
      talk.calls().sorted { $0.index < $1.index }.map { $0.text(.diameterMethod) } == [
        "Reset", "ProSe-Initial-Location-Information", "Non-Aggregated-RUCI-Report",
        "Aggregated-RUCI-Report",
      ])
  }

  @Test func itIsFoundInSCTP() {
    var talk = Talk(transport: .sctp, serverPort: 3868)
    let request = Self.message(280, application: 0, Self.text(264, "a"))
    for part in SCTP.fragments(of: request, from: 7, count: 3) {
      talk.says(.client, SCTP.packet(tag: 1, [part]))
    }
    let answer = Self.message(
      280, application: 0, flags: 0, Self.avp(268, Self.number(2001)) + Self.text(264, "b"))
    talk.says(.server, SCTP.packet(tag: 2, [SCTP.data(1, answer)]))
    let calls = talk.calls().filter { $0.kind == .diameter }
    #expect(calls.map { $0.text(.diameterResult) } == ["DIAMETER_SUCCESS"])
    #expect(calls.map(\.transport) == [.sctp])
    #expect(calls.map(\.fault) == [nil])
  }

  @Test func otherBytesAreNotTakenForIt() {
    for bytes in [
      [1, 0, 0, 20] + Array(repeating: 0, count: 30),
      [1, 0, 0, 40, 0x80, 0, 1, 1] + Array(repeating: 0, count: 40),
    ] as [[UInt8]] {
      var talk = Talk(serverPort: 3868)
      talk.says(.client, bytes)
      #expect(talk.calls().isEmpty)
    }
  }

  // MARK: Laws

  @Test func anySplitGivesTheSameMessages() { Laws.split(Self.session) }
  @Test func anyOrderOfSegmentsGivesTheSameMessages() { Laws.reordering(Self.session) }
  @Test func anyBeginningGivesABeginningOfTheMessages() { Laws.truncation(Self.session) }
  @Test func nothingBreaksIt() {
    Laws.mutation(Self.session)
    var packets = Talk(transport: .sctp, serverPort: 3868)
    for part in SCTP.fragments(
      of: Self.message(280, application: 0, Self.text(264, "a")), from: 7, count: 3)
    {
      packets.says(.client, SCTP.packet(tag: 1, [part]))
    }
    Laws.mutation(packets)
  }

  // MARK: Material

  static func number(_ value: UInt32) -> [UInt8] { SCTP.big32(value) }

  static func avp(_ code: UInt32, vendor: UInt32? = nil, _ value: [UInt8]) -> [UInt8] {
    let length = value.count + (vendor == nil ? 8 : 12)
    let flags: UInt32 = vendor == nil ? 0x40 : 0xc0
    return join(
      SCTP.big32(code), SCTP.big32(flags << 24 | UInt32(length)), vendor.map(SCTP.big32) ?? [],
      value, [UInt8](repeating: 0, count: -value.count & 3))
  }

  static func text(_ code: UInt32, _ value: String) -> [UInt8] { avp(code, Array(value.utf8)) }

  static func message(
    _ command: UInt32, application: UInt32, flags: UInt8 = 0x80, hop: UInt32 = 1, _ avps: [UInt8]
  ) -> [UInt8] {
    let length = UInt32(avps.count + 20)
    return join(
      SCTP.big32(length | 1 << 24), SCTP.big32(UInt32(flags) << 24 | command),
      SCTP.big32(application), SCTP.big32(hop), SCTP.big32(77), avps)
  }

  static var session: Talk {
    var talk = Talk(serverPort: 3868)
    let gx: UInt32 = 16_777_238
    talk.says(.client, message(257, application: 0, text(264, "pgw.test")))
    talk.says(
      .server,
      message(257, application: 0, flags: 0, avp(268, number(2001)) + text(264, "pcrf.test")))
    func ask(_ kind: UInt32) -> [UInt8] {
      join(
        text(263, "s;1"), text(264, "pgw.test"), text(283, "example.test"),
        avp(416, number(kind)))
    }
    talk.says(
      .client,
      message(272, application: gx, hop: 2, ask(1)) + message(272, application: gx, hop: 3, ask(2)))
    talk.says(
      .server,
      message(
        272, application: gx, flags: 0, hop: 3, text(263, "s;1") + avp(268, number(2001)))
        + message(
          272, application: gx, flags: 0x20, hop: 2, text(263, "s;1") + avp(268, number(4012))))
    talk.says(.server, message(258, application: gx, hop: 2, text(263, "s;1") + text(264, "pcrf")))
    talk.says(
      .client,
      message(
        258, application: gx, flags: 0, hop: 2,
        text(263, "s;1") + avp(297, avp(266, number(10_415)) + avp(298, number(5001)))))
    return talk
  }
}
