import Bytes
import Decompression
import Dissectors
import Entries
import Flows
import JSON
import Layers
import Packets
import Shipping
import Store

// What a capture gives: itself, its packets, its conversations, its entries.
extension Seeds {
  /// Most seeds of one kind from one capture.
  private static let most = 24

  mutating func addCapture(_ path: String, _ bytes: [UInt8]) throws(CaptureError) {
    add("capture", bytes)
    add("compressed", Packing.gzip(Array(bytes.prefix(8 << 10))))
    add("compressed", Packing.zstd(Array(bytes.prefix(8 << 10))))
    if bytes.starts(with: [0x1f, 0x8b]) || bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
      add("compressed", bytes)
    }
    var reader = try CaptureReader(path: path)
    var layers = Decapsulator()
    var table = FlowTable(seed: 1)
    let scribe = Scribe()
    var packets = LayersTarget.Seed()
    var segments = FlowsTarget.Seed()
    while let chunk = try reader.next() {
      for packet in chunk.packets {
        let bytes = chunk.store.bytes.slice(packet.range)
        packets.add(packet, bytes.array())
        guard case .decoded(let decoded) = layers.decode(packet, in: bytes) else { continue }
        segments.add(decoded)
        let memory = layers.datagram ?? chunk.store
        table.receive(decoded, payload: memory.bytes.slice(decoded.payload), into: scribe)
      }
    }
    table.finish(into: scribe)
    for input in packets.inputs.prefix(Self.most) { add("layers", input) }
    for input in segments.inputs.prefix(Self.most) { add("flows", input) }
    addConversations(scribe.conversations)
  }

  private mutating func addConversations(_ conversations: [Conversing]) {
    var entries: [Entry] = []
    var counts: [String: Int] = [:]
    for conversing in conversations where !conversing.turns.isEmpty {
      let dissection = Dissection(switches: DissectionTarget.everything)
      guard (try? conversing.play(to: dissection)) != nil else { continue }
      let names = dissection.counters.protocols.filter { $0.value.messages > 0 }.map(\.key).sorted()
      for name in names + ["dissection"] where counts[name, default: 0] < Self.most {
        counts[name, default: 0] += 1
        add(name, conversing.bytes)
      }
      if counts["recognition", default: 0] < Self.most {
        counts["recognition", default: 0] += 1
        add("recognition", conversing.opening)
      }
      entries += dissection.drain()
    }
    addEntries(entries)
  }

  private mutating func addEntries(_ entries: [Entry]) {
    for entry in entries.prefix(Self.most) {
      add("json", JSONValue.object(RawRecord(EntryRow(entry), id: "local/1/1").json).text)
    }
    for family in BlockFamily.allCases {
      var builder = BlockBuilder(family)
      for entry in entries.filter({ BlockFamily($0.kind) == family }).prefix(Self.most) {
        builder.append(entry)
      }
      if let block = try? builder.finish() {
        add("block", block.bytes)
        var report = AgentReport(
          instance: "seed", version: "1", started: block.header.first, now: block.header.last)
        report.targets.pods = ["shop/web-1"]
        add("shipment", Shipment.encoded(report: report.json, blocks: [block.bytes]))
      }
    }
    let codings: [(String, Compression)] = [
      ("gzip", .gzip), ("deflate", .zlib), ("br", .brotli), ("zstd", .zstd),
    ]
    for content in entries.flatMap({ [$0.request, $0.response] }) {
      guard let content, let name = content.headers.value(of: "content-encoding"),
        let coding = codings.first(where: { $0.0 == name })
      else { continue }
      addCompressed(coding.1, content.body)
    }
  }
}

/// A sink that writes conversations down as inputs.
private final class Scribe: FlowSink {
  private var open: [Int: Conversing] = [:]
  private(set) var conversations: [Conversing] = []

  func opened(_ slot: Int, _ conversation: Conversation) {
    var conversing = Conversing()
    conversing.isMidway = conversation.state == .inProgress
    conversing.transport = conversation.transport == .tcp ? .tcp : .udp
    conversing.serverPort = conversation.server.port
    open[slot] = conversing
  }

  func turned(_ slot: Int, _ conversation: Conversation) {}

  func received(_ bytes: RawSpan, on slot: Int, from side: Side, at moment: Moment) {
    open[slot]?.turns.append(.says(side, bytes.prefix(0xffff).array()))
  }

  func lost(_ count: Int, on slot: Int, from side: Side, at moment: Moment) {
    open[slot]?.turns.append(.lost(side, count))
  }

  func finished(_ slot: Int, side: Side, at moment: Moment) {
    open[slot]?.turns.append(.finishes(side))
  }

  func closed(_ slot: Int, _ conversation: Conversation) {
    if let conversing = open.removeValue(forKey: slot) { conversations.append(conversing) }
  }
}

extension Conversing {
  /// Input of the target `recognition`: the first bytes of both sides.
  fileprivate var opening: [UInt8] {
    var said: [Side: [UInt8]] = [:]
    for turn in turns {
      if case .says(let side, let bytes) = turn, said[side, default: []].count < 256 {
        said[side, default: []] += bytes.prefix(256)
      }
    }
    let client = said[.client] ?? []
    return [bytes[0], UInt8(client.count & 255), UInt8(client.count >> 8)] + client
      + (said[.server] ?? [])
  }
}
