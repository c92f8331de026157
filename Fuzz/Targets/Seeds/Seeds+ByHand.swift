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
    let body = Array(#"{"id":42,"tags":["a","b"],"text":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#.utf8)
    add("coding", [1] + Packing.gzip(body))
    add("coding", [2] + Packing.zlib(body))
    add("coding", [4] + Packing.zstd(body))
    add("coding", [0x41] + Packing.zstd(Packing.gzip(body)))
    // "Hello" by a brotli encoder, stored.
    add("coding", [3, 0x0b, 0x02, 0x80, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x03])
    add("coding", [1] + Packing.gzip([UInt8](repeating: 0, count: 1 << 20)))
    add("coding", [4] + Packing.zstd([UInt8](repeating: 0, count: 1 << 20)))
    add("inventory", #"{"items":[{"kind":"Pod","metadata":{"name":"a","namespace":"b"}}]}"#)
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
