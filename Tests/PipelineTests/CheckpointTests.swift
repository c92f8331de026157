import Entries
import Foundation
import Packets
import Pipeline
import Store
import Synchronization
import TestSupport
import Testing

/// Counts down how often it was asked, from when it begins.
private final class Countdown: Sendable {
  private let left = Mutex<Int?>(nil)

  func begin(_ count: Int) { left.withLock { $0 = $0 ?? count } }

  var isOver: Bool {
    left.withLock { left in
      guard let count = left else { return false }
      left = count - 1
      return count <= 0
    }
  }
}

/// Reading that ends early and goes on in another run.
@Suite struct CheckpointTests {
  private static let shop = checkout.appendingPathComponent("Samples/shop.pcap").path

  private func settings(workers: Int = 2) -> PipelineSettings {
    var settings = PipelineSettings(workers: workers)
    // Some thirty chunks, and a checkpoint behind most of them.
    settings.reading.chunk = 8 << 10
    settings.checkpointBytes = 8 << 10
    settings.checkpointWorth = 0
    return settings
  }

  @Test(arguments: [1, 2]) func goingOnGivesWhatOneRunGives(workers: Int) throws {
    let whole = try EntryStore(.memory)
    let pipeline = try FilePipeline(paths: [Self.shop], settings: settings(workers: workers))
    try pipeline.run(into: whole)
    let expected = try contents(whole)
    let statistics = pipeline.statistics
    for number in [2, 3, 8, 16] {
      // The first run ends some chunks behind its checkpoint; what it wrote there is taken back.
      // The place before the first packet is a checkpoint, too.
      let store = try EntryStore(.memory)
      let end = Countdown()
      var places: [Checkpoint] = []
      let first = try FilePipeline(paths: [Self.shop], settings: settings(workers: workers))
      try first.run(
        into: store,
        isCancelled: { end.isOver },
        note: {
          if places.count < number { places.append($0) }
          if places.count == number { end.begin(4) }
        })
      let place = try #require(places.last)
      #expect(places.count == number && place.packets < first.statistics.packets)
      try store.discard(after: place.sequence)
      #expect(store.snapshot().rows() < expected.count)
      let second = try FilePipeline(paths: [Self.shop], settings: settings(workers: workers))
      try second.run(into: store, from: place)
      #expect(try contents(store) == expected, "checkpoint \(number)")
      #expect(second.statistics == statistics, "checkpoint \(number)")
    }
  }

  @Test func goingOnNeedsNotTheSameChunks() throws {
    let whole = try EntryStore(.memory)
    let pipeline = try FilePipeline(paths: [Self.shop], settings: PipelineSettings(workers: 2))
    try pipeline.run(into: whole)
    let store = try EntryStore(.memory)
    let end = Countdown()
    var place: Checkpoint?
    try FilePipeline(paths: [Self.shop], settings: settings()).run(
      into: store, isCancelled: { end.isOver },
      note: { new in
        guard place == nil, new.packets > 400 else { return }
        place = new
        end.begin(1)
      })
    let found = try #require(place)
    #expect(!found.open.isEmpty && found.open == found.open.sorted())
    try store.discard(after: found.sequence)
    let second = try FilePipeline(paths: [Self.shop], settings: PipelineSettings(workers: 3))
    try second.run(into: store, from: found)
    #expect(try contents(store) == contents(whole))
    #expect(second.statistics.packets == 1345 && second.statistics.isComplete)
  }

  @Test func streamsOfFurtherCapturesHaveNumbersOfTheirOwn() throws {
    let store = try EntryStore(.memory)
    for first: UInt64 in [0, 5_000] {
      let pipeline = try FilePipeline(paths: [Self.shop], settings: PipelineSettings(workers: 2))
      try pipeline.run(into: store, firstStream: first)
    }
    var rows: [Int64: Int] = [:]
    for block in store.snapshot().blocks {
      guard case .ints(let streams)? = try block.column(.streamNumber) else { continue }
      for stream in streams.values() { rows[stream, default: 0] += 1 }
    }
    let early = rows.keys.filter { $0 < 5_000 }
    #expect(early.count * 2 == rows.count)
    #expect(early.allSatisfy { rows[$0] == rows[$0 + 5_000] })
  }
}
