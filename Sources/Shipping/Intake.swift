import Bytes
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
  }

  /// What became of a shipment.
  package struct Outcome: Sendable {
    /// As in HTTP.
    package var status: Int
    package var body: JSONObject
    package var retryAfter: Int?
  }

  private struct Waiting {
    var blocks: [EncodedBlock]
    var done: CheckedContinuation<Result<[Bool], StoreError>, Never>

    var bytes: Int { blocks.reduce(0) { $0 + $1.bytes.count } }
  }

  private struct State {
    var counters = Counters()
    var reserved = 0
    var waiting: [Waiting] = []
    var isRunning = false
  }

  package let registry: AgentRegistry
  package let limits: Limits
  private let store: EntryStore
  private let state = Mutex(State())
  private let met = Mutex<Set<String>>([])
  private let meet: @Sendable () -> Void
  private let queue = DispatchQueue(label: "intake", qos: .userInitiated)

  /// - Parameter meet: called when an agent sends for the first time, before it is answered: whoever
  ///   keeps what is known of agents does it then, so that it is missed when it does not come back.
  package init(
    _ store: EntryStore, _ registry: AgentRegistry, limits: Limits = Limits(),
    meet: @escaping @Sendable () -> Void = {}
  ) {
    (self.store, self.registry, self.limits, self.meet) = (store, registry, limits, meet)
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
  package func take(_ bytes: [UInt8], from node: String) async -> Outcome {
    let shipment: Shipment
    do throws(Shipment.Malformed) { shipment = try Shipment(parsing: bytes) } catch {
      return refusal(400, "malformed", "The shipment cannot be read: \(error.problem).")
    }
    guard let report = AgentReport(json: shipment.report) else {
      return refusal(400, "malformed", "The shipment's report lacks what it must have.")
    }
    if let newer = shipment.refused.first(where: { $0.error.code == .unknownVersion }) {
      return refusal(
        409, "unknown_version", "The agent is newer than this Hub: \(newer.error).",
        retryAfter: 30)
    }
    let isNew: [Bool]
    do throws(StoreError) { isNew = try await store(shipment.blocks).get() } catch {
      state.withLock { $0.counters.failed += 1 }
      return refusal(
        507, "store", "The Hub cannot store it: \(error).", retryAfter: limits.retryAfterFailure)
    }
    let new = zip(shipment.blocks, isNew).filter(\.1).map(\.0)
    let entries = new.reduce(0 as UInt64) { $0 + UInt64($1.header.rows) }
    state.withLock { state in
      state.counters.shipments += 1
      state.counters.blocks += UInt64(new.count)
      state.counters.repeated += UInt64(shipment.blocks.count - new.count)
      state.counters.refused += UInt64(shipment.refused.count)
      state.counters.entries += entries
      state.counters.bytes += UInt64(bytes.count)
    }
    guard let orders = registry.take(report, from: node, entries: entries, at: .now) else {
      return refusal(
        429, "too_many_agents", "\(AgentRegistry.maxAgents) agents are known here.",
        retryAfter: 30)
    }
    if met.withLock({ $0.insert(node).inserted }) { meet() }
    var body = orders.json
    body["stored"] = JSONValue(shipment.blocks.count)
    body["refused"] = .array(
      shipment.refused.map {
        ["index": JSONValue($0.index), "reason": .string($0.error.description)]
      })
    return Outcome(status: 200, body: body)
  }

  private func refusal(
    _ status: Int, _ code: String, _ message: String, retryAfter: Int? = nil
  ) -> Outcome {
    Outcome(
      status: status, body: ["error": .string(message), "code": .string(code)],
      retryAfter: retryAfter)
  }

  // MARK: Storing

  private func store(_ blocks: [EncodedBlock]) async -> Result<[Bool], StoreError> {
    if blocks.isEmpty { return .success([]) }
    return await withCheckedContinuation { done in
      let begins = state.withLock { state in
        state.waiting.append(Waiting(blocks: blocks, done: done))
        defer { state.isRunning = true }
        return !state.isRunning
      }
      if begins { queue.async { self.drain() } }
    }
  }

  /// Stores what waits until nothing does: the more waits the larger the transactions.
  private func drain() {
    while true {
      let batch: [Waiting] = state.withLock { state in
        var bytes = 0
        let count = state.waiting.prefix { waiting in
          defer { bytes += waiting.bytes }
          return bytes < limits.transactionBytes
        }.count
        let batch = Array(state.waiting.prefix(count))
        state.waiting.removeFirst(count)
        if batch.isEmpty { state.isRunning = false }
        return batch
      }
      if batch.isEmpty { return }
      insert(batch)
    }
  }

  private func insert(_ batch: [Waiting]) {
    if batch.count > 1 {
      do throws(StoreError) {
        var isNew = try store.insert(batch.flatMap(\.blocks))[...]
        for waiting in batch {
          waiting.done.resume(returning: .success(Array(isNew.prefix(waiting.blocks.count))))
          isNew = isNew.dropFirst(waiting.blocks.count)
        }
        return
      } catch {
        // One of them may be the reason: each by itself.
      }
    }
    for waiting in batch {
      do throws(StoreError) {
        waiting.done.resume(returning: .success(try store.insert(waiting.blocks)))
      } catch { waiting.done.resume(returning: .failure(error)) }
    }
  }
}
