import Bytes
import Layers

/// The state of one TCP connection: both streams and what its health is made of.
struct TCPConnection: Sendable {
  var streams = BySide<Reassembly>(client: Reassembly(), server: Reassembly())
  var meter = TCPMeter()
  var early = EarlyPackets()
}
