import Bytes

/// Where addresses stand in a list beside it, found with one short look: an open-addressing table,
/// whose hashes strangers cannot tell in advance.
struct AddressPlaces: Sendable {
  private struct Slot {
    var address: IPAddress
    /// Place in the list, or -1 where no address is.
    var place: Int32
  }

  /// A power of two of them, at most half taken; none at first.
  private var slots: [Slot] = []
  private var count = 0

  /// Nil for an address that was not added.
  subscript(address: IPAddress) -> Int? {
    if slots.isEmpty { return nil }
    let slot = slots[self.slot(of: address)]
    return slot.place < 0 ? nil : Int(slot.place)
  }

  /// Adds an address, which must not be there.
  mutating func add(_ address: IPAddress, at place: Int) {
    if 2 * (count + 1) > slots.count { grow() }
    slots[slot(of: address)] = Slot(address: address, place: Int32(place))
    count += 1
  }

  /// Takes out an address, if it is there. Those behind it move up, so that all are still found.
  mutating func remove(_ address: IPAddress) {
    if self[address] == nil { return }
    count -= 1
    var hole = slot(of: address)
    var at = hole
    while true {
      at = next(at)
      if slots[at].place < 0 { break }
      // One that begins its search behind the hole stays where it is.
      let searched = (at &- home(of: slots[at].address)) & (slots.count - 1)
      if searched >= (at &- hole) & (slots.count - 1) {
        slots[hole] = slots[at]
        hole = at
      }
    }
    slots[hole].place = -1
  }

  /// The slot that holds an address, or is free for it.
  private func slot(of address: IPAddress) -> Int {
    var at = home(of: address)
    while slots[at].place >= 0, slots[at].address != address { at = next(at) }
    return at
  }

  private func home(of address: IPAddress) -> Int {
    let hash = folded(folded(address.high ^ hashSeed, hashMultiplier) ^ address.low, hashSeed)
    return Int(truncatingIfNeeded: hash) & (slots.count - 1)
  }

  private func next(_ at: Int) -> Int { (at + 1) & (slots.count - 1) }

  private mutating func grow() {
    let old = slots
    let free = Slot(address: IPAddress(high: 0, low: 0), place: -1)
    slots = [Slot](repeating: free, count: max(16, 2 * old.count))
    for slot in old where slot.place >= 0 { slots[self.slot(of: slot.address)] = slot }
  }
}
