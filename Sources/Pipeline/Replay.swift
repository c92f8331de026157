import Bytes
import Layers
import Packets

/// Chooses the packets before a checkpoint that have to be followed again: those of conversations
/// that were open there.
struct Replay {
  /// What the packets of a conversation share, whichever way they travel.
  private struct Ends: Hashable {
    var low: IPAddress
    var high: IPAddress
    var lowPort: UInt16
    var highPort: UInt16
    var transport: UInt8

    init(_ packet: Decoded) {
      let (source, destination) = (packet.source, packet.destination)
      let isLow = (source, packet.sourcePort) <= (destination, packet.destinationPort)
      low = isLow ? source : destination
      high = isLow ? destination : source
      lowPort = isLow ? packet.sourcePort : packet.destinationPort
      highPort = isLow ? packet.destinationPort : packet.sourcePort
      transport = packet.transport.rawValue
    }
  }

  /// Number of the last packet before the checkpoint.
  let last: UInt64
  private var unseen: Set<UInt64>
  private var open: Set<Ends> = []

  init(_ checkpoint: Checkpoint) {
    last = checkpoint.packets
    unseen = Set(checkpoint.open)
  }

  /// Whether the packet belongs to a conversation that was open. Packets come in order.
  mutating func follows(_ packet: Decoded) -> Bool {
    if unseen.isEmpty, open.isEmpty { return false }
    let ends = Ends(packet)
    // From its first packet on all packets between its ends are of that conversation.
    if unseen.remove(packet.number) != nil {
      open.insert(ends)
      return true
    }
    return open.contains(ends)
  }
}
