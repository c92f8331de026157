import Bytes
import Entries
import Testing

@testable import Dissectors

@Suite struct HTTP2HPACKTests {
  /// Fields of blocks read one after the other, as `name: value` lines.
  private func lines(_ blocks: [String], isFresh: Bool = true) throws -> [[String]] {
    var decoder = HPACKDecoder(isFresh: isFresh)
    return try blocks.map { block in
      var list = HTTP2FieldList()
      if block == Self.hole {
        decoder.doubt()
        return []
      }
      let octets = try #require(bytes(hex: block.filter { $0 != " " }))
      try decoder.decode(octets.rawSpan, into: &list)
      return list.headers.fields.map { "\($0.name): \($0.value)" }
    }
  }

  /// Stands between blocks for bytes that were not captured.
  private static let hole = "-"

  // RFC 7541 C.2
  @Test(arguments: [
    (
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      "custom-key: custom-header"
    ),
    ("040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path"),
    ("1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret"),
    ("82", ":method: GET"),
  ])
  func theFieldsOfTheRFC(block: String, line: String) throws {
    #expect(try lines([block]) == [[line]])
  }

  // RFC 7541 C.3 and C.4
  @Test(arguments: [
    [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ],
    [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ],
  ])
  func theRequestsOfTheRFC(blocks: [String]) throws {
    #expect(
      try lines(blocks) == [
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
        [
          ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com",
          "cache-control: no-cache",
        ],
        [
          ":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com",
          "custom-key: custom-value",
        ],
      ])
  }

  // RFC 7541 C.5 and C.6, whose table holds 256 bytes: fields are evicted.
  @Test(arguments: [
    [
      "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a"
        + "3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "4803 3330 37c1 c0bf",
      "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04"
        + "677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745"
        + "4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ],
    [
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e"
        + "919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
      "4883 640e ffc1 c0bf",
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7"
        + "821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0"
        + "03ed 4ee5 b106 3d50 07",
    ],
  ])
  func theRepliesOfTheRFC(blocks: [String]) throws {
    let date = "date: Mon, 21 Oct 2013 20:13:21 GMT"
    let location = "location: https://www.example.com"
    #expect(
      try lines(["3fe1 01"] + blocks) == [
        [], [":status: 302", "cache-control: private", date, location],
        [":status: 307", "cache-control: private", date, location],
        [
          ":status: 200", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:22 GMT", location,
          "content-encoding: gzip",
          "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ],
      ])
  }

  @Test(arguments: [
    ("80", WireError.Kind.invalid), ("be", .invalid), ("ff80 8080 8080 80", .tooLarge),
    ("ff", .truncated), ("4005 6162", .truncated), ("0082 ffff 00", .invalid),
    // EOS inside a string (RFC 7541 §5.2).
    ("0084 ffff ffff 00", .invalid),
  ])
  func brokenBlocksAreNamed(block: String, kind: WireError.Kind) {
    #expect { try lines([block]) } throws: { ($0 as? WireError)?.kind == kind }
  }

  @Test func joinedMidwayUnknownFieldsStayUnknown() throws {
    #expect(
      try lines(
        [
          // Static, an old field, an old name, a new field, and both fields by index.
          "82 bf 7e02 6869 4001 7802 7965", "be c1", "bf",
          // The table is emptied: nothing unknown is left.
          "20 82",
        ], isFresh: false) == [
          [":method: GET", "?: ?", "?: hi", "x: ye"], ["x: ye", "?: ?"], ["?: hi"],
          [":method: GET"],
        ])
    #expect { try lines(["20 be"], isFresh: false) } throws: { $0 is WireError }
  }

  // Requests as clients of gRPC send them: the first one adds its fields to the table (authority, path,
  // content-type, te), the next ones refer to them.
  private static let first =
    "8386 4103 612e 62 4404 2f73 2f4d 5f10 6170 706c 6963 6174 696f 6e2f 6772 7063"
    + "4002 7465 0874 7261 696c 6572 73"
  private static let fields = [
    ":method: POST", ":scheme: http", ":authority: a.b", ":path: /s/M",
    "content-type: application/grpc", "te: trailers",
  ]

  @Test func behindAHoleTheFieldsFromBeforeAreKnown() throws {
    let read = try lines([Self.first, "8386 c1c0 bfbe", Self.hole, "8386 c1c0 bfbe", "bf"])
    #expect(read[3] == Self.fields)
    #expect(read[4] == ["content-type: application/grpc"])
  }

  @Test func fieldsThatWereAddedInAHoleAreCountedByWhatFollows() throws {
    // One field was added, which nobody needs at first; then a request refers to it.
    let read = try lines([Self.first, Self.hole, "8386 c2c1 c0bf", "8386 c2be c0bf"])
    #expect(read[2] == Self.fields)
    var other = Self.fields
    other[3] = "?: ?"
    #expect(read[3] == other)
    // The first request behind the hole has a path that was added in it.
    #expect(try lines([Self.first, Self.hole, "8386 c2be c0bf"])[2] == other)
    // Fields that come behind the hole are known in any case.
    #expect(
      try lines([Self.first, Self.hole, "8386 4404 2f73 2f4e c2c0 bf"])[2] == [
        ":method: POST", ":scheme: http", ":path: /s/N", ":authority: a.b",
        "content-type: application/grpc", "te: trailers",
      ])
  }

  @Test func headersAndTrailersAreToldApartBehindAHole() throws {
    // :status, content-type, grpc-accept-encoding; then the trailers grpc-status, grpc-message.
    let head = "88 5f01 63 4004 6763 6165 0167"
    let trailers = "4006 6772 7063 2d73 0130 4006 6772 7063 2d6d 016d"
    let read = try lines([
      head, trailers, "88 c1c0", "bfbe", Self.hole, "88 c2c1", "be bf", Self.hole, "88 c2c1",
    ])
    #expect(read[5] == [":status: 200", "content-type: c", "gcae: g"])
    #expect(read[6] == ["?: ?", "grpc-m: m"])
    #expect(read[8] == [":status: 200", "content-type: c", "gcae: g"])
  }

  @Test func whatTellsTooLittleBehindAHoleStaysUnknown() throws {
    // One field alone may be any.
    #expect(try lines(["82 4001 7802 7965", Self.hole, "82 be"])[2] == [":method: GET", "?: ?"])
    // In no order known before.
    #expect(
      try lines([Self.first, Self.hole, "8386 bec1"])[2] == [
        ":method: POST", ":scheme: http", "?: ?", "?: ?",
      ])
    // The table was begun anew meanwhile.
    #expect(
      try lines(
        [Self.first, Self.hole] + [String](repeating: "be", count: 20) + ["8386 c1c0 bfbe"]
      )
      .last?.last == "?: ?")
  }

  @Test func aBlockThatIsCutLeavesTheFieldsFromBefore() throws {
    var decoder = HPACKDecoder(isFresh: true)
    var list = HTTP2FieldList()
    let first = try #require(bytes(hex: Self.first.filter { $0 != " " }))
    try decoder.decode(first.rawSpan, into: &list)
    list = HTTP2FieldList()
    decoder.decodeBeginning([0x83, 0x86, 0xc1, 0x44, 9].rawSpan, into: &list)
    list = HTTP2FieldList()
    // The path was added, of which only the beginning was seen.
    try decoder.decode([0x83, 0x86, 0xc2, 0xbe, 0xc0, 0xbf].rawSpan, into: &list)
    #expect(list.headers.value(of: ":authority") == "a.b")
    #expect(list.headers.value(of: "content-type") == "application/grpc")
    #expect(list.headers.value(of: ":path") == nil)
  }

  @Test func aFullTableHoldsNothingUnknown() throws {
    // Capacity 64: one field of 33 bytes leaves room for none other.
    #expect { try lines(["3f21 4001 7800 bf"], isFresh: false) } throws: { $0 is WireError }
  }

  @Test func lineBreaksBeginNoField() throws {
    #expect(try lines(["0001 7805 610d 0a62 63"]) == [["x: a  bc"]])
  }

  @Test func aHeaderBombIsCut() throws {
    var decoder = HPACKDecoder(isFresh: true)
    var list = HTTP2FieldList()
    // One field of 4000 bytes, 100,000 times.
    var block: [UInt8] = [0x40, 1, 0x78, 0x7f, 0xa1, 0x1e]
    block += [UInt8](repeating: 0x61, count: 4000)
    block += [UInt8](repeating: 0xbe, count: 100_000)
    try decoder.decode(block.rawSpan, into: &list)
    #expect(list.isCut)
    #expect(list.bytes.count <= HTTP2FieldList.maxLength)
    #expect(list.count > 10)
  }

  @Test func aShortBlockGrowsLessFarThanALongOne() throws {
    var decoder = HPACKDecoder(isFresh: true)
    var list = HTTP2FieldList()
    // A field of 4000 bytes, then a block of sixteen bytes that is as often this field.
    var block: [UInt8] = [0x40, 1, 0x78, 0x7f, 0xa1, 0x1e]
    block += [UInt8](repeating: 0x61, count: 4000)
    try decoder.decode(block.rawSpan, into: &list)
    list = HTTP2FieldList(ofBlock: 16)
    try decoder.decode([UInt8](repeating: 0xbe, count: 16).rawSpan, into: &list)
    #expect(list.isCut && list.count == 3)
  }

  @Test func largeTablesAreKeptInPart() throws {
    var decoder = HPACKDecoder(isFresh: true)
    var list = HTTP2FieldList()
    // Capacity 1 MiB, filled with 200 fields of 1000 bytes.
    var block: [UInt8] = [0x3f, 0xe1, 0xff, 0x3f]
    for number in 0..<200 {
      block += [0x40, 1, UInt8(number), 0x7f, 0xe9, 0x06]
      block += [UInt8](repeating: 0x62, count: 1000)
    }
    try decoder.decode(block.rawSpan, into: &list)
    // The newest is known, the oldest no longer, and both are legal.
    list = HTTP2FieldList()
    try decoder.decode([0xbe, 0xff, 0x46].rawSpan, into: &list)
    #expect(list.headers.fields.last?.name == "?")
    #expect(list.count == 2)
  }
}
