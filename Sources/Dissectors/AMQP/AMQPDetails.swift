import Bytes
import JSON

/// The details of a method: a JSON object with all its arguments, made when somebody asks.
enum AMQPDetails {
  /// Arguments that prove who somebody is.
  static let secrets: Set = ["response", "challenge", "newSecret"]

  /// Longest method that is kept as it came off the wire, in bytes: of a longer one the long strings
  /// are cut at once.
  private static let maxKept = 4096

  /// Whether a method is kept as it came, as its facts.
  static func areFacts(_ payload: RawSpan, of method: AMQPMethod) -> Bool {
    !method.isPrivate && (!method.isLong || payload.byteCount <= maxKept)
  }

  /// Bytes that the field with the facts of a method takes, at most.
  static func room(for payload: RawSpan) -> Int { 8 + 9 + min(payload.byteCount, maxKept) }

  /// Facts: a byte that says whether the length of the content is known, in that case 8 bytes with it,
  /// and the method as it came.
  static func add(_ payload: RawSpan, size: Int?, to facts: inout OutputSpan<UInt8>) {
    facts.append(size == nil ? 0 : 1)
    if let size { facts.append(little: UInt64(size)) }
    facts.append(payload.prefix(maxKept))
  }

  static func json(_ facts: RawSpan) -> [UInt8] {
    guard let known = facts.isEmpty ? nil : facts.byte(0) else { return [] }
    let start = known == 0 ? 1 : 9
    guard facts.byteCount >= start + 4 else { return [] }
    let size = known == 0 ? nil : Int(clamping: facts.little64(1))
    return json(payload: facts.suffix(from: start), size: size)
  }

  /// - Parameter payload: class and number of a method, and its arguments.
  static func json(payload: RawSpan, size: Int?) -> [UInt8] {
    let method = AMQPMethod.of(payload.big32(0))
    var writer = JSONWriter(reserving: 128)
    writer.beginObject()
    writer.name("method")
    writer.write(method.shownName)
    do {
      try write(method.arguments, payload.suffix(from: 4), &writer)
    } catch {
      writer.name("truncated")
      writer.write(true)
    }
    if let size {
      writer.name("bodySize")
      writer.write(size)
    }
    writer.endObject()
    return writer.bytes
  }

  private static func write(
    _ arguments: [AMQPMethod.Argument], _ bytes: RawSpan, _ writer: inout JSONWriter
  ) throws(WireError) {
    var cursor = Cursor(bytes)
    /// Bits in a row share octets.
    var bits: (octet: UInt8, place: UInt8)?
    for argument in arguments {
      if argument.kind != .bit { bits = nil }
      let name = argument.name
      // Its name is written once its value is there: what is cut ends anywhere.
      switch argument.kind {
      case .octet: write(Int64(try cursor.uint8()), name, &writer)
      case .short: write(Int64(try cursor.big16()), name, &writer)
      case .long: write(Int64(try cursor.big32()), name, &writer)
      case .longlong: write(Int64(clamping: try cursor.big64()), name, &writer)
      case .shortString:
        let length = Int(try cursor.uint8())
        let isCut = length > cursor.remaining
        let text = try cursor.take(min(length, cursor.remaining)).text() + (isCut ? "…" : "")
        if !name.isEmpty {
          writer.name(name)
          writer.write(text)
        }
        if isCut { throw WireError(.truncated) }
      case .longString:
        let text = try cursor.take(Int(try cursor.big32()))
        if name.isEmpty { continue }
        writer.name(name)
        if secrets.contains(name) {
          writer.write("[redacted]")
        } else {
          writer.write(text: text.prefix(256))
        }
      case .bit:
        if bits == nil || bits?.place == 8 { bits = (try cursor.uint8(), 0) }
        let value = (bits?.octet ?? 0) >> (bits?.place ?? 0) & 1 == 1
        bits?.place += 1
        if name.isEmpty { continue }
        writer.name(name)
        writer.write(value)
      case .table:
        var table = JSONWriter(reserving: 64)
        try AMQPTable.write(&cursor, to: &table)
        if name.isEmpty { continue }
        writer.name(name)
        writer.raw(table.bytes.rawSpan)
      }
    }
  }

  private static func write(_ value: Int64, _ name: String, _ writer: inout JSONWriter) {
    if name.isEmpty { return }
    writer.name(name)
    writer.write(value)
  }
}
