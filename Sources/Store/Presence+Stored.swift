import Bytes

/// How a presence lies in its section: a byte for the form, then one bit a row (whole bytes, the
/// first row in the lowest bit), or the rows that are in the minority as a run of integers, after
/// their number in four bytes.
extension Presence {
  private enum Form: UInt8 {
    case bits = 0
    /// The rows that have a value.
    case present = 1
    /// The rows that have none.
    case absent = 2
  }

  init(parsing section: SectionBytes, rows: Int) throws(WireError) {
    let bytes = section.array.rawSpan.slice(section.range)
    guard bytes.byteCount > 0, let form = Form(rawValue: bytes.byte(0)) else {
      throw WireError(.invalid)
    }
    var words = [UInt64](repeating: 0, count: (rows + 63) / 64)
    if form == .bits {
      guard bytes.byteCount == 1 + (rows + 7) / 8 else { throw WireError(.truncated) }
      for index in 1..<bytes.byteCount {
        words[(index - 1) >> 3] |= UInt64(bytes.byte(index)) << UInt64((index - 1) & 7 * 8)
      }
    } else {
      guard bytes.byteCount >= 5 else { throw WireError(.truncated) }
      var offset = 5
      let count = Int(bytes.little32(1))
      let listed = try PackedInts(parsing: section, at: &offset, count: count).decoded()
      if form == .absent { for index in words.indices { words[index] = .max } }
      for row in listed {
        guard row >= 0, row < rows else { throw WireError(.invalid, at: 5) }
        words[Int(row) >> 6] ^= 1 << UInt64(row & 63)
      }
    }
    self.init(words: words, rows: rows)
  }

  /// The section for these bits, in its shortest form.
  static func encoded(words: [UInt64], rows: Int, count: Int) -> [UInt8] {
    let minority = min(count, rows - count)
    guard minority * 16 < rows else {
      var out: [UInt8] = [Form.bits.rawValue]
      for index in 0..<(rows + 7) / 8 {
        out.append(UInt8(truncatingIfNeeded: words[index >> 3] >> UInt64(index & 7 * 8)))
      }
      return out
    }
    let form: Form = count * 2 <= rows ? .present : .absent
    let listed = (0..<rows).filter {
      (words[$0 >> 6] >> UInt64($0 & 63) & 1 == 1) == (form == .present)
    }
    var out: [UInt8] = [form.rawValue]
    out.append(little: UInt32(listed.count))
    PackedInts.encode(listed.map { UInt32($0) }, into: &out)
    return out
  }
}
