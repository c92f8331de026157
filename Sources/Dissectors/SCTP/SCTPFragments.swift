import Bytes
import Flows

/// Fragments of user messages that wait for the rest of theirs (RFC 9260 §6.9, RFC 8260 §2.2).
///
/// Neighbours are joined as they come, so that a message is whole when one run of fragments begins
/// with its first and ends with its last.
struct SCTPFragments {
  /// Memory of a run beside its bytes: a flood of tiny fragments must reach the limit too.
  private static let runCost = 128

  /// Fragments that follow each other. What came in front of others lies the wrong way round, so that
  /// neither end is costly to add to.
  fileprivate struct Run {
    var front: [UInt8] = []
    var bytes: [UInt8]
    var isFirst: Bool
    var isLast: Bool
    var start: Moment
    var last: UInt32
  }

  /// Where a fragment stands: its transmission sequence number, or in the newer chunks its number
  /// within the message.
  fileprivate struct Place: Hashable {
    /// What only fragments of one message share.
    var lane: UInt64
    var number: UInt32
  }

  /// Runs by their first number, and where the run begins that ends with a number.
  private var runs: [Place: Run] = [:]
  private var starts: [Place: UInt32] = [:]
  private(set) var byteCount = 0

  /// Takes a fragment; gives the message that it completes. Beyond `limit` bytes all that waits is
  /// dropped, and `dropped` grows by it.
  mutating func insert(
    _ data: SCTPData, _ content: RawSpan, at moment: Moment, limit: Int, dropped: inout Int
  ) -> SCTPPath.UserMessage? {
    var place = Place(lane: data.lane, number: data.fragmentNumber)
    var run = Run(
      bytes: content.array(), isFirst: data.isFirst, isLast: data.isLast, start: moment,
      last: place.number)
    if !run.isFirst, let before = taken(endingBefore: place) {
      place.number = before.number
      run = before.run.followed(by: run)
    }
    let next = Place(lane: place.lane, number: run.last &+ 1)
    if !run.isLast, runs[next]?.isFirst == false, let after = take(next) {
      run = run.followed(by: after)
    }
    if run.isFirst, run.isLast {
      return SCTPPath.UserMessage(bytes: run.whole, start: run.start)
    }
    byteCount += run.byteCount + Self.runCost
    starts[Place(lane: place.lane, number: run.last)] = place.number
    runs[place] = run
    if byteCount > limit {
      dropped += byteCount
      self = SCTPFragments()
    }
    return nil
  }

  /// The run that a fragment at `place` continues.
  private mutating func taken(endingBefore place: Place) -> (number: UInt32, run: Run)? {
    let end = Place(lane: place.lane, number: place.number &- 1)
    guard let start = starts[end] else { return nil }
    let first = Place(lane: place.lane, number: start)
    guard runs[first]?.isLast == false, let run = take(first) else { return nil }
    return (start, run)
  }

  private mutating func take(_ place: Place) -> Run? {
    guard let run = runs.removeValue(forKey: place) else { return nil }
    starts[Place(lane: place.lane, number: run.last)] = nil
    byteCount -= run.byteCount + Self.runCost
    return run
  }
}

extension SCTPFragments.Run {
  fileprivate var byteCount: Int { front.count + bytes.count }

  fileprivate var whole: [UInt8] { front.isEmpty ? bytes : front.reversed() + bytes }

  /// Both, of which the smaller one is moved.
  fileprivate consuming func followed(by other: consuming Self) -> Self {
    if byteCount >= other.byteCount {
      bytes += other.front.reversed()
      bytes += other.bytes
      (isLast, last) = (other.isLast, other.last)
      return self
    }
    other.front += bytes.reversed()
    other.front += front
    (other.isFirst, other.start) = (isFirst, start)
    return other
  }
}
