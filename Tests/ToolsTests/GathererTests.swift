import Bytes
import Foundation
import Shipping
import Snapshots
import Testing
import Tools

struct GathererTests {
  private struct NotAsked: Error {}

  private func report() -> AgentReport {
    AgentReport(instance: "first", version: "1", started: .now, now: .now)
  }

  /// The id under which a node is asked for its packets, once it is.
  private func asked(_ node: String, _ registry: AgentRegistry) async throws -> String {
    for _ in 0..<60_000 {
      let orders = registry.take(report(), from: node, entries: 0, at: .now)
      if let id = orders?.gatherings.first?.id { return id }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw NotAsked()
  }

  /// The packets of a large cluster are more than a Hub's disk: whoever comes too late is refused,
  /// and named.
  @Test func agentsTogetherSendNoMoreThanThereIsRoomFor() async throws {
    let registry = AgentRegistry()
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("gathered-\(UUID().uuidString)").path
    // Machines that test are busy.
    let gatherer = try Gatherer(registry, folder: folder, patience: .max)
    gatherer.keepWithin { 1_000 }
    for node in ["n1", "n2"] { _ = registry.take(report(), from: node, entries: 0, at: .now) }
    let now = Timestamp.now
    let (files, gathered) = AsyncStream<Int?>.makeStream()
    Thread.detachNewThread {
      let window = now.advanced(by: -1_000_000_000)..<now
      gathered.yield((try? gatherer.files(in: window, nodes: nil, rolls: true))?.count)
      gathered.finish()
    }
    let first = try await asked("n1", registry)
    let second = try await asked("n2", registry)
    let piece = [UInt8](repeating: 0, count: 600)
    try gatherer.begin(first, from: "n1")
    try gatherer.add(piece, to: first)
    // Whoever begins anew has room for it again.
    try gatherer.begin(first, from: "n1")
    try gatherer.add(piece, to: first)
    try gatherer.begin(second, from: "n2")
    #expect(throws: Gatherer.Refusal.cannotWrite) { try gatherer.add(piece, to: second) }
    gatherer.end(first)
    for await found in files { #expect(found == 0, "what was sent here is no capture") }
    #expect(gatherer.missing == ["n2: there is no room for them among the snapshots"])
    try? FileManager.default.removeItem(atPath: folder)
  }
}
