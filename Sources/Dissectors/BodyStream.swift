import Bytes
import Entries
import Flows

/// What is noted of a body that is read as it grows, such as an event stream: when its pieces came,
/// how many events it had, and its last bytes where the beginning alone is kept.
///
/// A class because only few messages have one.
final class BodyStream {
  /// Memory that one may take, in bytes: times and last bytes.
  static let memory = 16 * maxArrivals + 2 * tailLength
  /// Packets whose time is noted; of what later ones bring the time is not known.
  static let maxArrivals = 512
  /// Last bytes kept when the body is longer than may be kept.
  static let tailLength = 16 << 10

  private let start: Timestamp
  private var arrivals: [StreamedBody.Arrival] = []
  private var tail: [UInt8] = []
  private var length = 0
  private var events = 0
  /// Bytes are missing: places no longer tell times.
  private var isBroken = false
  /// Bytes to come of the mark that may stand first.
  private var markLeft = mark.count
  private var lineIsEmpty = true
  private var blockHasData = false
  private var isAfterReturn = false
  /// First bytes of the line, to tell data from other fields.
  private var lineStart: [UInt8] = []

  init(since start: Timestamp) { self.start = start }

  /// The next bytes of the body, of which `kept` were kept elsewhere.
  func append(_ bytes: RawSpan, kept: Int, at moment: Moment) {
    length += bytes.byteCount
    note(max(0, moment.timestamp.nanoseconds(since: start) / 1000))
    if kept < bytes.byteCount {
      tail.append(bytes.suffix(from: kept))
      if tail.count > 2 * Self.tailLength { tail.removeFirst(tail.count - Self.tailLength) }
    }
    count(bytes)
  }

  /// Bytes of it were not captured.
  func lose() { isBroken = true }

  /// What came up to now came at that time. Pieces of one packet count as one.
  private func note(_ time: Int64) {
    if isBroken { return }
    if let last = arrivals.last, last.time >= time {
      arrivals[arrivals.count - 1].end = length
    } else if arrivals.count < Self.maxArrivals {
      arrivals.append(StreamedBody.Arrival(end: length, time: time))
    }
  }

  /// Counts events: blocks of lines with data, each ended by an empty line.
  private func count(_ bytes: RawSpan) {
    for at in 0..<bytes.byteCount {
      let byte = bytes.byte(at)
      if markLeft > 0 {
        if byte == Self.mark[Self.mark.count - markLeft] {
          markLeft -= 1
          continue
        }
        // A beginning of it is text like any other.
        lineStart = Array(Self.mark.prefix(Self.mark.count - markLeft))
        lineIsEmpty = lineStart.isEmpty
        markLeft = 0
      }
      if byte == 0x0a, isAfterReturn {
        isAfterReturn = false
        continue
      }
      isAfterReturn = byte == 0x0d
      if byte == 0x0a || byte == 0x0d {
        if lineIsEmpty {
          if blockHasData { events += 1 }
          blockHasData = false
        } else if lineStart == Self.data || lineStart == Self.dataAlone {
          blockHasData = true
        }
        lineIsEmpty = true
        lineStart.removeAll(keepingCapacity: true)
      } else {
        lineIsEmpty = false
        if lineStart.count < Self.data.count { lineStart.append(byte) }
      }
    }
  }

  /// U+FEFF, which is no part of the first line.
  private static let mark: [UInt8] = [0xef, 0xbb, 0xbf]
  /// A field `data`, and the same without a value.
  private static let data = Array("data:".utf8)
  private static let dataAlone = Array("data".utf8)

  /// What the entry is told.
  var streamed: StreamedBody {
    StreamedBody(
      arrivals: arrivals, tail: Array(tail.suffix(Self.tailLength)), events: events)
  }
}
