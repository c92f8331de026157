package import Bytes
package import Entries
package import Flows

/// The sink of a flow table: conversations go in, entries come out.
///
/// Calls leave when they are complete; a half waits for its partner until `lateTimeout` has passed
/// or its conversation is over, and a conversation itself leaves as an entry when it closes. The
/// same packets give the same entries in the same order.
package final class Dissection: FlowSink {
  private var runners: [Runner?] = []
  private var ledger: Ledger
  private var watch = Watch()

  package init(
    limits: DissectionLimits = DissectionLimits(),
    switches: DissectorSwitches = .standard,
    rows: [DissectorRow] = DissectorCatalogue.all
  ) {
    ledger = Ledger(limits: limits, switches: switches, rows: rows)
  }

  // MARK: What comes out

  /// Entries completed since the last call.
  package func drain() -> [Entry] {
    var entries: [Entry] = []
    swap(&entries, &ledger.entries)
    return entries
  }

  /// Entries that `drain` would give.
  package var readyCount: Int { ledger.entries.count }

  /// Nothing waits: no bytes, no bodies, no halves.
  package var isIdle: Bool {
    ledger.waitingBytes == 0 && ledger.bodyBytes == 0 && ledger.pending == 0
  }

  /// Gives up halves that have waited too long at `now`, in capture time.
  package func advance(to now: Timestamp) {
    let limit = now.advanced(by: -ledger.limits.lateTimeout)
    while let due = watch.next(before: limit) {
      guard runners[due.slot]?.stream == due.stream else { continue }
      if let oldest = runners[due.slot]?.expire(before: limit, in: &ledger) {
        watch.add(due.slot, stream: due.stream, since: oldest)
      } else {
        runners[due.slot]?.isWatched = false
      }
    }
  }

  /// Makes entries of everything unfinished: no more packets will come.
  ///
  /// Conversations that the flow table has not closed yet get no entry of their own.
  package func finish() {
    for slot in runners.indices {
      guard var runner = runners[slot] else { continue }
      runners[slot] = nil
      runner.drain(at: .distantPast, in: &ledger)
    }
  }

  /// What was seen, misread and turned away so far.
  package var counters: DissectionCounters {
    var counters = ledger.counters
    for (row, figures) in zip(ledger.rows, ledger.figures) {
      counters.protocols[row.name] = figures
    }
    return counters
  }

  // MARK: What comes in

  package func opened(_ slot: Int, _ conversation: Conversation) {
    while runners.count <= slot { runners.append(nil) }
    runners[slot] = Runner(conversation)
  }

  package func turned(_ slot: Int, _ conversation: Conversation) {
    runners[slot]?.opening.client = conversation.client
    runners[slot]?.opening.server = conversation.server
  }

  package func received(
    _ bytes: RawSpan, on slot: Int, from side: Side, at moment: Moment
  ) {
    if bytes.isEmpty { return }
    runners[slot]?.received(bytes, from: side, at: moment, in: &ledger)
    watchIfPending(slot, moment)
  }

  package func lost(_ count: Int, on slot: Int, from side: Side, at moment: Moment) {
    runners[slot]?.lost(count, from: side, at: moment, in: &ledger)
    watchIfPending(slot, moment)
  }

  package func finished(_ slot: Int, side: Side, at moment: Moment) {
    runners[slot]?.finished(side, at: moment, in: &ledger)
  }

  package func closed(_ slot: Int, _ conversation: Conversation) {
    guard var runner = runners[slot] else { return }
    runners[slot] = nil
    runner.closed(conversation, in: &ledger)
    if let entry = runner.connectionEntry(conversation, in: &ledger) {
      ledger.entries.append(entry)
    }
  }

  private func watchIfPending(_ slot: Int, _ moment: Moment) {
    guard let stream = runners[slot]?.beginsToWait() else { return }
    watch.add(slot, stream: stream, since: moment.timestamp)
  }
}
