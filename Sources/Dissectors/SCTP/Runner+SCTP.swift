import Bytes
import Entries
import Flows
import Layers

// SCTP packets become user messages, which are read like datagrams; the packets themselves become
// entries where these are switched on.
extension Runner {
  /// One SCTP packet.
  mutating func packet(
    _ bytes: RawSpan, from side: Side, at moment: Moment, in ledger: inout Ledger
  ) {
    if ledger.wants(.sctp) { ledger.entries.append(packetEntry(bytes, from: side, at: moment)) }
    let association = self.association ?? SCTPAssociation()
    self.association = association
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
    _ bytes: RawSpan, from side: Side, at moment: Moment
  ) -> Entry {
    let details = SCTPDetails(bytes)
    let sender = side == .client ? opening.client : opening.server
    let receiver = side == .client ? opening.server : opening.client
    var entry = Entry(
      kind: .sctp, transport: .sctp, timestamp: moment.timestamp,
      source: Endpoint(address: sender.address, port: sender.port),
      destination: Endpoint(address: receiver.address, port: receiver.port), stream: stream,
      index: takeIndex(), packets: moment.packet...moment.packet, hasRequest: true,
      requestSize: Int64(bytes.byteCount))
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
