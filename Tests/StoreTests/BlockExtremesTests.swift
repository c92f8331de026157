import Bytes
import Entries
import TestSupport
import Testing

@testable import Store

/// What a writer makes of the most and the largest that entries can hold, its reader takes; what no
/// writer makes costs little.
struct BlockExtremesTests {
  private static let numbers: [Int64] = [.min, -1, 0, 1, .max]

  private func block(_ encoded: EncodedBlock) -> Block {
    Block(
      summary: BlockSummary(sequence: 1, header: encoded.header), source: .memory(encoded),
      damage: DamageLog())
  }

  /// A value of the field's type: one in five differs from the others of its field in a way that the
  /// packed forms do not like.
  private func value(_ id: FieldID, _ number: Int) -> FieldValue {
    let text = String(repeating: "x", count: number % 7 * 90) + "\(number)\u{1F600}"
    let far = Self.numbers[(number + Int(id.rawValue)) % Self.numbers.count]
    return switch Catalogue[id].type {
    case .bool: .bool(number % 3 == 0)
    case .int: .int(far)
    case .instant: .instant(Timestamp(nanoseconds: far))
    case .text: .text(number % 11 == 0 ? "" : text)
    case .bytes: .bytes(Array(text.utf8))
    case .texts: .texts(number % 5 == 0 ? [] : [text, "", text])
    case .pairs: .pairs([.init(name: "", value: text), .init(name: text, value: "")])
    case .numbers: .numbers([.init("a", .infinity), .init(text, -0.0)])
    case .record: .none
    }
  }

  /// Every field there is, in some rows or in all, with all values different or few.
  @Test(arguments: [1, 25, 70, 1_300], [1, 3])
  func allFieldsWithFarValues(rows: Int, every: Int) throws {
    let fields = FieldID.allCases.filter {
      !EnvelopeColumns.ids.contains($0) && Catalogue[$0].source.isColumn
        && ![.elapsed, .faultKind, .faultMessage].contains($0)
    }
    // With many rows some of the fields do, in turn.
    let chosen =
      rows > 200 ? fields.enumerated().filter { $0.offset % 16 == 0 }.map(\.element) : fields
    var random = RandomEntries(seed: 900)
    let template = random.entries(1, kinds: [.http])[0]
    let entries = (0..<rows).map { number in
      var entry = template
      let far = Self.numbers[number % Self.numbers.count]
      entry.timestamp = Timestamp(nanoseconds: far)
      (entry.stream, entry.index) = (UInt64(bitPattern: far), UInt32(truncatingIfNeeded: number))
      (entry.requestSize, entry.responseSize) = (far, far)
      entry.elapsed = far
      entry.fields = FieldValues()
      for id in chosen where (number + Int(id.rawValue)) % every == 0 {
        entry.fields.add(id, value(id, number))
      }
      return entry
    }
    let encoded = try #require(encodedBlock(of: entries))
    let read = try EncodedBlock(parsing: encoded.bytes)
    #expect(read.id == encoded.id)
    let block = block(read)
    let order = inBlockOrder(entries)
    for id in chosen + [.elapsed, .requestBytes, .instant] {
      let column = try block.column(id)
      for row in order.indices {
        let wanted = EntryRow(order[row]).column(id)
        #expect(column?.value(at: row) ?? .none == wanted, "\(id) of row \(row)")
        guard column?.value(at: row) ?? .none == wanted else { return }
      }
    }
    // Two of them become one, which its reader takes too.
    let merged = try BlockMerge.merged([block, block]).block
    #expect(try EncodedBlock(parsing: merged.bytes).header.rows == 2 * rows)
  }

  /// Fields come from the wire: one that is there twice must not push the values of others aside.
  @Test func ofAFieldThatIsThereTwiceTheFirstStays() throws {
    var random = RandomEntries(seed: 901)
    var entries = random.entries(3, kinds: [.http])
    for index in entries.indices {
      entries[index].timestamp = Timestamp(nanoseconds: Int64(index))
      entries[index].fields = FieldValues()
      entries[index].fields.add(.path, .text("/\(index)"))
      entries[index].fields.add(.statusCode, .int(Int64(200 + index)))
    }
    entries[1].fields.add(.path, .text("/again"))
    entries[1].fields.add(.statusCode, .int(500))
    let store = try EntryStore(.memory)
    try store.append(entries)
    try store.flush()
    #expect(store.counters.valuesRepeated == 2 && store.counters.entriesLost == 0)
    let block = try #require(store.snapshot().blocks.first)
    for row in 0..<3 {
      #expect(try block.column(.path)?.value(at: row) == .text("/\(row)"))
      #expect(try block.column(.statusCode)?.value(at: row) == .int(Int64(200 + row)))
    }
  }

  /// Annotations may hold whole documents, of thousands of workloads.
  @Test func whatWorkloadsSayFillsABlock() throws {
    var random = RandomEntries(seed: 905)
    let template = random.entries(1, kinds: [.http])[0]
    let document = String(repeating: "d", count: 250_000)
    var builder = BlockBuilder(.calls)
    for number in 0..<1_000 where !builder.isFull {
      var entry = template
      entry.source.workload = Workload(
        pod: "p\(number)", podNamespace: "n", annotations: ["applied": "\(number)\(document)"])
      builder.append(entry)
    }
    let rows = builder.rows
    let made = try builder.finish()
    let encoded = try #require(made)
    #expect((100..<200).contains(rows) && encoded.header.rows == rows)
    #expect(try EncodedBlock(parsing: encoded.bytes).id == encoded.id)
  }

  // MARK: What no writer makes

  private var sound: Block {
    get throws {
      var random = RandomEntries(seed: 902)
      return block(try #require(encodedBlock(of: random.entries(4, kinds: [.http]))))
    }
  }

  /// A block of so many rows with nothing but what `write` adds.
  private func forged(
    rows: Int, _ write: (inout BlockWriter, RowOrder) -> (headers: [UInt8], bodies: [UInt8])
  ) throws -> Block {
    var writer = BlockWriter(family: .calls, rows: rows, reserving: 0)
    let zeros = [Int64](repeating: 0, count: rows)
    let order = RowOrder(instants: zeros, streams: zeros, indices: zeros)
    let lanes = write(&writer, order)
    let summary = EnvelopeColumns.Summary(first: 0, last: 0, kinds: KindSet([.http]))
    return block(try writer.finish(summary, headers: lanes.headers, bodies: lanes.bodies))
  }

  /// It is not merged, and the sound block beside it is not blamed.
  private func expectBlame(_ forged: Block) throws {
    let sound = try sound
    do throws(MergeFailure) {
      _ = try BlockMerge.merged([sound, forged])
      Issue.record("they are merged")
    } catch {
      #expect(error.source == 1)
    }
  }

  @Test func valuesThatNoRowHasAreNotMerged() throws {
    let forged = try forged(rows: 60) { writer, _ in
      var interner = Interner()
      for number in 0..<60 {
        let path = Array("/\(number)".utf8)
        _ = interner.code(path.rawSpan)
      }
      writer.add(.path, .text, interner, Arranged(values: [1], words: [1]))
      return ([0], [0])
    }
    try expectBlame(forged)
  }

  /// Megabytes of frames that hold nothing.
  @Test func aSectionIsHardlyLargerThanWhatItHolds() throws {
    let compressor = ZstdCompressor()
    let empty = compressor.compressed([])
    let many = Array(repeatElement(empty, count: 10_000).joined())
    #expect(throws: WireError.self) { try zstdDecompressed(SectionBytes(many), length: 0) }
    #expect(try zstdDecompressed(SectionBytes(empty), length: 0) == [])
    var random = RandomEntries(seed: 903)
    for count in [1, 100, 70_000] {
      let bytes = random.bytes(count)
      let frame = compressor.compressed(bytes)
      #expect(try zstdDecompressed(SectionBytes(frame), length: count) == bytes)
    }
  }

  /// Frames of formats from before RFC 8878, which the library may know, alone and behind another.
  @Test func sectionsOfOlderZstandardAreDamage() throws {
    let old: [UInt8] = [0x27, 0xb5, 0x2f, 0xfd, 0x20, 4, 0x40, 0, 4, 97, 98, 99, 100, 0xc0, 0, 0]
    let frame = ZstdCompressor().compressed([97])
    for (bytes, length) in [(old, 4), (frame + old, 5), (frame + frame, 2)] {
      #expect(throws: WireError.self) { try zstdDecompressed(SectionBytes(bytes), length: length) }
    }
  }

  /// The chunks of a document that everyone is given are one section, also while they are merged.
  @Test func chunksOfTheSameBytesAreTakenOnce() throws {
    var random = RandomEntries(seed: 904)
    let template = random.entries(1, kinds: [.http])[0]
    let body = random.bytes(BlockLimits.chunkBytes)
    let blocks = try (0..<3).map { number in
      block(
        try #require(
          encodedBlock(
            of: (0..<50).map { row in
              var entry = template
              entry.timestamp = Timestamp(nanoseconds: Int64(row * 3 + number))
              entry.response = Content(body: body, bodyLength: Int64(body.count))
              return entry
            })))
    }
    var sources: [MergeSource] = []
    for (place, block) in blocks.enumerated() {
      sources.append(try MergeSource(block, place: place, firstRow: place * 50))
    }
    let zeros = [Int64](repeating: 0, count: 150)
    let lane = try MergedContent(sources, \.bodies).lane(
      RowOrder(instants: zeros, streams: zeros, indices: zeros))
    #expect(lane.chunks.count == 150 && lane.frames.count == 3)
    let merged = block(try BlockMerge.merged(blocks).block)
    #expect(merged.byteCount < 2 * body.count)
    for row in [0, 77, 149] {
      #expect(try merged.content(row: row).response?.body == body)
    }
  }
}

extension Field.Source {
  /// Whether the field is a column of a block.
  fileprivate var isColumn: Bool { if case .column = self { true } else { false } }
}
