import Bytes
import Entries

/// Fields that all versions of HTTP share, and how they are made.
enum HTTPFields {
  /// Method, url, path, version; and the host when the target names it (RFC 9112 §3.2).
  /// - Returns: whether it does; then a Host field says nothing (§3.2.2).
  @discardableResult
  static func addRequest(
    _ fields: inout FieldValues, method: RawSpan, target bytes: RawSpan, _ target: Range<Int>,
    version: RawSpan
  ) -> Bool {
    let isASCII = method.isASCII && bytes.slice(target).isASCII && version.isASCII
    let count = method.byteCount + 2 * target.count + version.byteCount
    var hasHost = false
    fields.append(room: room(count, isASCII: isASCII)) { fields in
      hasHost = addRequest(
        to: &fields, method: method, target: bytes, target, version: version, isASCII: isASCII)
    }
    return hasHost
  }

  /// Bytes that such fields need at most, of texts that have so many: ill-formed UTF-8 becomes longer when
  /// it is repaired.
  @inline(__always)
  static func room(_ count: Int, isASCII: Bool) -> Int { (isASCII ? count : 3 * count) + 64 }

  /// The same where there is room for them.
  @inline(__always)
  static func addRequest(
    to fields: inout OutputSpan<UInt8>, method: RawSpan, target bytes: RawSpan,
    _ target: Range<Int>, version: RawSpan, isASCII: Bool
  ) -> Bool {
    fields.add(.method, text: method, isASCII: isASCII)
    // Nearly all are paths.
    let authority =
      target.isEmpty || bytes.byte(target.lowerBound) == 0x2f ? nil : authority(bytes, target)
    var target = target
    var lacksPath = false
    if let authority {
      fields.add(.host, text: bytes.slice(host(bytes, authority)), isASCII: isASCII)
      target = authority.upperBound..<target.upperBound
      // RFC 9110 §4.2.3: an empty path is a slash, also before a query.
      lacksPath = target.isEmpty || bytes.byte(target.lowerBound) == 0x3f
    }
    if lacksPath {
      let query = bytes.text(target)
      fields.add(.url, .text) {
        $0.append(0x2f)
        $0.append(query.utf8Span.span.bytes)
      }
      fields.add(.path, text: "/")
    } else {
      let url = bytes.slice(target)
      fields.add(.url, text: url, isASCII: isASCII)
      let path = url.prefix(url.firstOffset(of: 0x3f) ?? url.byteCount)
      fields.add(.path, text: path, isASCII: isASCII)
    }
    // Requests that forgot it have none.
    if !version.isEmpty { fields.add(.httpVersion, text: version, isASCII: isASCII) }
    return authority != nil
  }

  /// The authority without what stands for a user and a password (RFC 3986 §3.2.1).
  private static func host(_ bytes: RawSpan, _ authority: Range<Int>) -> Range<Int> {
    guard let at = authority.last(where: { bytes.byte($0) == 0x40 }) else { return authority }
    return at + 1..<authority.upperBound
  }

  /// The authority of an absolute target such as `http://host:port/path`; nil for other forms.
  private static func authority(_ bytes: RawSpan, _ target: Range<Int>) -> Range<Int>? {
    if target.isEmpty { return nil }
    let first = bytes.byte(target.lowerBound)
    guard first != 0x2f, first != 0x2a,
      let mark = bytes.slice(target).firstOffset(of: "://"), mark <= longestScheme
    else { return nil }
    let start = target.lowerBound + mark + 3
    var end = start
    while end < target.upperBound, bytes.byte(end) != 0x2f, bytes.byte(end) != 0x3f { end += 1 }
    return start..<end
  }

  private static let longestScheme = 8

  /// What is known of bodies only when they are over.
  static func addBodySizes(_ entry: inout Entry) {
    if entry.hasRequest {
      entry.fields.add(.requestBodySize, int: entry.request?.bodyLength ?? 0)
    }
    if entry.hasResponse {
      entry.fields.add(.responseBodySize, int: entry.response?.bodyLength ?? 0)
    }
  }
}

extension OutputSpan<UInt8> {
  /// Adds a text as it came off the wire, for which there must be room; ill-formed UTF-8 is repaired.
  @inline(__always)
  mutating func add(_ id: FieldID, text: RawSpan, isASCII: Bool) {
    if isASCII {
      add(id, .text, packed: text)
    } else {
      let text = text.text()
      add(id, .text, packed: text.utf8Span.span.bytes)
    }
  }
}
