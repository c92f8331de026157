import Bytes
import Flows
import Layers
import Testing

/// Writes down what a table delivers: payload as text, `[n]` for bytes lost, `.` for the end of a
/// stream. The server's part stands behind `<`.
final class Recorder: FlowSink {
  private(set) var opened: [Conversation] = []
  private(set) var closed: [Conversation] = []
  private(set) var text: [Side: String] = [:]
  private(set) var bytes: [Side: [UInt8]] = [:]
  private(set) var lostMoments: [Moment] = []
  private(set) var moments: [Moment] = []
  private(set) var tagged: [VLANTags] = []
  /// Bytes that one side had of the other, and that were not delivered, when it went on.
  private(set) var heard: [Int] = []
  private var fresh = ""

  func opened(_ slot: Int, _ conversation: Conversation) { opened.append(conversation) }
  func turned(_ slot: Int, _ conversation: Conversation) {}

  func received(_ bytes: RawSpan, on slot: Int, from side: Side, at moment: Moment) {
    self.bytes[side, default: []].append(bytes)
    moments.append(moment)
    note(bytes.text(), side)
  }

  func tagged(_ slot: Int, _ tags: VLANTags) { tagged.append(tags) }

  func lost(_ count: Int, on slot: Int, from side: Side, at moment: Moment) {
    lostMoments.append(moment)
    note("[\(count)]", side)
  }

  func heard(_ count: Int, on slot: Int, by side: Side) { heard.append(count) }

  func finished(_ slot: Int, side: Side, at moment: Moment) { note(".", side) }
  func closed(_ slot: Int, _ conversation: Conversation) { closed.append(conversation) }

  private func note(_ words: String, _ side: Side) {
    text[side, default: ""] += words
    fresh += side == .server ? "<" + words : words
  }

  /// What came since the last call; `-` for nothing.
  func news() -> String {
    defer { fresh = "" }
    return fresh.isEmpty ? "-" : fresh
  }
}

/// A connection between 10.0.0.1:40000 and 10.0.0.2:80 that a test writes packet by packet.
///
/// Stream offsets count from 0; the client's sequence numbers begin behind `clientISN`, the
/// server's behind `serverISN`.
struct Script {
  var table: FlowTable
  let sink = Recorder()
  var clientISN: UInt32 = 1000
  var serverISN: UInt32 = 5000
  var clientPort: UInt16 = 40000
  /// Microseconds.
  var time: Int64 = 1_000_000
  var number: UInt64 = 0

  init(_ limits: FlowLimits = FlowLimits()) { table = FlowTable(limits: limits, seed: 7) }

  /// Sends one segment; `sequence` and `acknowledgment` are offsets in the streams, -1 is the SYN.
  mutating func send(
    _ side: Side = .client, at sequence: Int, _ payload: String = "", flags: TCPFlags = .ack,
    ack acknowledgment: Int = 0, window: UInt16 = 1000, scale: UInt8? = nil, cut: Int = 0,
    after microseconds: Int64 = 100, interface: Int = 0, id: UInt16 = 0, checksum: UInt16 = 0,
    optionsCut: Bool = false
  ) {
    let (own, other) = side == .client ? (clientISN, serverISN) : (serverISN, clientISN)
    time += microseconds
    number += 1
    let bytes = Array(payload.utf8)
    var fields = TCPFields(
      sequence: own &+ 1 &+ UInt32(truncatingIfNeeded: sequence),
      acknowledgment: flags.contains(.ack)
        ? other &+ 1 &+ UInt32(truncatingIfNeeded: acknowledgment) : 0,
      flags: flags, window: window, windowScale: scale)
    fields.areOptionsCut = optionsCut
    let client = IPAddress(v4: 0x0a00_0001)
    let server = IPAddress(v4: 0x0a00_0002)
    var packet = Decoded(
      number: number, timestamp: Timestamp(microseconds: time),
      source: side == .client ? client : server,
      destination: side == .client ? server : client,
      sourcePort: side == .client ? clientPort : 80,
      destinationPort: side == .client ? 80 : clientPort, transport: .tcp,
      payload: 0..<bytes.count, declaredPayload: bytes.count + cut,
      frameLength: 54 + bytes.count + cut, tcp: fields)
    packet.interface = interface
    (packet.identification, packet.checksum) = (id, checksum)
    table.receive(packet, payload: bytes.rawSpan, into: sink)
  }

  /// SYN, SYN-ACK, ACK, 100 µs apart.
  mutating func connect(scale: UInt8? = nil) {
    send(.client, at: -1, flags: .syn, scale: scale)
    send(.server, at: -1, flags: [.syn, .ack], scale: scale)
    send(.client, at: 0)
  }

  /// A datagram of `transport` from one end to the other.
  mutating func datagram(
    _ payload: String, from side: Side = .client, transport: Transport = .udp,
    after microseconds: Int64 = 100, interface: Int = 0, id: UInt16 = 0, cut: Int = 0,
    marks: Decoded.Marks = [], vlan: UInt16? = nil
  ) {
    time += microseconds
    number += 1
    let bytes = Array(payload.utf8)
    let client = IPAddress(v4: 0x0a00_0001)
    let server = IPAddress(v4: 0x0a00_0002)
    var packet = Decoded(
      number: number, timestamp: Timestamp(microseconds: time),
      source: side == .client ? client : server,
      destination: side == .client ? server : client,
      sourcePort: side == .client ? clientPort : 53,
      destinationPort: side == .client ? 53 : clientPort, transport: transport,
      payload: 0..<bytes.count, declaredPayload: bytes.count + cut,
      frameLength: 42 + bytes.count + cut)
    packet.interface = interface
    packet.identification = id
    packet.marks = marks
    if let vlan { packet.tags.add(vlan, type: 0x8100) }
    table.receive(packet, payload: bytes.rawSpan, into: sink)
  }

  mutating func finish() { table.finish(into: sink) }

  /// The only conversation, ended.
  mutating func result() throws -> Conversation {
    finish()
    return try #require(sink.closed.last)
  }

  mutating func health() throws -> TCPHealth {
    let health = try result().health
    return try #require(health)
  }
}

/// Plays events of the client's stream after a handshake and gives what each delivered.
///
/// Events, blank-separated: `4:efgh` a segment at offset 4, `4:ef+2` one of which the capture cut
/// two bytes, `ack12` an acknowledgment from the server, `fin12` a FIN at offset 12, `end` the end
/// of the capture.
func timeline(_ events: String, limits: FlowLimits = FlowLimits(), isn: UInt32 = 1000) -> String {
  var script = Script(limits)
  script.clientISN = isn
  script.connect()
  var delivered: [String] = []
  for event in events.split(separator: " ") {
    if event == "end" {
      script.finish()
    } else if event.hasPrefix("ack") {
      script.send(.server, at: 0, ack: Int(event.dropFirst(3)) ?? 0)
    } else if event.hasPrefix("fin") {
      script.send(at: Int(event.dropFirst(3)) ?? 0, flags: [.fin, .ack])
    } else {
      let parts = event.split(separator: ":", maxSplits: 1)
      let body = parts[1].split(separator: "+")
      script.send(
        at: Int(parts[0]) ?? 0, String(body[0]), cut: body.count > 1 ? Int(body[1]) ?? 0 : 0)
    }
    delivered.append(script.sink.news())
  }
  return delivered.joined(separator: " ")
}
