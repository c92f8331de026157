package import Capture
package import Packets
package import Ring
import Synchronization

/// Writes what is captured into the ring of this machine.
package final class RingKeeper: Sendable {
  private let capture: LiveCapture
  private let writer: RingWriter
  /// Interfaces the writer was told of.
  private let known = Mutex(0)

  /// Nil when the ring cannot have a writer.
  package init?(_ ring: Ring, node: String, _ capture: LiveCapture) {
    guard let writer = try? ring.writer(node: node) else { return nil }
    (self.writer, self.capture) = (writer, capture)
  }

  package func append(_ chunk: PacketChunk) {
    known.withLock { known in
      let interfaces = capture.interfaces
      while known < interfaces.count {
        _ = writer.add(interfaces[known])
        known += 1
      }
    }
    writer.append(chunk)
  }

  /// Writes out what waits, with what the interfaces counted.
  package func flush() {
    let counters = capture.counters
    for (index, interface) in capture.interfaces.enumerated() {
      guard let seen = counters.first(where: { $0.name == interface.name }) else { continue }
      writer.note(interface: index, received: seen.received, dropped: seen.dropped)
    }
    writer.flush()
  }

  package func close() { writer.close() }

  /// What the ring holds of this machine.
  package var status: RingNodeStatus { writer.status }

  /// Packets that could not be written.
  package var lost: UInt64 { writer.status.packetsLost }
}
