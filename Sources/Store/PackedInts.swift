import Bytes

/// A run of integers as it lies in a section: as differences from a smallest value (a frame), or
/// as differences from the value before (a chain), bit-packed at one width.
///
///     0        form: 0 frame, 1 chain
///     1        width of a packed number in bits: 0...56 or 64
///     2        scale: packed numbers count 10^(3 × scale); 0, 1 or 2
///     3        0
///     4        base, 8 bytes: frame: the smallest value; chain: the smallest difference
///     12       chain only: every 128th value, 8 bytes each
///     …        the packed numbers, first number in the lowest bits, then 8 zero bytes
///
/// frame: value = base + packed × scale. Chain: value = value before + base + packed × scale; the
/// packed number of every 128th is 0 and its value stands in the list. All sums wrap.
struct PackedInts: Sendable {
  enum Form: UInt8 {
    case frame = 0
    case chain = 1
  }

  /// Values between two that stand in full in a chain.
  static let stride = 128
  private static let headBytes = 12

  let count: Int
  private let form: Form
  private let width: Int
  private let scale: Int64
  private let base: Int64
  private let anchors: SectionBytes
  private let packed: SectionBytes

  /// - Parameters:
  ///   - offset: where the run begins; moves to its end.
  ///   - count: how many values it holds, from the block's header.
  init(parsing data: SectionBytes, at offset: inout Int, count: Int) throws(WireError) {
    let head = try data.part(at: offset, count: Self.headBytes)
    let bytes = head.array.rawSpan.slice(head.range)
    guard let form = Form(rawValue: bytes.byte(0)) else { throw WireError(.invalid, at: offset) }
    let width = Int(bytes.byte(1))
    guard width <= 56 || width == 64, bytes.byte(2) <= 2, count >= 0, count <= BlockLimits.rows
    else { throw WireError(.invalid, at: offset + 1) }
    self.form = form
    self.width = width
    self.count = count
    scale = [1, 1_000, 1_000_000][Int(bytes.byte(2))]
    base = Int64(bitPattern: bytes.little64(4))
    var at = offset + Self.headBytes
    let anchorBytes = form == .chain ? (count + Self.stride - 1) / Self.stride * 8 : 0
    anchors = try data.part(at: at, count: anchorBytes)
    at += anchorBytes
    let packedBytes = (count * width + 7) / 8 + 8
    packed = try data.part(at: at, count: packedBytes)
    offset = at + packedBytes
  }

  /// All values in order.
  func decoded() -> [Int64] {
    var values = [Int64](repeating: 0, count: count)
    var target = values.mutableSpan
    let bytes = packed.array.rawSpan.slice(packed.range)
    switch form {
    case .frame:
      if width == 0 {
        for index in 0..<count { target[index] = base }
      } else if width <= 56 {
        bytes.unpack(width: width, base: base, scale: scale, into: &target)
      } else {
        for index in 0..<count {
          target[index] = base &+ number(bytes, index) &* scale
        }
      }
    case .chain:
      let list = anchors.array.rawSpan.slice(anchors.range)
      var value: Int64 = 0
      for index in 0..<count {
        if index % Self.stride == 0 {
          value = Int64(bitPattern: list.little64(index / Self.stride * 8))
        } else {
          value = value &+ base &+ number(bytes, index) &* scale
        }
        target[index] = value
      }
    }
    return values
  }

  /// All values as codes; what is beyond `limit` becomes 0.
  func decodedCodes(limit: Int) -> [UInt32] {
    var values = [UInt32](repeating: 0, count: count)
    var target = values.mutableSpan
    guard form == .frame else {
      for (index, value) in decoded().enumerated() where value >= 0 && value <= limit {
        target[index] = UInt32(truncatingIfNeeded: value)
      }
      return values
    }
    let bytes = packed.array.rawSpan.slice(packed.range)
    for index in 0..<count {
      let value = base &+ number(bytes, index) &* scale
      target[index] = value >= 0 && value <= limit ? UInt32(truncatingIfNeeded: value) : 0
    }
    return values
  }

  /// Whether each value is other than 0, a bit a value: truth values as they lie, most often.
  func words() -> [UInt64] {
    var words = [UInt64](repeating: 0, count: (count + 63) / 64)
    guard form == .frame, width <= 1, scale == 1, base == 0 || width == 0 else {
      for (index, value) in decoded().enumerated() where value != 0 {
        words[index >> 6] |= 1 << UInt64(index & 63)
      }
      return words
    }
    let bytes = packed.array.rawSpan.slice(packed.range)
    for index in words.indices {
      // The eight bytes at the end let one load reach the last ones; they are 0, or a stranger's.
      words[index] = width == 1 ? bytes.little64(index * 8) : base != 0 ? .max : 0
    }
    if count % 64 != 0, let last = words.indices.last {
      words[last] &= 1 << UInt64(count % 64) - 1
    }
    return words
  }

  /// Which values are `value`, a bit each, without unpacking them first; nil where they are not
  /// packed as plain differences from one base.
  func words(of value: Int64) -> [UInt64]? {
    guard form == .frame, scale == 1, 1...56 ~= width else { return nil }
    let wanted = UInt64(bitPattern: value &- base)
    var words = [UInt64](repeating: 0, count: (count + 63) / 64)
    guard value >= base, wanted >> UInt64(width) == 0 else { return words }
    let bytes = packed.array.rawSpan.slice(packed.range)
    let number = PackedNumber(wanted, width: width)
    for index in 0..<count / 64 {
      words[index] = bytes.packedMatches(at: index * width * 8, number)
    }
    for index in count / 64 * 64..<count
    where UInt64(bitPattern: self.number(bytes, index)) == wanted {
      words[index >> 6] |= 1 << UInt64(index & 63)
    }
    return words
  }

  /// Which values lie in `range`, a bit each, without unpacking them first; nil where they are not
  /// packed as plain differences from one base.
  func words(in range: ClosedRange<Int64>) -> [UInt64]? {
    guard form == .frame, scale == 1, 1...56 ~= width else { return nil }
    if range.lowerBound == range.upperBound { return words(of: range.lowerBound) }
    // One comparison decides both ends: what lies below wraps to far above.
    let shift = UInt64(bitPattern: base &- range.lowerBound)
    let span = UInt64(bitPattern: range.upperBound &- range.lowerBound)
    var words = [UInt64](repeating: 0, count: (count + 63) / 64)
    let bytes = packed.array.rawSpan.slice(packed.range)
    for index in 0..<count / 64 {
      words[index] = bytes.packedMatches(
        at: index * width * 8, width: width, adding: shift, upTo: span)
    }
    for index in count / 64 * 64..<count {
      let isIn = UInt64(bitPattern: number(bytes, index)) &+ shift <= span
      if isIn { words[index >> 6] |= 1 << UInt64(index & 63) }
    }
    return words
  }

  /// One value: constant time for a frame, up to `stride` steps for a chain.
  subscript(index: Int) -> Int64 {
    let bytes = packed.array.rawSpan.slice(packed.range)
    guard form == .chain else { return base &+ number(bytes, index) &* scale }
    let list = anchors.array.rawSpan.slice(anchors.range)
    let start = index / Self.stride * Self.stride
    let anchor = Int64(bitPattern: list.little64(start / Self.stride * 8))
    // Sums wrap, so that the order of adding does not matter.
    var sum: Int64 = 0
    if width > 0 { for at in start..<index { sum = sum &+ number(bytes, at + 1) } }
    return anchor &+ base &* Int64(index - start) &+ sum &* scale
  }

  /// The packed number at `index`. The eight zero bytes at the end let one load reach every one.
  @inline(__always)
  private func number(_ bytes: RawSpan, _ index: Int) -> Int64 {
    if width == 64 { return Int64(bitPattern: bytes.little64(index * 8)) }
    let bit = index * width
    let mask = (1 as UInt64) << UInt64(truncatingIfNeeded: width) &- 1
    return Int64(bitPattern: bytes.little64(bit >> 3) >> UInt64(bit & 7) & mask)
  }
}
