package import Bytes
import Dispatch
package import JSON
package import Store
import Synchronization

/// Takes shipments into a Hub's store, in as few transactions as it gets by with, and keeps what may
/// wait for that within limits.
package final class Intake: Sendable {
  /// What may wait, and what is told to those who come beyond it.
  package struct Limits: Sendable {
    /// Bytes of shipments that are being received or stored.
    package var waitingBytes = 256 << 20
    /// Bytes that go into the store at a time.
    package var transactionBytes = 32 << 20
    /// Small blocks in the store, beyond which shipments wait until they have been merged.
    package var smallBlocks = 1_024
    /// Bytes of what is still open on all agents, kept in memory.
    package var openBytes = 64 << 20
    /// Seconds after which an agent that was turned away comes again.
    package var retryAfter = 1
    /// The same when the store has no room, or fails.
    package var retryAfterFailure = 5

    package init() {}
  }

  /// What intake has done and turned away.
  package struct Counters: Hashable, Sendable {
    package var shipments: UInt64 = 0
    package var blocks: UInt64 = 0
    package var entries: UInt64 = 0
    package var bytes: UInt64 = 0
    /// Blocks that were there already.
    package var repeated: UInt64 = 0
    /// Blocks that are damaged.
    package var refused: UInt64 = 0
    /// Shipments that found no room, and those that could not be stored.
    package var turnedAway: UInt64 = 0
    package var failed: UInt64 = 0
    /// Reports of what is open for which there was no room.
    package var openTurnedAway: UInt64 = 0
    /// Times that shipments waited for blocks to be merged.
    package var stalls: UInt64 = 0
  }

  /// Begins work on a thread of its own and returns at once.
  package typealias Beginning = @Sendable (_ work: @escaping @Sendable () -> Void) -> Void

  /// What became of a shipment.
  package struct Outcome: Sendable {
    /// As in HTTP.
    package var status: Int
    package var body: JSONObject
    package var retryAfter: Int?
  }

  /// A shipment that waits to be stored, from its sender's point of view for as long as it takes.
  private struct Waiting {
    var bytes: [UInt8]
    var node: String
    var done: CheckedContinuation<Outcome, Never>
  }

  /// One that could be read.
  private struct Arrival {
    var shipment: Shipment
    var report: AgentReport
    var node: String
    var byteCount: Int
    var done: CheckedContinuation<Outcome, Never>
  }

  private struct State {
    var counters = Counters()
    var reserved = 0
    var waiting: [Waiting] = []
    var isRunning = false
    var isStalled = false
  }

  package let registry: AgentRegistry
  package let limits: Limits
  private let store: EntryStore
  private let state = Mutex(State())
  private let open: Mutex<OpenShelf>
  private let met = Mutex<Set<String>>([])
  private let meet: @Sendable () -> Void
  private let begin: Beginning

  /// - Parameters:
  ///   - begin: begins work on the intake's thread, which had better be less eager than those that
  ///     answer questions.
  ///   - meet: called when agents send for the first time, before they are answered and once for all
  ///     that come together: whoever keeps what is known of agents does it then, so that one is
  ///     missed when it does not come back.
  package init(
    _ store: EntryStore, _ registry: AgentRegistry, limits: Limits = Limits(),
    beginning begin: @escaping Beginning = { DispatchQueue.global().async(execute: $0) },
    meet: @escaping @Sendable () -> Void = {}
  ) {
    (self.store, self.registry, self.limits) = (store, registry, limits)
    (self.begin, self.meet) = (begin, meet)
    open = Mutex(OpenShelf(limit: limits.openBytes))
  }

  package var counters: Counters { state.withLock { $0.counters } }

  /// Makes room for a shipment of so many bytes, until `release` is called.
  ///
  /// - Returns: false when too much waits already.
  package func reserve(_ bytes: Int) -> Bool {
    state.withLock { state in
      guard state.reserved == 0 || state.reserved + bytes <= limits.waitingBytes else {
        state.counters.turnedAway += 1
        return false
      }
      state.reserved += bytes
      return true
    }
  }

  package func release(_ bytes: Int) { state.withLock { $0.reserved -= bytes } }

  /// Takes a whole shipment: all its blocks that are sound are in the store when this returns 200.
  ///
  /// Reading it is work of the intake's own thread, so that questions do not wait behind shipments.
  package func take(_ bytes: [UInt8], from node: String) async -> Outcome {
    await withCheckedContinuation { done in
      let begins = state.withLock { state in
        state.waiting.append(Waiting(bytes: bytes, node: node, done: done))
        defer { state.isRunning = true }
        return !state.isRunning
      }
      if begins { begin { self.drain() } }
    }
  }

  /// No longer shows what is open on agents that are silent: nobody knows whether it is.
  package func forgetSilent(at now: Timestamp) {
    let nodes = open.withLock { $0.nodes }
    guard !nodes.isEmpty else { return }
    let heard = Set(registry.agents(at: now).filter { $0.condition != .silent }.map(\.node))
    for node in nodes where !heard.contains(node) {
      // Under the lock, lest a report comes between.
      open.withLock { open in
        // Showing alone writes nothing that could fail.
        if open.forget(node) { _ = try? store.insert([], showing: [node: []]) }
      }
    }
  }

  private func refusal(
    _ status: Int, _ code: String, _ message: String, retryAfter: Int? = nil
  ) -> Outcome {
    Outcome(
      status: status, body: ["error": .string(message), "code": .string(code)],
      retryAfter: retryAfter)
  }

  // MARK: Storing

  /// Stores what waits until nothing does: the more waits the larger the transactions.
  private func drain() {
    while true {
      let batch: [Waiting] = state.withLock { state in
        var bytes = 0
        let count = state.waiting.prefix { waiting in
          defer { bytes += waiting.bytes.count }
          return bytes < limits.transactionBytes
        }.count
        let batch = Array(state.waiting.prefix(count))
        state.waiting.removeFirst(count)
        if batch.isEmpty { state.isRunning = false }
        return batch
      }
      if batch.isEmpty { return }
      catchUpWithMerging()
      insert(batch.compactMap(read))
    }
  }

  /// Whether shipments wait until blocks have been merged: who does that at leisure makes way.
  package var isStalled: Bool { state.withLock { $0.isStalled } }

  /// Merges what has piled up. Agents send no more until they are answered, and keep meanwhile what
  /// they have.
  private func catchUpWithMerging() {
    guard store.smallBlocks > limits.smallBlocks else { return }
    state.withLock { state in
      state.counters.stalls += 1
      state.isStalled = true
    }
    defer { state.withLock { $0.isStalled = false } }
    // What cannot be merged stays as it is, and is tried again.
    try? store.merge(downTo: limits.smallBlocks / 2)
  }

  /// Nil for what is no shipment that can be stored: it is answered.
  private func read(_ waiting: Waiting) -> Arrival? {
    let outcome: Outcome
    do throws(Shipment.Malformed) {
      let shipment = try Shipment(parsing: waiting.bytes)
      let newer = shipment.refused.first { $0.error.code == .unknownVersion }
      if let newer {
        outcome = refusal(
          409, "unknown_version", "The agent is newer than this Hub: \(newer.error).",
          retryAfter: 30)
      } else if let report = AgentReport(json: shipment.report) {
        return Arrival(
          shipment: shipment, report: report, node: waiting.node,
          byteCount: waiting.bytes.count, done: waiting.done)
      } else {
        outcome = refusal(
          400, "malformed", "The shipment's report lacks what it must have.")
      }
    } catch {
      outcome = refusal(400, "malformed", "The shipment cannot be read: \(error.problem).")
    }
    waiting.done.resume(returning: outcome)
    return nil
  }

  private func insert(_ batch: [Arrival]) {
    guard !batch.isEmpty else { return }
    do throws(StoreError) { try store(batch) } catch {
      guard batch.count > 1 else {
        state.withLock { $0.counters.failed += 1 }
        return batch[0].done.resume(
          returning: refusal(
            507, "store", "The Hub cannot store it: \(error).",
            retryAfter: limits.retryAfterFailure))
      }
      // One of them may be the reason: each by itself.
      for arrival in batch { insert([arrival]) }
    }
  }

  /// Stores all of them in one transaction, and answers.
  private func store(_ batch: [Arrival]) throws(StoreError) {
    var verdicts: [OpenShelf.Verdict] = []
    let result: Result<[Bool], StoreError> = open.withLock { open in
      let before = open
      var shown: [String: [EncodedBlock]] = [:]
      for arrival in batch {
        let (verdict, blocks) = open.take(
          arrival.report, arrival.shipment.open, from: arrival.node)
        verdicts.append(verdict)
        if let blocks { shown[arrival.node] = blocks }
      }
      do throws(StoreError) {
        return .success(
          try store.insert(
            batch.flatMap(\.shipment.blocks), showing: shown, joining: true))
      } catch {
        open = before
        return .failure(error)
      }
    }
    var isNew = try result.get()[...]
    var outcomes: [Outcome] = []
    for (arrival, verdict) in zip(batch, verdicts) {
      let count = arrival.shipment.blocks.count
      outcomes.append(stored(arrival, isNew: Array(isNew.prefix(count)), verdict))
      isNew = isNew.dropFirst(count)
    }
    if areNew(zip(batch, outcomes).filter { $1.status == 200 }.map(\.0.node)) { meet() }
    for (arrival, outcome) in zip(batch, outcomes) { arrival.done.resume(returning: outcome) }
  }

  /// Whether one of these agents sends for the first time.
  private func areNew(_ nodes: [String]) -> Bool {
    met.withLock { met in
      let before = met.count
      met.formUnion(nodes)
      return met.count > before
    }
  }

  private func stored(
    _ arrival: Arrival, isNew: [Bool], _ verdict: OpenShelf.Verdict
  ) -> Outcome {
    let shipment = arrival.shipment
    let new = zip(shipment.blocks, isNew).filter(\.1).map(\.0)
    let entries = new.reduce(0 as UInt64) { $0 + UInt64($1.header.rows) }
    state.withLock { state in
      state.counters.shipments += 1
      state.counters.blocks += UInt64(new.count)
      state.counters.repeated += UInt64(shipment.blocks.count - new.count)
      state.counters.refused += UInt64(shipment.refused.count)
      state.counters.entries += entries
      state.counters.bytes += UInt64(arrival.byteCount)
      if verdict == .full { state.counters.openTurnedAway += 1 }
    }
    let orders = registry.take(
      arrival.report, from: arrival.node, entries: entries, at: .now)
    guard let orders else {
      return refusal(
        429, "too_many_agents", "\(AgentRegistry.maxAgents) agents are known here.",
        retryAfter: 30)
    }
    var body = orders.json
    body["stored"] = JSONValue(shipment.blocks.count)
    body["open"] = .string(verdict.rawValue)
    body["refused"] = .array(
      shipment.refused.map {
        ["index": JSONValue($0.index), "reason": .string($0.error.description)]
      })
    return Outcome(status: 200, body: body)
  }
}
