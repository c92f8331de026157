import Bytes
import Dissectors
import Entries
import Flows
import Layers
import Packets
import Pipeline
import Store

/// The stages from a capture file to stored entries. Each function does all stages up to its own,
/// on one thread, and gives a number that depends on all it did.
struct DataPath {
  let path: String

  /// Packets found, nothing looked at.
  func frames(_ seed: UInt64) throws -> UInt64 {
    var sum = seed
    try forEachChunk { chunk in
      for packet in chunk.packets { sum = sum &* 31 &+ UInt64(packet.range.count) }
    }
    return sum
  }

  /// … and their headers read.
  func layers(_ seed: UInt64) throws -> UInt64 {
    var sum = seed
    try forEachDecoded { packet, payload in
      sum = sum &* 31 &+ UInt64(payload.byteCount) &+ UInt64(packet.sourcePort)
    }
    return sum
  }

  /// … and streams put in order.
  ///
  /// - Returns: also the bytes delivered.
  func flows(_ seed: UInt64) throws -> (sum: UInt64, delivered: Int) {
    var table = FlowTable(seed: seed)
    let sink = Tally()
    try forEachDecoded { packet, payload in table.receive(packet, payload: payload, into: sink) }
    table.finish(into: sink)
    return (seed &+ sink.sum, sink.delivered)
  }

  /// … and messages read and paired.
  func entries(_ seed: UInt64, _ take: ([Entry]) -> Void) throws -> UInt64 {
    var table = FlowTable(seed: seed)
    let dissection = Dissection()
    var sum = seed
    func drain() {
      let entries = dissection.drain()
      sum &+= UInt64(entries.count)
      take(entries)
    }
    try forEachDecoded { packet, payload in
      table.receive(packet, payload: payload, into: dissection)
    } endOfChunk: { now in
      dissection.advance(to: now)
      drain()
    }
    table.finish(into: dissection)
    dissection.finish()
    drain()
    return sum
  }

  /// The whole path as the product runs it: reader, workers, a store that can be asked.
  func stored(_ seed: UInt64, in place: EntryStore.Place, workers: Int) throws -> UInt64 {
    let store = try EntryStore(place)
    let pipeline = try FilePipeline(
      paths: [path], settings: PipelineSettings(workers: workers))
    try pipeline.run(into: store)
    let sum = seed &+ UInt64(store.snapshot().rows())
    try store.close()
    return sum
  }

  /// Makes sure that every stage sees all that was made: a stage that skips work is fast for nothing.
  ///
  /// - Returns: the entries.
  func verified(packets: Int, calls: Int) throws -> [Entry] {
    var framed = 0
    var decoded = 0
    try forEachChunk { framed += $0.packets.count }
    try forEachDecoded { _, _ in decoded += 1 }
    var entries: [Entry] = []
    _ = try self.entries(0) { entries += $0 }
    let found = entries.count { $0.kind.isCall && $0.hasRequest && $0.hasResponse }
    let store = try EntryStore(.memory)
    try FilePipeline(paths: [path], settings: PipelineSettings(workers: 1)).run(into: store)
    let stored = store.snapshot().rows(.calls)
    guard framed == packets, decoded == packets, found == calls, stored == calls else {
      throw BenchError.incomplete(
        "\(packets) packets made, \(framed) framed, \(decoded) decoded; "
          + "\(calls) calls made, \(found) read whole, \(stored) stored")
    }
    return entries
  }

  /// Packets and calls of the capture.
  func counted() throws -> (packets: Int, calls: Int) {
    var (packets, calls) = (0, 0)
    try forEachChunk { packets += $0.packets.count }
    _ = try entries(0) { calls += $0.count(where: \.kind.isCall) }
    return (packets, calls)
  }

  private func forEachChunk(_ body: (PacketChunk) -> Void) throws {
    var reader = try CaptureReader(path: path)
    while let chunk = try reader.next() { body(chunk) }
  }

  private func forEachDecoded(
    _ body: (borrowing Decoded, RawSpan) -> Void, endOfChunk: (Timestamp) -> Void = { _ in }
  ) throws {
    var decapsulator = Decapsulator()
    try forEachChunk { chunk in
      let memory = chunk.store.bytes
      for packet in chunk.packets {
        guard
          case .decoded(let decoded) = decapsulator.decode(packet, in: memory.slice(packet.range))
        else { continue }
        let store = decapsulator.datagram ?? chunk.store
        body(decoded, store.bytes.slice(decoded.payload))
      }
      if let last = chunk.packets.last { endOfChunk(last.timestamp) }
    }
  }
}

/// A sink that only counts.
private final class Tally: FlowSink {
  private(set) var sum: UInt64 = 0
  private(set) var delivered = 0

  func opened(_ slot: Int, _ conversation: Conversation) { sum &+= 1 }
  func turned(_ slot: Int, _ conversation: Conversation) {}
  func received(_ bytes: RawSpan, on slot: Int, from side: Side, at moment: Moment) {
    delivered += bytes.byteCount
    sum = sum &* 31 &+ UInt64(bytes.byte(0))
  }
  func lost(_ count: Int, on slot: Int, from side: Side, at moment: Moment) { sum &+= 3 }
  func finished(_ slot: Int, side: Side, at moment: Moment) { sum &+= 5 }
  func closed(_ slot: Int, _ conversation: Conversation) { sum &+= conversation.stream }
}
