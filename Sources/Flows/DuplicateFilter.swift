import Bytes
import Layers

/// Remembers the latest packets, to recognise those that were captured twice.
///
/// A memory of fixed size in sets of four: of those that belong to one set the oldest is pushed out,
/// and goes unrecognised. So thousands of packets may lie between a packet and its copy.
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

  private static let sets = 2048
  /// Packets remembered of each set.
  private static let ways = 4
  /// The number of one tag in each of a set's four.
  private static let everyTag: UInt64 = 0x0001_0001_0001_0001

  /// What is nearly always all that has to be looked at of a set: few enough bytes to stay close to the
  /// processor.
  private struct Summary: BitwiseCopyable {
    /// Some bits of the four fingerprints.
    var tags: UInt64 = 0
    /// Which entry is the oldest.
    var oldest = 0
  }

  private var entries: [Entry] = []
  private var summaries: [Summary] = []

  /// Remembers a packet and gives its earlier sighting within `window` nanoseconds.
  ///
  /// - Parameter checksum: the transport's, of a packet without an identification; else 0. In one
  ///   place it tells apart what was sent at another time by the sender's own clock (RFC 7323 §3).
  ///   Elsewhere it says nothing: offloading leaves it unfinished where the packet begins.
  mutating func see(
    _ fingerprint: UInt64, at time: Timestamp, place: UInt64, checksum: UInt16 = 0, window: Int64
  ) -> Sighting? {
    if entries.isEmpty {
      entries = [Entry](repeating: Entry(), count: Self.sets * Self.ways)
      summaries = [Summary](repeating: Summary(), count: Self.sets)
    }
    let seen = Entry(
      fingerprint: fingerprint, time: time.nanoseconds, place: place, checksum: checksum)
    let set = Int(truncatingIfNeeded: fingerprint) & (Self.sets - 1)
    let tag = fingerprint >> 48
    // A tag that is equal leaves zeros, which show in its highest bit.
    let summary = summaries[set]
    let rest = summary.tags ^ tag &* Self.everyTag
    if (rest &- Self.everyTag) & ~rest & (Self.everyTag << 15) != 0,
      let earlier = sighting(of: seen, in: set, window)
    {
      return earlier
    }
    let shift = UInt64(truncatingIfNeeded: 16 &* summary.oldest)
    let others: UInt64 = ~(0xffff &<< shift)
    summaries[set] = Summary(
      tags: summary.tags & others | tag &<< shift, oldest: (summary.oldest &+ 1) % Self.ways)
    entries[set * Self.ways + summary.oldest] = seen
    return nil
  }

  private mutating func sighting(of seen: Entry, in set: Int, _ window: Int64) -> Sighting? {
    for index in set * Self.ways..<(set + 1) * Self.ways {
      let entry = entries[index]
      let isElsewhere = seen.place != entry.place
      guard entry.fingerprint == seen.fingerprint, entry.time != .min,
        isElsewhere || seen.checksum == entry.checksum
      else { continue }
      // Copies from two buffers may stand in the capture in either order.
      let age = Int64(
        clamping: Timestamp(nanoseconds: seen.time)
          .nanoseconds(since: Timestamp(nanoseconds: entry.time)).magnitude)
      guard age <= window else { continue }
      entries[index].isRepeated = true
      return Sighting(age: age, isElsewhere: isElsewhere, isSecond: !entry.isRepeated)
    }
    return nil
  }

  /// What a copy of a TCP segment has in common with it, whatever wraps it, and what is sent again
  /// has not: IPv4's identification, if there is one.
  static func fingerprint(
    _ packet: borrowing Decoded, _ tcp: TCPFields, flow: UInt32, fromLow: Bool
  ) -> UInt64 {
    var state = start(packet, flow, fromLow)
    state = fold(
      state ^ (UInt64(tcp.sequence) << 32 | UInt64(tcp.acknowledgment)), 0xa076_1d64_78bd_642f)
    let rest =
      UInt64(tcp.flags.rawValue) << 48 | UInt64(tcp.window) << 32
      | UInt64(truncatingIfNeeded: packet.declaredPayload) & 0xffff_ffff
    state = fold(state ^ rest, 0xe703_7ed1_a0b4_28db)
    return fold(state ^ UInt64(tcp.sackCount), UInt64(tcp.sackEdge) | 1 << 40)
  }

  @inline(__always)
  private static func start(
    _ packet: borrowing Decoded, _ flow: UInt32, _ fromLow: Bool
  ) -> UInt64 {
    let side: UInt64 = fromLow ? 1 : 0
    return fold(
      UInt64(flow) << 17 | side << 16 | UInt64(packet.identification), 0x9e37_79b9_7f4a_7c15)
  }

  /// The same of a datagram: its length and its first bytes.
  static func fingerprint(
    _ packet: borrowing Decoded, _ payload: RawSpan, flow: UInt32, fromLow: Bool
  ) -> UInt64 {
    var state = start(packet, flow, fromLow)
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
