import Bytes

/// Segments that were sent and not yet acknowledged, of all connections, in one block of memory.
///
/// A connection holds the ends of its chains; freed nodes are reused.
struct Outstanding: Sendable {
  /// Segments one direction may have on its chain; more are not timed.
  static let perSide: Int32 = 1024
  /// The same while the other side was never seen: nobody may ever acknowledge them.
  static let perSideUnheard: Int32 = 16
  /// Segments of all connections.
  static let inAll = 1 << 18

  fileprivate struct Node: BitwiseCopyable {
    var time: Int64
    /// One behind the segment's last byte.
    var end: UInt32
    var next: Int32
    /// Sent more than once: its acknowledgment answers nobody knows which (Karn).
    var isAmbiguous: Bool
  }

  /// Segments not timed because a limit was reached.
  private(set) var untimed: UInt64 = 0
  fileprivate var nodes: [Node] = []
  private var free: Int32 = -1

  /// Room for one more segment of a side that has `count`, at most `limit`.
  fileprivate mutating func take(_ node: Node, count: Int32, limit: Int32) -> Int32? {
    guard count < limit else {
      untimed &+= 1
      return nil
    }
    if free >= 0 {
      let index = free
      free = nodes[Int(index)].next
      nodes[Int(index)] = node
      return index
    }
    guard nodes.count < Self.inAll else {
      untimed &+= 1
      return nil
    }
    nodes.append(node)
    return Int32(nodes.count - 1)
  }

  fileprivate mutating func give(_ index: Int32) {
    nodes[Int(index)].next = free
    free = index
  }
}

/// The chain of segments one side waits to have acknowledged, oldest first.
struct Flight: Sendable {
  private var head: Int32 = -1
  private var tail: Int32 = -1
  private var count: Int32 = 0

  /// A new segment up to `end` was sent; `isAlone` while nothing of the other side was seen.
  mutating func sent(
    until end: UInt32, at time: Timestamp, isAlone: Bool, in memory: inout Outstanding
  ) {
    let node = Outstanding.Node(
      time: time.nanoseconds, end: end, next: -1, isAmbiguous: false)
    let limit = isAlone ? Outstanding.perSideUnheard : Outstanding.perSide
    append(node, limit: limit, in: &memory)
  }

  /// Bytes from `start` up to `end` were sent again: what they touch is no longer timed.
  func resent(from start: UInt32, until end: UInt32, in memory: inout Outstanding) {
    var at = head
    while at >= 0 {
      let node = memory.nodes[Int(at)]
      if node.end.isAfter(start) {
        memory.nodes[Int(at)].isAmbiguous = true
        if !end.isAfter(node.end) { return }
      }
      at = node.next
    }
  }

  /// Everything before `sequence` was acknowledged.
  ///
  /// Gives when the segment that ends there was sent, if it was timed and sent once.
  mutating func acknowledged(_ sequence: UInt32, in memory: inout Outstanding) -> Timestamp? {
    var sent: Timestamp?
    while head >= 0 {
      let node = memory.nodes[Int(head)]
      if node.end.isAfter(sequence) { break }
      if node.end == sequence, !node.isAmbiguous { sent = Timestamp(nanoseconds: node.time) }
      let spent = head
      head = node.next
      memory.give(spent)
      count -= 1
    }
    if head < 0 { tail = -1 }
    return sent
  }

  /// A chain of its own with the same segments, as many as there is room for.
  func copied(in memory: inout Outstanding) -> Flight {
    var copy = Flight()
    var at = head
    while at >= 0 {
      let node = memory.nodes[Int(at)]
      at = node.next
      let twin = Outstanding.Node(
        time: node.time, end: node.end, next: -1, isAmbiguous: node.isAmbiguous)
      copy.append(twin, limit: Outstanding.perSide, in: &memory)
    }
    return copy
  }

  private mutating func append(
    _ node: Outstanding.Node, limit: Int32, in memory: inout Outstanding
  ) {
    guard let index = memory.take(node, count: count, limit: limit) else { return }
    if tail >= 0 { memory.nodes[Int(tail)].next = index } else { head = index }
    tail = index
    count += 1
  }

  /// Frees the whole chain.
  mutating func clear(in memory: inout Outstanding) {
    while head >= 0 {
      let spent = head
      head = memory.nodes[Int(spent)].next
      memory.give(spent)
    }
    tail = -1
    count = 0
  }
}

/// Round trips measured: extremes, mean and deviation in constant space (Welford).
struct RoundTrips: Sendable {
  /// Longer times are taken for this, so that no sum leaves the range of its type.
  private static let longest: Int64 = 1 << 60

  private(set) var count: UInt32 = 0
  /// Nanoseconds.
  private(set) var minimum: Int64 = 0
  private(set) var maximum: Int64 = 0
  private var mean = 0.0
  private var squares = 0.0

  /// A sample; nothing is learnt from one below the clock's resolution, or backwards in time.
  mutating func add(_ nanoseconds: Int64) {
    guard nanoseconds > 0, count < .max else { return }
    let nanoseconds = min(nanoseconds, Self.longest)
    minimum = count == 0 ? nanoseconds : min(minimum, nanoseconds)
    maximum = max(maximum, nanoseconds)
    count += 1
    let value = Double(nanoseconds)
    let distance = value - mean
    mean += distance / Double(count)
    squares += distance * (value - mean)
  }

  /// Nanoseconds.
  var average: Int64 { Int64(mean.rounded()) }
  /// Standard deviation of the samples in nanoseconds; nil below two.
  var deviation: Int64? {
    count < 2 ? nil : Int64((max(0, squares) / Double(count)).squareRoot().rounded())
  }
}
