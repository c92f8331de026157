import Bytes
import Entries

/// The fixed beginning of a block. All numbers are little-endian.
///
///     0        magic: 8B 4B 53 42 0D 0A 1A 0A
///     8        version, 2 bytes
///     10       0, 2 bytes
///     12       length of the header that follows, 4 bytes
///     16       CRC-32C of the header
///     20       0, 4 bytes
///     24       id: 16 bytes
enum BlockPrefix {
  static let magic: [UInt8] = [0x8b, 0x4b, 0x53, 0x42, 0x0d, 0x0a, 0x1a, 0x0a]
  static let version: UInt16 = 1
  static let byteCount = 40
}

/// Section lengths in a header: the lowest bit says that the bytes follow right there.
enum SectionPlace: Int {
  case apart = 0
  case inline = 1
}

/// Zone maps in a header.
enum ZoneForm: UInt8 {
  case none = 0
  case range = 1
  case texts = 2
  case bloom = 3
  /// All values with how often each occurs; it gives the range too.
  case counts = 4
  /// The section with the neighbouring bytes of all texts.
  case grams = 5
}

extension BlockHeader {
  /// Reads prefix and header from the beginning of `bytes`, which may hold the whole block.
  ///
  /// - Throws: `.unsupported` for another version, `.foreign` when it is no block at all, and
  ///   what is wrong with it otherwise.
  init(parsing bytes: [UInt8]) throws(WireError) {
    let span = bytes.rawSpan
    guard span.byteCount >= BlockPrefix.byteCount else { throw WireError(.truncated) }
    guard bytes.starts(with: BlockPrefix.magic) else { throw WireError(.foreign) }
    guard span.little16(8) == BlockPrefix.version else { throw WireError(.unsupported, at: 8) }
    let length = Int(span.little32(12))
    guard length <= BlockLimits.headerBytes else { throw WireError(.tooLarge, at: 12) }
    guard length <= span.byteCount - BlockPrefix.byteCount else {
      throw WireError(.truncated, at: 12)
    }
    let end = BlockPrefix.byteCount + length
    let header = span.slice(BlockPrefix.byteCount..<end)
    guard crc32c(header) == span.little32(16), span.little16(10) == 0, span.little32(20) == 0 else {
      throw WireError(.invalid, at: 16)
    }
    let id = BlockID(high: span.little64(24), low: span.little64(32))
    guard id == BlockID(header: header) else { throw WireError(.invalid, at: 24) }

    var cursor = Cursor(span.prefix(end), at: BlockPrefix.byteCount)
    self.id = id
    data = SectionBytes(bytes, 0..<end)
    family = try BlockFamily(rawValue: cursor.uint8()).orInvalid(at: cursor.offset)
    rows = try cursor.varint(limit: BlockLimits.rows)
    guard rows > 0 else { throw WireError(.invalid, at: cursor.offset) }
    first = Timestamp(nanoseconds: try cursor.int64())
    last = Timestamp(nanoseconds: try cursor.int64())
    guard first <= last else { throw WireError(.invalid, at: cursor.offset) }
    kinds = KindSet(bits: try cursor.little64())
    sections = try Self.sections(&cursor, of: bytes, from: end)
    presences = try Self.presences(&cursor, sections: sections.count, rows: rows)
    columns = []
    headers = ContentLane()
    bodies = ContentLane()
    columns = try columns(&cursor, of: bytes)
    headers = try lane(&cursor)
    bodies = try lane(&cursor)
    guard cursor.isAtEnd else { throw WireError(.invalid, at: cursor.offset) }
  }

  private static func sections(
    _ cursor: inout Cursor, of bytes: [UInt8], from end: Int
  ) throws(WireError) -> [Section] {
    let count = try cursor.varint(limit: BlockLimits.sections)
    var sections: [Section] = []
    var next = end
    for _ in 0..<count {
      let mark = try cursor.varint(limit: BlockLimits.sectionBytes * 2)
      let length = mark >> 1
      if mark & 1 == SectionPlace.inline.rawValue {
        let start = cursor.offset
        try cursor.skip(length)
        let inline = SectionBytes(bytes, start..<start + length)
        sections.append(Section(inline: inline, range: nil, checksum: 0))
      } else {
        let checksum = try cursor.little32()
        sections.append(Section(inline: nil, range: next..<next + length, checksum: checksum))
        next += length
      }
    }
    return sections
  }

  private static func presences(
    _ cursor: inout Cursor, sections: Int, rows: Int
  ) throws(WireError) -> [Presences] {
    let count = try cursor.varint(limit: sections)
    var presences: [Presences] = []
    for _ in 0..<count {
      let section = try cursor.varint(limit: sections - 1)
      presences.append(Presences(section: section, count: try cursor.varint(limit: rows)))
    }
    return presences
  }

  private mutating func columns(
    _ cursor: inout Cursor, of bytes: [UInt8]
  ) throws(WireError) -> [ColumnInfo] {
    let count = try cursor.varint(limit: Int(UInt16.max))
    var columns: [ColumnInfo] = []
    var before = -1
    for _ in 0..<count {
      let rawID = try cursor.little16()
      guard Int(rawID) > before else { throw WireError(.invalid, at: cursor.offset) }
      before = Int(rawID)
      let type = try FieldType(rawValue: cursor.uint8()).orInvalid(at: cursor.offset)
      let (presence, present) = try presence(&cursor)
      let section = try cursor.varint(limit: sections.count - 1)
      let dictionary = type.isCoded ? try cursor.varint(limit: sections.count - 1) : nil
      let distinct = type.isCoded ? try cursor.varint(limit: rows) : 0
      let (zone, counts) = try zone(&cursor, of: bytes, present: present)
      // A field that a later minor revision added is left out; the others stay readable.
      guard let id = FieldID(rawValue: rawID) else {
        hasUnknownColumns = true
        continue
      }
      columns.append(
        ColumnInfo(
          id: id, type: type, present: present, distinct: distinct, zone: zone, counts: counts,
          presence: presence, section: section, dictionary: dictionary))
    }
    return columns
  }

  /// The index of a presence, counted from 1, or 0 for "all rows"; and how many rows it has.
  private func presence(_ cursor: inout Cursor) throws(WireError) -> (index: Int?, count: Int) {
    let number = try cursor.varint(limit: presences.count)
    return number == 0 ? (nil, rows) : (number - 1, presences[number - 1].count)
  }

  private func zone(
    _ cursor: inout Cursor, of bytes: [UInt8], present: Int
  ) throws(WireError) -> (ZoneMap, ValueCounts?) {
    switch try ZoneForm(rawValue: cursor.uint8()).orInvalid(at: cursor.offset) {
    case .none: return (.none, nil)
    case .range:
      let (low, high) = (try cursor.int64(), try cursor.int64())
      guard low <= high else { throw WireError(.invalid, at: cursor.offset) }
      return (.range(low...high), nil)
    case .counts:
      let counts = try ValueCounts(&cursor, present: present)
      return (.range(counts.range), counts)
    case .grams:
      let logarithm = Int(try cursor.uint8())
      guard GramFilter.logarithms.contains(logarithm) else {
        throw WireError(.invalid, at: cursor.offset)
      }
      let section = try cursor.varint(limit: sections.count - 1)
      return (.grams(section: section, logarithm: logarithm), nil)
    case .texts:
      let count = try cursor.varint(limit: ZoneMap.setValues)
      let length = try cursor.varint(limit: ZoneMap.setBytes + 2 * ZoneMap.setValues)
      let start = cursor.offset
      try cursor.skip(length)
      return (
        .texts(TextSet(count: count, data: SectionBytes(bytes, start..<start + length))), nil
      )
    case .bloom:
      let logarithm = Int(try cursor.uint8())
      guard BloomFilter.logarithms.contains(logarithm) else {
        throw WireError(.invalid, at: cursor.offset)
      }
      let length = 1 << (logarithm - 3)
      let start = cursor.offset
      try cursor.skip(length)
      return (.bloom(BloomFilter(data: SectionBytes(bytes, start..<start + length))), nil)
    }
  }

  private static func range(_ cursor: inout Cursor) throws(WireError) -> ClosedRange<Int64> {
    let (low, high) = (try cursor.int64(), try cursor.int64())
    guard low <= high else { throw WireError(.invalid, at: cursor.offset) }
    return low...high
  }

  private func lane(_ cursor: inout Cursor) throws(WireError) -> ContentLane {
    // Chunks of the same bytes have one section, and there is at least one row in each: a server that
    // gives all its callers the same document fills many chunks and no second section.
    let chunkCount = try cursor.varint(limit: rows)
    guard chunkCount > 0 else { return ContentLane() }
    var lane = ContentLane()
    (lane.presence, lane.count) = try presence(&cursor)
    lane.locator = try cursor.varint(limit: sections.count - 1)
    var start = 0
    for _ in 0..<chunkCount {
      let length = try cursor.varint(limit: BlockLimits.rawChunkBytes)
      let section = try cursor.varint(limit: sections.count - 1)
      lane.chunks.append(Chunk(start: start, length: length, section: section))
      start += length
    }
    return lane
  }
}

extension FieldType {
  /// Whether a column of it holds codes into a dictionary.
  var isCoded: Bool {
    switch self {
    case .bool, .int, .instant: false
    case .text, .bytes, .texts, .pairs, .numbers, .record: true
    }
  }
}

extension Optional {
  /// The value, or the error that there is none.
  fileprivate func orInvalid(at offset: Int) throws(WireError) -> Wrapped {
    guard let self else { throw WireError(.invalid, at: offset) }
    return self
  }
}
