/// Counts, bytes and latencies of many groups, added up block by block.
///
/// Each kind of figure lies by itself, so that those of all groups stay near the processor, and
/// latencies wait until a group has some together: its histogram is fetched once for all of them.
/// Groups are numbered from 0 on; −1 is that of entries beyond the limit of groups, or of all
/// entries where there are no groups.
struct GroupFigures {
  /// Places of a group for latencies that wait, and how many groups may have as many: the more
  /// wait, the more of them fall into the same line of memory of their histogram.
  private static let (fewGroups, fewGroupsPlaces) = (8_192, 256)
  /// Places of a group where there are more groups.
  private static let manyGroupsPlaces = 64

  /// Of requests, and of replies.
  private struct Bytes {
    var requests: Int64 = 0
    var responses: Int64 = 0
  }

  // Figures of group n are at place n + 1.
  private var counts = [0]
  private var errors = [0]
  private var bytes: [Bytes] = [Bytes()]
  private var latencies = [LatencySketch()]
  /// Places of each group in `waiting`.
  private var places = fewGroupsPlaces
  /// Microseconds, `places` for each group, and how many of them are there.
  private var waiting = [UInt32](repeating: 0, count: fewGroupsPlaces)
  private var waitingCounts: [UInt16] = [0]
  private let sketchBytes: Int
  /// Buckets that a histogram of latencies may have.
  private var buckets: Int
  private let hasLatencies: Bool

  /// - Parameters:
  ///   - sketchBytes: that all histograms may take. Where groups are so many that theirs would not
  ///     fit, each keeps its share, with its lowest values put together.
  ///   - hasLatencies: whether latencies will come.
  init(sketchBytes: Int, hasLatencies: Bool) {
    self.sketchBytes = sketchBytes
    self.hasLatencies = hasLatencies
    buckets = sketchBytes / MemoryLayout<UInt32>.size
  }

  /// Makes room for that many groups.
  mutating func grow(to groups: Int) {
    let more = groups + 1 - counts.count
    guard more > 0 else { return }
    counts += repeatElement(0, count: more)
    errors += repeatElement(0, count: more)
    bytes += repeatElement(Bytes(), count: more)
    guard hasLatencies else { return }
    latencies += repeatElement(LatencySketch(), count: more)
    waitingCounts += repeatElement(0, count: more)
    if groups >= Self.fewGroups, places > Self.manyGroupsPlaces {
      settle()
      places = Self.manyGroupsPlaces
      waiting = [UInt32](repeating: 0, count: counts.count * places)
    } else {
      waiting += repeatElement(0, count: more * places)
    }
    // The share is cut when the groups have doubled, so that there is little to go through.
    let many = 1 << (Int.bitWidth - max(groups - 1, 0).leadingZeroBitCount)
    let share = sketchBytes / MemoryLayout<UInt32>.size / many
    guard share < buckets else { return }
    buckets = share
    for place in latencies.indices { latencies[place].collapse(to: share) }
  }

  mutating func add(count: Int, to group: Int) { counts[group + 1] += count }
  mutating func add(errors count: Int, to group: Int) { errors[group + 1] += count }

  /// Adds figures of a group that were added up elsewhere.
  mutating func add(_ metrics: Metrics, to group: Int) {
    let place = group + 1
    counts[place] += metrics.count
    errors[place] += metrics.errors
    bytes[place].requests &+= metrics.bytesIn
    bytes[place].responses &+= metrics.bytesOut
    guard hasLatencies else { return }
    latencies[place].add(metrics.latency)
    latencies[place].collapse(to: buckets)
  }

  /// Counts these rows, each in its group.
  mutating func count(_ rows: Bitmap, _ groups: [Int32]) { Self.count(rows, groups, &counts) }

  /// Counts these rows as errors.
  mutating func count(errors rows: Bitmap, _ groups: [Int32]) { Self.count(rows, groups, &errors) }

  private static func count(_ rows: Bitmap, _ groups: [Int32], _ counts: inout [Int]) {
    var target = counts.mutableSpan
    for index in rows.words.indices {
      var rest = rows.words[index]
      while rest != 0 {
        target[Int(groups[index << 6 + rest.trailingZeroBitCount]) + 1] += 1
        rest &= rest - 1
      }
    }
  }

  /// Adds bytes of requests and of replies, by row.
  mutating func add(_ rows: Bitmap, _ groups: [Int32], bytesIn: [Int64], bytesOut: [Int64]) {
    var target = bytes.mutableSpan
    for index in rows.words.indices {
      var rest = rows.words[index]
      while rest != 0 {
        let row = index << 6 + rest.trailingZeroBitCount
        let place = Int(groups[row]) + 1
        target[place].requests &+= bytesIn[row]
        target[place].responses &+= bytesOut[row]
        rest &= rest - 1
      }
    }
  }

  /// Adds latencies in microseconds, by row; negative ones stand for none.
  mutating func add(_ rows: Bitmap, _ groups: [Int32], latencies elapsed: [Int64]) {
    let places = places
    // Taken out, so that a histogram can change while they are looked at.
    var own: [UInt32] = []
    swap(&own, &waiting)
    defer { swap(&own, &waiting) }
    var waiting = own.mutableSpan
    for index in rows.words.indices {
      var rest = rows.words[index]
      while rest != 0 {
        let row = index << 6 + rest.trailingZeroBitCount
        rest &= rest - 1
        let value = elapsed[row]
        guard value >= 0 else { continue }
        let group = Int(groups[row]) + 1
        guard let short = UInt32(exactly: value) else {
          // An hour and more.
          latencies[group].add(value, buckets: buckets)
          continue
        }
        let (start, taken) = (group * places, Int(waitingCounts[group]))
        waiting[start + taken] = short
        if taken + 1 < places {
          waitingCounts[group] = UInt16(taken + 1)
        } else {
          waitingCounts[group] = 0
          latencies[group].add(waiting.span.extracting(start..<start + places), buckets: buckets)
        }
      }
    }
  }

  /// Adds the latencies that wait to their histograms.
  private mutating func settle() {
    var own: [UInt32] = []
    swap(&own, &waiting)
    // Groups may have just been added: they have nothing yet.
    for group in latencies.indices where waitingCounts[group] > 0 {
      let start = group * places
      latencies[group].add(
        own.span.extracting(start..<start + Int(waitingCounts[group])), buckets: buckets)
      waitingCounts[group] = 0
    }
    swap(&own, &waiting)
  }

  /// The figures of every group, and first those of −1.
  mutating func metrics() -> [Metrics] {
    if hasLatencies { settle() }
    return counts.indices.map { place in
      var metrics = Metrics()
      metrics.count = counts[place]
      metrics.errors = errors[place]
      metrics.bytesIn = bytes[place].requests
      metrics.bytesOut = bytes[place].responses
      if hasLatencies { metrics.latency = latencies[place] }
      return metrics
    }
  }
}
