import Entries
import Foundation
import Packets
import Pipeline
import Store
import Synchronization
import TestSupport
import Testing

/// Raised once, seen by another thread.
private final class Flag: Sendable {
  let isRaised = Atomic(false)
}

@Suite struct FilePipelineTests {
  private static let shop = checkout.appendingPathComponent("Samples/shop.pcap").path

  /// Rows whose columns could not be read looked like calls that had no status and no ends.
  @Test func damageOfTheStoreIsAWarning() {
    var counters = StoreCounters()
    var statistics = Statistics()
    statistics.take(counters, failure: nil)
    #expect(statistics.warnings.isEmpty)
    counters.blocksDamaged = 2
    statistics.take(counters, failure: nil)
    #expect(statistics.warnings.count == 1 && statistics.warnings[0].contains("damaged in 2 of"))
  }

  /// What the store cuts or leaves out is told beside what dissection met.
  @Test func whatTheStoreLeavesOutIsCounted() {
    var counters = StoreCounters()
    var statistics = Statistics()
    statistics.dissectionTroubles = [Statistics.Named(name: "values cut for the store", count: 2)]
    statistics.take(counters, failure: nil)
    #expect(statistics.dissectionTroubles.map(\.count) == [2])
    (counters.valuesCut, counters.valuesRepeated, counters.entriesLost) = (3, 4, 5)
    statistics.take(counters, failure: nil)
    #expect(
      statistics.dissectionTroubles.map { "\($0.name): \($0.count)" }
        == ["values cut for the store: 5", "second values of a field left out: 4"])
    #expect(statistics.entriesLost == 5)
  }

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
      #expect(snapshot.rows(.connections) == 59 + 13, "connections, and the flows they make")
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

  /// A first fragment of IPv4, of which the rest never comes: link type 101 is raw IP.
  @Test func whatBecomesOfFragmentsIsTold() throws {
    let packet: [UInt8] =
      [0x45, 0, 0, 28, 0, 7, 0x20, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
      + [0, 53, 0, 54, 0, 99, 0, 0]
    let header: [UInt8] =
      [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0] + [UInt8](repeating: 0, count: 8)
      + [0, 0, 1, 0, 101, 0, 0, 0]
    let record: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28, 0, 0, 0]
    let path = NSTemporaryDirectory() + "fragment-\(UUID().uuidString).pcap"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(header + record + packet).write(to: URL(fileURLWithPath: path))
    let (_, statistics) = try read([path])
    #expect(statistics.warnings == [])
    #expect(
      statistics.fragmentTroubles == [
        Statistics.Named(name: "datagrams with fragments missing", count: 1)
      ])
    #expect(Statistics(json: statistics.json)?.fragmentTroubles == statistics.fragmentTroubles)
  }

  /// A pcapng section, an interface and a simple packet of four bytes.
  @Test func packetsWithoutATimeAreTold() throws {
    func block(_ kind: UInt32, _ body: [UInt8]) -> [UInt8] {
      let length = words([UInt32(body.count + 12)])
      return words([kind]) + length + body + length
    }
    func words(_ values: [UInt32]) -> [UInt8] {
      values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
    }
    let file =
      block(0x0a0d_0d0a, words([0x1a2b_3c4d, 1, .max, .max])) + block(1, words([101, 0]))
      + block(3, words([4, 0]))
    let path = NSTemporaryDirectory() + "timeless-\(UUID().uuidString).pcapng"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(file).write(to: URL(fileURLWithPath: path))
    let (_, statistics) = try read([path])
    #expect(statistics.packets == 1)
    #expect(statistics.warnings.count == 1)
    #expect(statistics.warnings.first?.contains("1 packets carry no time") == true)
  }

  @Test(arguments: ["/nonexistent/x.pcap", "/", "/dev/null", "/etc/passwd"])
  func whatIsNoCaptureIsRefused(path: String) {
    #expect(throws: (any Error).self) { try read([path]) }
  }

  /// A capture that is written piece by piece is asked in between: what there is can be seen, open
  /// connections under the identifiers they keep, and nothing twice.
  @Test(.timeLimit(.minutes(1))) func aGrowingCaptureIsReadAsItGrows() async throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: Self.shop))
    let path = NSTemporaryDirectory() + "growing-\(UUID().uuidString).pcap"
    let file = URL(fileURLWithPath: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try whole.prefix(whole.count / 3).write(to: file)
    let store = try EntryStore(.memory)
    let pipeline = try FilePipeline(
      paths: [path], settings: PipelineSettings(workers: 2), follows: true)
    let (moments, caughtUp) = AsyncStream.makeStream(of: Int.self)
    let flag = Flag()
    let reading = Thread {
      try? pipeline.run(into: store, isCancelled: { flag.isRaised.load(ordering: .relaxed) }) {
        caughtUp.yield(store.snapshot().rows())
      }
      caughtUp.finish()
    }
    reading.start()
    var seen: [Int] = []
    for await rows in moments {
      if seen.isEmpty {
        #expect(pipeline.statistics.isGrowing && !pipeline.statistics.isComplete)
        #expect(pipeline.statistics.conversations > 0)
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: whole.suffix(from: whole.count / 3))
        try handle.close()
      }
      seen.append(rows)
      if pipeline.statistics.packets == 1345 { flag.isRaised.store(true, ordering: .relaxed) }
    }
    #expect(seen.count >= 2 && seen == seen.sorted())
    let statistics = pipeline.statistics
    #expect(statistics.packets == 1345 && statistics.isComplete && !statistics.isGrowing)
    let (once, _) = try read([Self.shop])
    #expect(store.snapshot().rows() == once.snapshot().rows(), "nothing is there twice")
  }

  @Test func readingCanBeStopped() throws {
    let store = try EntryStore(.memory)
    let pipeline = try FilePipeline(
      paths: [Self.shop], settings: PipelineSettings(workers: 2))
    try pipeline.run(into: store, isCancelled: { true })
    #expect(pipeline.statistics.isComplete)
  }
}
