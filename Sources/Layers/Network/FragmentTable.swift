import Bytes

/// Limits on fragments that wait for the rest of their datagrams.
package struct FragmentLimits: Sendable {
  /// Datagrams; the oldest makes room.
  package var datagrams = 4_096
  /// Memory of all of them, in bytes: what they carry, and `pieceCost` for each piece. The oldest
  /// makes room.
  package var bytes = 32 << 20
  /// Memory of a piece beside its bytes: a flood of tiny ones must reach the limit too.
  static let pieceCost = 64
  /// Pieces of one datagram.
  package var pieces = 2_048
  /// Nanoseconds of packet time from a datagram's first piece (RFC 8200 §4.5 says 60 seconds).
  package var age: Int64 = 60_000_000_000

  package init() {}
}

/// What the fragments of one datagram have in common.
struct FragmentKey: Hashable, Sendable {
  var source: IPAddress
  var destination: IPAddress
  var identification: UInt32
  /// IPv4's protocol, which belongs to the key (RFC 791 §3.2); 44 for IPv6, where it does not.
  var number: UInt8
}

/// Where a fragment belongs.
struct Fragment {
  var key: FragmentKey
  /// The IP protocol of the datagram, true in the first fragment.
  var number: UInt8
  /// Bytes from the start of the datagram.
  var offset: Int
  var hasMore: Bool
}

/// Puts datagrams together from their fragments (RFC 791 §3.2, RFC 8200 §4.5).
///
/// Where fragments overlap, the bytes that came first stay.
struct FragmentTable: Sendable {
  enum Result {
    case held
    case refused
    /// The datagram's payload, and the IP protocol it belongs to.
    case complete(ByteStore, number: UInt8)
  }

  private struct Datagram {
    var first: Timestamp
    /// Counts datagrams, to tell this one from a later one with the same key.
    var serial: UInt64
    /// Disjoint, in order.
    var pieces: [Piece] = []
    var bytes = 0
    /// Memory it is charged with.
    var cost: Int { bytes + pieces.count * FragmentLimits.pieceCost }
    /// Known once the last piece is there.
    var length: Int?
    var number: UInt8?
  }

  private struct Piece {
    var offset: Int
    var bytes: [UInt8]
    var end: Int { offset + bytes.count }
  }

  /// A datagram put together a short time ago.
  private struct Whole {
    var key: FragmentKey
    var time: Timestamp
    var payload: ByteStore
  }

  /// Datagrams remembered for the copies of their fragments that a capture on several interfaces
  /// holds: those would wait in vain, or join the next datagram of their identification.
  private static let remembered = 16
  /// A fragment that repeats one of theirs is a copy below this age, in nanoseconds.
  private static let copyAge: UInt64 = 1_000_000

  let limits: FragmentLimits
  private var latest: [Whole] = []
  /// Which of `latest` goes next.
  private var turn = 0
  private var datagrams: [FragmentKey: Datagram] = [:]
  /// Keys in the order in which their datagrams began; finished ones are passed over.
  private var order: [(key: FragmentKey, serial: UInt64)] = []
  private var oldest = 0
  private var serial: UInt64 = 0
  /// Memory charged for all datagrams.
  private var cost = 0

  init(limits: FragmentLimits) { self.limits = limits }

  /// Takes one fragment and gives the datagram when it completes it.
  mutating func insert(
    _ fragment: Fragment, _ data: RawSpan, at time: Timestamp, _ counters: inout LayerCounters
  ) -> Result {
    expire(at: time, &counters)
    // All but the last carry a multiple of eight bytes; what is over belongs to nobody.
    let data = fragment.hasMore ? data.prefix(data.byteCount & ~7) : data
    guard fragment.offset + data.byteCount <= 65_535, data.byteCount > 0 else {
      counters.fragmentsRefused &+= 1
      return .refused
    }
    if isCopy(fragment, data, at: time) {
      counters.fragmentCopies &+= 1
      return .held
    }
    var datagram = datagrams.removeValue(forKey: fragment.key) ?? begin(fragment.key, time)
    cost -= datagram.cost
    let isTaken = add(fragment, data, to: &datagram, &counters)
    if isTaken, let length = datagram.length, let number = datagram.number,
      datagram.bytes == length
    {
      counters.reassembled &+= 1
      let payload = joined(datagram.pieces, length)
      remember(Whole(key: fragment.key, time: time, payload: payload))
      return .complete(payload, number: number)
    }
    cost += datagram.cost
    datagrams[fragment.key] = datagram
    while datagrams.count > limits.datagrams || cost > limits.bytes {
      guard removeOldest() else { break }
      counters.datagramsEvicted &+= 1
    }
    return isTaken ? .held : .refused
  }

  /// Gives up what waits: no fragment comes any more.
  mutating func finish(_ counters: inout LayerCounters) {
    counters.datagramsExpired &+= UInt64(datagrams.count)
    (datagrams, order, oldest, cost) = ([:], [], 0, 0)
  }

  private mutating func remember(_ whole: Whole) {
    if latest.count < Self.remembered {
      latest.append(whole)
    } else {
      latest[turn] = whole
      turn = (turn + 1) % Self.remembered
    }
  }

  private func isCopy(_ fragment: Fragment, _ data: RawSpan, at time: Timestamp) -> Bool {
    for whole in latest where whole.key == fragment.key {
      let end = fragment.offset + data.byteCount
      if time.nanoseconds(since: whole.time).magnitude < Self.copyAge, end <= whole.payload.count,
        data.equals(whole.payload.bytes.slice(fragment.offset..<end))
      {
        return true
      }
    }
    return false
  }

  private mutating func begin(_ key: FragmentKey, _ time: Timestamp) -> Datagram {
    // Those that were completed out of turn must not pile up behind one that waits.
    if order.count > 1_024 + 4 * datagrams.count {
      order = order[oldest...].filter { datagrams[$0.key]?.serial == $0.serial }
      oldest = 0
    }
    serial += 1
    order.append((key, serial))
    return Datagram(first: time, serial: serial)
  }

  /// Adds what is new in a fragment; false when it contradicts the others.
  private func add(
    _ fragment: Fragment, _ data: RawSpan, to datagram: inout Datagram,
    _ counters: inout LayerCounters
  ) -> Bool {
    let end = fragment.offset + data.byteCount
    let reached = datagram.pieces.last?.end ?? 0
    if let length = datagram.length, end > length || (!fragment.hasMore && end != length) {
      counters.fragmentsRefused &+= 1
      return false
    }
    if (!fragment.hasMore && reached > end) || datagram.pieces.count >= limits.pieces {
      counters.fragmentsRefused &+= 1
      return false
    }
    if !fragment.hasMore { datagram.length = end }
    if fragment.offset == 0, datagram.number == nil { datagram.number = fragment.number }
    // The pieces that this one may touch: from the first that ends behind its start.
    var index = datagram.pieces.count
    while index > 0, datagram.pieces[index - 1].end > fragment.offset { index -= 1 }
    var start = fragment.offset
    var overlaps = false
    while start < end {
      let next = index < datagram.pieces.count ? datagram.pieces[index] : nil
      let stop = min(end, next?.offset ?? end)
      if stop > start {
        let slice = data.slice(start - fragment.offset..<stop - fragment.offset)
        datagram.pieces.insert(Piece(offset: start, bytes: slice.array()), at: index)
        datagram.bytes += stop - start
        index += 1
      }
      guard let next, next.offset < end else { break }
      overlaps = true
      start = max(start, next.end)
      index += 1
    }
    if overlaps { counters.fragmentOverlaps &+= 1 }
    return true
  }

  private func joined(_ pieces: [Piece], _ length: Int) -> ByteStore {
    ByteStore(capacity: length) { target in
      for piece in pieces {
        UnsafeMutableRawBufferPointer(rebasing: target[piece.offset...]).copyBytes(
          from: piece.bytes)
      }
      return length
    }
  }

  private mutating func expire(at time: Timestamp, _ counters: inout LayerCounters) {
    while oldest < order.count {
      let (key, serial) = order[oldest]
      if let datagram = datagrams[key], datagram.serial == serial {
        guard time.nanoseconds(since: datagram.first) > limits.age else { break }
        _ = removeOldest()
        counters.datagramsExpired &+= 1
      } else {
        oldest += 1
      }
    }
  }

  /// Gives up the datagram that began first; false when there is none.
  private mutating func removeOldest() -> Bool {
    while oldest < order.count {
      let (key, serial) = order[oldest]
      oldest += 1
      if let datagram = datagrams[key], datagram.serial == serial {
        datagrams[key] = nil
        cost -= datagram.cost
        return true
      }
    }
    return false
  }
}
