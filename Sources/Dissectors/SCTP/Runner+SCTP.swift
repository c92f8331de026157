import Bytes
import Entries
import Flows
import Layers

// SCTP packets become user messages, which are read like datagrams; the packets themselves become
// entries where these are switched on.
extension Runner {
  /// One SCTP packet, which a side of the conversation sent.
  mutating func packet(
    _ bytes: RawSpan, from side: Side, at moment: Moment, in ledger: inout Ledger
  ) {
    let path = self.path ?? SCTPPath(client: opening.client, server: opening.server)
    self.path = path
    let isReversed = path.isReversed
    let left = ledger.associations.note(bytes, on: path, from: side)
    if path.isReversed != isReversed { turn() }
    swapPairing()
    defer { swapPairing() }
    if let left { adopt(left, &ledger) }
    let side = path.side(side)
    if ledger.wants(.sctp) { ledger.entries.append(packetEntry(bytes, from: side, at: moment)) }
    let waited = path.association.waitingBytes
    var dropped = 0
    let messages = path.messages(
      completedBy: bytes, from: side, at: moment, limit: ledger.limits.waitingPerSide,
      dropped: &dropped)
    ledger.waitingBytes += path.association.waitingBytes - waited
    ledger.counters.waitingDropped += UInt64(dropped)
    if ledger.waitingBytes > ledger.limits.waitingInAll {
      dropFragments(of: path.association, in: &ledger)
    }
    for message in messages where !message.bytes.isEmpty {
      userMessage(message, from: side, at: moment, in: &ledger)
    }
  }

  /// Fetches the unfinished exchanges of the association, or gives them back.
  mutating func swapPairing() {
    if let path { swap(&pairing, &path.association.pairing) }
  }

  /// The association takes for the client what was the server here. Readers of messages know no sides.
  private mutating func turn() {
    swap(&opening.client, &opening.server)
    inlets.turn()
    turnRequests()
  }

  /// Takes over what an association has left that became one with ours.
  private mutating func adopt(_ left: SCTPAssociation, _ ledger: inout Ledger) {
    dropFragments(of: left, in: &ledger)
    let isReversed = left.successor?.isReversed == true
    while let oldest = left.pairing.oldest {
      let key = left.pairing.key(oldest)
      guard let exchange = left.pairing.take(oldest) else { continue }
      if isReversed { exchange.turn() }
      adopt(exchange, key: key, &ledger)
    }
  }

  /// The path is over. Gives whether its association is: else what is unfinished goes on elsewhere.
  mutating func leave(_ path: SCTPPath, in ledger: inout Ledger) -> Bool {
    let isReversed = path.isReversed
    let isOver = ledger.associations.close(path)
    if path.isReversed != isReversed { turn() }
    if isOver { dropFragments(of: path.association, in: &ledger) }
    return isOver
  }

  private mutating func userMessage(
    _ message: SCTPPath.UserMessage, from side: Side, at moment: Moment,
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
  private func dropFragments(of association: SCTPAssociation, in ledger: inout Ledger) {
    ledger.waitingBytes -= association.waitingBytes
    ledger.counters.waitingDropped += UInt64(association.waitingBytes)
    association.dropFragments()
  }
}
