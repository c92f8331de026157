import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Layers
import Testing

/// UPDATE, NOTIFY and stateful operations, which have messages of their own.
@Suite struct DNSOperationTests {
  @Test func anUpdateIsTold() throws {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(
      .client,
      DNSWire(id: 7, flags: 0x2800).asking("example.com", 6)
        .answering("new.example.com", 255, 0, [], 254)
        .answering("example.com", 2, 0, [], 255)
        .updating("new.example.com", 1, 300, [10, 0, 0, 9])
        .updating("old.example.com", 255, 0, [], 255)
        .updating("web.example.com", 1, 0, [], 255)
        .updating("web.example.com", 28, 0, [UInt8](repeating: 0, count: 16), 254).bytes)
    talk.says(.server, DNSWire(id: 7, flags: 0xa805).asking("example.com", 6).bytes)
    let calls = talk.calls()
    let call = try #require(calls.first)
    #expect(calls.count == 1 && call.fault == nil)
    #expect(Self.opcode(call) == "UPDATE")
    #expect(call.texts(.dnsQuestions) == ["example.com"])
    #expect(call.int(.dnsRecords) == 4)
    #expect(call.texts(.dnsAnswers) == nil)
    #expect(call.text(.dnsRcode) == "REFUSED" && call.failed)
    let request = try JSONReader.value(of: call.text(.details) ?? "")["request"]
    #expect(request?["opCode"] == "UPDATE")
    #expect(request?["zone"] == [["name": "example.com", "type": "SOA", "class": "IN"]])
    #expect(request?["questions"] == nil && request?["answers"] == nil)
    #expect(
      Self.meanings(request?["prerequisites"]) == ["name is not in use", "RRset exists"])
    #expect(
      Self.meanings(request?["updates"]) == [
        "add to the RRset", "delete all RRsets of the name", "delete the RRset",
        "delete this record",
      ])
    #expect(request?["updates"]?[0]?["ip"] == "10.0.0.9")
  }

  private static func meanings(_ section: JSONValue?) -> [String] {
    section?.array?.compactMap { $0["means"]?.string } ?? []
  }

  @Test func aNotificationIsTold() {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(
      .client,
      DNSWire(id: 9, flags: 0x2400).asking("example.com", 6)
        .answering("example.com", 6, 60, DNSWire.start(5)).bytes)
    talk.says(.server, DNSWire(id: 9, flags: 0xa400).asking("example.com", 6).bytes)
    let calls = talk.calls()
    #expect(calls.map(Self.opcode) == ["NOTIFY"])
    #expect(calls.map { $0.text(.dnsRcode) } == ["NOERROR"])
  }

  @Test func aQueryIsTold() {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(.client, DNSWire(id: 9).asking("example.com", 1).bytes)
    talk.says(
      .server,
      DNSWire(id: 9, flags: 0x8180).asking("example.com", 1)
        .answering("example.com", 1, 60, [10, 0, 0, 1]).bytes)
    let calls = talk.calls()
    #expect(calls.map(Self.opcode) == ["QUERY"])
    #expect(calls.map { $0.int(.dnsRecords) } == [1])
  }

  /// A reply alone tells the operation as well.
  @Test func theOperationOfALoneReplyIsTold() {
    var talk = Talk(transport: .udp, serverPort: 53)
    talk.says(.server, DNSWire(id: 7, flags: 0xa800).asking("example.com", 6).bytes)
    #expect(talk.calls().map(Self.opcode) == ["UPDATE"])
  }

  /// RFC 8490 §7.1: a session begins with times; a server says later, unasked, when to come back.
  @Test func statefulOperationsAreTold() throws {
    var talk = Talk(serverPort: 53)
    var keepAlive = DNSWire(id: 3, flags: 0x3000)
    keepAlive.body = [0, 1, 0, 8] + DNSWire.big(UInt32(15_000)) + DNSWire.big(UInt32(60_000))
    talk.says(.client, keepAlive.framed)
    keepAlive.flags = 0xb000
    talk.says(.server, keepAlive.framed)
    var delay = DNSWire(id: 0, flags: 0x3000)
    delay.body = [0, 2, 0, 4] + DNSWire.big(UInt32(5000))
    talk.says(.server, delay.framed)
    let calls = talk.calls()
    #expect(calls.map(Self.opcode) == ["DSO", "DSO"])
    #expect(calls.map(\.fault) == [nil, nil])
    #expect(calls.map(\.hasResponse) == [true, false])
    let details = try calls.map { try JSONReader.value(of: $0.text(.details) ?? "") }
    #expect(
      details[0]["request"]?["dso"] == [
        ["type": "KEEPALIVE", "inactivityMs": 15_000, "keepaliveMs": 60_000]
      ])
    #expect(details[1]["request"]?["dso"] == [["type": "RETRYDELAY", "retryDelayMs": 5000]])
    Laws.split(talk)
    Laws.mutation(talk)
  }

  static func opcode(_ call: Entry) -> String? {
    let row = EntryRow(call, decoder: ContentDecoder(details: { _ in "" }))
    if case .text(let text) = row.value(.dnsOpcode) { return text }
    return nil
  }
}
