package import Bytes
package import Entries
package import Flows
package import Layers

/// The sink of a flow table: conversations go in, entries come out.
///
/// Calls leave when they are complete; a half waits for its partner until `lateTimeout` has passed
/// or its conversation is over, and a conversation itself leaves as an entry when it closes. The
/// same packets give the same entries in the same order.
package final class Dissection: FlowSink {
  private var hall: Hall
  /// What is done with the bytes that come from now on.
  package var effort = Effort.whole {
    didSet { hall.ledger.keepsBodies = effort == .whole }
  }

  package init(
    limits: DissectionLimits = DissectionLimits(),
    switches: DissectorSwitches = .standard,
    rows: [DissectorRow] = DissectorCatalogue.all, secrets: TLSSecrets? = nil
  ) {
    hall = Hall(ledger: Ledger(limits: limits, switches: switches, rows: rows, secrets: secrets))
  }

  // MARK: What comes out

  /// Entries completed since the last call.
  package func drain() -> [Entry] {
    var entries: [Entry] = []
    // The next call will find about as many.
    entries.reserveCapacity(hall.ledger.entries.count)
    swap(&entries, &hall.ledger.entries)
    return entries
  }

  /// Topics of Kafka that were named with their ids since the last call.
  package func drainTopics() -> [KafkaTopicNews] {
    if hall.ledger.topics.isEmpty { return [] }
    var topics: [KafkaTopicNews] = []
    swap(&topics, &hall.ledger.topics)
    return topics
  }

  /// Entries that `drain` would give.
  package var readyCount: Int { hall.ledger.entries.count }

  /// What waits, over all conversations; `DissectionLimits` bounds each.
  package struct Held: Hashable, Sendable {
    /// Bytes that wait for the rest of their message.
    package var waitingBytes = 0
    /// Kept body bytes of unfinished exchanges.
    package var bodyBytes = 0
    /// Memory of the messages of unfinished exchanges, bodies apart, in bytes.
    package var messageBytes = 0
    /// Bytes of encrypted records that wait for their secrets.
    package var sealedBytes = 0
    /// Unfinished exchanges.
    package var pending = 0

    package init() {}
  }

  /// What waits now.
  package var held: Held {
    var held = Held()
    held.waitingBytes = hall.ledger.waitingBytes
    held.bodyBytes = hall.ledger.bodyBytes
    held.messageBytes = hall.ledger.messageBytes
    held.sealedBytes = hall.ledger.sealedBytes
    held.pending = hall.ledger.pending
    return held
  }

  /// Nothing waits: no bytes, no bodies, no halves.
  package var isIdle: Bool { held == Held() }

  /// Gives up halves that have waited too long at `now`, in capture time.
  package func advance(to now: Timestamp) { hall.advance(to: now) }

  /// Makes entries of everything unfinished: no more packets will come.
  ///
  /// Conversations that the flow table has not closed yet get no entry of their own.
  package func finish() { hall.finish() }

  /// The flows of all conversations that ended so far, those switched off left out.
  package var flows: FlowBook { hall.ledger.flows }

  /// What is still going on.
  package struct Open: Sendable {
    /// Records of open conversations, as far as they went.
    package var entries: [Entry] = []
    /// The flows of all conversations, open or over.
    package var flows: FlowBook
    /// Open conversations beyond the limit: they have no record yet.
    package var leftOut: UInt64 = 0
  }

  /// Records of at most `limit` conversations that are open in `table`, which feeds this dissection;
  /// each will end with the same identifier.
  package func open(in table: borrowing FlowTable, limit: Int = .max) -> Open {
    var open = Open(flows: hall.ledger.flows)
    table.forEachOpen { slot, conversation in
      guard open.entries.count < limit else {
        open.leftOut += 1
        return
      }
      hall.addOpen(slot, conversation, to: &open.entries, &open.flows)
    }
    hall.addParked(to: &open.entries, &open.flows)
    return open
  }

  /// What was seen, misread and turned away so far.
  package var counters: DissectionCounters {
    var counters = hall.ledger.counters
    for (row, figures) in zip(hall.ledger.rows, hall.ledger.figures) {
      counters.protocols[row.name] = figures
    }
    counters.associationTagsForgotten = hall.ledger.associations.forgotten
    return counters
  }

  // MARK: What comes in

  package func opened(_ slot: Int, _ conversation: Conversation) {
    hall.opened(slot, conversation)
  }

  package func turned(_ slot: Int, _ conversation: Conversation) {
    hall.turned(slot, conversation)
  }

  package func received(
    _ bytes: RawSpan, on slot: Int, from side: Side, at moment: Moment
  ) {
    guard !bytes.isEmpty else { return }
    guard effort < .flowsOnly else {
      // As if the capture had missed them: what comes later is read again from a message's start.
      return hall.lost(bytes.byteCount, on: slot, from: side, at: moment)
    }
    hall.received(bytes, on: slot, from: side, at: moment)
  }

  package func lost(_ count: Int, on slot: Int, from side: Side, at moment: Moment) {
    hall.lost(count, on: slot, from: side, at: moment)
  }

  package func heard(_ count: Int, on slot: Int, by side: Side) {
    hall.heard(count, on: slot, by: side)
  }

  package func finished(_ slot: Int, side: Side, at moment: Moment) {
    hall.finished(slot, side: side, at: moment)
  }

  package func tagged(_ slot: Int, _ tags: VLANTags) { hall.tagged(slot, tags) }

  package func closed(_ slot: Int, _ conversation: Conversation) {
    hall.closed(slot, conversation)
  }
}
