import Bytes
import Entries
import Foundation
import TestSupport
import Testing

@testable import Store

/// The format page against the code: blocks are read by the page alone.
struct BlockFormatTests {
  private static let calls = ProtocolKind.allCases.filter(\.isCall)
  private static let connections = ProtocolKind.allCases.filter { !$0.isCall }

  @Test(arguments: [1, 90, 700, 1_500])
  func thePageSaysWhereEveryByteIs(count: Int) throws {
    for kinds in [Self.calls, Self.connections] {
      var random = RandomEntries(seed: UInt64(count) + 40)
      var entries = random.entries(count, kinds: kinds)
      // Texts that are all different: with many of them the block has a filter of neighbours.
      for index in entries.indices { entries[index].fields.set(.host, .text("h\(index).example")) }
      let encoded = try #require(encodedBlock(of: entries))
      try expect(try DocumentedBlock(encoded.bytes), holds: inBlockOrder(entries))
    }
  }

  private func expect(_ block: DocumentedBlock, holds entries: [Entry]) throws {
    #expect(block.version == 1 && block.rows == entries.count)
    #expect(block.family == (entries[0].kind.isCall ? 0 : 1))
    #expect(block.first == entries.first?.timestamp.nanoseconds)
    #expect(block.last == entries.last?.timestamp.nanoseconds)
    #expect(block.kinds == Set(entries.map(\.kind.rawValue)).reduce(0) { $0 | 1 << UInt64($1) })
    #expect(block.columns.map(\.field) == block.columns.map(\.field).sorted())
    let rows = entries.map { EntryRow($0) }
    for id in FieldID.allCases {
      let wanted = rows.map { $0.column(id) }
      guard let column = block.columns.first(where: { $0.field == id.rawValue }) else {
        #expect(wanted.allSatisfy { $0 == .none }, "\(id) is missing")
        continue
      }
      #expect(try values(of: column, in: block) == wanted, "\(id) differs")
      try expectZone(column, block)
    }
    try expectContents(block, entries)
  }

  private func values(
    of column: DocumentedBlock.Column, in block: DocumentedBlock
  ) throws -> [FieldValue] {
    var values = [FieldValue](repeating: .none, count: block.rows)
    let dictionary = try block.dictionary(of: column)
    for (row, number) in zip(try block.rows(of: column.presence), try block.integers(of: column)) {
      switch column.type {
      case 1: values[row] = .bool(number == 1)
      case 2: values[row] = .int(number)
      case 5: values[row] = .instant(Timestamp(nanoseconds: number))
      default: values[row] = try value(dictionary[Int(number) - 1], column.type)
      }
    }
    return values
  }

  private func value(_ bytes: [UInt8], _ type: UInt8) throws -> FieldValue {
    var reader = DocumentedBlock.Reader(bytes: bytes)
    func text() throws -> String {
      String(decoding: try reader.take(try reader.varint()), as: UTF8.self)
    }
    switch type {
    case 3: return .text(String(decoding: bytes, as: UTF8.self))
    case 4: return .bytes(bytes)
    case 6:
      var texts: [String] = []
      while !reader.isAtEnd { texts.append(try text()) }
      return .texts(texts)
    case 7:
      var pairs: [HeaderBlock.Field] = []
      while !reader.isAtEnd { pairs.append(HeaderBlock.Field(name: try text(), value: try text())) }
      return .pairs(pairs)
    case 8:
      var numbers: [FieldValue.NamedNumber] = []
      while !reader.isAtEnd {
        let name = try text()
        numbers.append(FieldValue.NamedNumber(name, Double(bitPattern: try reader.number(8))))
      }
      return .numbers(numbers)
    default: throw DocumentedBlock.Malformed(what: "type \(type)")
    }
  }

  private func expectZone(
    _ column: DocumentedBlock.Column, _ block: DocumentedBlock
  ) throws {
    let (zone, dictionary) = (column.zone, try block.dictionary(of: column))
    switch zone.form {
    case 1:
      let values = try block.integers(of: column)
      #expect([1, 2, 5].contains(column.type) && zone.range == values.min()!...values.max()!)
    case 4:
      let values = try block.integers(of: column)
      #expect(zone.counts == Dictionary(grouping: values, by: { $0 }).mapValues(\.count))
      #expect([1, 2, 5].contains(column.type) && zone.counts.count <= 16)
    case 5:
      let (logarithm, section) = try #require(zone.grams)
      let bits = block.sections[section].bytes
      #expect(dictionary.count > 1_024 && bits.count == (1 << logarithm) / 8)
      #expect(
        dictionary.allSatisfy {
          DocumentedBlock.mayHold(bits, logarithm: logarithm, $0)
        })
    case 2: #expect(Set(zone.texts) == Set(dictionary) && zone.texts.count <= 24)
    case 3:
      #expect((1...1_024).contains(dictionary.count))
      #expect(dictionary.allSatisfy { DocumentedBlock.mayContain(zone.bits, $0) })
    default: #expect(column.type != 2 && column.type != 5)
    }
  }

  private func expectContents(_ block: DocumentedBlock, _ entries: [Entry]) throws {
    func raw(_ lane: DocumentedBlock.Lane) throws -> [UInt8] {
      try lane.chunks.flatMap { length, section in
        try zstdDecompressed(SectionBytes(block.sections[section].bytes), length: length)
      }
    }
    let (headers, bodies) = (try raw(block.headers), try raw(block.bodies))
    let (headerOffsets, bodyOffsets) = (
      try block.offsets(of: block.headers), try block.offsets(of: block.bodies)
    )
    for (row, entry) in entries.enumerated() {
      let contents = [entry.request, entry.response]
      var read: [Content?] = [nil, nil]
      if let offset = headerOffsets[row] {
        var reader = DocumentedBlock.Reader(bytes: headers, at: offset)
        let parts = try reader.take(1)[0]
        for half in 0..<2 where parts & 1 << UInt8(half) != 0 {
          let lines = try reader.take(try reader.varint())
          read[half] = Content(headers: HeaderBlock(bytes: lines))
        }
      }
      if let offset = bodyOffsets[row] {
        var reader = DocumentedBlock.Reader(bytes: bodies, at: offset)
        let parts = try reader.take(1)[0]
        for half in 0..<2 where parts & 1 << UInt8(half) != 0 {
          read[half]?.bodyLength = Int64(try reader.varint())
          read[half]?.body = try reader.take(try reader.varint())
        }
      }
      #expect(read == contents, "row \(row)")
    }
  }

  /// A block written once and kept: what was written stays readable, whatever becomes of the writer.
  @Test func aBlockOfVersionOneStaysReadable() throws {
    let file = checkout.appendingPathComponent("Tests/Golden/version-1.block")
    let bytes = Array(try Data(contentsOf: file))
    let encoded = try EncodedBlock(parsing: bytes)
    let entries = Self.golden
    try expect(try DocumentedBlock(bytes), holds: entries)
    let store = try EntryStore(.memory)
    try store.insert(encoded)
    let block = try #require(store.snapshot().blocks.first)
    for (row, entry) in entries.enumerated() {
      for id in FieldID.allCases {
        let value = try block.column(id)?.value(at: row) ?? .none
        #expect(value == EntryRow(entry).column(id), "\(id) of row \(row)")
      }
      #expect(try block.content(row: row).request == entry.request)
      #expect(try block.content(row: row).response == entry.response)
    }
  }

  /// What is in the kept block. `KEEP_BLOCK=1` writes it, for a new version of the format.
  private static var golden: [Entry] {
    let workload = Workload(
      pod: "orders-1", podNamespace: "shop", service: "orders", serviceNamespace: "shop",
      node: "n1", owner: .init(kind: "Deployment", name: "orders"), labels: ["app": "orders"])
    return (0..<40).map { number in
      var entry = Entry(
        kind: number % 3 == 0 ? .dns : .http, transport: number % 3 == 0 ? .udp : .tcp,
        timestamp: Timestamp(microseconds: 1_700_000_000_000_000 + Int64(number * number) * 31),
        elapsed: number % 5 == 0 ? nil : Int64(number) * 17,
        source: Endpoint(address: IPAddress(v4: 0x0a00_0001), port: UInt16(40_000 + number)),
        destination: Endpoint(
          address: IPAddress(high: 0xfd00 << 48, low: 7), port: 80, workload: workload),
        stream: UInt64(number / 4), index: UInt32(number % 4),
        packets: UInt64(number)...UInt64(number + 3), hasRequest: true,
        hasResponse: number % 5 != 0, requestSize: 100, responseSize: Int64(number * 1_000),
        failed: number % 7 == 0, fault: number % 11 == 0 ? .init(.timeout, "no reply") : nil)
      if entry.kind == .http {
        entry.fields.add(.method, .text("GET"))
        entry.fields.add(.path, .text("/orders/\(number)"))
        entry.fields.add(.statusCode, .int(number % 7 == 0 ? 503 : 200))
        entry.fields.add(
          .queryString, .pairs([HeaderBlock.Field(name: "page", value: "\(number % 2)")]))
        var headers = HeaderBlock()
        headers.append("host", "orders.shop")
        entry.request = Content(headers: headers)
        let body = Array("{\"order\": \(number)}".utf8)
        entry.response = Content(headers: headers, body: body, bodyLength: Int64(body.count))
      } else {
        entry.fields.add(.dnsAnswers, .texts(["10.0.0.\(number)", "fd00::7"]))
      }
      return entry
    }
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["KEEP_BLOCK"] != nil))
  func keepABlock() throws {
    let block = try #require(encodedBlock(of: Self.golden))
    try Data(block.bytes).write(
      to: checkout.appendingPathComponent("Tests/Golden/version-1.block"))
  }
}
