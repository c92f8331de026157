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
struct KafkaRecords {
  /// Records shown.
  static let maxShown = 4
  /// Bytes decompressed of a batch: the records that are shown lie at its beginning.
  static let maxDecompressed = 16 << 10
  /// A batch in one piece, as Snappy compresses it, may become so much.
  static let limits = DecompressionLimits(output: 4 << 20)
  private static let headerLength = 61
  /// The least a message of the old format can be, in bytes.
  private static let messageLength = 26
  /// Magic byte and attributes of an old message stand behind offset, length and checksum.
  private static let oldHeaderLength = 18

  /// How decompressions ended.
  private(set) var decompressions: [Decompressed.End] = []

  /// Writes what is known of the batches: how many, and the first of them.
  mutating func write(_ bytes: RawSpan, length: Int, to writer: inout JSONWriter) {
    var at = 0
    var batches = 0
    var records = 0
    writer.beginObject()
    writer.name("bytes")
    writer.write(length)
    while bytes.byteCount - at >= 17 {
      let size = Int(Int32(bitPattern: bytes.big32(at + 8)))
      let isBatch = bytes.byte(at + 16) == 2
      guard 12 + size >= (isBatch ? Self.headerLength : Self.messageLength) else { break }
      if isBatch, bytes.byteCount - at < Self.headerLength { break }
      let batch = bytes.suffix(from: at).prefix(12 + size)
      records += isBatch ? max(0, Int(Int32(bitPattern: bytes.big32(at + 57)))) : 1
      batches += 1
      if batches == 1 {
        writer.name("recordBatch")
        if isBatch { batchHeader(batch, size, &writer) } else { message(batch, size, &writer) }
      }
      if 12 + size > bytes.byteCount - at { break }
      at += 12 + size
    }
    writer.name("batches")
    writer.write(batches)
    writer.name("records")
    writer.write(records)
    writer.endObject()
  }

  private mutating func batchHeader(
    _ bytes: RawSpan, _ size: Int, _ writer: inout JSONWriter
  ) {
    let attributes = bytes.big16(21)
    writer.beginObject()
    defer { writer.endObject() }
    number("baseOffset", Int64(bitPattern: bytes.big64(0)), &writer)
    number("batchLength", Int64(size), &writer)
    number("magic", 2, &writer)
    number("crc", Int64(bytes.big32(17)), &writer)
    number("attributes", Int64(attributes), &writer)
    let codec = KafkaCodec(attributes: attributes)
    writer.name("compression")
    writer.write(codec.name)
    flags(attributes, &writer)
    number("firstTimestamp", Int64(bitPattern: bytes.big64(27)), &writer)
    number("producerId", Int64(bitPattern: bytes.big64(43)), &writer)
    let count = Int(Int32(bitPattern: bytes.big32(57)))
    number("records", Int64(count), &writer)
    guard count > 0 else { return }
    let records = bytes.suffix(from: Self.headerLength)
    let isControl = attributes & 0x20 != 0
    guard let compression = codec.compression else {
      if codec == .none { Self.shown(records, count, isControl: isControl, &writer) }
      return
    }
    let content = decompressed(records, compression, &writer)
    Self.shown(content.rawSpan, count, isControl: isControl, &writer)
  }

  /// What the bits of the attributes beside the codec say, where they say anything.
  private func flags(_ attributes: UInt16, _ writer: inout JSONWriter) {
    for (bit, name) in [(0x10, "isTransactional"), (0x20, "isControl")]
    where attributes & UInt16(bit) != 0 {
      writer.name(name)
      writer.write(true)
    }
  }

  /// The beginning of what was compressed, with a word in the JSON where it cannot be had.
  private mutating func decompressed(
    _ bytes: RawSpan, _ compression: Compression, _ writer: inout JSONWriter
  ) -> [UInt8] {
    let result = decompress(
      bytes, compression, limits: Self.limits, enough: Self.maxDecompressed)
    decompressions.append(result.end)
    if let problem = result.problem {
      writer.name("problem")
      writer.write(problem)
    }
    return result.bytes
  }

  // MARK: The old format

  /// A message of the old format, or a wrapper around compressed ones.
  private mutating func message(_ bytes: RawSpan, _ size: Int, _ writer: inout JSONWriter) {
    writer.beginObject()
    defer { writer.endObject() }
    number("baseOffset", Int64(bitPattern: bytes.big64(0)), &writer)
    number("batchLength", Int64(size), &writer)
    number("magic", Int64(bytes.byte(16)), &writer)
    guard bytes.byteCount >= Self.oldHeaderLength else { return }
    number("crc", Int64(bytes.big32(12)), &writer)
    number("attributes", Int64(bytes.byte(17)), &writer)
    let codec = KafkaCodec(attributes: UInt16(bytes.byte(17)))
    writer.name("compression")
    writer.write(codec.name)
    guard let compression = codec.compression else {
      if codec == .none { Self.oldMessages(bytes, &writer) }
      return
    }
    var input = Cursor(bytes, at: Self.contentStart(bytes))
    guard let key = try? input.big32(),
      (try? input.skip(max(0, Int(Int32(bitPattern: key))))) != nil,
      let length = try? input.big32()
    else { return }
    let available = min(Int(length), input.remaining)
    guard let value = try? input.take(available) else { return }
    let content = decompressed(value, compression, &writer)
    Self.oldMessages(content.rawSpan, &writer)
  }

  /// From magic 1 on a time stands before the key.
  private static func contentStart(_ message: RawSpan) -> Int {
    message.byte(16) == 0 ? oldHeaderLength : oldHeaderLength + 8
  }

  /// The first messages of a set.
  private static func oldMessages(_ bytes: RawSpan, _ writer: inout JSONWriter) {
    writer.name("record")
    writer.beginArray()
    defer { writer.endArray() }
    var at = 0
    for _ in 0..<maxShown {
      guard bytes.byteCount - at >= messageLength else { return }
      let size = Int(Int32(bitPattern: bytes.big32(at + 8)))
      guard 12 + size >= messageLength else { return }
      let message = bytes.suffix(from: at).prefix(12 + size)
      var input = Cursor(message, at: contentStart(message))
      writer.beginObject()
      for name in ["key", "value"] {
        guard let length = try? input.big32(),
          let text = try? KafkaText(Int64(Int32(bitPattern: length)), message, &input)
        else { break }
        writer.name(name)
        text.write(of: message, to: &writer)
      }
      writer.endObject()
      if 12 + size > bytes.byteCount - at { return }
      at += 12 + size
    }
  }

  // MARK: Records

  /// The first records of a batch.
  private static func shown(
    _ bytes: RawSpan, _ count: Int, isControl: Bool, _ writer: inout JSONWriter
  ) {
    var input = Cursor(bytes)
    writer.name("record")
    writer.beginArray()
    defer { writer.endArray() }
    for _ in 0..<min(count, maxShown) {
      guard let record = try? KafkaRecord(bytes, &input, isControl: isControl) else { return }
      record.write(of: bytes, to: &writer)
      if record.isCut { return }
    }
  }

  private func number(_ name: String, _ value: Int64, _ writer: inout JSONWriter) {
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
