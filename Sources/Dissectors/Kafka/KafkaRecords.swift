import Bytes
import Decompression
import JSON

/// Record batches (version 2) and message sets (versions 0 and 1) inside produce requests and
/// fetch responses.
///
///     base offset (64) | batch length (32) | partition leader epoch (32) | magic (8) | crc (32)
///     attributes (16) | last offset delta (32) | first and last timestamp (64) | producer id (64)
///     producer epoch (16) | base sequence (32) | records (32) | …
///
/// What follows the count is compressed as the attributes say. The last batch of a fetch response
/// is often cut.
///
/// Of all of them it is kept how many there are, and of the first one its head and the first records,
/// packed until somebody asks:
///
///     0    bytes that follow, 4 bytes
///     4    what follows (`Flags`)
///     …    batches, records of all: varints
///     …    length of the head of the first batch, and the head
///     …    how its decompression ended (`Decompressed.End`)
///     …    records that follow, and these
enum KafkaRecords {
  /// Records shown.
  static let maxShown = 4
  /// Bytes decompressed of a batch, at most: the records that are shown lie at its beginning.
  static let maxDecompressed = 16 << 10
  /// A batch in one piece, as Snappy compresses it, may become so much.
  static let limits = DecompressionLimits(output: 4 << 20)
  private static let headerLength = 61
  /// What its checksum counts begins here.
  private static let checked = 21
  /// The least a message of the old format can be, in bytes.
  private static let messageLength = 26
  /// Magic byte and attributes of an old message stand behind offset, length and checksum.
  private static let oldHeaderLength = 18

  private struct Flags: OptionSet {
    var rawValue: UInt8
    /// All bytes of the batches were there.
    static let whole = Flags(rawValue: 1)
    static let batch = Flags(rawValue: 2)
    static let decompression = Flags(rawValue: 4)
    static let records = Flags(rawValue: 8)
  }

  // MARK: Packing

  /// Packs what is shown of the batches.
  ///
  /// - Parameters:
  ///   - isWhole: they end here.
  ///   - ends: how decompressions ended.
  static func pack(
    _ bytes: RawSpan, isWhole: Bool, into facts: inout [UInt8], _ ends: inout [Decompressed.End]
  ) {
    let start = facts.count
    facts.append(little: 0 as UInt32)
    facts.append(0)
    var at = 0
    var batches = 0
    var records = 0
    while bytes.byteCount - at >= 17 {
      let size = Int(Int32(bitPattern: bytes.big32(at + 8)))
      let isBatch = bytes.byte(at + 16) == 2
      guard 12 + size >= (isBatch ? headerLength : messageLength) else { break }
      if isBatch, bytes.byteCount - at < headerLength { break }
      records += isBatch ? max(0, Int(Int32(bitPattern: bytes.big32(at + 57)))) : 1
      batches += 1
      if 12 + size > bytes.byteCount - at { break }
      at += 12 + size
    }
    facts.append(varint: batches)
    facts.append(varint: records)
    var flags: Flags = isWhole ? [.whole] : []
    if batches > 0 {
      flags.insert(.batch)
      let first = bytes.prefix(12 + Int(Int32(bitPattern: bytes.big32(8))))
      if first.byte(16) == 2 {
        pack(batch: first, into: &facts, &flags, &ends)
      } else {
        pack(message: first, into: &facts, &flags, &ends)
      }
    }
    facts[start + 4] = flags.rawValue
    facts.replace(at: start, little: UInt32(clamping: facts.count - start - 4))
  }

  private static func pack(
    batch: RawSpan, into facts: inout [UInt8], _ flags: inout Flags,
    _ ends: inout [Decompressed.End]
  ) {
    facts.append(UInt8(headerLength))
    facts.append(batch.prefix(headerLength))
    let count = Int(Int32(bitPattern: batch.big32(57)))
    let codec = KafkaCodec(attributes: batch.big16(21))
    guard count > 0, codec != .unknown else { return }
    let records = batch.suffix(from: headerLength)
    guard let compression = codec.compression else {
      flags.insert(.records)
      return pack(records: records, count, into: &facts)
    }
    // Of a batch that is cut it is told that it is.
    let isCut = Int(Int32(bitPattern: batch.big32(8))) + 12 > batch.byteCount
    let shown = min(count, maxShown)
    let content = decompressed(
      records, compression, into: &facts, &flags, &ends,
      suffices: isCut ? nil : { KafkaRecord.areThere(shown, in: $0) },
      isDamaged: { !isCut && crc32c(batch.suffix(from: checked)) != batch.big32(17) })
    pack(records: content.rawSpan, count, into: &facts)
  }

  /// The beginning of what was compressed, and a word in the facts how it ended.
  ///
  /// - Parameter isDamaged: whether the whole is damaged, asked where only its beginning was undone.
  private static func decompressed(
    _ bytes: RawSpan, _ compression: Compression, into facts: inout [UInt8], _ flags: inout Flags,
    _ ends: inout [Decompressed.End], suffices: ((RawSpan) -> Bool)? = nil,
    isDamaged: () -> Bool = { false }
  ) -> [UInt8] {
    var result = decompress(
      bytes, compression, limits: limits, enough: maxDecompressed, suffices: suffices)
    if result.end == .enough, isDamaged() { result.end = .damaged }
    flags.formUnion([.decompression, .records])
    facts.append(result.end.rawValue)
    ends.append(result.end)
    return result.bytes
  }

  /// The first records of a batch.
  private static func pack(records bytes: RawSpan, _ count: Int, into facts: inout [UInt8]) {
    let place = facts.count
    facts.append(0)
    var at = 0
    for _ in 0..<min(count, maxShown) {
      guard let isWhole = try? KafkaRecord.pack(bytes, &at, into: &facts) else { return }
      facts[place] += 1
      if !isWhole { return }
    }
  }

  // MARK: The old format

  /// A message of the old format, or a wrapper around compressed ones.
  private static func pack(
    message: RawSpan, into facts: inout [UInt8], _ flags: inout Flags,
    _ ends: inout [Decompressed.End]
  ) {
    let header = message.prefix(oldHeaderLength)
    facts.append(UInt8(header.byteCount))
    facts.append(header)
    guard header.byteCount == oldHeaderLength else { return }
    let codec = KafkaCodec(attributes: UInt16(message.byte(17)))
    guard let compression = codec.compression else {
      if codec == .none {
        flags.insert(.records)
        pack(messages: message, into: &facts)
      }
      return
    }
    var input = Cursor(message, at: contentStart(message))
    guard let key = try? input.big32(),
      (try? input.skip(max(0, Int(Int32(bitPattern: key))))) != nil,
      let length = try? input.big32()
    else { return }
    let available = min(Int(length), input.remaining)
    guard let value = try? input.take(available) else { return }
    let content = decompressed(value, compression, into: &facts, &flags, &ends)
    pack(messages: content.rawSpan, into: &facts)
  }

  /// From magic 1 on a time stands before the key.
  private static func contentStart(_ message: RawSpan) -> Int {
    message.byte(16) == 0 ? oldHeaderLength : oldHeaderLength + 8
  }

  /// The first messages of a set: of each how many of key and value are there, and these.
  private static func pack(messages bytes: RawSpan, into facts: inout [UInt8]) {
    let place = facts.count
    facts.append(0)
    var at = 0
    for _ in 0..<maxShown {
      guard bytes.byteCount - at >= messageLength else { return }
      let size = Int(Int32(bitPattern: bytes.big32(at + 8)))
      guard 12 + size >= messageLength else { return }
      let message = bytes.suffix(from: at).prefix(12 + size)
      facts[place] += 1
      let texts = facts.count
      facts.append(0)
      var next = contentStart(message)
      for _ in 0..<2 {
        guard message.byteCount - next >= 4 else { break }
        let length = Int32(bitPattern: message.big32(next))
        next += 4
        guard let text = try? KafkaText(Int64(length), message, &next) else { break }
        text.pack(message, into: &facts)
        facts[texts] += 1
      }
      if 12 + size > bytes.byteCount - at { return }
      at += 12 + size
    }
  }

  // MARK: Showing

  /// Whether all bytes of packed batches were there.
  static func areWhole(_ facts: RawSpan) -> Bool {
    !facts.isEmpty && Flags(rawValue: facts.byte(0)).contains(.whole)
  }

  /// Writes packed batches, without the four bytes in front, which came as so many bytes.
  static func write(_ facts: RawSpan, length: Int, to writer: inout JSONWriter) {
    writer.beginObject()
    defer { writer.endObject() }
    writer.name("bytes")
    writer.write(length)
    var input = Cursor(facts)
    do {
      let flags = Flags(rawValue: try input.uint8())
      let batches = try input.varint(limit: .max)
      let records = try input.varint(limit: .max)
      if flags.contains(.batch) {
        writer.name("recordBatch")
        try write(facts, &input, flags, to: &writer)
      }
      writer.name("batches")
      writer.write(batches)
      writer.name("records")
      writer.write(records)
    } catch {
      // Not ours, or damaged: what came before stays.
    }
  }

  private static func write(
    _ facts: RawSpan, _ input: inout Cursor, _ flags: Flags, to writer: inout JSONWriter
  ) throws(WireError) {
    writer.beginObject()
    defer { writer.endObject() }
    let header = try input.take(Int(try input.uint8()))
    guard header.byteCount >= 17 else { throw WireError(.truncated) }
    let isBatch = header.byte(16) == 2
    guard !isBatch || header.byteCount >= headerLength else { throw WireError(.truncated) }
    number("baseOffset", Int64(bitPattern: header.big64(0)), &writer)
    number("batchLength", Int64(Int32(bitPattern: header.big32(8))), &writer)
    number("magic", Int64(header.byte(16)), &writer)
    if isBatch {
      let attributes = header.big16(21)
      number("crc", Int64(header.big32(17)), &writer)
      write(attributes, &writer)
      self.flags(attributes, &writer)
      number("firstTimestamp", Int64(bitPattern: header.big64(27)), &writer)
      number("producerId", Int64(bitPattern: header.big64(43)), &writer)
      number("records", Int64(Int32(bitPattern: header.big32(57))), &writer)
    } else if header.byteCount >= oldHeaderLength {
      number("crc", Int64(header.big32(12)), &writer)
      write(UInt16(header.byte(17)), &writer)
    }
    if flags.contains(.decompression) {
      let end = Decompressed.End(rawValue: try input.uint8())
      if let problem = end?.problem {
        writer.name("problem")
        writer.write(problem)
      }
    }
    guard flags.contains(.records) else { return }
    writer.name("record")
    writer.beginArray()
    defer { writer.endArray() }
    for _ in 0..<(try input.uint8()) {
      if isBatch {
        let isControl = header.big16(21) & 0x20 != 0
        try KafkaRecord.write(facts, &input, isControl: isControl, to: &writer)
      } else {
        try writeMessage(facts, &input, to: &writer)
      }
    }
  }

  private static func writeMessage(
    _ facts: RawSpan, _ input: inout Cursor, to writer: inout JSONWriter
  ) throws(WireError) {
    writer.beginObject()
    defer { writer.endObject() }
    let count = try input.uint8()
    for name in ["key", "value"].prefix(Int(count)) {
      let text = try KafkaText(packed: &input)
      writer.name(name)
      text.write(of: facts, to: &writer)
    }
  }

  private static func write(_ attributes: UInt16, _ writer: inout JSONWriter) {
    number("attributes", Int64(attributes), &writer)
    writer.name("compression")
    writer.write(KafkaCodec(attributes: attributes).name)
  }

  /// What the bits of the attributes beside the codec say, where they say anything.
  private static func flags(_ attributes: UInt16, _ writer: inout JSONWriter) {
    for (bit, name) in [(0x10, "isTransactional"), (0x20, "isControl")]
    where attributes & UInt16(bit) != 0 {
      writer.name(name)
      writer.write(true)
    }
  }

  private static func number(_ name: String, _ value: Int64, _ writer: inout JSONWriter) {
    writer.name(name)
    writer.write(value)
  }
}

/// How a batch is compressed: the three lowest bits of its attributes.
enum KafkaCodec: UInt16 {
  case none, gzip, snappy, lz4, zstd, unknown

  init(attributes: UInt16) { self = Self(rawValue: attributes & 7) ?? .unknown }

  var name: String {
    switch self {
    case .none: "none"
    case .gzip: "gzip"
    case .snappy: "snappy"
    case .lz4: "lz4"
    case .zstd: "zstd"
    case .unknown: "unknown"
    }
  }

  /// Nil where there is none, or none that is known.
  var compression: Compression? {
    switch self {
    case .gzip: .gzip
    case .snappy: .snappy
    case .lz4: .lz4
    case .zstd: .zstd
    case .none, .unknown: nil
    }
  }
}
