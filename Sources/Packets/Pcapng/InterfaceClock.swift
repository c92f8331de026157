import Bytes

/// How an interface's ticks become instants: options `if_tsresol` and `if_tsoffset` of pcapng.
struct InterfaceClock: Hashable, Sendable {
  /// What one tick is worth.
  private enum Tick: Hashable {
    /// So many nanoseconds.
    case nanoseconds(UInt64)
    /// So many ticks make a nanosecond; 0 stands for more than there can be.
    case perNanosecond(UInt64)
    /// 2 to the power of this many make a second.
    case binary(UInt8)
  }

  private var tick = Tick.nanoseconds(1_000)
  /// Seconds to add.
  private var offset: Int64 = 0

  /// - Parameters:
  ///   - resolution: the exponent of ten, or with the highest bit of two; 6 by default.
  ///   - offset: seconds.
  init(resolution: UInt8 = 6, offset: Int64 = 0) {
    self.offset = offset
    let exponent = resolution & 0x7f
    if resolution & 0x80 != 0 {
      tick = .binary(exponent)
    } else if exponent <= 9 {
      tick = .nanoseconds(power(9 - exponent))
    } else {
      tick = .perNanosecond(exponent - 9 <= 19 ? power(exponent - 9) : 0)
    }
  }

  /// The instant of `ticks`; times before 1677 and after 2262 become the nearest there is.
  @inline(__always)
  func timestamp(_ ticks: UInt64) -> Timestamp {
    if case .nanoseconds(let factor) = tick, offset == 0 {
      let (product, overflow) = ticks.multipliedReportingOverflow(by: factor)
      if !overflow, product <= UInt64(Int64.max) {
        return Timestamp(nanoseconds: Int64(product))
      }
    }
    return exact(ticks)
  }

  private func exact(_ ticks: UInt64) -> Timestamp {
    let billion: Int128 = 1_000_000_000
    var value: Int128
    switch tick {
    case .nanoseconds(let factor): value = Int128(ticks) * Int128(factor)
    case .perNanosecond(let divisor): value = divisor == 0 ? 0 : Int128(ticks / divisor)
    case .binary(let exponent): value = (Int128(ticks) * billion) >> Int128(exponent)
    }
    value += Int128(offset) * billion
    return Timestamp(nanoseconds: Int64(clamping: value))
  }
}

/// 10 to the power of `exponent`, at most 19.
private func power(_ exponent: UInt8) -> UInt64 {
  (0..<exponent).reduce(UInt64(1)) { value, _ in value * 10 }
}
