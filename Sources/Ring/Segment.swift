package import Bytes

/// A closed piece of a node's raw packets: a pcapng file that never changes any more.
package struct Segment: Hashable, Sendable {
  package var node: String
  package var path: String
  /// Counts up with every segment of the node; never used again.
  package var number: UInt64
  package var bytes: UInt64
  package var packets: UInt64
  /// Times of its earliest and latest packet.
  package var times: ClosedRange<Timestamp>

  package init(
    node: String, path: String, number: UInt64, bytes: UInt64, packets: UInt64,
    times: ClosedRange<Timestamp>
  ) {
    (self.node, self.path, self.number) = (node, path, number)
    (self.bytes, self.packets, self.times) = (bytes, packets, times)
  }

  /// Whether a packet of it may lie in `window`, which is half open.
  package func overlaps(_ window: Range<Timestamp>) -> Bool {
    times.lowerBound < window.upperBound && window.lowerBound <= times.upperBound
  }

  /// Where its time index is: beside it.
  package var indexPath: String { Self.indexPath(of: path) }

  static func indexPath(of path: String) -> String {
    String(path.dropLast(Self.suffix.count)) + ".index"
  }

  static let suffix = ".pcapng"

  /// Names sort as numbers do.
  static func fileName(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 10 - digits.count)) + digits + suffix
  }

  static func number(of name: String) -> UInt64? {
    name.hasSuffix(suffix) ? UInt64(name.dropLast(suffix.count)) : nil
  }
}

/// What a node's part of the ring holds, and what has left it.
package struct RingNodeStatus: Hashable, Sendable {
  package var node: String
  /// Times of the earliest and latest packet; nil when there is none.
  package var times: ClosedRange<Timestamp>?
  package var bytes: UInt64 = 0
  package var packets: UInt64 = 0
  package var segments = 0
  /// Whether packets are being written here.
  package var isWriting = false
  /// Segments, their packets and bytes that left by the limits of size, age or number, since start.
  package var segmentsDropped: UInt64 = 0
  package var packetsDropped: UInt64 = 0
  package var bytesDropped: UInt64 = 0
  /// Packets that could not be written, and why the latest could not.
  package var packetsLost: UInt64 = 0
  package var lastFailure: RingError?

  package init(node: String) { self.node = node }

  mutating func add(_ segment: Segment) {
    bytes += segment.bytes
    packets += segment.packets
    segments += 1
    times =
      times.map { known in
        min(
          known.lowerBound, segment.times.lowerBound)...max(
            known.upperBound, segment.times.upperBound)
      } ?? segment.times
  }
}
