import Bytes

/// Header fields in order, kept as the bytes of their lines: `name: value`, each ended by CRLF or
/// LF, obsolete folding (RFC 9112 §5.2) included.
///
/// One copy off the wire is all that recording costs; names and values become text when somebody
/// asks. HTTP/2 and others write their fields in the same form.
package struct HeaderBlock: Hashable, Sendable {
  package private(set) var bytes: [UInt8]

  package init() { bytes = [] }
  package init(bytes: [UInt8]) { self.bytes = bytes }

  package var isEmpty: Bool { bytes.isEmpty }

  /// Adds a field. Line breaks inside the value become blanks: they would begin a new line.
  package mutating func append(name: some Sequence<UInt8>, value: some Sequence<UInt8>) {
    bytes.append(contentsOf: name)
    bytes.append(0x3a)
    bytes.append(0x20)
    for byte in value { bytes.append(byte == 0x0a || byte == 0x0d ? 0x20 : byte) }
    bytes.append(0x0a)
  }

  package mutating func append(_ name: String, _ value: String) {
    append(name: name.utf8, value: value.utf8)
  }

  /// Adds the fields of `other` behind those that are here.
  package mutating func append(_ other: HeaderBlock) {
    guard let first = other.bytes.first else { return }
    if first == 0x20 || first == 0x09 {
      // What would go on with a line before it goes on with none.
      for field in other.fields { append(field.name, field.value) }
    } else if bytes.isEmpty {
      bytes = other.bytes
    } else {
      if bytes.last != 0x0a { bytes.append(0x0a) }
      bytes.append(other.bytes.rawSpan)
    }
  }

  /// One field as text; names as on the wire.
  package struct Field: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) { (self.name, self.value) = (name, value) }
  }

  /// All fields in order. Lines without a colon are left out.
  package var fields: [Field] {
    let span = bytes.rawSpan
    var result: [Field] = []
    forEachLine { line in
      switch line {
      case .field(let name, let value):
        result.append(Field(name: span.text(name), value: span.text(value)))
      case .continuation(let text):
        if !result.isEmpty { result[result.count - 1].value += " " + span.text(text) }
      }
    }
    return result
  }

  /// What a line says, by its places in `bytes`.
  private enum Line {
    case field(name: Range<Int>, value: Range<Int>)
    /// More of the value before.
    case continuation(Range<Int>)
  }

  private func forEachLine(_ body: (Line) -> Void) {
    let span = bytes.rawSpan
    var at = 0
    while at < span.byteCount {
      let end = span.firstOffset(of: 0x0a, from: at) ?? span.byteCount
      if let line = line(span, at..<end) { body(line) }
      at = end + 1
    }
  }

  /// What the line at `place`, its end left out, says; nil for one that is neither.
  private func line(_ span: RawSpan, _ place: Range<Int>) -> Line? {
    let line = trimmed(span, place)
    let first = span.byte(place.lowerBound)
    if first == 0x20 || first == 0x09 { return line.isEmpty ? nil : .continuation(line) }
    // A pseudo header of HTTP/2 begins with a colon, which is then part of its name.
    let skip = !line.isEmpty && span.byte(line.lowerBound) == 0x3a ? 1 : 0
    guard let colon = span.firstOffset(of: 0x3a, from: line.lowerBound + skip),
      colon < line.upperBound
    else { return nil }
    return .field(
      name: trimmed(span, line.lowerBound..<colon),
      value: trimmed(span, colon + 1..<line.upperBound))
  }

  /// The values of one name joined with `, ` (RFC 9110 §5.3); nil when there is none.
  /// `name` must be lower case.
  package func value(of name: String) -> String? {
    let span = bytes.rawSpan
    var result: String?
    forEachLine(of: name) { line in
      switch line {
      case .field(_, let value):
        if let before = result {
          result = before + (name == "cookie" ? "; " : ", ") + span.text(value)
        } else {
          result = span.text(value)
        }
      case .continuation(let text):
        if let before = result { result = before + " " + span.text(text) }
      }
    }
    return result
  }

  /// What is left to undo of a body, as a list in the order it was done: the codings of
  /// Content-Encoding, and behind them those of Transfer-Encoding but chunked, which is undone when a
  /// message is read (RFC 9112 §7). Nil when there are none.
  package var codings: String? {
    let content = value(of: "content-encoding")
    guard let transfer = value(of: "transfer-encoding") else { return content }
    let left = transfer.lowercased().split(whereSeparator: { $0 == "," || $0 == " " })
      .filter { $0 != "chunked" && $0 != "identity" }
    if left.isEmpty { return content }
    return ([content].compactMap(\.self) + left.map(String.init)).joined(separator: ", ")
  }

  /// Where in `bytes` the first value of one name is, as far as it stands on the name's line; nil
  /// when there is none. `name` must be lower case.
  package func place(of name: String) -> Range<Int>? {
    var place: Range<Int>?
    forEachLine(of: name) { line in
      if place == nil, case .field(_, let value) = line { place = value }
    }
    return place
  }

  /// The lines of the fields of one name, and those that continue them.
  private func forEachLine(of name: String, _ body: (Line) -> Void) {
    let span = bytes.rawSpan
    let wanted = name.utf8Span.span
    guard let initial = wanted.indices.first.map({ wanted[$0] }) else { return }
    var isMatch = false
    var at = 0
    while at < span.byteCount {
      let end = span.firstOffset(of: 0x0a, from: at) ?? span.byteCount
      defer { at = end + 1 }
      let first = span.byte(at)
      // Nearly every line begins with another letter, and needs no further look.
      if !isMatch, first > 0x20, first != initial, (first | 0x20) != initial { continue }
      guard let line = line(span, at..<end) else { continue }
      if case .field(let place, _) = line { isMatch = isName(span.slice(place), wanted) }
      if isMatch { body(line) }
    }
  }
}

/// Whether bytes are this name, in ASCII lower case, whatever their case.
private func isName(_ bytes: RawSpan, _ name: Span<UInt8>) -> Bool {
  guard bytes.byteCount == name.count else { return false }
  for at in name.indices {
    let byte = bytes.byte(at)
    if (byte &- 0x41 < 26 ? byte | 0x20 : byte) != name[at] { return false }
  }
  return true
}

/// `range` without blanks and carriage returns at its ends.
private func trimmed(_ bytes: RawSpan, _ range: Range<Int>) -> Range<Int> {
  var (start, end) = (range.lowerBound, range.upperBound)
  func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
  while start < end, isBlank(bytes.byte(start)) { start += 1 }
  while end > start, isBlank(bytes.byte(end - 1)) { end -= 1 }
  return start..<end
}
