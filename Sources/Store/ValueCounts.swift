import Bytes

/// How often each value of an integer column occurs in a block, where they are few: what counts
/// entries by kind, by status or by outcome without reading a row.
///
/// As stored: how many values (1 byte), the smallest one (8 bytes); then for each value by how
/// much it exceeds the one before (varint, 0 for the first) and how many rows have it (varint).
package struct ValueCounts: Sendable {
  /// Most values a header lists for a column.
  static let limit = 16

  /// Ascending by value; each occurs at least once.
  package let items: [(value: Int64, count: Int)]

  /// - Parameter present: rows that have a value; the counts add up to it.
  init(_ cursor: inout Cursor, present: Int) throws(WireError) {
    let count = Int(try cursor.uint8())
    guard (1...Self.limit).contains(count) else { throw WireError(.invalid, at: cursor.offset) }
    var value = try cursor.int64()
    var items: [(value: Int64, count: Int)] = []
    var sum = 0
    for place in 0..<count {
      let step = try cursor.varint(limit: .max)
      let (next, overflow) = value.addingReportingOverflow(Int64(step))
      let times = try cursor.varint(limit: present - sum)
      guard !overflow, times > 0, (step == 0) == (place == 0) else {
        throw WireError(.invalid, at: cursor.offset)
      }
      value = next
      sum += times
      items.append((value, times))
    }
    guard sum == present else { throw WireError(.invalid, at: cursor.offset) }
    self.items = items
  }

  /// Smallest and largest value.
  var range: ClosedRange<Int64> { items[0].value...items[items.count - 1].value }

  /// The bytes for these values, which lie within `bounds`; nil when they are none, too many, or too
  /// far apart.
  static func encoded(_ values: [Int64], within bounds: ClosedRange<Int64>) -> [UInt8]? {
    guard !values.isEmpty, let items = counted(values, within: bounds) else { return nil }
    var out = [UInt8(items.count)]
    out.append(little: UInt64(bitPattern: items[0].value))
    var before = items[0].value
    for item in items {
      let (step, overflow) = item.value.subtractingReportingOverflow(before)
      guard !overflow else { return nil }
      out.append(varint: Int(step))
      out.append(varint: item.count)
      before = item.value
    }
    return out
  }

  /// Each value with how often it occurs, ascending; nil when there are too many.
  private static func counted(
    _ values: [Int64], within bounds: ClosedRange<Int64>
  ) -> [(value: Int64, count: Int)]? {
    let low = bounds.lowerBound
    if low == bounds.upperBound { return [(low, values.count)] }
    // Those near to each other are counted without looking for them.
    let isNarrow = UInt64(bitPattern: bounds.upperBound &- low) < 64
    return isNarrow ? counted(values, from: low) : counted(values)
  }

  /// The same of values that exceed the lowest one by less than 64.
  private static func counted(_ values: [Int64], from low: Int64) -> [(value: Int64, count: Int)]? {
    var counts = InlineArray<64, Int>(repeating: 0)
    let values = values.span
    for index in values.indices { counts[Int(values[index] &- low) & 63] &+= 1 }
    var items: [(value: Int64, count: Int)] = []
    for place in counts.indices where counts[place] > 0 {
      if items.count == limit { return nil }
      items.append((low + Int64(place), counts[place]))
    }
    return items
  }

  /// The same of any values.
  private static func counted(_ values: [Int64]) -> [(value: Int64, count: Int)]? {
    let values = values.span
    var items: [(value: Int64, count: Int)] = [(values[0], 0)]
    var place = 0
    // Neighbours are mostly equal, and counted together.
    var (value, start) = (values[0], 0)
    for index in values.indices where values[index] != value {
      items[place].count += index - start
      (value, start) = (values[index], index)
      if let known = items.firstIndex(where: { $0.value == value }) {
        place = known
      } else {
        guard items.count < limit else { return nil }
        items.append((value, 0))
        place = items.count - 1
      }
    }
    items[place].count += values.count - start
    items.sort { $0.value < $1.value }
    return items
  }
}
