import Bytes
import Flows
import Layers

/// A flow table with small limits, and packets of a few conversations in any order.
///
///     start      byte 0: bits 0-1 where sequence numbers begin, bit 2: ports tell the server
///     packets    eight bytes each, see `Segment`
///
/// Every byte of payload is the low byte of its sequence number, so that what is delivered shows
/// its place: order, repeats and gaps are proved and not only survived.
enum FlowsTarget {
  static let target = FuzzTarget(
    "flows", "packets of eight bytes each for a flow table", maxLength: 2 << 10, run: check)

  private static let limits: FlowLimits = {
    var limits = FlowLimits()
    limits.conversations = 3
    limits.pendingBytesPerSide = 1_024
    limits.pendingBytes = 1_500
    limits.closedConversations = 1
    limits.unansweredConversations = 2
    return limits
  }()

  private static func check(_ bytes: [UInt8]) throws(BrokenLaw) {
    let first = try play(bytes, seed: 1)
    let second = try play(bytes, seed: 0x9e37_79b9_7f4a_7c15)
    try hold(first == second, "what is delivered depends on the seed")
  }

  private static func play(_ bytes: [UInt8], seed: UInt64) throws(BrokenLaw) -> [FlowEvent] {
    var input = FuzzInput(bytes)
    let start = input.uint8()
    var table = FlowTable(limits: limits, trustsPorts: start & 4 != 0, seed: seed)
    let sink = FlowWitness()
    var time: Int64 = 1_000_000_000
    var number: UInt64 = 0
    while !input.isAtEnd {
      let segment = Segment(&input, isn: [0, 0xffff_ff00, 0x7fff_ff00, 0x1234][Int(start & 3)])
      number += 1
      time += segment.wait
      let payload = segment.payload
      table.receive(
        segment.decoded(number, Timestamp(microseconds: time)), payload: payload.rawSpan,
        into: sink)
      if let broken = sink.broken { throw BrokenLaw("packet \(number): \(broken)") }
      try hold(table.openCount <= limits.conversations, "\(table.openCount) conversations are open")
      try hold(table.openCount == sink.open.count, "open conversations are miscounted")
    }
    table.finish(into: sink)
    if let broken = sink.broken { throw BrokenLaw("at the end: \(broken)") }
    try hold(table.openCount == 0 && sink.open.isEmpty, "a conversation stayed open")
    let counters = table.counters
    try hold(counters.packets == number, "\(counters.packets) packets counted of \(number)")
    let told = sink.packets + counters.duplicates + counters.unfollowed
    try hold(told == number, "\(told) packets accounted for of \(number)")
    return sink.events
  }
}

extension FlowsTarget {
  /// Inputs made from the packets of a capture: who, when and where in the stream, roughly.
  struct Seed {
    private(set) var inputs: [[UInt8]] = []
    private static let packets = 64
    private var count = 0
    private var starts: [UInt16: UInt32] = [:]
    private var last = Timestamp(nanoseconds: 0)

    mutating func add(_ packet: Decoded) {
      guard packet.transport == .tcp || packet.transport == .udp else { return }
      if count % Self.packets == 0 { inputs.append([0]) }
      count += 1
      inputs[inputs.count - 1] += Segment.bytes(
        packet, start: start(packet.sourcePort, packet.tcp?.sequence),
        otherStart: start(packet.destinationPort, packet.tcp?.acknowledgment),
        wait: packet.timestamp.nanoseconds(since: last) / 1_000)
      last = packet.timestamp
    }

    private mutating func start(_ port: UInt16, _ sequence: UInt32?) -> UInt32 {
      if let known = starts[port] { return known }
      guard let sequence, sequence != 0 else { return 0 }
      starts[port] = sequence
      return sequence
    }
  }
}

/// One packet of an input.
///
///     0      bit 0 server sends, bit 1 UDP, bits 2-3 conversation, bits 4-6 flags, bit 7 interface
///     1-2    sequence number from the start, signed
///     3-4    acknowledgment from the start, signed
///     5      payload, in bytes
///     6      bits 0-3 bytes the capture cut off, bit 4: sequence number times 2048,
///            bit 5: payload times 8
///     7      bits 0-2 time since the packet before, bits 3-4 window
private struct Segment {
  let side: Side
  let isUDP: Bool
  let port: UInt16
  let flags: TCPFlags
  let interface: Int
  let sequence: UInt32
  let acknowledgment: UInt32
  let length: Int
  let cut: Int
  let wait: Int64
  let window: UInt16

  private static let flagSets: [TCPFlags] = [
    .ack, [.ack, .psh], .syn, [.syn, .ack], [.fin, .ack], .rst, [.rst, .ack], [],
  ]
  /// Microseconds; a step back among them.
  private static let waits: [Int64] = [
    10, 500, 20_000, 1_000_000, 4_000_000, 70_000_000, 1_300_000_000, -3_000,
  ]

  init(_ input: inout FuzzInput, isn: UInt32) {
    let first = input.uint8()
    let from = Int32(Int16(bitPattern: input.uint16()))
    let ack = Int32(Int16(bitPattern: input.uint16()))
    let length = Int(input.uint8())
    let sixth = input.uint8()
    let last = input.uint8()
    side = first & 1 == 0 ? .client : .server
    isUDP = first & 2 != 0
    port = 40_000 + UInt16(first >> 2 & 3)
    flags = Self.flagSets[Int(first >> 4 & 7)]
    interface = Int(first >> 7)
    sequence = isn &+ UInt32(bitPattern: sixth & 0x10 != 0 ? from &* 2_048 : from)
    acknowledgment = isn &+ UInt32(bitPattern: ack)
    self.length = sixth & 0x20 != 0 ? length * 8 : length
    cut = Int(sixth & 15)
    wait = Self.waits[Int(last & 7)]
    window = [0, 100, 8_000, 65_535][Int(last >> 3 & 3)]
  }

  /// The eight bytes that come closest to a packet of a capture.
  static func bytes(
    _ packet: Decoded, start: UInt32, otherStart: UInt32, wait: Int64
  ) -> [UInt8] {
    let isServer = packet.sourcePort < packet.destinationPort
    let conversation = UInt8(max(packet.sourcePort, packet.destinationPort) & 3)
    let flags = packet.tcp?.flags ?? []
    let flagSet = flagSets.firstIndex { $0 == flags } ?? 0
    let first = (isServer ? 1 : 0) | (packet.tcp == nil ? 2 : 0) | conversation << 2
    func place(_ sequence: UInt32?, _ start: UInt32) -> [UInt8] {
      let offset = UInt16(truncatingIfNeeded: (sequence ?? start) &- start)
      return [UInt8(offset & 255), UInt8(offset >> 8)]
    }
    let slot = waits.firstIndex { wait <= $0 } ?? 0
    return [first | UInt8(flagSet) << 4] + place(packet.tcp?.sequence, start)
      + place(packet.tcp?.acknowledgment, otherStart)
      + [UInt8(min(255, packet.declaredPayload)), 0, UInt8(slot) | 3 << 3]
  }

  var payload: [UInt8] {
    let first = sequence &+ (!isUDP && flags.contains(.syn) ? 1 : 0)
    return (0..<length).map { UInt8(truncatingIfNeeded: first &+ UInt32($0)) }
  }

  func decoded(_ number: UInt64, _ time: Timestamp) -> Decoded {
    let (client, server) = (IPAddress(v4: 0x0a00_0001), IPAddress(v4: 0x0a00_0002))
    let isClient = side == .client
    var packet = Decoded(
      number: number, timestamp: time, source: isClient ? client : server,
      destination: isClient ? server : client, sourcePort: isClient ? port : 80,
      destinationPort: isClient ? 80 : port, transport: isUDP ? .udp : .tcp,
      payload: 0..<length, declaredPayload: length + cut, frameLength: 54 + length + cut,
      tcp: isUDP
        ? nil
        : TCPFields(
          sequence: sequence, acknowledgment: flags.contains(.ack) ? acknowledgment : 0,
          flags: flags, window: window))
    packet.interface = interface
    return packet
  }
}
