import Bytes
import Entries
import Flows

/// All open conversations of a dissection and what they share.
///
/// One value in one place, so that each call from the flow table begins a single access to it.
struct Hall {
  var ledger: Ledger
  /// By slot.
  private var runners: [Runner?] = []
  private var watch = Watch()

  init(ledger: Ledger) { self.ledger = ledger }

  mutating func opened(_ slot: Int, _ conversation: Conversation) {
    while runners.count <= slot { runners.append(nil) }
    runners[slot] = Runner(conversation)
  }

  mutating func turned(_ slot: Int, _ conversation: Conversation) {
    guard isOpen(slot) else { return }
    runners[slot]?.opening.client = conversation.client
    runners[slot]?.opening.server = conversation.server
  }

  mutating func received(_ bytes: RawSpan, on slot: Int, from side: Side, at moment: Moment) {
    guard isOpen(slot) else { return }
    runners[slot]?.received(bytes, from: side, at: moment, in: &ledger)
    watchIfPending(slot, moment)
  }

  mutating func lost(_ count: Int, on slot: Int, from side: Side, at moment: Moment) {
    guard isOpen(slot) else { return }
    runners[slot]?.lost(count, from: side, at: moment, in: &ledger)
    watchIfPending(slot, moment)
  }

  mutating func finished(_ slot: Int, side: Side, at moment: Moment) {
    guard isOpen(slot) else { return }
    runners[slot]?.finished(side, at: moment, in: &ledger)
  }

  mutating func closed(_ slot: Int, _ conversation: Conversation) {
    guard isOpen(slot), var runner = runners[slot].take() else { return }
    runner.closed(conversation, in: &ledger)
    if let entry = runner.connectionEntry(conversation, in: &ledger) {
      ledger.entries.append(entry)
    }
    add(conversation, runner, to: &ledger.flows)
  }

  /// Adds the record of an open conversation to `entries`, and the conversation to its flow.
  mutating func addOpen(
    _ slot: Int, _ conversation: Conversation, to entries: inout [Entry], _ flows: inout FlowBook
  ) {
    guard isOpen(slot), runners[slot] != nil else { return }
    if let entry = runners[slot]?.record(of: conversation, in: ledger) { entries.append(entry) }
    if let runner = runners[slot] { add(conversation, runner, to: &flows) }
  }

  private func add(
    _ conversation: Conversation, _ runner: borrowing Runner, to flows: inout FlowBook
  ) {
    if let kind = ProtocolKind(flowsOver: conversation.transport), ledger.wants(kind) {
      flows.add(
        conversation, as: kind, client: runner.asking(in: conversation), kinds: runner.kinds)
    }
  }

  /// Gives up halves that have waited too long at `now`.
  mutating func advance(to now: Timestamp) {
    let limit = now.advanced(by: -ledger.limits.lateTimeout)
    while let due = watch.next(before: limit) {
      guard isOpen(due.slot), runners[due.slot]?.stream == due.stream else { continue }
      if let oldest = runners[due.slot]?.expire(before: limit, in: &ledger) {
        watch.add(due.slot, stream: due.stream, since: oldest)
      } else {
        runners[due.slot]?.isWatched = false
      }
    }
  }

  /// Makes entries of everything unfinished.
  mutating func finish() {
    for slot in runners.indices {
      if var runner = runners[slot].take() { runner.drain(at: .distantPast, in: &ledger) }
    }
  }

  private func isOpen(_ slot: Int) -> Bool { runners.indices.contains(slot) }

  private mutating func watchIfPending(_ slot: Int, _ moment: Moment) {
    guard let stream = runners[slot]?.beginsToWait() else { return }
    watch.add(slot, stream: stream, since: moment.timestamp)
  }
}
