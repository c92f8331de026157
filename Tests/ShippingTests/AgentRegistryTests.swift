import Bytes
import JSON
import Pipeline
import Testing

@testable import Shipping

struct AgentRegistryTests {
  private let start = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
  private func later(_ seconds: Int64) -> Timestamp { start.advanced(by: seconds * 1_000_000_000) }

  private func condition(
    _ registry: AgentRegistry, _ seconds: Int64
  ) -> AgentState.Condition? { registry.agents(at: later(seconds)).first?.condition }

  @Test func whoIsNotHeardOfIsLateThenSilent() {
    let registry = AgentRegistry(now: start)
    _ = registry.take(report(), from: "n1", entries: 2, at: start)
    #expect(condition(registry, 5) == .ok)
    #expect(condition(registry, 6) == .late)
    #expect(condition(registry, 31) == .silent)
    _ = registry.take(report(), from: "n1", entries: 0, at: later(40))
    #expect(condition(registry, 41) == .ok)
    #expect(registry.agents(at: later(41))[0].entries == 2)
  }

  @Test func whoHasMuchWaitingIsLateThoughItIsHeardOf() {
    let registry = AgentRegistry(now: start)
    var behind = report()
    behind.backlog.age = 11_000_000_000
    _ = registry.take(behind, from: "n1", entries: 0, at: start)
    #expect(condition(registry, 0) == .late)
  }

  /// Calls have the times of their nodes' clocks.
  @Test func clocksThatDifferAreTold() {
    let registry = AgentRegistry(now: start)
    for (node, seconds) in [("n1", Int64(130)), ("n2", -1), ("n3", -10), ("n4", 3)] {
      // What was said at `start` by the agent's clock comes when the Hub's shows this.
      _ = registry.take(report(), from: node, entries: 0, at: later(seconds))
    }
    let agents = registry.agents(at: later(131))
    #expect(agents.map { $0.json["clock_ahead_ms"]?.int } == [-130_000, 1_000, 10_000, -3_000])
    let told = "clocks that differ from the Hub's, as the times of calls do: "
    #expect(AgentState.clocks(of: agents, most: 5) == told + "n1 130 s behind, n3 10 s ahead")
    #expect(AgentState.clocks(of: agents, most: 1) == told + "n1 130 s behind and 1 more")
    #expect(AgentState.clocks(of: [agents[1], agents[3]], most: 5) == nil)
  }

  @Test func sheddingIsRememberedForAWhile() {
    let registry = AgentRegistry(now: start)
    _ = registry.take(report(), from: "n1", entries: 0, at: start)
    var shedding = report()
    shedding.statistics.live?.shed = 5
    _ = registry.take(shedding, from: "n1", entries: 0, at: later(1))
    #expect(condition(registry, 2) == .shedding)
    _ = registry.take(shedding, from: "n1", entries: 0, at: later(40))
    #expect(condition(registry, 41) == .ok)
  }

  @Test func whatEarlierStartsSawAddsUp() {
    let registry = AgentRegistry(now: start)
    var first = report("first")
    (first.statistics.packets, first.backlog.dropped) = (100, 7)
    first.statistics.live?.captured = 90
    _ = registry.take(first, from: "n1", entries: 1, at: start)
    _ = registry.take(report("second"), from: "n1", entries: 1, at: later(1))
    let agent = registry.agents(at: later(1))[0]
    #expect(agent.statistics.packets == 110 && agent.dropped == 7 && agent.entries == 2)
    #expect(agent.statistics.live?.captured == 90)
  }

  /// Whoever knows the secret can say anything, again and again.
  @Test func whatAgentsClaimIsKeptWithinBounds() throws {
    let registry = AgentRegistry(now: start)
    let most = UInt64(Int64.max)
    for number in 0..<9 {
      var claim = report(String(number))
      (claim.statistics.packets, claim.backlog.dropped) = (most, most)
      claim.statistics.droppedPackets = most
      (claim.raw.bytes, claim.raw.packets) = (most, most)
      claim.statistics.live?.captured = most
      claim.statistics.live?.shed = most
      // Characters of any number of bytes.
      let long = "e" + String(repeating: "\u{301}", count: 5_000)
      claim.statistics.warnings = [String](repeating: long, count: 300)
      claim.statistics.sources = claim.statistics.warnings
      claim.targets.pods = [long]
      claim.statistics.flowTroubles = (0..<3_000).map {
        Statistics.Named(name: "\(number)/\($0)", count: most)
      }
      for node in ["a", "b", "c"] {
        let read = try #require(AgentReport(json: claim.json))
        _ = registry.take(read, from: node, entries: 0, at: start)
      }
    }
    let agents = registry.agents(at: start)
    var all = Statistics()
    for agent in agents {
      all.add(counted: agent.statistics)
      #expect(agent.statistics.warnings.count <= 40)
      #expect(agent.statistics.warnings.allSatisfy { $0.utf8.count <= 500 })
      #expect(agent.report.statistics.sources.count <= 64)
      #expect(agent.report.targets.pods.allSatisfy { $0.utf8.count <= 512 })
      #expect(agent.statistics.flowTroubles.count <= 513)
      #expect(agent.statistics.flowTroubles.reduce(0) { $0 + $1.count } > 1 << 54)
      #expect(JSONValue.object(agent.json).text.utf8.count < 4_000)
    }
    // Sums of all of them stay numbers.
    #expect(agents.reduce(0) { $0 + $1.dropped } > 1 << 50)
    #expect(agents.reduce(0) { $0 + $1.report.raw.bytes } > 1 << 50)
    #expect(all.packets > 0 && all.live.map { $0.captured > 0 } == true)
  }

  @Test func ordersHaveANewNumberWithEveryChangeOnly() {
    let registry = AgentRegistry(now: start)
    let none = registry.orders.number
    let off = registry.want(dissection: false)
    #expect(off != none && registry.want(dissection: false) == off)
    #expect(registry.want(targets: .init(namespaces: ["shop"])) != off)
    let orders = registry.take(report(), from: "n1", entries: 0, at: start)
    #expect(orders?.dissection == false && orders?.targets?.namespaces == ["shop"])
    #expect(orders.map { AgentOrders(json: $0.json) } == orders)
  }

  @Test func manyAgentsReportLessOften() {
    let registry = AgentRegistry(now: start)
    for number in 0..<1_200 {
      _ = registry.take(report(), from: "n\(number)", entries: 0, at: start)
    }
    #expect(registry.pause == .seconds(3))
    // None of them is late because of it.
    #expect(registry.agents(at: later(9)).allSatisfy { $0.condition == .ok })
  }

  @Test func whoIsKnownIsKnownAfterTheNextStart() throws {
    let registry = AgentRegistry(now: start)
    _ = registry.take(report(), from: "n1", entries: 3, at: start)
    let number = registry.want(dissection: false)
    let text = JSONValue.object(registry.stored).text
    let stored = try #require(try JSONReader.value(of: text).object)
    let again = AgentRegistry(stored: stored)
    #expect(again.orders.number == number && again.orders.dissection == false)
    #expect(condition(again, 60) == .silent)
    #expect(again.agents(at: start)[0].entries == 3)
  }

  @Test func namesThatCouldBePathsAreNone() {
    for name in ["", ".", "..", ".x", "a/b", "a b", "ä", String(repeating: "x", count: 254)] {
      #expect(!AgentRegistry.isName(name), "\(name)")
    }
    // The longest that Kubernetes gives.
    let longest = String(repeating: "n", count: 240) + ".eu-west.test"
    #expect(longest.utf8.count == 253 && AgentRegistry.isName(longest))
    #expect(AgentRegistry.isName("ip-10-0-1-2.eu-west-1.compute.internal"))
  }
}
