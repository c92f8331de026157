import Bytes

extension PackedInts {
  /// Appends `values` in the smaller of the two forms.
  ///
  /// - Parameter isInstant: whether to look for whole micro- or milliseconds in nanoseconds.
  static func encode(_ values: [Int64], isInstant: Bool = false, into out: inout [UInt8]) {
    guard let first = values.first else { return encode([], .frame, 0, 0, 0, into: &out) }
    var (low, high) = (first, first)
    var (lowStep, highStep) = (Int64.max, Int64.min)
    var before = first
    for value in values.dropFirst() {
      low = min(low, value)
      high = max(high, value)
      let step = value &- before
      lowStep = min(lowStep, step)
      highStep = max(highStep, step)
      before = value
    }
    // Differences that wrap are no multiples of anything.
    let scale = isInstant && high &- low >= 0 ? commonScale(values) : 0
    let frameWidth = width(from: low, to: high, scale)
    let chainWidth = width(from: lowStep, to: highStep, scale)
    // A chain pays half a bit a value for the values that stand in full.
    if values.count > 1, chainWidth + 1 < frameWidth {
      encode(values, .chain, chainWidth, scale, lowStep, into: &out)
    } else {
      encode(values, .frame, frameWidth, scale, low, into: &out)
    }
  }

  private static let factors: [UInt64] = [1, 1_000, 1_000_000]

  private static func encode(
    _ values: [Int64], _ form: Form, _ width: Int, _ scale: Int, _ base: Int64,
    into out: inout [UInt8]
  ) {
    out.append(form.rawValue)
    out.append(UInt8(width))
    out.append(UInt8(scale))
    out.append(0)
    out.append(little: UInt64(bitPattern: base))
    if form == .chain {
      for index in Swift.stride(from: 0, to: values.count, by: stride) {
        out.append(little: UInt64(bitPattern: values[index]))
      }
    }
    var packer = BitPacker(capacity: values.count * width)
    if width > 0 {
      // The division is only paid by instants.
      let divisor = factors[scale]
      var before: Int64 = 0
      for (index, value) in values.enumerated() {
        var number: UInt64
        switch form {
        case .frame: number = UInt64(bitPattern: value &- base)
        case .chain:
          number = index % stride == 0 ? 0 : UInt64(bitPattern: value &- before &- base)
          before = value
        }
        if scale != 0 { number /= divisor }
        packer.append(number, width: width)
      }
    }
    packer.finish(into: &out)
    out.append(contentsOf: repeatElement(0, count: 8))
  }

  /// Bits for the numbers from 0 to `high − low`, by steps of the scale.
  private static func width(from low: Int64, to high: Int64, _ scale: Int) -> Int {
    let span = UInt64(bitPattern: high &- low) / factors[scale]
    let bits = 64 - span.leadingZeroBitCount
    return bits > 56 ? 64 : bits
  }

  /// The largest scale that all values are multiples of.
  private static func commonScale(_ values: [Int64]) -> Int {
    guard values.allSatisfy({ $0 % 1_000 == 0 }) else { return 0 }
    return values.allSatisfy { $0 % 1_000_000 == 0 } ? 2 : 1
  }
}

/// Puts numbers of a given width side by side, the first in the lowest bits.
private struct BitPacker {
  private var words: [UInt64] = []
  private var word: UInt64 = 0
  private var used: UInt64 = 0

  /// - Parameter capacity: bits that will come.
  init(capacity: Int) { words.reserveCapacity(capacity / 64 + 1) }

  /// - Parameter width: 1...64; `number` has no bits beyond.
  mutating func append(_ number: UInt64, width: Int) {
    let width = UInt64(truncatingIfNeeded: width)
    word |= number << used
    if used + width >= 64 {
      words.append(word.littleEndian)
      // A shift by 64 gives 0, as it must.
      word = number >> (64 - used)
      used = used + width - 64
    } else {
      used += width
    }
  }

  func finish(into out: inout [UInt8]) {
    out.append(words.span.bytes)
    var rest = word
    for _ in 0..<(used + 7) / 8 {
      out.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }
}
