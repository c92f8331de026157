/// Numbers pairs of numbers: a hash table of its own, for it is asked once a row.
struct PairTable {
  /// Number of the pair in each place, -1 where there is none. A power of two of places, at most
  /// half of them taken.
  private var places = [Int32](repeating: -1, count: 1 << 10)
  private var bits: UInt64 = 10
  private var list: [UInt64] = []
  /// The latest pair of each second number: most have one partner only, as a path has its service.
  private var latest: [(before: Int32, number: Int32)] = []

  var count: Int { list.count }

  /// Puts in place of the first number of each row that of the pair; -1 when either is, or beyond
  /// `Aggregation.maxGroups` pairs.
  mutating func number(_ rows: Bitmap, _ before: inout [Int32], _ own: [Int32]) {
    for index in rows.words.indices {
      var rest = rows.words[index]
      while rest != 0 {
        let row = index << 6 + rest.trailingZeroBitCount
        before[row] = number(before[row], own[row])
        rest &= rest - 1
      }
    }
  }

  /// The number of one pair.
  @inline(__always)
  mutating func number(_ before: Int32, _ own: Int32) -> Int32 {
    guard before >= 0, own >= 0 else { return -1 }
    if own < latest.count, latest[Int(own)].before == before { return latest[Int(own)].number }
    return found(before, own)
  }

  private mutating func found(_ before: Int32, _ own: Int32) -> Int32 {
    while latest.count <= Int(own) { latest.append((-1, -1)) }
    let number = lookedUp(before, own)
    latest[Int(own)] = (before, number)
    return number
  }

  private mutating func lookedUp(_ before: Int32, _ own: Int32) -> Int32 {
    let pair = UInt64(UInt32(before)) << 32 | UInt64(UInt32(own))
    var place = place(pair)
    while places[place] >= 0 {
      if list[Int(places[place])] == pair { return places[place] }
      place = (place + 1) & (places.count - 1)
    }
    guard list.count < Aggregation.maxGroups else { return -1 }
    let number = Int32(list.count)
    places[place] = number
    list.append(pair)
    if list.count * 2 > places.count { grow() }
    return number
  }

  /// The pair of a number.
  func pair(_ number: Int32) -> (before: Int32, own: Int32) {
    let pair = list[Int(number)]
    return (Int32(pair >> 32), Int32(truncatingIfNeeded: pair))
  }

  /// Multiplying spreads neighbours; the highest bits depend on all others.
  private func place(_ pair: UInt64) -> Int {
    let mixed = (pair ^ pair >> 29) &* 0x9e37_79b9_7f4a_7c15
    return Int(mixed >> (64 - bits))
  }

  private mutating func grow() {
    bits += 1
    places = [Int32](repeating: -1, count: 1 << Int(bits))
    for (number, pair) in list.enumerated() {
      var place = place(pair)
      while places[place] >= 0 { place = (place + 1) & (places.count - 1) }
      places[place] = Int32(number)
    }
  }
}
