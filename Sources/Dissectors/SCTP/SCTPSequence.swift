/// Which transmission sequence numbers came already: the newest ones by a bit each.
struct SCTPSequence: Sendable {
  /// Numbers before the newest that are remembered; older ones count as seen.
  private static let span = 1024

  private(set) var newest: UInt32?
  private var bits = [UInt64](repeating: 0, count: SCTPSequence.span / 64)

  /// Notes a number; false when it came before.
  mutating func insert(_ number: UInt32) -> Bool {
    guard let newest else {
      newest = number
      set(number)
      return true
    }
    let ahead = Int32(bitPattern: number &- newest)
    if ahead > 0 {
      for step in 1...UInt32(min(Int(ahead), Self.span)) { clear(number &+ 1 &- step) }
      self.newest = number
      set(number)
      return true
    }
    guard Int(ahead) > -Self.span, !isSet(number) else { return false }
    set(number)
    return true
  }

  private func place(_ number: UInt32) -> (word: Int, bit: UInt64) {
    let at = Int(number % UInt32(Self.span))
    return (at / 64, 1 << UInt64(at % 64))
  }

  private func isSet(_ number: UInt32) -> Bool {
    let place = place(number)
    return bits[place.word] & place.bit != 0
  }

  private mutating func set(_ number: UInt32) {
    let place = place(number)
    bits[place.word] |= place.bit
  }

  private mutating func clear(_ number: UInt32) {
    let place = place(number)
    bits[place.word] &= ~place.bit
  }
}
