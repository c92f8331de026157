import Synchronization

/// Sections read from a file, kept for the next query within a limit of bytes.
///
/// Two generations: what was used lately and what was used before. When the first is full it
/// becomes the second, and what nobody asked for meanwhile is gone. No list to maintain per use.
final class SectionCache: Sendable {
  struct Key: Hashable, Sendable {
    var block: Int64
    var section: Int
  }

  private struct State {
    var recent: [Key: [UInt8]] = [:]
    var older: [Key: [UInt8]] = [:]
    var recentBytes = 0
  }
  private let limit: Int
  private let state = Mutex(State())

  /// - Parameter limit: bytes in both generations together.
  init(limit: Int) { self.limit = limit }

  subscript(key: Key) -> [UInt8]? {
    state.withLock { state in
      if let bytes = state.recent[key] { return bytes }
      guard let bytes = state.older.removeValue(forKey: key) else { return nil }
      insert(bytes, key, &state)
      return bytes
    }
  }

  func insert(_ bytes: [UInt8], for key: Key) {
    guard bytes.count <= limit / 4 else { return }
    state.withLock { insert(bytes, key, &$0) }
  }

  private func insert(_ bytes: [UInt8], _ key: Key, _ state: inout State) {
    if state.recentBytes + bytes.count > limit / 2 {
      state.older = state.recent
      state.recent = [:]
      state.recentBytes = 0
    }
    if state.recent.updateValue(bytes, forKey: key) == nil { state.recentBytes += bytes.count }
  }
}
