import Bytes
import Entries
import Flows
import Layers

/// All open conversations of a dissection and what they share.
///
/// One value in one place, so that each call from the flow table begins a single access to it.
struct Hall {
  var ledger: Ledger
  /// By slot.
  private var runners: [Runner?] = []
  private var watch = Watch()
  /// Conversations that are over, with records that wait for their secrets.
  private var parked: [Parked] = []
  /// Generation of the secrets, and time, when those that wait were last looked at.
  private var looked = (generation: 0, at: Timestamp.distantPast)

  private struct Parked {
    var runner: Runner
    var conversation: Conversation
  }

  /// Time between two looks at what waits for secrets, in nanoseconds, when none come.
  private static let lookInterval: Int64 = 1_000_000_000

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

  mutating func tagged(_ slot: Int, _ tags: VLANTags) {
    guard isOpen(slot) else { return }
    runners[slot]?.note(tags)
  }

  mutating func received(_ bytes: RawSpan, on slot: Int, from side: Side, at moment: Moment) {
    guard isOpen(slot) else { return }
    let stream = Self.show(bytes, from: side, at: moment, to: &runners[slot], &ledger)
    if let stream { watch.add(slot, stream: stream, since: moment.timestamp) }
  }

  /// Shows bytes to a runner. Gives the number of its stream when it begins to wait.
  @inline(__always)
  private static func show(
    _ bytes: RawSpan, from side: Side, at moment: Moment, to runner: inout Runner?,
    _ ledger: inout Ledger
  ) -> UInt64? {
    runner?.received(bytes, from: side, at: moment, in: &ledger)
    return runner?.beginsToWait() ?? nil
  }

  mutating func lost(_ count: Int, on slot: Int, from side: Side, at moment: Moment) {
    guard isOpen(slot) else { return }
    runners[slot]?.lost(count, from: side, at: moment, in: &ledger)
    watchIfPending(slot, moment)
  }

  mutating func heard(_ count: Int, on slot: Int, by side: Side) {
    guard isOpen(slot) else { return }
    runners[slot]?.heard(count, by: side)
  }

  mutating func finished(_ slot: Int, side: Side, at moment: Moment) {
    guard isOpen(slot) else { return }
    runners[slot]?.finished(side, at: moment, in: &ledger)
  }

  mutating func closed(_ slot: Int, _ conversation: Conversation) {
    guard isOpen(slot), var runner = runners[slot].take() else { return }
    if runner.tunnel?.isHolding == true, ledger.secrets?.isGrowing == true {
      runner.unsealHeld(&ledger)
      if runner.tunnel?.isHolding == true, parked.count < ledger.limits.sealedConversations {
        parked.append(Parked(runner: runner, conversation: conversation))
        return
      }
    }
    close(&runner, conversation)
  }

  private mutating func close(_ runner: inout Runner, _ conversation: Conversation) {
    runner.closed(conversation, in: &ledger)
    if let secrecy = runner.secrecy { ledger.counters.secrecy[secrecy, default: 0] += 1 }
    if let entry = runner.connectionEntry(conversation, in: &ledger) {
      ledger.entries.append(entry)
    }
    if let kind = flowKind(of: conversation) {
      Self.add(conversation, runner, as: kind, to: &ledger.flows)
    }
  }

  /// Adds the record of an open conversation to `entries`, and the conversation to its flow.
  mutating func addOpen(
    _ slot: Int, _ conversation: Conversation, to entries: inout [Entry], _ flows: inout FlowBook
  ) {
    guard isOpen(slot), runners[slot] != nil else { return }
    if let entry = runners[slot]?.record(of: conversation, in: ledger) { entries.append(entry) }
    if let runner = runners[slot], let kind = flowKind(of: conversation) {
      Self.add(conversation, runner, as: kind, to: &flows)
    }
  }

  /// The same of conversations that are over and wait for their secrets.
  mutating func addParked(to entries: inout [Entry], _ flows: inout FlowBook) {
    for place in parked.indices {
      let conversation = parked[place].conversation
      if let entry = parked[place].runner.record(of: conversation, in: ledger) {
        entries.append(entry)
      }
      if let kind = flowKind(of: conversation) {
        Self.add(conversation, parked[place].runner, as: kind, to: &flows)
      }
    }
  }

  /// The kind of the flow record that counts a conversation; nil where none is wanted.
  private func flowKind(of conversation: Conversation) -> ProtocolKind? {
    guard let kind = ProtocolKind(flowsOver: conversation.transport), ledger.wants(kind) else {
      return nil
    }
    return kind
  }

  /// Belongs to no hall: one that is read while its own book changes would be copied for it, and
  /// the whole book with it, for every conversation that ends.
  private static func add(
    _ conversation: Conversation, _ runner: borrowing Runner, as kind: ProtocolKind,
    to flows: inout FlowBook
  ) {
    var conversation = conversation
    conversation.health = runner.health(of: conversation)
    flows.add(
      conversation, as: kind, client: runner.asking(in: conversation), kinds: runner.kinds)
  }

  /// Gives up halves that have waited too long at `now`.
  mutating func advance(to now: Timestamp) {
    lookForSecrets(at: now)
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

  /// Opens what has got its secrets meanwhile, and gives up what has waited too long.
  private mutating func lookForSecrets(at now: Timestamp) {
    guard ledger.sealedBytes > 0, let secrets = ledger.secrets else { return }
    let generation = secrets.generation
    guard
      generation != looked.generation
        || now.nanoseconds(since: looked.at) >= Self.lookInterval
    else { return }
    looked = (generation, now)
    let limit = now.advanced(by: -ledger.limits.sealedTimeout)
    for slot in runners.indices where runners[slot]?.tunnel?.isHolding == true {
      runners[slot]?.unsealHeld(&ledger)
      if let since = runners[slot]?.tunnel?.waitsSince, since < limit {
        runners[slot]?.dropSealed(&ledger)
      }
      if let stream = runners[slot]?.beginsToWait() { watch.add(slot, stream: stream, since: now) }
    }
    var waiting: [Parked] = []
    swap(&waiting, &parked)
    for var item in waiting {
      item.runner.unsealHeld(&ledger)
      if let since = item.runner.tunnel?.waitsSince, since >= limit {
        parked.append(item)
      } else {
        close(&item.runner, item.conversation)
      }
    }
  }

  /// Makes entries of everything unfinished.
  mutating func finish() {
    var waiting: [Parked] = []
    swap(&waiting, &parked)
    for var item in waiting { close(&item.runner, item.conversation) }
    for slot in runners.indices {
      guard var runner = runners[slot].take() else { continue }
      runner.swapPairing()
      runner.drain(at: .distantPast, in: &ledger)
    }
  }

  private func isOpen(_ slot: Int) -> Bool { runners.indices.contains(slot) }

  private mutating func watchIfPending(_ slot: Int, _ moment: Moment) {
    guard let stream = runners[slot]?.beginsToWait() else { return }
    watch.add(slot, stream: stream, since: moment.timestamp)
  }
}
