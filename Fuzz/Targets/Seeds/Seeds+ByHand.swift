import Bytes
import Decompression
import Entries
import Shipping

@testable import Store

// What no capture holds.
extension Seeds {
  package mutating func addByHand() {
    addConversations()
    for text in Self.texts { add("text", text) }
    for text in Self.json { add("json", text) }
    for lines in Self.sessions { add("mcp", lines) }
    for number in 0..<40 {
      // Choices all over the tables of the makers.
      add("plan", (0..<120).map { UInt8(truncatingIfNeeded: ($0 + 1) * (number * 2 + 3)) & 127 })
    }
    addCompressed()
    addBlocks()
    add("inventory", #"{"items":[{"kind":"Pod","metadata":{"name":"a","namespace":"b"}}]}"#)
  }

  /// Small blocks, of which an input holds the whole, and what an agent sends with them.
  private mutating func addBlocks() {
    let entries = PlainEntry.samples.map(\.row.entry)
    var blocks: [EncodedBlock] = []
    for family in BlockFamily.allCases {
      for count in [1, 3, 6] {
        var builder = BlockBuilder(family)
        for entry in entries where BlockFamily(entry.kind) == family && builder.rows < count {
          builder.append(entry)
        }
        if let block = try? builder.finish() { blocks.append(block) }
      }
    }
    var report = AgentReport(
      instance: "1", version: "1", started: Timestamp(nanoseconds: 1),
      now: Timestamp(nanoseconds: 2))
    report.raw.times = report.started...report.now
    report.open = AgentReport.Open()
    for block in blocks {
      add("block", block.bytes)
      report.open?.blocks = [block.id]
      add(
        "shipment",
        Shipment.encoded(report: report.json, blocks: [block.bytes], open: [block.bytes]))
    }
  }

  private mutating func addCompressed() {
    let body = Array(#"{"id":42,"tags":["a","b"],"text":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#.utf8)
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    let hello = Array("hello".utf8)
    let contents: [(Compression, [UInt8])] = [
      (.gzip, Packing.gzip(body)), (.zlib, Packing.zlib(body)), (.zstd, Packing.zstd(body)),
      (.gzip, Packing.gzip(zeros)), (.zstd, Packing.zstd(zeros)),
      (.deflate, Array(Packing.zlib(body).dropFirst(2))),
      // "Hello", stored.
      (.brotli, [0x0b, 0x02, 0x80, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x03]),
      // Length, a literal of five bytes.
      (.snappy, [5, 0x10] + hello),
      // Magic number, descriptor, one block as it is, end mark.
      (.lz4, [4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 5, 0, 0, 0x80] + hello + [0, 0, 0, 0]),
    ]
    for (compression, bytes) in contents { addCompressed(compression, bytes) }
  }

  mutating func addCompressed(_ compression: Compression, _ bytes: [UInt8]) {
    let index = Compression.allCases.firstIndex(of: compression) ?? 0
    add("decompression", [UInt8(index)] + bytes)
  }

  private static let texts = [
    "10.0.0.7", "::1", "fe80::1%eth0", "2001:db8:0:0:1::7", "::ffff:10.0.0.1", "10.0.0.0/8",
    "2001:db8::/32", "2026-03-14T22:59:40.123Z", "1677-09-21T00:12:44+05:30", "node-1/17/3",
    "17/3", "285212675", "1.abc.0.1.2.3.4.5", "1.7.0.1s.2.3.4.5", "00ff", "list<string>",
    "map<string,list<int>>", "http",
  ]

  private static let json = [
    #"{"a":[1,-2.5e3,true,false,null,"x\u00e9\ud83d\ude00\n"],"b":{}}"#, "[[[[[[]]]]]]",
    "18446744073709551616", "-0", "1E400", #""\ud83d""#, "[0.1,1e-7,123456789012345678901]",
  ]

  private static let sessions = [
    """
    {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26"}}
    {"jsonrpc":"2.0","method":"notifications/initialized"}
    [{"jsonrpc":"2.0","id":1,"method":"tools/list"},{"jsonrpc":"2.0","id":"2","method":"ping"}]
    {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"x","arguments":{"kfl":"http"}}}
    {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}

    """,
    """
    {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}
    {"jsonrpc":"2.0","id":1,"method":"prompts/list"}
    {"jsonrpc":"2.0","id":1.5,"method":"prompts/get","params":{"name":"x"}}
    {"jsonrpc":"2.0","id":18446744073709551616,"result":{}}
    [{"jsonrpc":"2.0","id":1}]
    """,
    #"{"jsonrpc":"2.0","id":7,"method":"server/discover","params":{"_meta":"#
      + #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"# + "\r\n\u{feff} \n{\n",
  ]
}
