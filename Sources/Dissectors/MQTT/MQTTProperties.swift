import Bytes
import Entries
import JSON

/// The properties of a packet of version 5 (§2.2.2): their length in bytes, then identifier and
/// value of each.
struct MQTTProperties: Sendable {
  /// Properties that are shown; all are looked through.
  private static let maxShown = 64
  /// Bytes shown of a value.
  private static let maxText = 256

  private(set) var topicAlias: UInt16?
  private(set) var contentType: String?
  private(set) var assignedClientID: String?
  /// Pairs that the sender made up.
  private(set) var userProperties = HeaderBlock()
  private(set) var isWhole = true
  private var pairs = 0
  /// The others, as members of a JSON object.
  private var shown: [(name: String, value: JSONValue)] = []

  init() {}

  private enum Form: Sendable { case byte, short, long, variable, text, bytes, secret, pair }

  /// Where the properties at `at` begin and end; nil when their length is not all there.
  static func size(
    _ bytes: RawSpan, at: Int, limit: Int
  ) throws(WireError) -> (start: Int, end: Int)? {
    var length = 0
    for place in 0..<4 {
      guard at + place < limit else { throw WireError(.invalid, at: at) }
      guard at + place < bytes.byteCount else { return nil }
      let byte = bytes.byte(at + place)
      length |= Int(byte & 0x7f) << (7 * place)
      if byte & 0x80 == 0 { return (at + place + 1, at + place + 1 + length) }
    }
    throw WireError(.invalid, at: at)
  }

  /// Reads the properties where `cursor` stands, with their length before them.
  mutating func read(_ cursor: inout Cursor) throws(WireError) {
    let length = try cursor.variableNumber()
    read(try cursor.take(length))
  }

  /// Reads properties with their length before them; gives how many bytes they take.
  @discardableResult
  mutating func read(counted bytes: RawSpan) -> Int {
    if bytes.isEmpty { return 0 }
    var cursor = Cursor(bytes)
    do throws(WireError) { try read(&cursor) } catch {
      isWhole = false
      return bytes.byteCount
    }
    return cursor.offset
  }

  /// Reads properties that are all in `bytes`.
  mutating func read(_ bytes: RawSpan) {
    var cursor = Cursor(bytes)
    do throws(WireError) {
      while !cursor.isAtEnd {
        let identifier = try cursor.variableNumber()
        guard let known = Self.names[identifier] else { throw WireError(.invalid) }
        try read(identifier, known.name, known.form, &cursor)
      }
    } catch {
      isWhole = false
    }
  }

  private mutating func read(
    _ identifier: Int, _ name: String, _ form: Form, _ cursor: inout Cursor
  ) throws(WireError) {
    switch form {
    case .byte: show(name, .int(Int64(try cursor.uint8())))
    case .short:
      let number = try cursor.big16()
      if identifier == 35 { topicAlias = number }
      show(name, .int(Int64(number)))
    case .long: show(name, .int(Int64(try cursor.big32())))
    case .variable: show(name, .int(Int64(try cursor.variableNumber())))
    case .text:
      let text = try cursor.mqttText()
      if identifier == 3 { contentType = String(text.prefix(Self.maxText)) }
      if identifier == 18 { assignedClientID = text }
      show(name, .string(String(text.prefix(Self.maxText))))
    case .bytes:
      let value = try cursor.take(Int(cursor.big16()))
      show(name, .string("0x" + hex(value.prefix(64).array())))
    case .secret:
      try cursor.skip(Int(cursor.big16()))
      show(name, .string("[redacted]"))
    case .pair:
      let key = try cursor.mqttText()
      let value = try cursor.mqttText()
      pairs += 1
      // A name with a colon or a line break would become another field.
      let name = String(key.map { $0 == ":" || $0.isNewline ? "_" : $0 })
      if pairs <= Self.maxShown { userProperties.append(name, value) }
    }
  }

  private mutating func show(_ name: String, _ value: JSONValue) {
    if shown.count < Self.maxShown { shown.append((name, value)) }
  }

  /// Writes a member `properties`, when there are any.
  func write(to writer: inout JSONWriter) {
    if shown.isEmpty { return }
    writer.name("properties")
    writer.beginObject()
    var written: Set<String> = []
    for (name, value) in shown where written.insert(name).inserted {
      writer.name(name)
      writer.write(value)
    }
    writer.endObject()
  }

  /// By identifier (§2.2.2.2).
  private static let names: [Int: (name: String, form: Form)] = [
    1: ("payloadFormatIndicator", .byte), 2: ("messageExpiryInterval", .long),
    3: ("contentType", .text), 8: ("responseTopic", .text), 9: ("correlationData", .bytes),
    11: ("subscriptionIdentifier", .variable), 17: ("sessionExpiryInterval", .long),
    18: ("assignedClientIdentifier", .text), 19: ("serverKeepAlive", .short),
    21: ("authenticationMethod", .text), 22: ("authenticationData", .secret),
    23: ("requestProblemInformation", .byte), 24: ("willDelayInterval", .long),
    25: ("requestResponseInformation", .byte), 26: ("responseInformation", .text),
    28: ("serverReference", .text), 31: ("reasonString", .text), 33: ("receiveMaximum", .short),
    34: ("topicAliasMaximum", .short), 35: ("topicAlias", .short), 36: ("maximumQoS", .byte),
    37: ("retainAvailable", .byte), 38: ("userProperty", .pair), 39: ("maximumPacketSize", .long),
    40: ("wildcardSubscriptionAvailable", .byte),
    41: ("subscriptionIdentifierAvailable", .byte), 42: ("sharedSubscriptionAvailable", .byte),
  ]
}

/// What a subscriber asks for beside the quality.
enum MQTTOptions {
  /// Options of a subscription in version 5 (§3.8.3.1), those that are not 0; before they are reserved.
  static func write(_ options: UInt8, _ writer: inout JSONWriter) {
    if options & 4 != 0 {
      writer.name("noLocal")
      writer.write(true)
    }
    if options & 8 != 0 {
      writer.name("retainAsPublished")
      writer.write(true)
    }
    if options & 0x30 != 0 {
      writer.name("retainHandling")
      writer.write(Int(options >> 4 & 3))
    }
  }
}

extension Cursor {
  /// A number of one to four bytes, seven bits each, the lowest first (MQTT 5 §1.5.5).
  fileprivate mutating func variableNumber() throws(WireError) -> Int {
    var number = 0
    for place in 0..<4 {
      let byte = try uint8()
      number |= Int(byte & 0x7f) << (7 * place)
      if byte & 0x80 == 0 { return number }
    }
    throw WireError(.invalid, at: offset)
  }
}
