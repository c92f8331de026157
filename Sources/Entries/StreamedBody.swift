package import Bytes

/// What is known of a body beside its first bytes, while its entry is completed: when its pieces
/// came, how it ended. A class, for few entries have one.
package final class StreamedBody: Sendable {
  package struct Arrival: Hashable, Sendable {
    /// Bytes of the body that had come.
    package var end: Int
    /// Microseconds since the first byte of the message.
    package var time: Int64

    package init(end: Int, time: Int64) { (self.end, self.time) = (end, time) }
  }

  package let arrivals: [Arrival]
  /// The last bytes, of a body that is not kept whole; they need not follow on what is kept.
  package let tail: [UInt8]
  /// Server-Sent Events in all of it.
  package let events: Int

  package init(arrivals: [Arrival], tail: [UInt8] = [], events: Int) {
    (self.arrivals, self.tail, self.events) = (arrivals, tail, events)
  }

  /// Packed as an internal column keeps it, for what is shown later: number of events, then of
  /// each piece its end and its time, as variable-length numbers, ends and times as differences.
  package var packed: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(varint: events)
    var (end, time) = (0, Int64(0))
    for arrival in arrivals {
      bytes.append(varint: arrival.end - end)
      bytes.append(varint: Int(max(0, arrival.time - time)))
      (end, time) = (arrival.end, max(time, arrival.time))
    }
    return bytes
  }

  /// - Throws: when the bytes are not what `packed` gave.
  package convenience init(packed bytes: RawSpan) throws(WireError) {
    var input = Cursor(bytes)
    let events = try input.varint(limit: .max)
    var arrivals: [Arrival] = []
    var (end, time) = (0, Int64(0))
    while !input.isAtEnd {
      end &+= try input.varint(limit: 1 << 40)
      time &+= Int64(try input.varint(limit: 1 << 60))
      arrivals.append(Arrival(end: end, time: time))
    }
    self.init(arrivals: arrivals, events: events)
  }
}
