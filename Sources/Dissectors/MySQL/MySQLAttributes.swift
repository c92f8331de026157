import Bytes

/// What a client that can (`CLIENT_QUERY_ATTRIBUTES`) sends before the text of a query: names with
/// values, often of a trace. They are passed over, for values are never kept.
///
///     count   sets   nulls         bound   types and names    values   text
///     +-------+------+-------------+-------+------------------+--------+------
///     | n     | 1    | (n + 7) / 8 | 1     | 2, length, bytes | ...    |
///     +-------+------+-------------+-------+------------------+--------+------
///     without attributes:  0  1  text
enum MySQLAttributes {
  /// Attributes of one query that are passed over; of more the text is not looked for.
  private static let maxCount = 4096

  /// Where the text of a query begins in `body`, what follows on the command's byte. Nil when that
  /// cannot be told: the attributes are cut, or none that are known.
  ///
  /// - Parameter capabilities: what both sides can do; nil when that was not seen. No text begins
  ///   with a byte like that of the count.
  static func textStart(_ body: RawSpan, _ capabilities: UInt64?) -> Int? {
    if let capabilities {
      if capabilities & MySQLWire.queryAttributes == 0 { return 0 }
    } else {
      guard body.byteCount > 1, body.byte(0) < 9, body.byte(1) == 1 else { return 0 }
    }
    var at = 0
    guard let count = MySQLWire.integer(body, &at), let sets = MySQLWire.integer(body, &at),
      sets == 1, count <= maxCount
    else {
      // Somebody between both who does not do what was agreed on.
      return body.isEmpty || body.byte(0) < 0x20 ? nil : 0
    }
    return count == 0 ? at : skip(Int(count), body, at)
  }

  private static func skip(_ count: Int, _ body: RawSpan, _ start: Int) -> Int? {
    let nulls = start
    var at = start + (count + 7) / 8
    // Types come with every query.
    guard at < body.byteCount, body.byte(at) == 1 else { return nil }
    at += 1
    var types: [UInt8] = []
    for _ in 0..<count {
      guard at + 2 <= body.byteCount else { return nil }
      types.append(body.byte(at))
      at += 2
      guard skipText(body, &at) else { return nil }
    }
    for (place, type) in types.enumerated()
    where body.byte(nulls + place / 8) >> UInt8(place % 8) & 1 == 0 {
      guard skipValue(type, body, &at) else { return nil }
    }
    return at <= body.byteCount ? at : nil
  }

  /// A value in the binary form of its type (`enum_field_types`).
  private static func skipValue(_ type: UInt8, _ body: RawSpan, _ at: inout Int) -> Bool {
    switch type {
    case 1: at += 1
    case 2, 13: at += 2
    case 3, 4, 9: at += 4
    case 5, 8: at += 8
    case 6: break
    // Dates and times have their length in front.
    case 7, 10, 11, 12:
      guard at < body.byteCount else { return false }
      at += 1 + Int(body.byte(at))
    default: return skipText(body, &at)
    }
    return at <= body.byteCount
  }

  private static func skipText(_ body: RawSpan, _ at: inout Int) -> Bool {
    guard let count = MySQLWire.integer(body, &at), count <= UInt64(max(0, body.byteCount - at))
    else { return false }
    at += Int(count)
    return true
  }
}
