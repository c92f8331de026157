/// From a key's hash to the slot of its conversation: open addressing with linear probing.
///
/// Holds hashes and slots only; the caller compares keys. At most three quarters full, and free
/// of tombstones: a removal moves later entries up.
struct FlowIndex: Sendable {
  private struct Entry: BitwiseCopyable {
    var hash: UInt32
    /// -1 marks a free place.
    var slot: Int32
  }

  private var entries = [Entry](repeating: Entry(hash: 0, slot: -1), count: 64)
  private var count = 0

  /// The slot filed under `hash` that `matches`, or nil.
  @inline(__always)
  func slot(_ hash: UInt32, where matches: (Int) -> Bool) -> Int? {
    let mask = entries.count - 1
    var place = Int(hash) & mask
    while true {
      let entry = entries[place]
      if entry.slot < 0 { return nil }
      if entry.hash == hash, matches(Int(entry.slot)) { return Int(entry.slot) }
      place = (place + 1) & mask
    }
  }

  /// Files `slot` under `hash`; the pair must not be there yet.
  mutating func insert(_ slot: Int, hash: UInt32) {
    if (count + 1) * 4 > entries.count * 3 { grow() }
    place(Entry(hash: hash, slot: Int32(slot)))
    count += 1
  }

  /// Takes out the pair, if it is there.
  mutating func remove(_ slot: Int, hash: UInt32) {
    let mask = entries.count - 1
    var hole = Int(hash) & mask
    while entries[hole].slot != Int32(slot) {
      if entries[hole].slot < 0 { return }
      hole = (hole + 1) & mask
    }
    count -= 1
    // Entries behind the hole that would no longer be reached move into it.
    var next = (hole + 1) & mask
    while entries[next].slot >= 0 {
      let home = Int(entries[next].hash) & mask
      if (next - home) & mask >= (next - hole) & mask {
        entries[hole] = entries[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    entries[hole].slot = -1
  }

  private mutating func place(_ entry: Entry) {
    let mask = entries.count - 1
    var place = Int(entry.hash) & mask
    while entries[place].slot >= 0 { place = (place + 1) & mask }
    entries[place] = entry
  }

  private mutating func grow() {
    let old = entries
    entries = [Entry](repeating: Entry(hash: 0, slot: -1), count: old.count * 2)
    for entry in old where entry.slot >= 0 { place(entry) }
  }
}
