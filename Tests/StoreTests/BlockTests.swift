import Bytes
import Entries
import TestSupport
import Testing

@testable import Store

struct BlockTests {
  private static let calls = ProtocolKind.allCases.filter(\.isCall)
  private static let connections = ProtocolKind.allCases.filter { !$0.isCall }

  @Test(arguments: [1, 2, 63, 64, 65, 900])
  func whatGoesInComesOut(count: Int) throws {
    for kinds in [Self.calls, Self.connections, [.http], [.dns, .http, .tcp]] {
      var random = RandomEntries(seed: UInt64(count))
      let entries = random.entries(count, kinds: kinds)
      let encoded = try #require(encodedBlock(of: entries))
      let store = try EntryStore(.memory)
      #expect(try store.insert(try EncodedBlock(parsing: encoded.bytes)))
      let block = try #require(store.snapshot().blocks.first)
      try expect(block, holds: inBlockOrder(entries))
      #expect(store.snapshot().damage.isEmpty)
    }
  }

  /// However far rows lie from their places: a few steps, beyond many others, or anywhere.
  @Test func rowsComeIntoTheirOrder() {
    var random = SeededGenerator(seed: 31)
    for (count, reach) in [(0, 1), (1, 1), (9, 3), (700, 2), (700, 12), (700, 400), (2_000, 9_000)]
    {
      for equals in [1, 40] {
        var instants = (0..<count).map { number in
          Int64((number + Int.random(in: 0..<reach, using: &random)) / equals)
        }
        if count > 500 { instants[count - 2] = 3 }
        let streams = (0..<count).map { _ in Int64.random(in: 0..<3, using: &random) }
        let zeros = [Int64](repeating: 0, count: count)
        let order = RowOrder(instants: instants, streams: streams, indices: zeros)
        let sorted = (0..<count).sorted {
          (instants[$0], streams[$0], $0) < (instants[$1], streams[$1], $1)
        }
        #expect(order.arranged(Array(0..<count)) == sorted)
      }
    }
  }

  /// Every column and every content of a block against the entries themselves.
  private func expect(_ block: Block, holds entries: [Entry]) throws {
    #expect(block.rows == entries.count)
    #expect(block.first == entries.first?.timestamp)
    #expect(block.last == entries.last?.timestamp)
    #expect(block.kinds.kinds.allSatisfy { kind in entries.contains { $0.kind == kind } })
    let rows = entries.map { EntryRow($0) }
    for id in FieldID.allCases {
      guard let column = try block.column(id) else {
        #expect(rows.allSatisfy { $0.column(id) == .none }, "\(id) is missing")
        continue
      }
      let isEqual = rows.indices.allSatisfy { column.value(at: $0) == rows[$0].column(id) }
      #expect(isEqual, "\(id) differs")
      expectBulk(column, rows.map { $0.column(id) }, id)
      try expectZone(block, id, rows.map { $0.column(id) })
    }
    var reader = ContentReader(block: block)
    for (row, entry) in entries.enumerated() {
      let content = try reader.content(row: row)
      #expect(content.request == entry.request && content.response == entry.response)
      let headers = try reader.headerFields(row: row)
      #expect(headers.request == entry.request?.headers)
      #expect(headers.response == entry.response?.headers)
    }
    let last = try block.content(row: entries.count - 1)
    #expect(last.request == entries.last?.request)
  }

  /// What a scan reads agrees with what single rows give.
  private func expectBulk(_ column: Column, _ values: [FieldValue], _ id: FieldID) {
    let read: [FieldValue]
    switch column {
    case .ints(let column):
      let presence = column.presence
      read = column.values().enumerated().map { presence?[$0] == false ? .none : .int($1) }
    case .instants(let column):
      read = column.values().map { .instant(Timestamp(nanoseconds: $0)) }
    case .bools(let column):
      let presence = column.presence
      read = column.values().enumerated().map { presence?[$0] == false ? .none : .bool($1) }
    case .texts(let column):
      read = column.codes().map { column.value(code: $0).map(FieldValue.text) ?? .none }
    case .textLists(let column):
      read = column.codes().map { column.value(code: $0).map { .texts($0.texts) } ?? .none }
    case .pairs(let column):
      read = column.codes().map { column.value(code: $0).map { .pairs($0.pairs) } ?? .none }
    case .numbers(let column):
      read = column.codes().map { column.value(code: $0).map { .numbers($0.numbers) } ?? .none }
    case .bytes(let column):
      read = column.codes().map { column.value(code: $0).map(FieldValue.bytes) ?? .none }
    }
    #expect(read == values, "\(id) read as a whole differs")
  }

  /// A zone map never denies what is there.
  private func expectZone(_ block: Block, _ id: FieldID, _ values: [FieldValue]) throws {
    let info = try #require(try block.header().info(id))
    #expect(info.present == values.count { $0 != .none })
    for value in values {
      switch value {
      case .text(let text): #expect(info.zone.mayContain(text), "\(id) denies \(text)")
      case .int(let number):
        guard let range = info.zone.range else {
          Issue.record("\(id) has no range")
          return
        }
        #expect(range.contains(number))
      default: break
      }
    }
    if let counts = info.counts {
      for (number, count) in counts.items {
        #expect(count == values.count { $0.number == number }, "\(id) miscounts \(number)")
      }
      #expect(counts.items.reduce(0) { $0 + $1.count } == info.present)
    } else {
      let numbers = Set(values.compactMap(\.number))
      #expect(numbers.isEmpty || numbers.count > ValueCounts.limit, "\(id) has no counts")
    }
    if case .texts(let set) = info.zone {
      let texts = Set(values.compactMap { if case .text(let text) = $0 { text } else { nil } })
      #expect(set.texts.count == set.count && Set(set.texts) == texts)
      #expect(!set.contains("not there at all"))
    }
  }

  @Test func textsAreFoundInTheDictionary() throws {
    var entries: [Entry] = []
    var random = RandomEntries(seed: 5)
    for (number, path) in ["/a", "/ab", "", "/b/orders", "ders", "/or", "/orders/1"].enumerated() {
      var entry = random.entries(1, kinds: [.http])[0]
      entry.timestamp = Timestamp(nanoseconds: Int64(number))
      entry.fields.set(.path, .text(path))
      entries.append(entry)
    }
    let store = try EntryStore(.memory)
    try store.append(entries)
    try store.flush()
    let block = try #require(store.snapshot().blocks.first)
    guard case .texts(let column)? = try block.column(.path) else {
      Issue.record("path is no text column")
      return
    }
    let dictionary = column.dictionary
    func texts(_ codes: [UInt32]) -> [String] { codes.map { dictionary.text($0) } }
    #expect(texts(dictionary.codes(containing: "orders")) == ["/b/orders", "/orders/1"])
    #expect(texts(dictionary.codes(containing: "/")).count == 5)
    // "/or" and "/orders/1" lie side by side: "or/o" must not be found across the border.
    #expect(dictionary.codes(containing: "or/o").isEmpty)
    #expect(dictionary.codes(containing: "").count == 7)
    #expect(dictionary.codes(containing: String(repeating: "x", count: 999)).isEmpty)
    #expect(dictionary.code(of: "/or").map { dictionary.text($0) } == "/or")
    #expect(dictionary.code(of: "").map { dictionary.text($0) } == "")
    #expect(dictionary.code(of: "/zzz") == nil)
    #expect(try block.dictionary(.path)?.count == 7)
    #expect(try block.dictionary(.statusCode) == nil && block.dictionary(.dnsAnswers) == nil)
  }

  @Test func columnsThatAgreeShareTheirBytes() throws {
    var random = RandomEntries(seed: 8)
    func size(_ change: (inout Entry) -> Void) throws -> Int {
      var entries = random.entries(2_000, kinds: [.http])
      for index in entries.indices {
        let path = "/path/\(index)/\(index % 7)"
        entries[index].fields = FieldValues()
        entries[index].fields.add(.path, .text(path))
        change(&entries[index])
      }
      return try #require(encodedBlock(of: entries)).bytes.count
    }
    let alone = try size { _ in }
    let both = try size { $0.fields.add(.url, $0.fields[.path]) }
    #expect(both < alone + 2_000)
  }

  /// A server that gives everyone the same document: its chunks are many more than all sections.
  @Test func chunksOfTheSameBytesAreManyMoreThanSections() throws {
    var random = RandomEntries(seed: 9)
    let template = random.entries(1, kinds: [.http])[0]
    let body = (0..<UInt32(BlockLimits.chunkBytes / 4)).flatMap { number in
      withUnsafeBytes(of: number &* 2_654_435_761) { Array($0) }
    }
    let entries = (0..<600).map { number in
      var entry = template
      entry.timestamp = Timestamp(nanoseconds: Int64(number))
      entry.response = Content(body: body, bodyLength: Int64(body.count))
      return entry
    }
    var limits = StoreLimits()
    limits.blockContentBytes = 256 << 20
    let store = try EntryStore(.memory, limits: limits)
    try store.append(entries)
    try store.flush()
    let block = try #require(store.snapshot().blocks.first)
    #expect(block.rows == entries.count)
    for row in [0, 1, 299, 599] {
      #expect(try block.content(row: row).response?.body == body)
    }
    let header = try block.header()
    #expect(header.bodies.chunks.count > header.sections.count)
    #expect((1..<block.byteCount).contains(header.columnBytes))
  }

  /// What a server says again and again is kept once in a chunk; what only looks alike is not mixed up.
  @Test func contentsThatRepeatAreKeptOnce() throws {
    var random = RandomEntries(seed: 10)
    let template = random.entries(1, kinds: [.http])[0]
    // Of the last ones each differs from the next in one byte, at any place.
    var bodies = (0..<10).map { _ in random.bytes(700) } + [[1], [], random.bytes(5_000)]
    for place in 1..<200 {
      bodies.append(bodies[12])
      bodies[12 + place][place * 25] ^= 1
    }
    let entries = (0..<3_000).map { number in
      var entry = template
      entry.timestamp = Timestamp(nanoseconds: Int64(number))
      let body = number < 2_000 ? bodies[number % 12] : bodies[12 + number % 200]
      entry.response = Content(body: body, bodyLength: Int64(body.count))
      return entry
    }
    let encoded = try #require(encodedBlock(of: entries))
    let store = try EntryStore(.memory)
    #expect(try store.insert(try EncodedBlock(parsing: encoded.bytes)))
    let block = try #require(store.snapshot().blocks.first)
    var reader = ContentReader(block: block)
    for (row, entry) in entries.enumerated() {
      let read = try reader.content(row: row)
      #expect(read.response == entry.response && read.request == entry.request, "row \(row)")
    }
    let header = try block.header()
    let kept = header.bodies.chunks.reduce(0) { $0 + $1.length }
    let distinct = bodies.reduce(0) { $0 + $1.count }
    // In each chunk of so many bytes once.
    #expect(kept > distinct && kept < 5 * distinct + 2 * BlockLimits.chunkBytes, "\(kept)")
    #expect(header.headers.chunks.count == 1)
  }

  @Test func equalEntriesMakeEqualBlocks() throws {
    var random = RandomEntries(seed: 3)
    let entries = random.entries(500, kinds: Self.calls)
    let (a, b) = (try #require(encodedBlock(of: entries)), try #require(encodedBlock(of: entries)))
    #expect(a.bytes == b.bytes && a.id == b.id)
    let c = try #require(encodedBlock(of: Array(entries.dropLast())))
    #expect(a.id != c.id)
  }

  @Test func valuesOfAnotherTypeAreLeftOutAndCounted() throws {
    var random = RandomEntries(seed: 4)
    var entries = random.entries(3, kinds: [.dns])
    for (entry, value) in zip(entries.indices, [FieldValue.text("a"), .int(3), .bytes([1])]) {
      entries[entry].timestamp = Timestamp(nanoseconds: Int64(entry))
      entries[entry].fields.add(.details, value)
      entries[entry].fields.add(.kind, .int(99))
    }
    let store = try EntryStore(.memory)
    try store.append(entries)
    try store.flush()
    #expect(store.counters.valuesMismatched == 5)
    let block = try #require(store.snapshot().blocks.first)
    let column = try #require(try block.column(.details))
    #expect((0..<3).map { column.value(at: $0) } == [.text("a"), .none, .none])
    #expect(try block.column(.kind)?.value(at: 0) == .int(Int64(ProtocolKind.dns.rawValue)))
  }

  @Test func hugeValuesAreCutAndCounted() throws {
    var random = RandomEntries(seed: 6)
    var entry = random.entries(1, kinds: [.http])[0]
    entry.fields.set(.path, .text(String(repeating: "p", count: BlockLimits.valueBytes + 5)))
    let list = [String](repeating: String(repeating: "l", count: 300_000), count: 9)
    entry.fields.add(.dnsAnswers, .texts(list))
    let body = [UInt8](repeating: 1, count: BlockLimits.contentBytes + 9)
    entry.request = Content(body: body, bodyLength: Int64(body.count))
    let store = try EntryStore(.memory)
    try store.append([entry])
    try store.flush()
    let block = try #require(store.snapshot().blocks.first)
    guard case .text(let path)? = try block.column(.path)?.value(at: 0),
      case .texts(let answers)? = try block.column(.dnsAnswers)?.value(at: 0)
    else {
      Issue.record("columns are missing")
      return
    }
    #expect(path.utf8.count == BlockLimits.valueBytes)
    #expect(answers.count == 3)
    #expect(store.counters.valuesCut == 2 && store.counters.contentsCut == 1)
    let content = try #require(try block.content(row: 0).request)
    #expect(content.body.count == BlockLimits.contentBytes && content.isCut)
  }
}

extension FieldValue {
  /// The value as a column of integers holds it; nil for others.
  fileprivate var number: Int64? {
    switch self {
    case .bool(let flag): flag ? 1 : 0
    case .int(let number): number
    case .instant(let instant): instant.nanoseconds
    default: nil
    }
  }
}
