import Bytes
import Entries
import Flows
import Layers

// SCTP packets become user messages, which are read like datagrams; the packets themselves become
// entries where these are switched on.
extension Runner {
  /// The next packet took another path than the first one of its association.
  mutating func travelled(_ detour: Detour, at moment: Moment) {
    joined().travelled(detour, in: moment.packet)
  }

  /// The association, which begins here if it has not.
  private mutating func joined() -> SCTPAssociation {
    if let association { return association }
    let association = SCTPAssociation()
    self.association = association
    return association
  }

  /// One SCTP packet.
  mutating func packet(
    _ bytes: RawSpan, from side: Side, at moment: Moment, in ledger: inout Ledger
  ) {
    let association = joined()
    let path = association.path(of: moment.packet, from: side, opening)
    if ledger.wants(.sctp) {
      ledger.entries.append(packetEntry(bytes, from: side, on: path, at: moment))
    }
    let waited = association.waitingBytes
    var dropped = 0
    let messages = association.messages(
      completedBy: bytes, from: side, at: moment, limit: ledger.limits.waitingPerSide,
      dropped: &dropped)
    ledger.waitingBytes += association.waitingBytes - waited
    ledger.counters.waitingDropped += UInt64(dropped)
    if ledger.waitingBytes > ledger.limits.waitingInAll { dropFragments(in: &ledger) }
    for message in messages where !message.bytes.isEmpty {
      userMessage(message, from: side, at: moment, in: &ledger)
    }
  }

  private mutating func userMessage(
    _ message: SCTPAssociation.UserMessage, from side: Side, at moment: Moment,
    in ledger: inout Ledger
  ) {
    let bytes = message.bytes.rawSpan
    if isSilent, !retries(bytes, side, &ledger) { return }
    if !isReading, !recognise(bytes, from: side, at: moment, in: &ledger) { return }
    inlets[side].since = message.start
    datagram(bytes, from: side, old: bytes.byteCount, at: moment, in: &ledger)
  }

  /// The entry of a packet, with its sender as the source.
  private mutating func packetEntry(
    _ bytes: RawSpan, from side: Side, on path: SCTPAssociation.Path, at moment: Moment
  ) -> Entry {
    let details = SCTPDetails(bytes)
    let client = Endpoint(address: path.client, port: opening.client.port)
    let server = Endpoint(address: path.server, port: opening.server.port)
    var entry = Entry(
      kind: .sctp, transport: .sctp, timestamp: moment.timestamp,
      source: side == .client ? client : server, destination: side == .client ? server : client,
      stream: stream, index: takeIndex(), packets: moment.packet...moment.packet,
      hasRequest: true, requestSize: Int64(bytes.byteCount))
    entry.fields = details.fields
    entry.add(opening.tags)
    entry.failed = details.failed
    entry.fault = details.fault
    if !details.json.isEmpty {
      entry.fields.add(.details, .text) { text in
        text.append(text: "{\"request\":")
        text.append(details.json.rawSpan)
        text.append(0x7d)
      }
    }
    return entry
  }

  /// Fragments that still wait are given up.
  mutating func dropFragments(in ledger: inout Ledger) {
    guard let association else { return }
    ledger.waitingBytes -= association.waitingBytes
    ledger.counters.waitingDropped += UInt64(association.waitingBytes)
    association.dropFragments()
  }
}
