/// Counts, bytes and latencies of some entries.
package struct Metrics: Sendable {
  package var count = 0
  /// Entries whose protocol reports failure, or that a fault cut short.
  package var errors = 0
  /// Bytes of requests, and of replies, on the wire.
  package var bytesIn: Int64 = 0
  package var bytesOut: Int64 = 0
  /// Latencies of those that have one.
  package var latency = LatencySketch()

  /// Errors among all, 0...1; 0 of nothing.
  package var errorRate: Double { count == 0 ? 0 : Double(errors) / Double(count) }

  package init() {}

  package mutating func add(_ other: Metrics) {
    count += other.count
    errors += other.errors
    bytesIn &+= other.bytesIn
    bytesOut &+= other.bytesOut
    latency.add(other.latency)
  }
}
