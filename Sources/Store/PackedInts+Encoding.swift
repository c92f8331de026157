import Bytes

extension PackedInts {
  /// Appends `values` in the smaller of the two forms.
  ///
  /// - Parameters:
  ///   - bounds: the smallest and the largest, where they are known.
  ///   - isInstant: whether to look for whole micro- or milliseconds in nanoseconds.
  static func encode(
    _ values: [Int64], within bounds: ClosedRange<Int64>? = nil, isInstant: Bool = false,
    into out: inout [UInt8]
  ) {
    encode(values.span, bounds, isInstant, into: &out)
  }

  /// The same of codes.
  static func encode(_ codes: [UInt32], into out: inout [UInt8]) {
    encode(codes.span, nil, false, into: &out)
  }

  /// The smallest and the largest of `values`; nil when there are none.
  static func bounds<Value: FixedWidthInteger>(of values: Span<Value>) -> ClosedRange<Int64>? {
    guard !values.isEmpty else { return nil }
    var (low, high) = (values[0], values[0])
    for index in values.indices {
      low = min(low, values[index])
      high = max(high, values[index])
    }
    return Int64(truncatingIfNeeded: low)...Int64(truncatingIfNeeded: high)
  }

  private static func encode<Value: FixedWidthInteger>(
    _ values: Span<Value>, _ known: ClosedRange<Int64>?, _ isInstant: Bool,
    into out: inout [UInt8]
  ) {
    guard let bounds = known ?? bounds(of: values) else {
      return encode(values, .frame, 0, 0, 0, into: &out)
    }
    let (low, high) = (bounds.lowerBound, bounds.upperBound)
    // Differences that wrap are no multiples of anything.
    let scale = isInstant && high &- low >= 0 ? commonScale(values) : 0
    let frameWidth = width(from: low, to: high, scale)
    // A chain pays half a bit a value for the values that stand in full: it must save two.
    if frameWidth > 1 {
      let steps = steps(of: values)
      let chainWidth = width(from: steps.low, to: steps.high, scale)
      if chainWidth + 1 < frameWidth {
        return encode(values, .chain, chainWidth, scale, steps.low, into: &out)
      }
    }
    encode(values, .frame, frameWidth, scale, low, into: &out)
  }

  /// The smallest and the largest difference between neighbours.
  private static func steps<Value: FixedWidthInteger>(
    of values: Span<Value>
  ) -> (low: Int64, high: Int64) {
    var (low, high) = (Int64.max, Int64.min)
    var before = Int64(truncatingIfNeeded: values[0])
    for index in 1..<values.count {
      let value = Int64(truncatingIfNeeded: values[index])
      let step = value &- before
      low = min(low, step)
      high = max(high, step)
      before = value
    }
    return (low, high)
  }

  private static let factors: [UInt64] = [1, 1_000, 1_000_000]

  private static func encode<Value: FixedWidthInteger>(
    _ values: Span<Value>, _ form: Form, _ width: Int, _ scale: Int, _ base: Int64,
    into out: inout [UInt8]
  ) {
    out.append(form.rawValue)
    out.append(UInt8(width))
    out.append(UInt8(scale))
    out.append(0)
    out.append(little: UInt64(bitPattern: base))
    if form == .chain {
      for index in Swift.stride(from: 0, to: values.count, by: stride) {
        out.append(little: UInt64(bitPattern: Int64(truncatingIfNeeded: values[index])))
      }
    }
    let bits = values.count * width
    if width > 0 {
      let words = [UInt64](capacity: (bits + 63) / 64) { words in
        var packer = BitPacker(width: width)
        // The division is only paid by instants.
        switch (form, scale) {
        case (.frame, 0): forEachNumber(of: values, base) { packer.append($0, to: &words) }
        case (.chain, 0): forEachStep(of: values, base) { packer.append($0, to: &words) }
        case (.frame, _):
          forEachNumber(of: values, base) { packer.append(scaled($0, scale), to: &words) }
        case (.chain, _):
          forEachStep(of: values, base) { packer.append(scaled($0, scale), to: &words) }
        }
        packer.finish(&words)
      }
      out.append(words.span.bytes.prefix((bits + 7) / 8))
    }
    out.append(little: 0 as UInt64)
  }

  /// By how much each value exceeds the base.
  @inline(__always)
  private static func forEachNumber<Value: FixedWidthInteger>(
    of values: Span<Value>, _ base: Int64, _ body: (UInt64) -> Void
  ) {
    for index in values.indices {
      body(UInt64(bitPattern: Int64(truncatingIfNeeded: values[index]) &- base))
    }
  }

  /// By how much the step to each value exceeds the base; 0 for those that stand in full.
  @inline(__always)
  private static func forEachStep<Value: FixedWidthInteger>(
    of values: Span<Value>, _ base: Int64, _ body: (UInt64) -> Void
  ) {
    for start in Swift.stride(from: 0, to: values.count, by: stride) {
      body(0)
      var before = Int64(truncatingIfNeeded: values[start])
      for index in start + 1..<min(start + stride, values.count) {
        let value = Int64(truncatingIfNeeded: values[index])
        body(UInt64(bitPattern: value &- before &- base))
        before = value
      }
    }
  }

  @inline(__always)
  private static func scaled(_ number: UInt64, _ scale: Int) -> UInt64 {
    scale == 1 ? number / 1_000 : number / 1_000_000
  }

  /// Bits for the numbers from 0 to `high − low`, by steps of the scale.
  private static func width(from low: Int64, to high: Int64, _ scale: Int) -> Int {
    let span = UInt64(bitPattern: high &- low) / factors[scale]
    let bits = 64 - span.leadingZeroBitCount
    return bits > 56 ? 64 : bits
  }

  /// The largest scale that all values are multiples of.
  private static func commonScale<Value: FixedWidthInteger>(_ values: Span<Value>) -> Int {
    var scale = 2
    for index in values.indices {
      let value = Int64(truncatingIfNeeded: values[index])
      if scale == 2, value % 1_000_000 != 0 { scale = 1 }
      if scale == 1, value % 1_000 != 0 { return 0 }
    }
    return scale
  }
}

/// Puts numbers of a given width side by side, the first in the lowest bits.
private struct BitPacker {
  private let width: UInt64
  private var word: UInt64 = 0
  private var used: UInt64 = 0

  /// - Parameter width: 1...64.
  init(width: Int) { self.width = UInt64(width) }

  /// - Parameter number: has no bits beyond the width.
  @inline(__always)
  mutating func append(_ number: UInt64, to words: inout OutputSpan<UInt64>) {
    word |= number &<< used
    used &+= width
    if used >= 64 {
      words.append(word.littleEndian)
      used &-= 64
      // What had no room: its upper bits, fewer than all.
      word = used == 0 ? 0 : number &>> (width &- used)
    }
  }

  /// Adds what is left.
  func finish(_ words: inout OutputSpan<UInt64>) {
    if used > 0 { words.append(word.littleEndian) }
  }
}
