/// Memory that bytes have waited in, for those that are to wait next.
///
/// Arrays of some kilobytes are what the allocator is slow to give and to take back, and a long message
/// would take several as it grows.
struct SpareMemory: Sendable {
  /// Bytes of each; the last holds any record of TLS.
  private static let sizes: [3 of Int] = [4 << 10, 8 << 10, 18 << 10]
  /// Bytes that an array may have beyond its size.
  private static let slack = 64
  /// Arrays of one size that are kept.
  private static let most = 16

  /// Bytes of memory that a side may keep while nothing waits.
  static let keptInPlace = (4 << 10) + slack
  /// Fewer bytes are not worth one.
  static let least = 1 << 10

  private var spare: [3 of [[UInt8]]] = [[], [], []]

  /// Memory for `count` bytes, which are `least` or more: of at most four times as many. Nil beyond the
  /// largest.
  mutating func take(_ count: Int) -> [UInt8]? {
    for at in 0..<3 where count <= Self.sizes[at] {
      if let memory = spare[at].popLast() { return memory }
      var memory: [UInt8] = []
      memory.reserveCapacity(Self.sizes[at])
      return memory
    }
    return nil
  }

  /// Takes memory back that nobody needs.
  mutating func give(_ memory: consuming [UInt8]) {
    let capacity = memory.capacity
    for at in 0..<3 where capacity >= Self.sizes[at] && capacity <= Self.sizes[at] + Self.slack {
      guard spare[at].count < Self.most else { return }
      memory.removeAll(keepingCapacity: true)
      spare[at].append(memory)
      return
    }
  }
}
