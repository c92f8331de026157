import Bytes
import JSON

/// The arguments of a method, read by its row.
struct AMQPArguments: Sendable {
  /// JSON object with all of them.
  private(set) var details: [UInt8] = []
  private(set) var noWait = false
  private(set) var routingKey: String?
  private var texts: [(name: String, value: String)] = []
  private var replyCode: UInt16?
  /// Of `connection.start`: `0.9`.
  private var version = ""
  private var channelMax: UInt16?

  init(_ method: AMQPMethod, _ bytes: RawSpan) {
    var writer = JSONWriter(reserving: 128)
    writer.beginObject()
    writer.name("method")
    writer.write(method.name)
    do {
      try read(method, bytes, &writer)
    } catch {
      writer.name("truncated")
      writer.write(true)
    }
    writer.endObject()
    details = writer.bytes
  }

  private mutating func read(
    _ method: AMQPMethod, _ bytes: RawSpan, _ writer: inout JSONWriter
  ) throws(WireError) {
    var cursor = Cursor(bytes)
    /// Bits in a row share octets.
    var bits: (octet: UInt8, place: UInt8)?
    for argument in method.arguments {
      if argument.kind != .bit { bits = nil }
      let name = argument.name
      // Its name is written once its value is there: what is cut ends anywhere.
      switch argument.kind {
      case .octet:
        let value = try cursor.uint8()
        version += version.isEmpty ? "\(value)" : ".\(value)"
        write(Int64(value), name, &writer)
      case .short:
        let value = try cursor.big16()
        if name == "replyCode" { replyCode = value }
        if name == "channelMax" { channelMax = value }
        write(Int64(value), name, &writer)
      case .long: write(Int64(try cursor.big32()), name, &writer)
      case .longlong: write(Int64(clamping: try cursor.big64()), name, &writer)
      case .shortString:
        let length = Int(try cursor.uint8())
        let isCut = length > cursor.remaining
        let text = try cursor.take(min(length, cursor.remaining)).text() + (isCut ? "…" : "")
        if !name.isEmpty {
          if name == "routingKey" { routingKey = text }
          texts.append((name, text))
          writer.name(name)
          writer.write(text)
        }
        if isCut { throw WireError(.truncated) }
      case .longString:
        let text = try cursor.take(Int(try cursor.big32()))
        if name.isEmpty { continue }
        writer.name(name)
        if name == "response" || name == "challenge" || name == "newSecret" {
          writer.write("[redacted]")
        } else {
          writer.write(text: text.prefix(256))
        }
      case .bit:
        if bits == nil || bits?.place == 8 { bits = (try cursor.uint8(), 0) }
        let value = (bits?.octet ?? 0) >> (bits?.place ?? 0) & 1 == 1
        bits?.place += 1
        if name == "noWait" { noWait = value }
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

  private func write(_ value: Int64, _ name: String, _ writer: inout JSONWriter) {
    if name.isEmpty { return }
    writer.name(name)
    writer.write(value)
  }

  private func text(_ name: String) -> String { texts.first { $0.name == name }?.value ?? "" }

  /// What the method is about: an exchange, a queue, a consumer, a reason.
  func summary(of method: AMQPMethod) -> String {
    switch method.name {
    case "connection.close", "channel.close": return text("replyText")
    case "connection.open": return text("virtualHost")
    case "connection.start": return version
    case "connection.tune", "connection.tune-ok": return channelMax.map { "\($0)" } ?? ""
    case "connection.start-ok": return text("mechanism")
    case "connection.blocked": return text("reason")
    // The default exchange has no name: the routing key is that of a queue.
    case "basic.publish", "basic.return", "basic.get-ok":
      let exchange = text("exchange")
      return exchange.isEmpty ? text("routingKey") : exchange
    case "basic.deliver":
      let exchange = text("exchange")
      return exchange.isEmpty ? text("consumerTag") : exchange
    case "exchange.bind", "exchange.unbind": return text("destination")
    case "basic.cancel", "basic.cancel-ok", "basic.consume-ok": return text("consumerTag")
    default:
      if method.name.hasPrefix("exchange.") { return text("exchange") }
      return text("queue")
    }
  }

  /// A peer ends a channel or connection for an error, cannot route or will not take a message.
  func reportsFailure(_ method: AMQPMethod) -> Bool {
    switch method.name {
    case "basic.nack", "basic.return": true
    case "channel.close", "connection.close": replyCode ?? 0 >= 300
    default: false
    }
  }

  /// How it ended, in words.
  func outcome(of method: AMQPMethod) -> String {
    if method.isEmptyGet { return "empty" }
    if let replyCode { return "\(replyCode)" }
    return "nack"
  }
}

/// Field tables, and the properties of contents.
enum AMQPTable {
  /// Tables in tables that are looked into.
  private static let maxDepth = 8

  /// Reads a table with its length in front and writes it as an object.
  static func write(
    _ cursor: inout Cursor, to writer: inout JSONWriter, depth: Int = 0
  ) throws(WireError) {
    let bytes = try cursor.take(Int(try cursor.big32()))
    writer.beginObject()
    defer { writer.endObject() }
    guard depth < maxDepth else { return }
    var inner = Cursor(bytes)
    while !inner.isAtEnd {
      let name = try inner.take(Int(try inner.uint8())).text()
      writer.name(name)
      do {
        try value(&inner, to: &writer, depth)
      } catch {
        writer.null()
        throw error
      }
    }
  }

  private static func array(
    _ cursor: inout Cursor, to writer: inout JSONWriter, _ depth: Int
  ) throws(WireError) {
    let bytes = try cursor.take(Int(try cursor.big32()))
    writer.beginArray()
    defer { writer.endArray() }
    guard depth < maxDepth else { return }
    var inner = Cursor(bytes)
    while !inner.isAtEnd { try value(&inner, to: &writer, depth + 1) }
  }

  /// A value with the letter of its type in front, as RabbitMQ reads them.
  private static func value(
    _ cursor: inout Cursor, to writer: inout JSONWriter, _ depth: Int
  ) throws(WireError) {
    switch try cursor.uint8() {
    case 0x74: writer.write(try cursor.uint8() != 0)
    case 0x62: writer.write(Int64(Int8(bitPattern: try cursor.uint8())))
    case 0x42: writer.write(Int64(try cursor.uint8()))
    case 0x73: writer.write(Int64(Int16(bitPattern: try cursor.big16())))
    case 0x75: writer.write(Int64(try cursor.big16()))
    case 0x49: writer.write(Int64(Int32(bitPattern: try cursor.big32())))
    case 0x69: writer.write(Int64(try cursor.big32()))
    case 0x6c, 0x4c: writer.write(Int64(bitPattern: try cursor.big64()))
    case 0x66: number(Double(Float(bitPattern: try cursor.big32())), &writer)
    case 0x64: number(Double(bitPattern: try cursor.big64()), &writer)
    case 0x44:
      let scale = try cursor.uint8()
      writer.write("\(Int32(bitPattern: try cursor.big32()))e-\(scale)")
    case 0x53: writer.write(text: try cursor.take(Int(try cursor.big32())).prefix(512))
    case 0x78:
      let bytes = try cursor.take(Int(try cursor.big32()))
      writer.write("binary, \(bytes.byteCount) bytes")
    case 0x54: writer.write(Int64(clamping: try cursor.big64()))
    case 0x46: try write(&cursor, to: &writer, depth: depth + 1)
    case 0x41: try array(&cursor, to: &writer, depth)
    case 0x56: writer.null()
    default: throw WireError(.unsupported, at: cursor.offset)
    }
  }

  private static func number(_ value: Double, _ writer: inout JSONWriter) {
    if value.isFinite { writer.write(value) } else { writer.write("\(value)") }
  }
}
