import Bytes

/// The time of the packets, proof against single wrong time stamps: a jump counts once a second
/// packet agrees.
struct PacketClock: Sendable {
  private(set) var now = Timestamp.distantPast
  private var latest = Timestamp.distantPast

  /// Takes a packet's time; true when another second has begun.
  @inline(__always)
  mutating func advance(to time: Timestamp) -> Bool {
    let agreed = min(time, latest)
    latest = time
    guard agreed.nanoseconds(since: now) >= 1_000_000_000 else { return false }
    now = agreed
    return true
  }
}
