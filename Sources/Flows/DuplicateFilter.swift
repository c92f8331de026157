import Bytes
import Layers

/// Remembers the latest packets, to recognise those that were captured twice.
///
/// A direct-mapped memory of fixed size: a later packet may push an earlier one out, which then
/// goes unrecognised.
struct DuplicateFilter: Sendable {
  /// The earlier sighting of a packet.
  struct Sighting: Equatable {
    /// Nanoseconds apart.
    var age: Int64
    /// Another interface or VLAN saw it.
    var isElsewhere: Bool
  }

  private struct Entry: BitwiseCopyable {
    var fingerprint: UInt64 = 0
    var time: Int64 = .min
    var place: UInt32 = 0
  }

  /// Packets remembered.
  private static let capacity = 4096

  private var entries: [Entry] = []

  /// Remembers a packet and gives its earlier sighting within `window` nanoseconds.
  mutating func see(_ fingerprint: UInt64, at time: Timestamp, place: UInt32, window: Int64)
    -> Sighting?
  {
    if entries.isEmpty { entries = [Entry](repeating: Entry(), count: Self.capacity) }
    let index = Int(truncatingIfNeeded: fingerprint) & (Self.capacity - 1)
    let entry = entries[index]
    if entry.fingerprint == fingerprint, entry.time != .min {
      // Copies from two buffers may stand in the capture in either order.
      let age = Int64(
        clamping: time.nanoseconds(since: Timestamp(nanoseconds: entry.time)).magnitude)
      if age <= window {
        return Sighting(age: age, isElsewhere: place != entry.place)
      }
    }
    entries[index] = Entry(fingerprint: fingerprint, time: time.nanoseconds, place: place)
    return nil
  }

  /// What a copy of a TCP segment has in common with it, whatever wraps it.
  static func fingerprint(
    _ tcp: TCPFields, length: Int, flow: UInt32, fromLow: Bool
  ) -> UInt64 {
    var state = fold(UInt64(flow) << 1 | (fromLow ? 1 : 0), 0x9e37_79b9_7f4a_7c15)
    state = fold(
      state ^ (UInt64(tcp.sequence) << 32 | UInt64(tcp.acknowledgment)), 0xa076_1d64_78bd_642f)
    let rest =
      UInt64(tcp.flags.rawValue) << 48 | UInt64(tcp.window) << 32
      | UInt64(truncatingIfNeeded: length) & 0xffff_ffff
    state = fold(state ^ rest, 0xe703_7ed1_a0b4_28db)
    return fold(state ^ UInt64(tcp.sackCount), UInt64(tcp.sack.edges.0.1) | 1 << 40)
  }

  /// The same of a datagram: its length and its first bytes.
  static func fingerprint(_ payload: RawSpan, length: Int, flow: UInt32, fromLow: Bool) -> UInt64 {
    var state = fold(UInt64(flow) << 1 | (fromLow ? 1 : 0), 0x9e37_79b9_7f4a_7c15)
    state = fold(state ^ UInt64(truncatingIfNeeded: length), 0xa076_1d64_78bd_642f)
    let count = min(payload.byteCount, 64)
    var offset = 0
    while offset + 8 <= count {
      state = fold(state ^ payload.little64(offset), 0xe703_7ed1_a0b4_28db)
      offset += 8
    }
    while offset < count {
      state = fold(state ^ UInt64(payload.byte(offset)), 0x8ebc_6af0_9c88_c6e3)
      offset += 1
    }
    return state
  }
}
