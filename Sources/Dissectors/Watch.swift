import Bytes

/// Conversations with something unfinished, by when it began to wait: a binary heap.
///
/// Holds each conversation once: when it comes up, it is filed again by its oldest half.
struct Watch {
  struct Item {
    var slot: Int
    /// Tells conversations apart that had the same slot one after the other.
    var stream: UInt64
    var since: Timestamp

    /// A total order, so that the same packets give the same entries.
    static func < (a: Item, b: Item) -> Bool {
      (a.since.nanoseconds, a.stream) < (b.since.nanoseconds, b.stream)
    }
  }
  private var items: [Item] = []

  mutating func add(_ slot: Int, stream: UInt64, since: Timestamp) {
    var at = items.count
    items.append(Item(slot: slot, stream: stream, since: since))
    while at > 0, items[at] < items[(at - 1) / 2] {
      items.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  /// Takes the item that waits longest, if it began before `limit`.
  mutating func next(before limit: Timestamp) -> Item? {
    guard let first = items.first, first.since < limit else { return nil }
    let last = items.removeLast()
    if items.isEmpty { return first }
    items[0] = last
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2] where child < items.count && items[child] < items[least]
      {
        least = child
      }
      if least == at { return first }
      items.swapAt(at, least)
      at = least
    }
  }
}
