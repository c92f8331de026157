import Synchronization

// What whoever fills a store wants to find again with it: how far it got, what it has seen.
extension EntryStore {
  /// What was noted under that name; nil when nothing was, and always in memory.
  package func note(_ name: String) throws(StoreError) -> [UInt8]? { try database?.note(name) }

  /// Notes something down in the file, durably and in one step; nil removes it.
  package func setNote(_ name: String, _ bytes: [UInt8]?) throws(StoreError) {
    try setNotes([name: bytes])
  }

  /// Notes several things down, all of them or none.
  package func setNotes(_ notes: [String: [UInt8]?]) throws(StoreError) {
    try database?.setNotes(notes)
  }

  /// Takes back all blocks that came after the one of that number, as if they had never come.
  package func discard(after sequence: Int64) throws(StoreError) {
    writing.withLock { _ in shelf.withLock { $0.retire(after: sequence) } }
    try removeRetired()
  }
}
