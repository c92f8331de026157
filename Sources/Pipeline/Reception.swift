import Bytes
import Layers
import Packets

/// Where packets are before they are handed out: taken out of their wrappings, asked for the names of
/// addresses, and given their workers.
struct Reception: Sendable {
  private var decapsulator = Decapsulator(checksums: .sample)
  private var listener = NameListener()
  private var rota: Rota

  /// - Parameters:
  ///   - workers: how many packets are handed out to.
  ///   - readerWorks: whether the thread that reads does the work of the first of them as well.
  init(workers: Int, readerWorks: Bool) {
    rota = Rota(workers: workers, readerWorks: readerWorks)
  }

  var counters: LayerCounters { decapsulator.counters }

  /// What the payload of the latest packet lies in when it is not the chunk.
  var datagram: ByteStore? { decapsulator.datagram }

  /// Takes one packet apart. Gives whether there is something to follow now.
  @inline(__always)
  mutating func take(
    _ packet: Packet, in memory: RawSpan, into decoded: inout Decoded,
    _ heard: inout [HeardNames.Item]
  ) -> Bool {
    guard decapsulator.decode(packet, in: memory.slice(packet.range), into: &decoded) == .decoded
    else { return false }
    if NameListener.mayHear(decoded) {
      if let datagram {
        listener.hear(datagram.bytes.slice(decoded.payload), decoded.timestamp, into: &heard)
      } else {
        listener.hear(memory.slice(decoded.payload), decoded.timestamp, into: &heard)
      }
    }
    return true
  }

  /// Who follows the conversation of that packet.
  @inline(__always)
  mutating func worker(of packet: borrowing Decoded) -> Int { rota.worker(of: packet) }

  /// No more packets come.
  mutating func finish() { decapsulator.finish() }
}
