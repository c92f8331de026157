import Bytes
import Entries
import Flows
import JSON
import Layers

extension Runner {
  /// The side that asks: where the packets could not tell, the one that made the requests.
  func asking(in conversation: Conversation) -> Side {
    conversation.isClientGuessed && requests[own(.server)] > 0 && requests[own(.client)] == 0
      ? .server : .client
  }

  /// What a side of the conversation is here: an association may have its client on the other.
  private func own(_ side: Side) -> Side { path?.side(side) ?? side }

  /// The entry of the conversation itself, when it is switched on.
  mutating func connectionEntry(_ conversation: Conversation, in ledger: inout Ledger) -> Entry? {
    if conversation.transport != .other, kinds.isEmpty, isUnread {
      ledger.counters.unrecognised[conversation.server.port, default: 0] += 1
    }
    return record(of: conversation, in: ledger)
  }

  /// The health figures of the conversation. Where it began with TLS, the server's first byte is that
  /// of its first record of application data: what comes before is the handshake.
  func health(of conversation: Conversation) -> TCPHealth? {
    guard isTLS, conversation.clientKnownBy == .syn, var health = conversation.health,
      health.timeToFirstByte != nil
    else { return conversation.health }
    health.timeToFirstByte = firstData.map {
      UInt32(clamping: max(0, $0.nanoseconds(since: conversation.first)) / 1_000)
    }
    return health
  }

  /// Bytes came that nobody could read.
  private var isUnread: Bool {
    inlets.unread > 0 || tunnel.map { $0.runner.inlets.unread > 0 } == true
  }

  /// The first bytes of what nobody could read, be it inside.
  private mutating func firstContent(_ side: Side) -> Content? {
    inlets[side].firstContent ?? tunnel?.runner.inlets[side].firstContent
  }

  /// Where proxies were told to connect, inside as well.
  private var proxiesAsked: [Proxied] {
    let now = reader?.proxied.map { [$0] } ?? []
    return proxied + now + (tunnel?.runner.proxiesAsked ?? [])
  }

  /// The record of the conversation as far as it went: every time under the same index.
  mutating func record(of conversation: Conversation, in ledger: borrowing Ledger) -> Entry? {
    let kind: ProtocolKind
    switch conversation.transport {
    case .tcp: kind = .tcpConn
    case .udp: kind = .udpConn
    case .sctp: kind = .sctpConn
    case .icmp, .icmpv6: kind = .icmpConn
    case .other: return nil
    }
    guard ledger.wants(kind) else { return nil }
    let index = recordIndex ?? takeIndex()
    recordIndex = index
    let client = asking(in: conversation)
    let sent = conversation.sent
    var entry = Entry(
      kind: kind, transport: EntryTransport(conversation.transport),
      timestamp: conversation.first, source: conversation.endpoint(client),
      destination: conversation.endpoint(client.other), stream: stream, index: index,
      packets: stream...max(stream, lastPacket), hasRequest: sent[client].packets > 0,
      hasResponse: sent[client.other].packets > 0,
      requestSize: Int64(clamping: sent[client].bytes),
      responseSize: Int64(clamping: sent[client.other].bytes))
    entry.fields.reserve(bytes: 1024)
    entry.add(conversation.tags)
    if let ending = path?.ending {
      entry.add(ending)
    } else {
      entry.fields.add(.connState, .text(conversation.state.name))
      if conversation.state == .closed, let reason = conversation.closeReason {
        entry.fields.add(.connCloseReason, .text(reason.name))
        if reason == .reset { entry.fault = Entry.Fault(.connection, "Reset") }
      }
    }
    entry.fields.add(.connLocalPkts, .int(Int64(clamping: sent[client].packets)))
    entry.fields.add(.connLocalBytes, .int(Int64(clamping: sent[client].bytes)))
    entry.fields.add(.connRemotePkts, .int(Int64(clamping: sent[client.other].packets)))
    entry.fields.add(.connRemoteBytes, .int(Int64(clamping: sent[client.other].bytes)))
    let duration = conversation.last.nanoseconds(since: conversation.first)
    if duration > 0 { entry.fields.add(.connDuration, .int(duration / 1_000)) }
    entry.fields.add(.connL7Detected, .texts(kinds.families))
    if let secrecy { entry.fields.add(.connTLS, .text(secrecy.rawValue)) }
    if let figures = health(of: conversation) {
      entry.fields.add(figures, client: client, isOneSided: sent.isOneSided)
      if figures.completeness == 1 {
        entry.fault = Entry.Fault(.connection, "SynSent")
      }
    }
    let copies = conversation.copies
    let messages = path?.streams ?? [:]
    let proxied = proxiesAsked
    if isUnread || copies.client > 0 || copies.server > 0 || !messages.isEmpty
      || !proxied.isEmpty
    {
      entry.fields.add(
        .details,
        .text(
          details(
            isUnrecognised: isUnread, copies: copies[client], ofOther: copies[client.other],
            messages, proxied)))
    }
    if isUnread {
      entry.request = firstContent(own(client))
      entry.response = firstContent(own(client.other))
    }
    return entry
  }
}

/// What a connection's record says beyond its fields, as a JSON object.
///
/// - Parameters:
///   - copies: packets of the client's that were captured more than once, copies counted.
///   - ofOther: the same of the server.
///   - messages: user messages by stream of SCTP, of both sides.
///   - proxied: where proxies were told to connect.
private func details(
  isUnrecognised: Bool, copies: UInt32, ofOther: UInt32, _ messages: [UInt16: UInt64],
  _ proxied: [Proxied]
) -> String {
  var request: [String] = []
  if !messages.isEmpty {
    let counts = messages.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
    request.append("\"messagesByStream\":{\(counts.joined(separator: ","))}")
  }
  if isUnrecognised { request.append("\"unrecognised\":true") }
  if !proxied.isEmpty { request.append("\"proxies\":\(json(proxied))") }
  if copies > 0 { request.append("\"duplicates\":\(copies)") }
  let response = ofOther > 0 ? ",\"response\":{\"duplicates\":\(ofOther)}" : ""
  return "{\"request\":{\(request.joined(separator: ","))}\(response)}"
}

private func json(_ proxied: [Proxied]) -> String {
  var writer = JSONWriter()
  writer.beginArray()
  for proxy in proxied {
    writer.beginObject()
    writer.name("protocol")
    writer.write(proxy.protocolName)
    if let target = proxy.target {
      writer.name("target")
      writer.write(target)
    }
    if let refusal = proxy.refusal {
      writer.name("refusal")
      writer.write(refusal)
    }
    writer.endObject()
  }
  writer.endArray()
  return writer.text
}

extension Inlet {
  /// The first bytes of what nobody could read.
  fileprivate var firstContent: Content? {
    unread == 0 ? nil : Content(body: first, bodyLength: unread)
  }
}

extension Entry {
  /// How its association ended.
  fileprivate mutating func add(_ ending: SCTPPath.Ending) {
    fields.add(.connState, .text(Conversation.State.closed.name))
    switch ending {
    case .shutdown: fields.add(.connCloseReason, .text("finished"))
    case .abort(let cause):
      fields.add(.connCloseReason, .text("reset"))
      let words = cause.map { ": " + SCTPChunkType.cause($0) } ?? ""
      fault = Fault(.connection, "Reset" + words)
    }
  }
}

extension Conversation {
  fileprivate func endpoint(_ side: Side) -> Endpoint {
    let peer = side == .client ? client : server
    return Endpoint(address: peer.address, port: peer.port)
  }

  fileprivate var isClientGuessed: Bool {
    clientKnownBy == .firstPacket || clientKnownBy == .portHint
  }
}

extension Conversation.State {
  var name: String {
    switch self {
    case .open: "open"
    case .inProgress: "in_progress"
    case .closed: "closed"
    }
  }
}

extension Conversation.CloseReason {
  fileprivate var name: String {
    switch self {
    case .finished: "finished"
    case .reset: "reset"
    case .idle: "idle"
    case .portReuse: "port_reuse"
    case .evicted: "evicted"
    case .endOfCapture: "end_of_capture"
    }
  }
}

extension EntryTransport {
  init(_ transport: Transport) {
    switch transport {
    case .udp: self = .udp
    case .sctp: self = .sctp
    case .icmp, .icmpv6: self = .icmp
    case .tcp, .other: self = .tcp
    }
  }
}

extension BySide<Conversation.Traffic> {
  /// Whether packets of one side alone were captured.
  var isOneSided: Bool { client.packets == 0 || server.packets == 0 }
}

extension FieldValues {
  /// The health figures of connections whose client is `client`. What was not measured is absent.
  ///
  /// - Parameter isOneSided: only one side was captured: its acknowledgments and windows are not
  ///   known, so what is made of them is no 0 but nothing.
  mutating func add(_ health: TCPHealth, client: Side, isOneSided: Bool) {
    func count(_ id: FieldID, _ value: UInt32) { add(id, .int(Int64(value))) }
    func time(_ id: FieldID, _ value: UInt32?) { if let value { add(id, .int(Int64(value))) } }
    count(.metricRetransmissions, health.retransmissions)
    count(.metricFastRetransmissions, health.fastRetransmissions)
    count(.metricSpuriousRetransmissions, health.spuriousRetransmissions)
    count(.metricZeroWindows, health.zeroWindowEvents)
    let bySide = health.bySide
    count(
      .metricLostSegmentEvents,
      bySide.client.missingSegments &+ bySide.server.missingSegments)
    count(.metricZeroWindowSegments, bySide.client.zeroWindows &+ bySide.server.zeroWindows)
    if !isOneSided { count(.metricWindowFull, health.windowFullEvents) }
    time(.metricWindowScale, health.windowScale[client].map(UInt32.init))
    time(.metricServerWindowScale, health.windowScale[client.other].map(UInt32.init))
    count(.metricClientRetransmissions, bySide[client].retransmissions)
    count(.metricServerRetransmissions, bySide[client.other].retransmissions)
    if health.isOffloaded { add(.metricOffload, .bool(true)) }
    time(.metricAverageReceiveWindow, health.averageReceiveWindow)
    count(.metricOutOfOrder, health.outOfOrder)
    count(.metricDuplicateACKs, health.duplicateACKs)
    count(.metricMissingSegments, health.missingSegments)
    count(.metricResets, health.resets)
    count(.metricFINs, health.fins)
    count(.metricKeepAlives, health.keepAlives)
    count(.metricCompleteness, UInt32(health.completeness))
    // From the middle of the path only the whole handshake is the round trip. Where we stand is known
    // later, with the nodes of both ends.
    time(.metricInitialRTT, health.synToAck)
    time(.metricHandshakeTime, health.synToAck)
    time(.metricConnectionTime, health.connectionTime)
    time(.metricTimeToFirstByte, health.timeToFirstByte)
    time(.metricRTTMinimum, health.rttMinimum)
    time(.metricRTTMaximum, health.rttMaximum)
    time(.metricRTTAverage, health.rttAverage)
    if !isOneSided { count(.metricRTTSamples, health.rttSamples) }
    time(.metricJitter, health.jitter)
    add(.metricGoodput, .int(Int64(clamping: health.goodput)))
    time(.metricSynToSynAck, health.synToSynAck)
    time(.metricSynAckToAck, health.synAckToAck)
  }
}
