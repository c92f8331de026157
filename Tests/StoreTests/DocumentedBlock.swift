/// A block read by what `BlockFormat.md` says and by nothing of the module, byte by byte.
struct DocumentedBlock {
  struct Malformed: Error { var what: String }

  struct Section {
    var bytes: [UInt8]
    /// Nil for one that stands in the header.
    var checksum: UInt32?
  }

  struct Zone {
    var form: UInt8
    var range: ClosedRange<Int64>?
    var counts: [Int64: Int] = [:]
    var grams: (logarithm: Int, section: Int)?
    var texts: [[UInt8]] = []
    var bits: [UInt8] = []
  }

  struct Column {
    var field: UInt16
    var type: UInt8
    var presence: Int
    var section: Int
    var dictionary: Int?
    var distinct = 0
    var zone: Zone
  }

  struct Lane {
    var presence = 0
    var locator = 0
    var chunks: [(length: Int, section: Int)] = []
  }

  private(set) var version: UInt64 = 0
  private(set) var id: [UInt64] = []
  private(set) var family: UInt8 = 0
  private(set) var rows = 0
  private(set) var first: Int64 = 0
  private(set) var last: Int64 = 0
  private(set) var kinds: UInt64 = 0
  private(set) var sections: [Section] = []
  private(set) var presences: [(section: Int, count: Int)] = []
  private(set) var columns: [Column] = []
  private(set) var headers = Lane()
  private(set) var bodies = Lane()

  init(_ block: [UInt8]) throws {
    var prefix = Reader(bytes: block)
    guard try prefix.take(8) == [0x8b, 0x4b, 0x53, 0x42, 0x0d, 0x0a, 0x1a, 0x0a] else {
      throw Malformed(what: "magic")
    }
    version = try prefix.number(2)
    guard try prefix.number(2) == 0 else { throw Malformed(what: "offset 10") }
    let length = Int(try prefix.number(4))
    let checksum = UInt32(try prefix.number(4))
    guard try prefix.number(4) == 0 else { throw Malformed(what: "offset 20") }
    id = [try prefix.number(8), try prefix.number(8)]
    let header = try prefix.take(length)
    guard Self.crc32c(header) == checksum else { throw Malformed(what: "header checksum") }
    guard id == [0x6b73_6862_6c6f_636b, 0x636f_6e74_656e_7473].map({ Self.hash(header, $0) })
    else { throw Malformed(what: "id") }
    var reader = Reader(bytes: header)
    try readHeader(&reader, rest: &prefix)
    guard reader.isAtEnd, prefix.isAtEnd else { throw Malformed(what: "bytes left over") }
  }

  private mutating func readHeader(_ reader: inout Reader, rest: inout Reader) throws {
    family = try reader.take(1)[0]
    rows = try reader.varint()
    first = Int64(bitPattern: try reader.number(8))
    last = Int64(bitPattern: try reader.number(8))
    kinds = try reader.number(8)
    for _ in 0..<(try reader.varint()) {
      let mark = try reader.varint()
      if mark % 2 == 1 {
        sections.append(Section(bytes: try reader.take(mark / 2)))
      } else {
        let checksum = UInt32(try reader.number(4))
        let bytes = try rest.take(mark / 2)
        guard Self.crc32c(bytes) == checksum else { throw Malformed(what: "section checksum") }
        sections.append(Section(bytes: bytes, checksum: checksum))
      }
    }
    for _ in 0..<(try reader.varint()) {
      presences.append((try reader.varint(), try reader.varint()))
    }
    for _ in 0..<(try reader.varint()) { columns.append(try Self.column(&reader)) }
    headers = try Self.lane(&reader)
    bodies = try Self.lane(&reader)
  }

  private static func column(_ reader: inout Reader) throws -> Column {
    let field = UInt16(try reader.number(2))
    let type = try reader.take(1)[0]
    let (presence, section) = (try reader.varint(), try reader.varint())
    var column = Column(
      field: field, type: type, presence: presence, section: section, zone: Zone(form: 0))
    if [3, 4, 6, 7, 8].contains(type) {
      column.dictionary = try reader.varint()
      column.distinct = try reader.varint()
    }
    column.zone = try zone(&reader)
    return column
  }

  private static func zone(_ reader: inout Reader) throws -> Zone {
    var zone = Zone(form: try reader.take(1)[0])
    switch zone.form {
    case 0: break
    case 1:
      let low = Int64(bitPattern: try reader.number(8))
      zone.range = low...Int64(bitPattern: try reader.number(8))
    case 4:
      let count = try reader.take(1)[0]
      var number = Int64(bitPattern: try reader.number(8))
      for _ in 0..<count {
        number = number &+ Int64(try reader.varint())
        zone.counts[number] = try reader.varint()
      }
    case 5: zone.grams = (Int(try reader.take(1)[0]), try reader.varint())
    case 2:
      let count = try reader.varint()
      var texts = Reader(bytes: try reader.take(try reader.varint()))
      for _ in 0..<count { zone.texts.append(try texts.take(try texts.varint())) }
    case 3:
      let logarithm = Int(try reader.take(1)[0])
      zone.bits = try reader.take((1 << logarithm) / 8)
    default: throw Malformed(what: "zone map of form \(zone.form)")
    }
    return zone
  }

  private static func lane(_ reader: inout Reader) throws -> Lane {
    var lane = Lane()
    let count = try reader.varint()
    guard count > 0 else { return lane }
    lane.presence = try reader.varint()
    lane.locator = try reader.varint()
    for _ in 0..<count { lane.chunks.append((try reader.varint(), try reader.varint())) }
    return lane
  }

  // MARK: Values

  /// Which rows a presence names.
  func rows(of presence: Int) throws -> [Int] {
    guard presence > 0 else { return Array(0..<rows) }
    let (section, count) = presences[presence - 1]
    var reader = Reader(bytes: sections[section].bytes)
    let form = try reader.take(1)[0]
    let found: [Int]
    if form == 0 {
      let bits = try reader.take((rows + 7) / 8)
      found = (0..<rows).filter { bits[$0 / 8] & 1 << UInt8($0 % 8) != 0 }
    } else {
      let listed = Int(try reader.number(4))
      let list = try Self.integers(&reader, listed).map(Int.init)
      found = form == 1 ? list : (0..<rows).filter { !list.contains($0) }
    }
    guard reader.isAtEnd, found.count == count else { throw Malformed(what: "presence") }
    return found
  }

  /// The integers, or the codes, of a column, one for each of its rows.
  func integers(of column: Column) throws -> [Int64] {
    var reader = Reader(bytes: sections[column.section].bytes)
    let values = try Self.integers(&reader, rows(of: column.presence).count)
    guard reader.isAtEnd else { throw Malformed(what: "integers") }
    return values
  }

  /// The values that codes 1, 2, … stand for.
  func dictionary(of column: Column) throws -> [[UInt8]] {
    guard let place = column.dictionary else { return [] }
    var reader = Reader(bytes: sections[place].bytes)
    let (count, total) = (Int(try reader.number(4)), Int(try reader.number(4)))
    let lengths = try Self.integers(&reader, count)
    let values = try lengths.map { try reader.take(Int($0)) }
    guard reader.isAtEnd, values.count == column.distinct,
      values.reduce(0, { $0 + $1.count }) == total
    else { throw Malformed(what: "dictionary") }
    return values
  }

  /// Where the record of each row that has one begins in the raw bytes of a lane.
  func offsets(of lane: Lane) throws -> [Int: Int] {
    guard !lane.chunks.isEmpty else { return [:] }
    let rows = try rows(of: lane.presence)
    var reader = Reader(bytes: sections[lane.locator].bytes)
    let offsets = try Self.integers(&reader, rows.count).map(Int.init)
    return Dictionary(uniqueKeysWithValues: zip(rows, offsets))
  }

  private static func integers(_ reader: inout Reader, _ count: Int) throws -> [Int64] {
    let form = try reader.take(1)[0]
    let width = Int(try reader.take(1)[0])
    let scale: Int64 = [1, 1_000, 1_000_000][Int(try reader.take(1)[0])]
    guard try reader.take(1) == [0], form < 2 else { throw Malformed(what: "run of integers") }
    let base = Int64(bitPattern: try reader.number(8))
    var full: [Int64] = []
    if form == 1 {
      for _ in 0..<(count + 127) / 128 { full.append(Int64(bitPattern: try reader.number(8))) }
    }
    let packed = try reader.take((count * width + 7) / 8)
    guard try reader.take(8) == [UInt8](repeating: 0, count: 8) else {
      throw Malformed(what: "padding")
    }
    var values: [Int64] = []
    for index in 0..<count {
      var number: UInt64 = 0
      for bit in 0..<width {
        let at = index * width + bit
        if packed[at / 8] & 1 << UInt8(at % 8) != 0 { number |= 1 << UInt64(bit) }
      }
      let step = base &+ Int64(bitPattern: number) &* scale
      if form == 0 {
        values.append(step)
      } else {
        values.append(index % 128 == 0 ? full[index / 128] : (values.last ?? 0) &+ step)
      }
    }
    return values
  }

  // MARK: Sums

  /// CRC-32C (RFC 3720 §12.1), a bit at a time.
  static func crc32c(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0xffff_ffff
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82f6_3b78 : sum >> 1 }
    }
    return ~sum
  }

  /// H of the document.
  static func hash(_ bytes: [UInt8], _ seed: UInt64) -> UInt64 {
    var words: [UInt64] = []
    for start in stride(from: 0, to: bytes.count, by: 8) {
      var word: UInt64 = 0
      for (place, byte) in bytes[start..<min(start + 8, bytes.count)].enumerated() {
        word |= UInt64(byte) << UInt64(8 * place)
      }
      words.append(word)
    }
    var hash = UInt64(bytes.count) ^ seed
    for word in words + [0] {
      hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 32
    }
    return hash
  }

  /// Whether a Bloom filter has the bits of a text.
  static func mayContain(_ bits: [UInt8], _ text: [UInt8]) -> Bool {
    let hash = hash(text, 0)
    let (low, high) = (UInt32(truncatingIfNeeded: hash), UInt32(hash >> 32) | 1)
    return (0..<4 as Range<UInt32>).allSatisfy { k in
      let bit = Int(low &+ k &* high) % (bits.count * 8)
      return bits[bit / 8] & 1 << UInt8(bit % 8) != 0
    }
  }

  /// Whether a filter of neighbours has the bits of a text.
  static func mayHold(_ bits: [UInt8], logarithm: Int, _ text: [UInt8]) -> Bool {
    text.indices.dropLast(2).allSatisfy { at in
      let three = UInt32(text[at]) + UInt32(text[at + 1]) << 8 + UInt32(text[at + 2]) << 16
      let bit = Int((three &* 0x9e37_79b1) >> UInt32(32 - logarithm))
      return bits[bit / 8] & 1 << UInt8(bit % 8) != 0
    }
  }

  /// Takes bytes from the front.
  struct Reader {
    var bytes: [UInt8]
    var at = 0

    var isAtEnd: Bool { at == bytes.count }

    mutating func take(_ count: Int) throws -> [UInt8] {
      guard count >= 0, count <= bytes.count - at else { throw Malformed(what: "too short") }
      defer { at += count }
      return Array(bytes[at..<at + count])
    }

    /// Little-endian.
    mutating func number(_ count: Int) throws -> UInt64 {
      try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func varint() throws -> Int {
      var (value, shift) = (0, 0)
      while true {
        let byte = try take(1)[0]
        value |= Int(byte & 0x7f) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
    }
  }
}
