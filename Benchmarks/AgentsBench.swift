import ArgumentParser
import AsyncHTTPClient
import Bytes
import Entries
import JSON
import NIOCore
import NIOHTTP1
import Pipeline
import Shipping
import Store
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `kubeshark-bench agents`: so many agents that send recorded blocks to one Hub, each a shipment at a
/// time, as agents do; for `Scripts/bench-agents`, which looks at the Hub meanwhile.
struct AgentsBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agents",
    abstract: "Sends recorded blocks to a Hub as many agents would; prints one JSON object.")

  @Option(help: "The Hub.")
  var url: String

  @Option(help: "The secret of its agents.")
  var token: String

  @Option(help: "Agents.")
  var agents = 10

  @Option(help: "Calls of a block.")
  var rows = 4_096

  @Option(help: "Calls in all.")
  var calls = 1_000_000

  @Option(help: "Calls a second of all agents; 0 is as many as the Hub takes.")
  var rate = 0

  /// What all agents share while they send.
  private final class Tally: Sendable {
    struct Counts {
      var entries = 0
      var bytes = 0
      var shipments = 0
      var busy = 0
      var failed = 0
    }
    let counts = Mutex(Counts())
    /// How many agents have sent their block of each number.
    private let arrived: Mutex<[Int]>
    private let agents: Int

    init(agents: Int, blocks: Int) {
      self.agents = agents
      arrived = Mutex([Int](repeating: 0, count: blocks))
    }

    /// Whether an agent may send its block of that number: each makes one a second, and no clock is
    /// far ahead of the others.
    func isDue(_ block: Int) -> Bool {
      block < AgentsBench.blocksAhead
        || arrived.withLock { $0[block - AgentsBench.blocksAhead] == agents }
    }

    func note(_ block: Int) { arrived.withLock { $0[block] += 1 } }
  }

  /// Blocks that an agent has sent more than the slowest one, at most.
  private static let blocksAhead = 3

  mutating func validate() throws {
    guard (1...5_000).contains(agents), (1...65_536).contains(rows) else {
      throw ValidationError("--agents takes 1 to 5000, --rows 1 to 65536.")
    }
    guard calls >= rows * agents else {
      throw ValidationError("Every agent needs a block: --calls must be --agents times --rows.")
    }
  }

  @concurrent
  func run() async throws {
    let blocks = try recorded()
    let made = blocks.reduce(0) { $0 + $1.rows }
    let bytes = blocks.reduce(0) { $0 + $1.bytes.count }
    // Whoever looks at the Hub begins now.
    print(JSONValue.object(["ready": true, "blocks": JSONValue(blocks.count)]).text)
    flushOutput()
    var configuration = HTTPClient.Configuration(
      timeout: .init(connect: .seconds(30), read: .seconds(120)))
    configuration.httpVersion = .http1Only
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = agents
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let tally = Tally(agents: agents, blocks: blocks.count / agents + 1)
    let begun = ContinuousClock.now
    await withTaskGroup(of: Void.self) { group in
      for agent in 0..<agents {
        let own = stride(from: agent, to: blocks.count, by: agents).map { blocks[$0] }
        group.addTask { await send(own, as: agent, over: client, begun, tally) }
      }
    }
    let time = begun.duration(to: .now)
    try await client.shutdown()
    let counts = tally.counts.withLock { $0 }
    print(
      JSONValue.object([
        "agents": JSONValue(agents), "entries": JSONValue(counts.entries),
        "made": JSONValue(made), "bytes": JSONValue(bytes),
        "shipments": JSONValue(counts.shipments), "busy": JSONValue(counts.busy),
        "failed": JSONValue(counts.failed),
        "seconds": JSONValue(
          Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18),
      ]).text)
  }

  /// Blocks of a shop's day, in order of time: what agents of its nodes would have made.
  private func recorded() throws -> [(rows: Int, bytes: [UInt8])] {
    var limits = StoreLimits()
    limits.blockRows = rows
    let store = try EntryStore(.memory, limits: limits)
    var day = ShopDay(Shop(), rows: calls)
    var batch: [Entry] = []
    var isOver = false
    while !isOver {
      batch.removeAll(keepingCapacity: true)
      while batch.count < rows, !isOver {
        if let call = day.next() { batch.append(day.entry(call)) } else { isOver = true }
      }
      try store.append(batch)
      try store.flush()
    }
    return try store.arrived().map { ($0.rows, try store.encoded($0).bytes) }
  }

  private func send(
    _ blocks: [(rows: Int, bytes: [UInt8])], as agent: Int, over client: HTTPClient,
    _ begun: ContinuousClock.Instant, _ tally: Tally
  ) async {
    let started = Timestamp.now
    var sent = 0
    for (index, block) in blocks.enumerated() {
      if rate > 0 {
        // Each agent has its share of the rate, and its own moment in it.
        let turn = Double(sent) + Double(block.rows * agent) / Double(agents)
        let due = begun + .seconds(turn * Double(agents) / Double(rate))
        if due > .now { try? await Task.sleep(until: due, clock: .continuous) }
      }
      var report = AgentReport(
        instance: "bench", version: "bench", started: started, now: .now)
      report.statistics.entries = UInt64(sent + block.rows)
      report.statistics.live = Statistics.Live()
      report.backlog.blocks = UInt64(blocks.count - index)
      let shipment = Shipment.encoded(report: report.json, blocks: [block.bytes])
      while !tally.isDue(index) { try? await Task.sleep(for: .milliseconds(1)) }
      while await !arrives(shipment, of: agent, over: client, tally) {}
      tally.note(index)
      tally.counts.withLock { counts in
        counts.entries += block.rows
        counts.bytes += shipment.count
        counts.shipments += 1
      }
      sent += block.rows
    }
  }

  private func arrives(
    _ shipment: [UInt8], of agent: Int, over client: HTTPClient, _ tally: Tally
  ) async -> Bool {
    var request = HTTPClientRequest(url: "\(url)/agents/node-\(agent)")
    request.method = .POST
    request.headers.add(name: "Authorization", value: "Bearer " + token)
    request.headers.add(name: "Content-Type", value: Shipment.contentType)
    request.body = .bytes(ByteBuffer(bytes: shipment))
    do {
      let response = try await client.execute(request, deadline: .now() + .seconds(120))
      _ = try await response.body.collect(upTo: 4 << 20)
      if response.status == .ok { return true }
      tally.counts.withLock { $0.busy += 1 }
    } catch {
      tally.counts.withLock { $0.failed += 1 }
    }
    try? await Task.sleep(for: .milliseconds(500))
    return false
  }
}

/// What was printed is read at once, also by a pipe.
private func flushOutput() { fflush(nil) }
