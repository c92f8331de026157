import Bytes
import Layers
import Packets

/// Where packets are before they are handed out: taken out of their wrappings, and asked for the names
/// of addresses.
struct Reception: Sendable {
  private var decapsulator = Decapsulator(checksums: .sample)
  private var listener = NameListener()

  var counters: LayerCounters { decapsulator.counters }

  /// Takes one packet apart. Gives whether there is something to follow now.
  @inline(__always)
  mutating func take(
    _ packet: Packet, in memory: RawSpan, into decoded: inout Decoded,
    _ heard: inout [HeardNames.Item]
  ) -> Bool {
    guard decapsulator.decode(packet, in: memory.slice(packet.range), into: &decoded) == .decoded
    else { return false }
    listener.hear(decoded, memory, into: &heard)
    return true
  }

  /// No more packets come.
  mutating func finish() { decapsulator.finish() }
}
