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
    /// Another interface, device or VLAN saw it.
    var isElsewhere: Bool
    /// It was not sighted a second time before.
    var isSecond: Bool
  }

  private struct Entry: BitwiseCopyable {
    var fingerprint: UInt64 = 0
    var time: Int64 = .min
    var place: UInt64 = 0
    var checksum: UInt16 = 0
    var isRepeated = false
  }

  /// Packets remembered.
  private static let capacity = 4096

  private var entries: [Entry] = []
  /// Some bits of each fingerprint: few enough to stay close to the processor, and nearly always
  /// all that has to be looked at.
  private var tags: [UInt16] = []

  /// Remembers a packet and gives its earlier sighting within `window` nanoseconds.
  ///
  /// - Parameter checksum: the transport's, of a packet without an identification; else 0. In one
  ///   place it tells apart what was sent at another time by the sender's own clock (RFC 7323 §3).
  ///   Elsewhere it says nothing: offloading leaves it unfinished where the packet begins.
  mutating func see(
    _ fingerprint: UInt64, at time: Timestamp, place: UInt64, checksum: UInt16 = 0, window: Int64
  ) -> Sighting? {
    if entries.isEmpty {
      entries = [Entry](repeating: Entry(), count: Self.capacity)
      tags = [UInt16](repeating: 0, count: Self.capacity)
    }
    let index = Int(truncatingIfNeeded: fingerprint) & (Self.capacity - 1)
    let tag = UInt16(truncatingIfNeeded: fingerprint >> 48)
    let seen = Entry(
      fingerprint: fingerprint, time: time.nanoseconds, place: place, checksum: checksum)
    if tags[index] != tag {
      tags[index] = tag
      entries[index] = seen
      return nil
    }
    let entry = entries[index]
    let isElsewhere = place != entry.place
    if entry.fingerprint == fingerprint, entry.time != .min,
      isElsewhere || checksum == entry.checksum
    {
      // Copies from two buffers may stand in the capture in either order.
      let age = Int64(
        clamping: time.nanoseconds(since: Timestamp(nanoseconds: entry.time)).magnitude)
      if age <= window {
        entries[index].isRepeated = true
        return Sighting(age: age, isElsewhere: isElsewhere, isSecond: !entry.isRepeated)
      }
    }
    entries[index] = seen
    return nil
  }

  /// What a copy of a TCP segment has in common with it, whatever wraps it, and what is sent again
  /// has not: IPv4's identification, if there is one.
  static func fingerprint(
    _ packet: borrowing Decoded, _ tcp: TCPFields, flow: UInt32, fromLow: Bool
  ) -> UInt64 {
    var state = fold(UInt64(flow) << 1 | (fromLow ? 1 : 0), 0x9e37_79b9_7f4a_7c15)
    state = fold(state ^ UInt64(packet.identification), 0x8ebc_6af0_9c88_c6e3)
    state = fold(
      state ^ (UInt64(tcp.sequence) << 32 | UInt64(tcp.acknowledgment)), 0xa076_1d64_78bd_642f)
    let rest =
      UInt64(tcp.flags.rawValue) << 48 | UInt64(tcp.window) << 32
      | UInt64(truncatingIfNeeded: packet.declaredPayload) & 0xffff_ffff
    state = fold(state ^ rest, 0xe703_7ed1_a0b4_28db)
    return fold(state ^ UInt64(tcp.sackCount), UInt64(tcp.sack.edges.0.1) | 1 << 40)
  }

  /// The same of a datagram: its length and its first bytes.
  static func fingerprint(
    _ packet: borrowing Decoded, _ payload: RawSpan, flow: UInt32, fromLow: Bool
  ) -> UInt64 {
    var state = fold(UInt64(flow) << 1 | (fromLow ? 1 : 0), 0x9e37_79b9_7f4a_7c15)
    state = fold(state ^ UInt64(packet.identification), 0x8ebc_6af0_9c88_c6e3)
    state = fold(
      state ^ UInt64(truncatingIfNeeded: packet.declaredPayload), 0xa076_1d64_78bd_642f)
    let count = min(payload.byteCount, 64)
    guard count >= 8 else {
      var word: UInt64 = 0
      for offset in 0..<count { word = word << 8 | UInt64(payload.byte(offset)) }
      return fold(state ^ word, 0xe703_7ed1_a0b4_28db)
    }
    // Two at a time, for a product is waited for longer than it takes to begin another.
    var offset = 0
    var second = state
    while offset + 16 <= count {
      state = fold(state ^ payload.little64(offset), 0xe703_7ed1_a0b4_28db)
      second = fold(second ^ payload.little64(offset + 8), 0xa076_1d64_78bd_642f)
      offset += 16
    }
    if offset + 8 < count { state = fold(state ^ payload.little64(offset), 0xe703_7ed1_a0b4_28db) }
    // The last eight bytes, some of them perhaps for the second time.
    second = fold(second ^ payload.little64(count - 8), 0x8ebc_6af0_9c88_c6e3)
    return fold(state, second)
  }
}
