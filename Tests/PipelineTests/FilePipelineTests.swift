import Entries
import Foundation
import Packets
import Pipeline
import Store
import TestSupport
import Testing

@Suite struct FilePipelineTests {
  private static let shop = checkout.appendingPathComponent("Samples/shop.pcap").path

  private func read(
    _ paths: [String], workers: Int = 2
  ) throws -> (store: EntryStore, statistics: Statistics) {
    let store = try EntryStore(.memory)
    let pipeline = try FilePipeline(
      paths: paths, settings: PipelineSettings(workers: workers))
    try pipeline.run(into: store)
    return (store, pipeline.statistics)
  }

  @Test func everyPacketIsCountedOnce() throws {
    for workers in [1, 2, 7] {
      let (store, statistics) = try read([Self.shop], workers: workers)
      #expect(statistics.packets == 1345 && statistics.isComplete)
      #expect(statistics.notFollowed.map(\.count) == [30], "ARP")
      let snapshot = store.snapshot()
      #expect(UInt64(snapshot.rows()) == statistics.entries)
      #expect(snapshot.rows(.calls) >= 231, "HTTP and DNS")
      #expect(snapshot.rows(.connections) == 56)
    }
  }

  @Test func severalFilesAreOneCapture() throws {
    let dns = checkout.appendingPathComponent("Samples/dns.pcapng").path
    let (_, statistics) = try read([Self.shop, dns])
    #expect(statistics.packets == 1345 + 62)
    #expect(statistics.sources == ["shop.pcap", "dns.pcapng"])
  }

  @Test func aCutFileGivesWhatItHas() throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: Self.shop))
    let path = NSTemporaryDirectory() + "cut-\(UUID().uuidString).pcap"
    defer { try? FileManager.default.removeItem(atPath: path) }
    for length in [24, 100, 1_000, 100_001, whole.count - 1] {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      let (_, statistics) = try read([path])
      #expect(statistics.packets < 1345)
      if length > 24 { #expect(statistics.warnings.count == 1, "\(length)") }
    }
  }

  @Test(arguments: ["/nonexistent/x.pcap", "/", "/dev/null", "/etc/passwd"])
  func whatIsNoCaptureIsRefused(path: String) {
    #expect(throws: (any Error).self) { try read([path]) }
  }

  @Test func readingCanBeStopped() throws {
    let store = try EntryStore(.memory)
    let pipeline = try FilePipeline(
      paths: [Self.shop], settings: PipelineSettings(workers: 2))
    try pipeline.run(into: store, isCancelled: { true })
    #expect(pipeline.statistics.isComplete)
  }
}
