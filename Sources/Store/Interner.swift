import Bytes

/// Gives equal byte strings equal codes: 1, 2, 3… in the order they are first seen.
///
/// An open-addressing table over one array of bytes. The hash is seeded at start-up, so that
/// strangers cannot choose texts that collide. Where a value stands follows from the part of its
/// hash that stands there with it, so that a larger table is made without a look at the values.
package struct Interner: Sendable {
  /// All distinct values, side by side.
  private(set) var bytes: [UInt8] = []
  /// Where the value of code n begins is `ends[n - 1]`, where it ends `ends[n]`.
  private(set) var ends: [UInt32] = [0]
  /// Upper half of the hash and code; 0 is a free place.
  private var table = [UInt64](repeating: 0, count: 16)
  /// How far a hash is shifted to give its place.
  private var shift: UInt64 = 60
  /// The code that was given last: neighbours often have the same value.
  private var last = 0

  package init() {}

  /// Distinct values.
  package var count: Int { ends.count - 1 }
  /// Bytes of all of them.
  package var byteCount: Int { bytes.count }

  /// Bytes it takes in memory, about.
  var memory: Int { bytes.capacity + ends.capacity * 4 + table.capacity * 8 }

  /// Where the value of `code` lies in `bytes`.
  func range(_ code: Int) -> Range<Int> { Int(ends[code - 1])..<Int(ends[code]) }

  /// Runs `body` with the bytes of the value of `code`, without a copy.
  package func withBytes<Result>(_ code: Int, _ body: (RawSpan) -> Result) -> Result {
    body(bytes.rawSpan.slice(range(code)))
  }

  /// The codes from `first` on whose values contain `needle`, which is not empty, ascending.
  package func codes(containing needle: [UInt8], from first: Int) -> [UInt32] {
    guard first <= count else { return [] }
    let all = bytes.span.extracting(Int(ends[first - 1])..<bytes.count)
    return holders(of: needle.span, in: all, ends: ends.span.extracting(first..<ends.count)).map {
      UInt32($0 + first)
    }
  }

  /// The code of `value`, a new one when it was not seen before.
  @inline(__always)
  package mutating func code(_ value: RawSpan) -> UInt32 {
    if last > 0 {
      let place = range(last)
      if place.count == value.byteCount, isEqual(bytes.rawSpan.slice(place), value) {
        return UInt32(truncatingIfNeeded: last)
      }
    }
    return found(value)
  }

  /// The code of a value that is not the last one.
  @inline(never)
  private mutating func found(_ value: RawSpan) -> UInt32 {
    let hash = value.seededHash
    let mark = hash & 0xffff_ffff_0000_0000
    let mask = table.count - 1
    var place = Int(truncatingIfNeeded: hash &>> shift)
    while table[place] != 0 {
      let entry = table[place]
      if entry & 0xffff_ffff_0000_0000 == mark {
        let code = Int(entry & 0xffff_ffff)
        if isEqual(bytes.rawSpan.slice(range(code)), value) {
          last = code
          return UInt32(code)
        }
      }
      place = (place + 1) & mask
    }
    append(value)
    last = count
    table[place] = mark | UInt64(last)
    if last * 2 > table.count { grow() }
    return UInt32(last)
  }

  /// A code for `value` that it has alone, whether it was seen before or not; `code` does not find
  /// it afterwards.
  mutating func append(_ value: RawSpan) {
    bytes.append(value)
    ends.append(UInt32(bytes.count))
  }

  /// Makes room for so many distinct values of so many bytes.
  mutating func reserve(values: Int, bytes count: Int) {
    ends.reserveCapacity(values + 1)
    bytes.reserveCapacity(count)
  }

  /// Forgets what is there already: the table is of no more use.
  mutating func forget() { table = [] }

  private mutating func grow() {
    var larger = [UInt64](repeating: 0, count: table.count * 2)
    shift -= 1
    let mask = larger.count - 1
    for entry in table where entry != 0 {
      var place = Int(truncatingIfNeeded: entry &>> shift)
      while larger[place] != 0 { place = (place + 1) & mask }
      larger[place] = entry
    }
    table = larger
  }
}

/// Gives equal pairs of integers (addresses, identities) equal codes: 1, 2, 3…
struct PairInterner: Sendable {
  private var keys: [(UInt64, UInt64)] = []
  private var table = [UInt32](repeating: 0, count: 64)
  /// What was asked for last: neighbouring entries often share their ends.
  private var last: (UInt64, UInt64, code: UInt32) = (0, 0, 0)

  var count: Int { keys.count }

  /// The code of the pair, and whether it is new.
  mutating func code(_ a: UInt64, _ b: UInt64) -> (code: UInt32, isNew: Bool) {
    if last.code != 0, last.0 == a, last.1 == b { return (last.code, false) }
    let mask = table.count - 1
    var place = Self.hash(a, b) & mask
    while table[place] != 0 {
      let code = table[place]
      if keys[Int(code) - 1] == (a, b) {
        last = (a, b, code)
        return (code, false)
      }
      place = (place + 1) & mask
    }
    keys.append((a, b))
    let code = UInt32(keys.count)
    table[place] = code
    last = (a, b, code)
    if keys.count * 2 > table.count { grow() }
    return (code, true)
  }

  private static func hash(_ a: UInt64, _ b: UInt64) -> Int {
    Int(truncatingIfNeeded: folded(folded(a ^ hashSeed, b ^ hashMultiplier), hashSeed))
  }

  private mutating func grow() {
    table = [UInt32](repeating: 0, count: table.count * 4)
    let mask = table.count - 1
    for (index, key) in keys.enumerated() {
      var place = Self.hash(key.0, key.1) & mask
      while table[place] != 0 { place = (place + 1) & mask }
      table[place] = UInt32(index + 1)
    }
  }
}
