import Bytes
import Flows
import Layers
import Packets

/// Where packets are before they are handed out: taken out of their wrappings, given to the association
/// whose path they take, and asked for the names of addresses.
struct Reception: Sendable {
  private var decapsulator = Decapsulator(checksums: .sample)
  private var listener = NameListener()
  private var associations = AssociationBook()

  var counters: LayerCounters { decapsulator.counters }
  /// SCTP associations that made room for others.
  var forgottenAssociations: UInt64 { associations.forgotten }

  /// Takes one packet apart. Gives whether there is something to follow now.
  @inline(__always)
  mutating func take(
    _ packet: Packet, in memory: RawSpan, into decoded: inout Decoded,
    _ heard: inout [HeardNames.Item]
  ) -> Bool {
    guard decapsulator.decode(packet, in: memory.slice(packet.range), into: &decoded) == .decoded
    else { return false }
    if decoded.transport == .sctp { join(&decoded, memory) }
    listener.hear(decoded, memory, into: &heard)
    return true
  }

  private mutating func join(_ decoded: inout Decoded, _ memory: RawSpan) {
    if let fragments = decoded.fragments {
      associations.take(&decoded, payload: fragments.bytes.slice(decoded.payload))
    } else {
      associations.take(&decoded, payload: memory.slice(decoded.payload))
    }
  }

  /// No more packets come.
  mutating func finish() { decapsulator.finish() }
}
