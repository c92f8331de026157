import Bytes
import JSON

/// What an entry shows of a value: as JSON, made from its first bytes.
///
/// Only so many bytes of the value are looked at, so that it does not matter in how many pieces a
/// large one arrived.
struct RESPPreview {
  /// Bytes of a command or value that are looked at, as they are on the wire.
  static let limit = 4 << 10
  /// Bytes of a value that are shown. Values are many, and each is kept with its entry.
  static let shown = 1 << 10
  /// Elements whose attributes are shown.
  private static let maxAttributed = 16
  /// Word in place of a secret.
  static let redacted = "[redacted]"

  /// What must not be shown.
  enum Secrecy: Sendable, Equatable {
    case none
    /// What follows the name of a secret: the second of each two elements, and values of maps.
    case named
    /// What follows any word that names a secret, as among the arguments of a command.
    case words
    /// The elements with these bits; the highest stands for all behind it, too.
    case places(UInt64)
    /// Everything but what a status, a number or a null says.
    case whole
  }

  let type: UInt8
  /// Attributes stand before the value.
  let hasAttributes: Bool
  /// Elements, or pairs of a map; nil for a plain value.
  private(set) var count: Int?
  private(set) var isCut = false
  private let secrecy: Secrecy
  /// Where attributes begin inside the value.
  private var attributedElements: [Int] = []
  private var at = 0

  /// - Parameter bytes: the beginning of a value; more than `limit` of it are not read.
  /// - Precondition: `bytes` is not empty.
  init(_ bytes: RawSpan, hiding secrecy: Secrecy = .none) {
    self.secrecy = secrecy
    var start = 0
    Self.skipAttributes(bytes.prefix(Self.limit), &start)
    at = start
    hasAttributes = start > 0
    type = start < bytes.byteCount ? bytes.byte(start) : bytes.byte(0)
    if start < bytes.byteCount, isAggregate(type) {
      count = (try? RESP.number(bytes, start))?.value
    }
  }

  /// Place of the first element of an array or push, when it is a string.
  func firstWord(_ bytes: RawSpan) -> Range<Int>? { word(bytes, 0) }

  /// Place of element `index` of an array of strings. Nil when it is not there or not a string.
  func word(_ bytes: RawSpan, _ index: Int) -> Range<Int>? {
    let bytes = bytes.prefix(Self.limit)
    guard var offset = (try? RESP.number(bytes, at))?.end else { return nil }
    for place in 0...index {
      guard offset < bytes.byteCount, bytes.byte(offset) == RESP.string,
        let header = try? RESP.number(bytes, offset), header.value >= 0,
        header.value <= bytes.byteCount - header.end
      else { return nil }
      if place == index { return header.end..<header.end + header.value }
      offset = header.end + header.value + 2
    }
    return nil
  }

  /// Place of the text of a line such as an error or a simple string, cut at `limit`.
  func line(_ bytes: RawSpan) -> Range<Int> {
    let bytes = bytes.prefix(Self.limit)
    if type == RESP.blobError {
      guard let header = try? RESP.number(bytes, at) else { return 0..<0 }
      return header.end..<header.end + max(0, min(header.value, bytes.byteCount - header.end))
    }
    guard at < bytes.byteCount else { return 0..<0 }
    var end = bytes.firstOffset(of: 0x0a, from: at) ?? bytes.byteCount
    if end > at + 1, bytes.byte(end - 1) == 0x0d { end -= 1 }
    return at + 1..<max(end, at + 1)
  }

  /// The beginning of the JSON object that tells of the value: its type as people know it.
  var opening: StaticString {
    switch type {
    case RESP.simple: #"{"type":"simple string""#
    case RESP.error, RESP.blobError: #"{"type":"error""#
    case RESP.integer: #"{"type":"integer""#
    case RESP.string: #"{"type":"bulk""#
    case RESP.array: #"{"type":"array""#
    case RESP.null: #"{"type":"null""#
    case RESP.boolean: #"{"type":"boolean""#
    case RESP.double: #"{"type":"double""#
    case RESP.bigNumber: #"{"type":"big number""#
    case RESP.verbatim: #"{"type":"verbatim""#
    case RESP.map: #"{"type":"map""#
    case RESP.set: #"{"type":"set""#
    case RESP.push: #"{"type":"push""#
    default: #"{"type":"unknown""#
    }
  }

  // MARK: Secrets

  /// A status, a number or a null tells no secret.
  private func isPlain(_ bytes: RawSpan) -> Bool {
    switch type {
    case RESP.simple, RESP.integer, RESP.boolean, RESP.double: true
    default: isNull(bytes, at)
    }
  }

  private func isNull(_ bytes: RawSpan, _ start: Int) -> Bool {
    guard start + 1 < bytes.byteCount else { return false }
    switch bytes.byte(start) {
    case RESP.null: return true
    case RESP.string, RESP.array: return bytes.byte(start + 1) == 0x2d
    default: return false
    }
  }

  /// Whether the element at this place is one of those to hide.
  private func isMarked(_ place: Int) -> Bool {
    guard case .places(let bits) = secrecy else { return false }
    return bits >> UInt64(min(place, 63)) & 1 == 1
  }

  /// Whether the element that comes now says of the next one that it is a secret.
  private func tells(_ bytes: RawSpan, _ place: Int) -> Bool {
    switch secrecy {
    case .named where place & 1 == 0: break
    case .words: break
    default: return false
    }
    var start = at
    Self.skipAttributes(bytes, &start)
    guard start < bytes.byteCount else { return false }
    switch bytes.byte(start) {
    case RESP.string, RESP.verbatim:
      // A name in pieces may be that of a secret.
      if RESP.isStreamed(bytes, start) { return true }
      guard let header = try? RESP.number(bytes, start), header.value > 0 else { return false }
      let end = header.end + min(header.value, bytes.byteCount - header.end)
      let text = bytes.slice(header.end..<end)
      return secrecy == .words ? RedisSecrets.isTellingWord(text) : RedisSecrets.isTelling(text)
    case RESP.simple:
      guard let feed = bytes.firstOffset(of: 0x0a, from: start), feed > start + 1 else {
        return false
      }
      return RedisSecrets.isTelling(bytes.slice(start + 1..<feed - 1))
    default: return false
    }
  }

  /// Passes over the element at `at`, which is a secret; gives whether the next one can be read.
  private mutating func hidden(
    _ bytes: RawSpan, _ writer: inout JSONWriter, _ depth: Int
  ) -> Bool {
    var start = at
    Self.skipAttributes(bytes, &start)
    if isNull(bytes, start) { return value(bytes, &writer, depth: depth) }
    writer.write(Self.redacted)
    var scanner = RESPScanner()
    guard (try? scanner.scan(bytes.suffix(from: at))) == .complete else { return cut() }
    at += scanner.position
    return true
  }

  // MARK: Writing

  /// Writes the value, as far as it is shown.
  mutating func write(_ bytes: RawSpan, to writer: inout JSONWriter) {
    if secrecy == .whole, !isPlain(bytes) {
      writer.write(Self.redacted)
      return
    }
    value(bytes.prefix(Self.shown), &writer, depth: 0)
  }

  /// Writes what the attributes before the value say, as an object.
  mutating func writeAttributes(_ bytes: RawSpan, to writer: inout JSONWriter) {
    let start = at
    at = 0
    _ = aggregate(bytes.prefix(Self.shown), RESP.map, &writer, 0)
    at = start
  }

  /// Elements inside the value that was written have attributes.
  var hasElementAttributes: Bool { !attributedElements.isEmpty }

  /// Writes what the attributes inside the value say that was written, as objects in an array.
  mutating func writeElementAttributes(_ bytes: RawSpan, to writer: inout JSONWriter) {
    writer.beginArray()
    for start in attributedElements {
      at = start
      _ = aggregate(bytes.prefix(Self.shown), RESP.map, &writer, 0)
    }
    writer.endArray()
  }

  /// Writes the element at `at`; gives whether the next one can be read.
  @discardableResult
  private mutating func value(
    _ bytes: RawSpan, _ writer: inout JSONWriter, depth: Int
  ) -> Bool {
    let start = at
    Self.skipAttributes(bytes, &at)
    if at > start, attributedElements.count < Self.maxAttributed {
      attributedElements.append(start)
    }
    guard at < bytes.byteCount, depth <= RESPScanner.maxDepth else {
      writer.null()
      return cut()
    }
    let type = bytes.byte(at)
    switch type {
    case RESP.string, RESP.blobError, RESP.verbatim: return string(bytes, &writer)
    case RESP.array, RESP.set, RESP.push, RESP.map:
      return aggregate(bytes, type, &writer, depth)
    default: return plain(bytes, type, &writer)
    }
  }

  private mutating func cut() -> Bool {
    isCut = true
    return false
  }

  /// A string with its length in front.
  private mutating func string(_ bytes: RawSpan, _ writer: inout JSONWriter) -> Bool {
    if RESP.isStreamed(bytes, at) { return pieces(bytes, &writer) }
    let type = bytes.byte(at)
    guard let header = try? RESP.number(bytes, at) else {
      writer.null()
      return cut()
    }
    if header.value < 0 {
      writer.null()
      at = header.end
      return true
    }
    var start = header.end
    let end = start + min(header.value, bytes.byteCount - start)
    // A verbatim string begins with three letters that say what it is, and a colon.
    if type == RESP.verbatim, end - start >= 4 { start += 4 }
    let text = bytes.slice(start..<end)
    if type == RESP.blobError {
      writer.write(RedisSecrets.shownError(text))
    } else {
      writer.write(text: text)
    }
    if header.value > bytes.byteCount - header.end { return cut() }
    at = header.end + header.value + 2
    return true
  }

  /// A string whose end is told by an empty piece.
  private mutating func pieces(_ bytes: RawSpan, _ writer: inout JSONWriter) -> Bool {
    var text: [UInt8] = []
    var isWhole = false
    at += RESP.streamHead
    while !isWhole, at < bytes.byteCount, bytes.byte(at) == RESP.piece,
      let header = try? RESP.number(bytes, at), header.value >= 0
    {
      let end = header.end + min(header.value, bytes.byteCount - header.end)
      text.append(bytes.slice(header.end..<end))
      isWhole = header.value == 0
      at = isWhole ? header.end : header.end + header.value + 2
    }
    writer.write(text: text.rawSpan)
    return isWhole ? true : cut()
  }

  private mutating func aggregate(
    _ bytes: RawSpan, _ type: UInt8, _ writer: inout JSONWriter, _ depth: Int
  ) -> Bool {
    let isStreamed = RESP.isStreamed(bytes, at)
    var count = Int.max
    if isStreamed {
      at += RESP.streamHead
    } else {
      guard let header = try? RESP.number(bytes, at) else {
        writer.null()
        return cut()
      }
      at = header.end
      if header.value < 0 {
        writer.null()
        return true
      }
      count = header.value
    }
    var goesOn = true
    var place = 0
    var isSecret = false
    if type == RESP.map { writer.beginObject() } else { writer.beginArray() }
    while goesOn, place < count {
      if isStreamed, endsStream(bytes) { break }
      if type == RESP.map {
        goesOn = member(bytes, &writer, depth)
      } else if at >= bytes.byteCount {
        goesOn = cut()
      } else {
        let hides = isSecret || depth == 0 && isMarked(place)
        isSecret = tells(bytes, place)
        goesOn =
          hides ? hidden(bytes, &writer, depth + 1) : value(bytes, &writer, depth: depth + 1)
      }
      place += 1
    }
    if type == RESP.map { writer.endObject() } else { writer.endArray() }
    return goesOn
  }

  /// Moves over the mark that ends a value without a count, if it comes now.
  private mutating func endsStream(_ bytes: RawSpan) -> Bool {
    guard at < bytes.byteCount, bytes.byte(at) == RESP.streamEnd else { return false }
    at += RESP.streamTail
    return true
  }

  /// A pair of a map. Keys that are no strings are written as JSON inside the name.
  private mutating func member(
    _ bytes: RawSpan, _ writer: inout JSONWriter, _ depth: Int
  ) -> Bool {
    if at >= bytes.byteCount { return cut() }
    var key = JSONWriter()
    let isSecret = tells(bytes, 0)
    let goesOn = value(bytes, &key, depth: depth + 1)
    let text = key.text
    let isString = text.utf8.first == 0x22
    writer.name(isString ? (try? JSONReader.value(of: text))?.string ?? text : text)
    if goesOn, at < bytes.byteCount {
      return isSecret
        ? hidden(bytes, &writer, depth + 1) : value(bytes, &writer, depth: depth + 1)
    }
    writer.null()
    return cut()
  }

  /// A value that is one line.
  private mutating func plain(
    _ bytes: RawSpan, _ type: UInt8, _ writer: inout JSONWriter
  ) -> Bool {
    let feed = bytes.firstOffset(of: 0x0a, from: at)
    var end = feed ?? bytes.byteCount
    if end > at + 1, bytes.byte(end - 1) == 0x0d { end -= 1 }
    let text = bytes.slice(at + 1..<max(at + 1, end))
    switch type {
    case RESP.null: writer.null()
    case RESP.boolean: writer.write(text.equals("t"))
    case RESP.integer:
      let digits = text.text()
      if let number = Int64(digits) { writer.write(number) } else { writer.write(digits) }
    case RESP.double:
      let digits = text.text()
      if let number = Double(digits), number.isFinite {
        writer.write(number)
      } else {
        writer.write(digits)
      }
    case RESP.error: writer.write(RedisSecrets.shownError(text))
    default: writer.write(text: text)
    }
    guard let feed else { return cut() }
    at = feed + 1
    return true
  }

  /// Moves over attributes: they say something about the value behind them.
  private static func skipAttributes(_ bytes: RawSpan, _ at: inout Int) {
    while at < bytes.byteCount, bytes.byte(at) == RESP.attribute {
      guard let header = try? RESP.number(bytes, at), 0...RESPScanner.maxCount ~= header.value
      else {
        at = bytes.byteCount
        return
      }
      var scanner = RESPScanner(elements: 2 * header.value)
      guard (try? scanner.scan(bytes.suffix(from: header.end))) == .complete else {
        at = bytes.byteCount
        return
      }
      at = header.end + scanner.position
    }
  }

  private func isAggregate(_ type: UInt8) -> Bool {
    switch type {
    case RESP.array, RESP.map, RESP.set, RESP.push: true
    default: false
    }
  }
}
