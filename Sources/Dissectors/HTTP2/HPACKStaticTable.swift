import Bytes

/// The header fields that every connection knows (RFC 7541 appendix A).
enum HPACKStaticTable {
  /// Index of the last one.
  static let count = fields.count
  /// All of them as lines, side by side.
  static let lines: [UInt8] = fields.reduce(into: []) { lines, field in
    lines += Array("\(field.name): \(field.value)\n".utf8)
  }
  /// Where the line of index 1, 2 and so on lies in `lines`, and what it is.
  static let shapes: [HTTP2FieldList.Shape] = {
    var start = 0
    return fields.map { field in
      var shape = HTTP2FieldList.Shape(
        start: start, nameLength: field.name.utf8CodeUnitCount,
        valueLength: field.value.utf8CodeUnitCount)
      shape.known = HTTP2FieldList.Known(lines.rawSpan.slice(shape.name))
      start = shape.line.upperBound
      return shape
    }
  }()

  /// Name and value of index 1, 2 and so on.
  static let fields: [(name: StaticString, value: StaticString)] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
  ]
}
