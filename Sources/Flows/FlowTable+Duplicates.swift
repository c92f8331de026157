import Bytes
import Layers

// Packets captured twice: on two interfaces, on two devices of a cooked capture, or twice on one.
// Copies count once. A retransmission or a repeated acknowledgment is no copy, it is news.

extension FlowTable {
  /// What a packet is beside those just seen.
  enum Repetition: Equatable {
    case none
    /// Captured a second time.
    case copy
    /// Equal to one on the same interface: a copy if the whole connection is captured twice,
    /// else sent again. `isSecond`: for the first time.
    case equal(isSecond: Bool)
  }

  /// Below this age an equal datagram with the same identification is a copy, in nanoseconds: no
  /// application asks again so soon.
  private static let impatience: Int64 = 1_000_000

  /// Whether the packet equals one taken just before.
  ///
  /// On another interface or VLAN, or inside a tunnel and outside, equality suffices; IPv4's
  /// identification is part of it, and that differs in what a sender repeats.
  mutating func repetition(
    _ packet: borrowing Decoded, _ payload: RawSpan, hash: UInt32, fromLow: Bool
  ) -> Repetition {
    let fingerprint =
      if let tcp = packet.tcp {
        DuplicateFilter.fingerprint(packet, tcp, flow: hash, fromLow: fromLow)
      } else {
        DuplicateFilter.fingerprint(packet, payload, flow: hash, fromLow: fromLow)
      }
    let interface = UInt64(truncatingIfNeeded: packet.interface)
    let wrapping: UInt64 = packet.marks.isTunnelled ? 1 << 63 : 0
    let place =
      interface << 48 ^ UInt64(packet.device) << 16 ^ UInt64(packet.vlan ?? 0xffff) ^ wrapping
    guard
      let sighting = duplicates.see(
        fingerprint, at: packet.timestamp, place: place,
        checksum: packet.identification == 0 ? packet.checksum : 0,
        window: account.limits.duplicateWindow)
    else { return .none }
    if sighting.isElsewhere { return .copy }
    if packet.tcp != nil { return .equal(isSecond: sighting.isSecond) }
    return packet.identification != 0 && sighting.age < Self.impatience ? .copy : .none
  }

  /// Measures a connection, of which equal packets came on one interface, as if they were copies,
  /// beside the ordinary measurement that takes them for sent again.
  ///
  /// Which of both is right shows in the whole: a capture that doubles doubles nearly everything.
  mutating func weigh(
    _ repetition: Repetition, _ packet: borrowing Decoded, _ tcp: TCPFields, _ slot: Int,
    _ side: Side
  ) {
    if flows[slot].undoubled < 0 {
      guard !flows[slot].isSingle else { return }
      guard suspects.count < account.limits.suspectedConnections else {
        account.counters.unsuspected &+= 1
        flows[slot].isSingle = true
        return
      }
      flows[slot].undoubled = suspects.take(
        Undoubled(
          meter: connections[Int(flows[slot].connection)].meter.twin(in: &outstanding),
          sent: flows[slot].sent))
    }
    let suspect = flows[slot].undoubled
    if case .equal(let isSecond) = repetition {
      suspects[suspect].copies[side] &+= 1
      if isSecond { suspects[suspect].pairs &+= 1 }
      if packet.identification != 0 { suspects[suspect].isCertain = true }
      return
    }
    suspects[suspect].sent[side].count(packet)
    // As in `TCPConnection.receive`: no real segment is longer.
    let length = min(max(packet.declaredPayload, packet.payload.count), Reassembly.reach)
    suspects[suspect].meter.observe(
      tcp, length: length, at: packet.timestamp, from: side,
      isAlone: flows[slot].sent[side.other].packets == 0, in: &outstanding)
    if suspects[suspect].isHopeless {
      suspects.free(&flows[slot].undoubled, &outstanding)
      flows[slot].isSingle = true
    }
  }
}
