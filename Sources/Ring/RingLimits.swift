/// How much a ring keeps of each node's packets, and in which pieces. What leaves it is counted in
/// `RingNodeStatus`.
package struct RingLimits: Sendable {
  /// Bytes of all segments of a node; the oldest leaves first.
  package var bytes: UInt64 = 1 << 30
  /// Nanoseconds after which packets leave; nil keeps them as long as there is room.
  package var age: Int64?
  /// Segments of a node.
  package var segments = 4_096
  /// Bytes of a segment; the next one is begun beyond.
  package var segmentBytes: UInt64 = 64 << 20
  /// Nanoseconds a segment is written to before the next is begun.
  package var segmentAge: Int64 = 300 * 1_000_000_000
  /// Bytes that are gathered before they are written out.
  package var writeBytes = 1 << 20
  /// Nanoseconds that packets wait for others before they are written out: what a crash may lose.
  package var writeAge: Int64 = 500_000_000

  package init() {}

  package init(bytes: UInt64, age: Int64? = nil) {
    (self.bytes, self.age) = (bytes, age)
    // The ring shrinks by whole segments, so that they must be small beside it.
    segmentBytes = min(segmentBytes, max(1 << 20, bytes / 16))
  }
}
