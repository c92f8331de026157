import Bytes
import Entries
import NIOCore
import NIOHPACK
import TestSupport
import Testing

@testable import Dissectors

/// Our decoder beside NIOHPACK's, which serves as the independent reader: it cannot be used on
/// captured connections itself (ARCHITECTURE.md, "Dependencies, with reasons").
@Suite struct HPACKDifferentialTests {
  private typealias Field = (name: String, value: String, indexable: HPACKIndexing)

  @Test func whatItEncodesWeDecode() throws {
    var random = SeededGenerator(seed: 11)
    for round in 0..<60 {
      var encoder = HPACKEncoder(
        allocator: ByteBufferAllocator(), useHuffmanEncoding: round % 3 != 0)
      var decoder = Dissectors.HPACKDecoder(isFresh: true)
      for _ in 0..<40 {
        if Int.random(in: 0..<8, using: &random) == 0 {
          try encoder.setDynamicTableSize([0, 64, 300, 4096].randomElement(using: &random)!)
        }
        let headers = Self.headers(using: &random)
        let block = try Self.encode(headers, &encoder)
        let decoded = try Self.fields(block, &decoder)
        #expect(decoded == headers.map { [$0.name, $0.value] })
      }
    }
  }

  /// From the middle every field is what it is, or says that it is not known.
  @Test func fromTheMiddleNothingIsGuessed() throws {
    var random = SeededGenerator(seed: 12)
    var known = 0
    for _ in 0..<60 {
      var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
      var decoder = Dissectors.HPACKDecoder(isFresh: false)
      let start = Int.random(in: 1..<20, using: &random)
      for place in 0..<40 {
        let headers = Self.headers(using: &random)
        let block = try Self.encode(headers, &encoder)
        if place < start { continue }
        let decoded = try Self.fields(block, &decoder)
        try #require(decoded.count == headers.count)
        for (ours, theirs) in zip(decoded, headers) {
          #expect(ours[0] == "?" || ours[0] == theirs.name)
          #expect(ours[1] == "?" || ours[1] == theirs.value)
          if ours[0] != "?" { known += 1 }
        }
      }
    }
    #expect(known > 5000)
  }

  /// Blocks with changed bytes: what NIOHPACK reads, we read alike.
  @Test func damagedBlocksAreReadAlike() throws {
    var random = SeededGenerator(seed: 13)
    var alike = 0
    for _ in 0..<2000 {
      var encoder = HPACKEncoder(
        allocator: ByteBufferAllocator(), useHuffmanEncoding: Bool.random(using: &random))
      var block = try Self.encode(Self.headers(using: &random), &encoder)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        block[Int.random(in: 0..<block.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      if Bool.random(using: &random) {
        block.removeLast(Int.random(in: 0..<block.count, using: &random))
      }
      var buffer = ByteBuffer(bytes: block)
      var theirs = NIOHPACK.HPACKDecoder(
        allocator: ByteBufferAllocator(), maxDynamicTableSize: 4096, maxHeaderListSize: 1 << 20)
      guard let expected = try? theirs.decodeHeaders(from: &buffer) else { continue }
      alike += 1
      var ours = Dissectors.HPACKDecoder(isFresh: true)
      var list = HTTP2FieldList()
      try ours.decode(block.rawSpan, into: &list)
      // As lines, for a damaged name may hold colons and blanks.
      let lines = expected.map { Self.oneLine("\($0.name): \($0.value)") + "\n" }
      #expect(String(decoding: list.bytes, as: UTF8.self) == lines.joined())
    }
    #expect(alike > 300)
  }

  /// Why it is not used on captures: after a value that is not UTF-8 its table is not the sender's.
  @Test func valuesCountTheBytesThatWereSent() throws {
    // A table of 96 bytes, which two fields of 53 and 43 bytes fill, and then both by their indices.
    let block: [UInt8] =
      [0x3f, 65, 0x40, 1, 0x61, 20] + [UInt8](repeating: 0xff, count: 20) + [0x40, 1, 0x62, 10]
      + [UInt8](repeating: 0x78, count: 10) + [0xbf, 0xbe]
    var ours = Dissectors.HPACKDecoder(isFresh: true)
    #expect(try Self.fields(block, &ours).map(\.first) == ["a", "b", "a", "b"])
    var theirs = NIOHPACK.HPACKDecoder(allocator: ByteBufferAllocator())
    var buffer = ByteBuffer(bytes: block)
    #expect(throws: (any Error).self) { try theirs.decodeHeaders(from: &buffer) }
  }

  // MARK: Material

  /// Line breaks become blanks in a header block.
  private static func oneLine(_ text: String) -> String {
    String(decoding: text.utf8.map { $0 == 0x0a || $0 == 0x0d ? 0x20 : $0 }, as: UTF8.self)
  }

  private static func encode(
    _ headers: HPACKHeaders, _ encoder: inout HPACKEncoder
  ) throws -> [UInt8] {
    var buffer = ByteBuffer()
    try encoder.encode(headers: headers, to: &buffer)
    return Array(buffer.readableBytesView)
  }

  private static func fields(
    _ block: [UInt8], _ decoder: inout Dissectors.HPACKDecoder
  ) throws -> [[String]] {
    var list = HTTP2FieldList()
    try decoder.decode(block.rawSpan, into: &list)
    return list.headers.fields.map { [$0.name, $0.value] }
  }

  private static let names = [
    ":method", ":path", ":status", ":authority", "content-type", "content-length", "accept", "x-id",
    "user-agent", "cookie", "date", "grpc-status", "x-a-rather-long-name-of-a-field",
  ]

  /// A list of fields of which some come again in the next one.
  private static func headers(using random: inout SeededGenerator) -> HPACKHeaders {
    var headers = HPACKHeaders()
    for _ in 0..<Int.random(in: 1...12, using: &random) {
      let name = names.randomElement(using: &random)!
      let value: String
      switch Int.random(in: 0..<4, using: &random) {
      case 0: value = "GET"
      case 1: value = "\(Int.random(in: 0..<12, using: &random))"
      case 2:
        value = "täglich €" + String(repeating: "x", count: .random(in: 0..<90, using: &random))
      default:
        let letters = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
          UInt8.random(in: 0x21..<0x7f, using: &random)
        }
        value = String(decoding: letters, as: UTF8.self)
      }
      let indexing: HPACKIndexing = [.indexable, .indexable, .nonIndexable, .neverIndexed]
        .randomElement(using: &random)!
      headers.add(name: name, value: value, indexing: indexing)
    }
    return headers
  }
}
