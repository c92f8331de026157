import Bytes
import Entries

/// Puts sections, columns and lanes together to the bytes of a block.
struct BlockWriter {
  /// Longest section that goes into the header itself. Constant columns need no read of their own.
  private static let inlineBytes = 128
  /// Part of a block that may be memory it does not need: one in so many bytes.
  private static let slack = 8

  private struct Column {
    var info: ColumnInfo
    /// The zone map as it is written, form first.
    var zone: [UInt8]
  }

  private struct SectionKey: Hashable {
    var count: Int
    var checksum: UInt32
  }

  private let family: BlockFamily
  private let rows: Int
  private var columns: [Column] = []
  /// Lengths with their place bit, then checksum or bytes: the directory as it is written.
  private var directory: [UInt8] = []
  private var sectionCount = 0
  /// Sections that lie apart.
  private var data: [UInt8] = []
  /// Where in `data` which sections are.
  private var places: [SectionKey: (number: Int, range: Range<Int>)] = [:]
  private var presences: [(words: [UInt64], section: Int, count: Int)] = []

  /// - Parameters:
  ///   - bytes: about how many the sections will have together. They are not copied while there are
  ///     no more.
  ///   - memory: is used for them, and left empty.
  init(family: BlockFamily, rows: Int, reserving bytes: Int, in memory: inout [UInt8]) {
    (self.family, self.rows) = (family, rows)
    swap(&data, &memory)
    data.removeAll(keepingCapacity: true)
    data.reserveCapacity(bytes)
  }

  init(family: BlockFamily, rows: Int, reserving bytes: Int) {
    var memory: [UInt8] = []
    self.init(family: family, rows: rows, reserving: bytes, in: &memory)
  }

  /// Adds integers, instants or truth values.
  mutating func add(_ id: FieldID, _ type: FieldType, _ column: Arranged<Int64>) {
    guard let bounds = PackedInts.bounds(of: column.values.span) else { return }
    var zone: [UInt8]
    if let counts = ValueCounts.encoded(column.values, within: bounds) {
      zone = [ZoneForm.counts.rawValue] + counts
    } else {
      zone = [ZoneForm.range.rawValue]
      zone.append(little: UInt64(bitPattern: bounds.lowerBound))
      zone.append(little: UInt64(bitPattern: bounds.upperBound))
    }
    let info = ColumnInfo(
      id: id, type: type, present: column.values.count, distinct: 0, zone: .none,
      presence: presence(column.words, column.values.count),
      section: section {
        PackedInts.encode(
          column.values, within: bounds, isInstant: type == .instant, into: &$0)
      })
    columns.append(Column(info: info, zone: zone))
  }

  /// Adds texts, byte strings or lists.
  mutating func add(
    _ id: FieldID, _ type: FieldType, _ interner: Interner, _ column: Arranged<UInt32>
  ) {
    guard !column.values.isEmpty else { return }
    let info = ColumnInfo(
      id: id, type: type, present: column.values.count, distinct: interner.count, zone: .none,
      presence: presence(column.words, column.values.count),
      section: section { PackedInts.encode(column.values, into: &$0) },
      dictionary: section { bytes in
        bytes.append(little: UInt32(interner.count))
        bytes.append(little: UInt32(interner.bytes.count))
        PackedInts.encode(
          (0..<interner.count).map { UInt32(interner.range($0 + 1).count) }, into: &bytes)
        bytes.append(interner.bytes.rawSpan)
      })
    let zone = type == .text ? zone(interner) : [ZoneForm.none.rawValue]
    columns.append(Column(info: info, zone: zone))
  }

  private mutating func zone(_ interner: Interner) -> [UInt8] {
    if interner.count <= ZoneMap.setValues, interner.bytes.count <= ZoneMap.setBytes {
      var texts: [UInt8] = []
      for code in 0..<interner.count {
        texts.append(counted: interner.bytes.rawSpan.slice(interner.range(code + 1)))
      }
      var zone = [ZoneForm.texts.rawValue]
      zone.append(varint: interner.count)
      zone.append(counted: texts.rawSpan)
      return zone
    }
    guard interner.count <= BloomFilter.values.upperBound else {
      let grams = GramFilter.encoded(interner)
      var zone = [ZoneForm.grams.rawValue, UInt8(grams.logarithm)]
      zone.append(varint: section(grams.bytes.rawSpan))
      return zone
    }
    let filter = BloomFilter.encoded(
      (1...interner.count).map { stableHash(interner.bytes.rawSpan.slice(interner.range($0))) })
    return [ZoneForm.bloom.rawValue, UInt8((filter.count * 8).trailingZeroBitCount)] + filter
  }

  /// The number of a presence, nil for all rows. Columns of one protocol mostly share theirs.
  private mutating func presence(_ words: [UInt64]?, _ count: Int) -> Int? {
    guard let words else { return nil }
    if let known = presences.firstIndex(where: { $0.count == count && $0.words == words }) {
      return known
    }
    let encoded = Presence.encoded(words: words, rows: rows, count: count)
    presences.append((words, section(encoded.rawSpan), count))
    return presences.count - 1
  }

  /// Adds a section and gives its number; the same bytes again get the number they have. The
  /// names, owners and addresses of the ends of a row mostly have the same codes, and a URL
  /// without query is its path.
  private mutating func section(_ bytes: RawSpan) -> Int { section { $0.append(bytes) } }

  /// The same of what `write` appends.
  private mutating func section(_ write: (inout [UInt8]) -> Void) -> Int {
    let start = data.count
    write(&data)
    let count = data.count - start
    let key = SectionKey(count: count, checksum: crc32c(data.rawSpan.suffix(from: start)))
    if let place = places[key],
      isEqual(data.rawSpan.slice(place.range), data.rawSpan.suffix(from: start))
    {
      data.removeLast(count)
      return place.number
    }
    if count <= Self.inlineBytes {
      directory.append(varint: count << 1 | SectionPlace.inline.rawValue)
      directory += data[start...]
      data.removeLast(count)
    } else {
      directory.append(varint: count << 1 | SectionPlace.apart.rawValue)
      directory.append(little: key.checksum)
      places[key] = (sectionCount, start..<data.count)
    }
    sectionCount += 1
    return sectionCount - 1
  }

  /// The description of a lane, with its locator and chunks added as sections.
  mutating func lane(_ lane: ContentLaneBuilder, _ order: RowOrder) -> [UInt8] {
    var out: [UInt8] = []
    out.append(varint: lane.chunks.count)
    guard !lane.chunks.isEmpty else { return out }
    let offsets = order.arrangement(of: lane.presence).arranged(lane.offsets)
    out.append(varint: presence(offsets.words, lane.offsets.count).map { $0 + 1 } ?? 0)
    var locator: [UInt8] = []
    PackedInts.encode(offsets.values, into: &locator)
    out.append(varint: section(locator.rawSpan))
    let numbers = lane.frames.map { section($0.rawSpan) }
    for (length, frame) in lane.chunks {
      out.append(varint: length)
      out.append(varint: numbers[frame])
    }
    return out
  }

  /// Puts everything together.
  ///
  /// - Parameter memory: gets what the sections were put together in, for the next block.
  /// - Throws: when a reader would refuse the block, which is worse to find out later.
  consuming func finish(
    _ summary: EnvelopeColumns.Summary, headers: [UInt8], bodies: [UInt8],
    leaving memory: inout [UInt8]
  ) throws(WireError) -> EncodedBlock {
    var header: [UInt8] = [family.rawValue]
    header.append(varint: rows)
    header.append(little: UInt64(bitPattern: summary.first))
    header.append(little: UInt64(bitPattern: summary.last))
    header.append(little: summary.kinds.bits)
    header.append(varint: sectionCount)
    header.append(directory.rawSpan)
    header.append(varint: presences.count)
    for presence in presences {
      header.append(varint: presence.section)
      header.append(varint: presence.count)
    }
    header.append(varint: columns.count)
    columns.sort { $0.info.id.rawValue < $1.info.id.rawValue }
    for column in columns {
      header.append(little: column.info.id.rawValue)
      header.append(column.info.type.rawValue)
      header.append(varint: column.info.presence.map { $0 + 1 } ?? 0)
      header.append(varint: column.info.section)
      if let dictionary = column.info.dictionary {
        header.append(varint: dictionary)
        header.append(varint: column.info.distinct)
      }
      header.append(column.zone.rawSpan)
    }
    header.append(headers.rawSpan)
    header.append(bodies.rawSpan)
    return try encoded(header, leaving: &memory)
  }

  consuming func finish(
    _ summary: EnvelopeColumns.Summary, headers: [UInt8], bodies: [UInt8]
  ) throws(WireError) -> EncodedBlock {
    var memory: [UInt8] = []
    return try finish(summary, headers: headers, bodies: bodies, leaving: &memory)
  }

  private consuming func encoded(
    _ header: [UInt8], leaving memory: inout [UInt8]
  ) throws(WireError) -> EncodedBlock {
    let id = BlockID(header: header.rawSpan)
    var head: [UInt8] = []
    head.reserveCapacity(BlockPrefix.byteCount + header.count)
    head += BlockPrefix.magic
    head.append(little: BlockPrefix.version)
    head.append(little: 0 as UInt16)
    head.append(little: UInt32(header.count))
    head.append(little: crc32c(header.rawSpan))
    head.append(little: 0 as UInt32)
    head.append(little: id.high)
    head.append(little: id.low)
    head.append(header.rawSpan)
    var bytes: [UInt8] = []
    let count = head.count + data.count
    if data.capacity >= count, data.capacity - count <= count / Self.slack {
      // Moved within their memory: a copy of large sections takes fresh memory for all of them.
      swap(&bytes, &data)
      bytes.insert(contentsOf: head, at: 0)
    } else {
      // Blocks are kept: what was reserved in vain is not kept with them.
      bytes.reserveCapacity(count)
      bytes.append(head.rawSpan)
      bytes.append(data.rawSpan)
      swap(&memory, &data)
    }
    return EncodedBlock(header: try BlockHeader(parsing: bytes), bytes: bytes)
  }
}
