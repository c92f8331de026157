import Bytes

/// What a block's header says about the values of one column, so that a query can skip the block.
package enum ZoneMap: Sendable {
  case none
  /// Smallest and largest integer; instants in nanoseconds, truth values as 0 and 1.
  case range(ClosedRange<Int64>)
  /// Every distinct text.
  case texts(TextSet)
  /// A filter that never denies a text that is there.
  case bloom(BloomFilter)
  /// The texts are many: `Block.grams` says which parts they do not have.
  case grams(section: Int, logarithm: Int)

  /// Longest set kept in the header: values, and bytes together.
  static let setValues = 24
  static let setBytes = 384

  /// Smallest and largest integer; nil for columns of other types.
  package var range: ClosedRange<Int64>? {
    if case .range(let range) = self { range } else { nil }
  }

  /// Whether a row may hold exactly this text. "No" is certain.
  package func mayContain(_ text: String) -> Bool {
    switch self {
    case .none, .range, .grams: true
    case .texts(let set): set.contains(text)
    case .bloom(let filter): filter.mayContain(text)
    }
  }
}

/// The few distinct texts of a column, as they lie in the header: varint length and UTF-8 each.
package struct TextSet: Sendable {
  package let count: Int
  private let data: SectionBytes

  init(count: Int, data: SectionBytes) { (self.count, self.data) = (count, data) }

  /// All of them, in no particular order.
  package var texts: [String] {
    var texts: [String] = []
    forEach { texts.append($0.text()) }
    return texts
  }

  package func contains(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    var found = false
    forEach { bytes in if isEqual(bytes, wanted.rawSpan) { found = true } }
    return found
  }

  private func forEach(_ body: (RawSpan) -> Void) {
    var cursor = Cursor(data.array.rawSpan.slice(data.range))
    while !cursor.isAtEnd, let count = try? cursor.varint(limit: ZoneMap.setBytes),
      let bytes = try? cursor.take(count)
    {
      body(bytes)
    }
  }
}

/// A Bloom filter over the texts of a column: eight bits or more a text, four of them set.
package struct BloomFilter: Sendable {
  /// Fewest and most distinct values of a column that gets one.
  static let values = 25...1_024
  private static let hashes = 4
  /// Least and largest binary logarithm of the number of bits.
  static let logarithms = 8...13

  private let data: SectionBytes

  /// - Parameter data: 2^n bits, a whole number of bytes.
  init(data: SectionBytes) { self.data = data }

  package func mayContain(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return Self.bits(stableHash(bytes.rawSpan), count: data.count * 8).allSatisfy { bit in
      data.array[data.range.lowerBound + bit >> 3] >> UInt8(bit & 7) & 1 == 1
    }
  }

  /// The filter for texts of these hashes.
  static func encoded(_ hashes: some Collection<UInt64>) -> [UInt8] {
    var logarithm = logarithms.lowerBound
    while logarithm < logarithms.upperBound, 1 << logarithm < hashes.count * 8 { logarithm += 1 }
    var bytes = [UInt8](repeating: 0, count: 1 << (logarithm - 3))
    for hash in hashes {
      for bit in bits(hash, count: bytes.count * 8) { bytes[bit >> 3] |= 1 << UInt8(bit & 7) }
    }
    return bytes
  }

  /// The bits of one text: `low + k × high`, k from 0, modulo a power of two.
  private static func bits(_ hash: UInt64, count: Int) -> [Int] {
    let (low, high) = (UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32))
    return (0..<UInt32(hashes)).map { Int(low &+ $0 &* (high | 1)) & (count - 1) }
  }
}

/// A 64-bit hash that is the same everywhere and for good, for what is stored. Not for tables fed
/// by strangers: they could make its values collide.
///
/// Eight little-endian bytes a step, the last padded with zeros:
/// `h = (h xor word) × 0x9e3779b97f4a7c15; h = h xor (h >> 32)`, from `h = length`, and once more
/// with the word 0 at the end.
func stableHash(_ bytes: RawSpan, seed: UInt64 = 0) -> UInt64 {
  var hash = UInt64(bytes.byteCount) ^ seed
  func mix(_ word: UInt64) {
    hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
    hash ^= hash >> 32
  }
  var offset = 0
  while offset + 8 <= bytes.byteCount {
    mix(bytes.little64(offset))
    offset += 8
  }
  if offset < bytes.byteCount {
    var word: UInt64 = 0
    for at in (offset..<bytes.byteCount).reversed() { word = word << 8 | UInt64(bytes.byte(at)) }
    mix(word)
  }
  mix(0)
  return hash
}
