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
    var target = target
    fields.add(.method, text: method)
    let authority = authority(bytes, target)
    if let authority {
      fields.add(.host, text: bytes.slice(host(bytes, authority)))
      target = authority.upperBound..<target.upperBound
      // RFC 9110 §4.2.3: an empty path is a slash, also before a query.
      if target.isEmpty || bytes.byte(target.lowerBound) == 0x3f {
        fields.add(.url, .text("/" + bytes.text(target)))
        fields.add(.path, text: "/")
        addVersion(&fields, version)
        return true
      }
    }
    fields.add(.url, text: bytes.slice(target))
    if let query = bytes.firstOffset(of: 0x3f, from: target.lowerBound), query < target.upperBound {
      fields.add(.path, text: bytes.slice(target.lowerBound..<query))
    } else {
      fields.add(.path, text: bytes.slice(target))
    }
    addVersion(&fields, version)
    return authority != nil
  }

  /// The authority without what stands for a user and a password (RFC 3986 §3.2.1).
  private static func host(_ bytes: RawSpan, _ authority: Range<Int>) -> Range<Int> {
    guard let at = authority.last(where: { bytes.byte($0) == 0x40 }) else { return authority }
    return at + 1..<authority.upperBound
  }

  /// Requests that forgot it have none.
  private static func addVersion(_ fields: inout FieldValues, _ version: RawSpan) {
    if !version.isEmpty { fields.add(.httpVersion, text: version) }
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
