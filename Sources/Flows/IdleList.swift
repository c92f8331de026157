import Bytes
import Layers

/// Conversations by the time of their last packet, the longest idle first: a chain through the
/// slots.
///
/// A conversation moves to the end at most once a second, so that busy ones cost nothing; the
/// order is that coarse.
struct IdleList: Sendable {
  private static let coarseness: Int64 = 1_000_000_000

  private(set) var head: Int32 = -1
  private var tail: Int32 = -1

  mutating func append(_ slot: Int, _ flows: inout [Flow]) {
    flows[slot].previous = tail
    flows[slot].next = -1
    if tail >= 0 { flows[Int(tail)].next = Int32(slot) } else { head = Int32(slot) }
    tail = Int32(slot)
  }

  mutating func remove(_ slot: Int, _ flows: inout [Flow]) {
    let (previous, next) = (flows[slot].previous, flows[slot].next)
    if previous >= 0 { flows[Int(previous)].next = next } else { head = next }
    if next >= 0 { flows[Int(next)].previous = previous } else { tail = previous }
  }

  /// Whether a conversation that moved at `touched` moves again when something happens at `time`.
  @inline(__always)
  static func isDue(_ touched: Int64, at time: Int64) -> Bool { time &- touched >= coarseness }

  /// Something happened in `slot` at `time`, and it is due.
  mutating func touch(_ slot: Int, at time: Int64, _ flows: inout [Flow]) {
    moveToEnd(slot, &flows)
    flows[slot].touched = time
  }

  mutating func moveToEnd(_ slot: Int, _ flows: inout [Flow]) {
    guard tail != Int32(slot) else { return }
    remove(slot, &flows)
    append(slot, &flows)
  }
}
