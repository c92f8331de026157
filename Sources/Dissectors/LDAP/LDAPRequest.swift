import Bytes
import JSON

/// What a request asks for: one line, and everything but credentials as JSON.
struct LDAPRequest: Sendable {
  /// Bytes of one text that are shown, and elements of one list.
  private static let maxText = 512
  private static let maxListed = 32
  static let startTLS = "1.3.6.1.4.1.1466.20037"

  private(set) var summary: [UInt8] = []
  private(set) var details: [UInt8] = []
  private(set) var startsTLS = false
  /// Number of the request that nobody wants to be answered any more.
  private(set) var abandons: UInt64?

  init(_ message: LDAPMessage, _ bytes: RawSpan) throws(WireError) {
    var writer = Self.opening(message)
    try read(message, bytes, &writer)
    try LDAPControls(bytes, from: message.content.upperBound, isRequest: true).write(&writer)
    writer.endObject()
    details = writer.bytes
  }

  /// Of a request that is cut the summary, as far as it goes.
  init(beginning message: LDAPMessage, _ bytes: RawSpan) {
    var scratch = Self.opening(message)
    try? read(message, bytes, &scratch)
    var writer = Self.opening(message)
    writer.endObject()
    details = writer.bytes
  }

  private static func opening(_ message: LDAPMessage) -> JSONWriter {
    var writer = JSONWriter(reserving: 128)
    writer.beginObject()
    writer.name("messageId")
    writer.write(Int64(message.number))
    return writer
  }

  private mutating func read(
    _ message: LDAPMessage, _ bytes: RawSpan, _ writer: inout JSONWriter
  ) throws(WireError) {
    let range = message.content
    var at = range.lowerBound
    switch message.operation {
    case .bind: try bind(bytes, &at, range.upperBound, &writer)
    case .search: try search(bytes, &at, range.upperBound, &writer)
    case .modify, .add, .compare: try change(message, bytes, &at, range.upperBound, &writer)
    case .delete: name(bytes.slice(range), "dn", &writer)
    case .modifyDN: try move(bytes, &at, range.upperBound, &writer)
    case .extended: try extended(bytes, &at, range.upperBound, &writer)
    case .abandon:
      var value: Int64 = 0
      for place in range.prefix(8) { value = value << 8 | Int64(bytes.byte(place)) }
      summary = Array("message \(value)".utf8)
      abandons = UInt64(exactly: value)
    default: break
    }
  }

  private mutating func name(_ text: RawSpan, _ member: String, _ writer: inout JSONWriter) {
    let text = text.prefix(Self.maxText)
    summary = text.isASCII ? text.array() : Array(text.text().utf8)
    writer.name(member)
    writer.write(text: text)
  }

  /// `BindRequest`: version, name, and simple [0] or SASL [3] credentials, which are left out.
  private mutating func bind(
    _ bytes: RawSpan, _ at: inout Int, _ end: Int, _ writer: inout JSONWriter
  ) throws(WireError) {
    let version = try BER(bytes, &at, end: end)
    writer.name("version")
    writer.write(try version.number(bytes))
    let who = try BER(bytes, &at, end: end)
    name(bytes.slice(who.content), "dn", &writer)
    let credentials = try BER(bytes, &at, end: end)
    writer.name("authentication")
    guard credentials.tag == 0xa3 else {
      writer.write(credentials.tag == 0x80 ? "simple" : "choice \(credentials.tag & 0x1f)")
      if credentials.content.isEmpty, who.content.isEmpty { summary = Array("anonymous".utf8) }
      return
    }
    var inner = credentials.content.lowerBound
    let mechanism = try BER(bytes, &inner, end: credentials.content.upperBound)
    let text = bytes.slice(mechanism.content).prefix(64)
    writer.write("SASL " + text.text())
    if who.content.isEmpty { summary = Array(("SASL " + text.text()).utf8) }
  }

  /// `SearchRequest`: base, scope, aliases, limits, types only, filter, attributes.
  private mutating func search(
    _ bytes: RawSpan, _ at: inout Int, _ end: Int, _ writer: inout JSONWriter
  ) throws(WireError) {
    let base = try BER(bytes, &at, end: end)
    name(bytes.slice(base.content), "baseDn", &writer)
    let scope = try BER(bytes, &at, end: end).number(bytes)
    writer.name("scope")
    writer.write(
      scope == 0 ? "base" : scope == 1 ? "one" : scope == 2 ? "sub" : "children")
    _ = try BER(bytes, &at, end: end)
    for member in ["sizeLimit", "timeLimit"] {
      writer.name(member)
      writer.write(try BER(bytes, &at, end: end).number(bytes))
    }
    _ = try BER(bytes, &at, end: end)
    var filter: [UInt8] = []
    try LDAPFilter.write(bytes, &at, end: end, to: &filter)
    if !filter.rawSpan.isASCII { filter = Array(filter.rawSpan.text().utf8) }
    writer.name("filter")
    writer.write(text: filter.rawSpan)
    let before = summary
    summary = before.isEmpty ? filter : before + [0x20] + filter
    guard at < end else { return }
    let list = try BER(bytes, &at, end: end)
    writer.name("attributes")
    writer.beginArray()
    var inner = list.content.lowerBound
    var count = 0
    while inner < list.content.upperBound, count < Self.maxListed {
      let attribute = try BER(bytes, &inner, end: list.content.upperBound)
      writer.write(text: bytes.slice(attribute.content).prefix(Self.maxText))
      count += 1
    }
    writer.endArray()
  }

  /// An entry to add, change or compare: names of attributes, and how each changes. Values are left
  /// out.
  private mutating func change(
    _ message: LDAPMessage, _ bytes: RawSpan, _ at: inout Int, _ end: Int,
    _ writer: inout JSONWriter
  ) throws(WireError) {
    let entry = try BER(bytes, &at, end: end)
    name(bytes.slice(entry.content), "dn", &writer)
    let list = try BER(bytes, &at, end: end)
    var inner = list.content.lowerBound
    if message.operation == .compare {
      let attribute = try BER(bytes, &inner, end: list.content.upperBound)
      writer.name("attribute")
      writer.write(text: bytes.slice(attribute.content).prefix(Self.maxText))
      return
    }
    writer.name(message.operation == .add ? "attributes" : "changes")
    writer.beginArray()
    var count = 0
    while inner < list.content.upperBound, count < Self.maxListed {
      let item = try BER(bytes, &inner, end: list.content.upperBound)
      var place = item.content.lowerBound
      var kind = ""
      var attribute = try BER(bytes, &place, end: item.content.upperBound)
      if attribute.tag == BER.enumerated {
        let number = try attribute.number(bytes)
        kind = ["add ", "delete ", "replace ", "increment "][Int(min(max(number, 0), 3))]
        let partial = try BER(bytes, &place, end: item.content.upperBound)
        var nested = partial.content.lowerBound
        attribute = try BER(bytes, &nested, end: partial.content.upperBound)
      }
      writer.write(kind + bytes.slice(attribute.content).prefix(Self.maxText).text())
      count += 1
    }
    writer.endArray()
  }

  /// `ModifyDNRequest`: entry, new name, whether the old one goes, new superior [0].
  private mutating func move(
    _ bytes: RawSpan, _ at: inout Int, _ end: Int, _ writer: inout JSONWriter
  ) throws(WireError) {
    let entry = try BER(bytes, &at, end: end)
    name(bytes.slice(entry.content), "dn", &writer)
    let new = try BER(bytes, &at, end: end)
    writer.name("newRdn")
    writer.write(text: bytes.slice(new.content).prefix(Self.maxText))
    _ = try BER(bytes, &at, end: end)
    guard at < end else { return }
    let superior = try BER(bytes, &at, end: end)
    writer.name("newSuperior")
    writer.write(text: bytes.slice(superior.content).prefix(Self.maxText))
  }

  /// `ExtendedRequest`: a name [0]; the value may hold a password and is left out.
  private mutating func extended(
    _ bytes: RawSpan, _ at: inout Int, _ end: Int, _ writer: inout JSONWriter
  ) throws(WireError) {
    let oid = try BER(bytes, &at, end: end)
    let text = bytes.slice(oid.content).prefix(128).text()
    startsTLS = text == Self.startTLS
    summary = Array(LDAPNames.extended(text).utf8)
    writer.name("oid")
    writer.write(text)
  }
}

/// Search filters as text (RFC 4515).
enum LDAPFilter {
  /// Filters in filters that are written, and bytes after which the rest is left out.
  private static let maxDepth = 16
  private static let limit = 2 << 10

  static func write(
    _ bytes: RawSpan, _ at: inout Int, end: Int, to text: inout [UInt8], depth: Int = 0
  ) throws(WireError) {
    let filter = try BER(bytes, &at, end: end)
    guard depth < maxDepth, text.count < limit else {
      text += Array("…".utf8)
      return
    }
    text.append(0x28)
    defer { text.append(0x29) }
    var inner = filter.content.lowerBound
    let innerEnd = filter.content.upperBound
    switch filter.tag {
    case 0xa0, 0xa1, 0xa2:
      text.append(filter.tag == 0xa0 ? 0x26 : filter.tag == 0xa1 ? 0x7c : 0x21)
      while inner < innerEnd {
        try write(bytes, &inner, end: innerEnd, to: &text, depth: depth + 1)
        if text.count >= limit { break }
      }
    case 0x87: text += Array(bytes.slice(filter.content).prefix(128).array()) + Array("=*".utf8)
    case 0xa4: try substrings(bytes, &inner, innerEnd, &text)
    case 0xa9: try extensible(bytes, &inner, innerEnd, &text)
    case 0xa3, 0xa5, 0xa6, 0xa8:
      let name = try BER(bytes, &inner, end: innerEnd)
      let value = try BER(bytes, &inner, end: innerEnd)
      text += bytes.slice(name.content).prefix(128).array()
      text += Array(
        (filter.tag == 0xa3 ? "=" : filter.tag == 0xa5 ? ">=" : filter.tag == 0xa6 ? "<=" : "~=")
          .utf8)
      if LDAPNames.isSecret(bytes.slice(name.content)) {
        text += Array("[redacted]".utf8)
      } else {
        escape(bytes.slice(value.content), &text)
      }
    // Not a filter at all: what it would mean nobody can say.
    default: text.append(0x3f)
    }
  }

  private static func substrings(
    _ bytes: RawSpan, _ at: inout Int, _ end: Int, _ text: inout [UInt8]
  ) throws(WireError) {
    let name = try BER(bytes, &at, end: end)
    text += bytes.slice(name.content).prefix(128).array() + [0x3d]
    let list = try BER(bytes, &at, end: end)
    let isSecret = LDAPNames.isSecret(bytes.slice(name.content))
    var inner = list.content.lowerBound
    var endsOpen = true
    var isFirst = true
    while inner < list.content.upperBound {
      let part = try BER(bytes, &inner, end: list.content.upperBound)
      if !isFirst || part.tag != 0x80 { text.append(0x2a) }
      if isSecret {
        text += Array("[redacted]".utf8)
      } else {
        escape(bytes.slice(part.content), &text)
      }
      endsOpen = part.tag != 0x82
      isFirst = false
    }
    if endsOpen { text.append(0x2a) }
  }

  private static func extensible(
    _ bytes: RawSpan, _ at: inout Int, _ end: Int, _ text: inout [UInt8]
  ) throws(WireError) {
    var (rule, type, value, usesDN): ([UInt8], [UInt8], [UInt8], Bool) = ([], [], [], false)
    while at < end {
      let part = try BER(bytes, &at, end: end)
      let content = bytes.slice(part.content)
      switch part.tag {
      case 0x81: rule = content.prefix(128).array()
      case 0x82: type = content.prefix(128).array()
      case 0x83: escape(content, &value)
      case 0x84: usesDN = !content.isEmpty && content.byte(0) != 0
      default: break
      }
    }
    text += type
    if usesDN { text += Array(":dn".utf8) }
    if !rule.isEmpty { text += [0x3a] + rule }
    text += Array(":=".utf8) + (LDAPNames.isSecret(type.rawSpan) ? Array("[redacted]".utf8) : value)
  }

  /// RFC 4515 §3: parentheses, asterisk, backslash and what cannot be printed as `\xx`.
  private static func escape(_ value: RawSpan, _ text: inout [UInt8]) {
    for at in 0..<min(value.byteCount, 256) {
      let byte = value.byte(at)
      switch byte {
      case 0x28, 0x29, 0x2a, 0x5c, 0..<0x20, 0x7f: text += Array("\\\(hex([byte]))".utf8)
      default: text.append(byte)
      }
    }
  }
}
