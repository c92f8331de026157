import Bytes

/// Reads several captures as one, by time.
///
/// Within a capture packets keep their order; of equal times the earlier named capture comes
/// first. Packets are numbered anew, from 1, and interfaces of all captures are counted through.
/// Of captures that still grow only one can be read: one without news would hold up the others.
package struct CaptureMerger: Sendable {
  /// One capture with the packets that were read of it and not yet given.
  private struct Source: Sendable {
    var reader: any PacketSource
    var chunk: PacketChunk?
    var next = 0
    var isStarted = false
    /// Indices of the capture's interfaces among those of all.
    var interfaces: [Int] = []

    /// Of the next packet; before the first was read, a time that it is not before.
    var time: Timestamp? {
      if let chunk { return chunk.packets[next].timestamp }
      return isStarted ? nil : reader.begins
    }
  }

  /// Interfaces of one group are the same when they look the same at the same place.
  private struct SharedInterface: Hashable, Sendable {
    var group: String
    var number: Int
    var interface: CaptureInterface
  }

  /// Packets in a row from one capture that are given in its own memory; fewer are copied
  /// together, since a chunk should be worth its handing over.
  private static let run = 64
  /// Bytes and packets of a chunk that is copied together.
  private static let gathered = (bytes: 1 << 20, packets: 4_096)

  /// Bytes of all chunks that are held at once, and the least a chunk has.
  private static let (held, least) = (64 << 20, 64 << 10)

  private var sources: [Source]
  private var isStarted = false
  private var count: UInt64 = 0
  /// Interfaces of all captures, in the order of `Packet.interface`.
  package private(set) var interfaces: [CaptureInterface] = []
  private var shared: [SharedInterface: Int] = [:]
  /// Captures that failed while they were read, and why; what came before was given.
  package private(set) var failures: [CaptureError] = []
  private var failuresTold = 0

  package init(_ sources: [any PacketSource]) {
    self.sources = sources.map { Source(reader: $0) }
  }

  /// Opens the captures at `paths`; `-` is standard input.
  ///
  /// - Parameter follow: with it, the end of a file is not the end; for one capture only.
  /// - Throws: why one of them cannot be read at all.
  package init(
    paths: [String], limits: CaptureLimits = CaptureLimits(), follow: CaptureFollow? = nil
  ) throws(CaptureError) {
    // Many captures share what one may hold.
    var limits = limits
    limits.chunk = min(limits.chunk, max(Self.least, Self.held / max(1, paths.count)))
    let pool = BytePool(blockSize: limits.chunk, keeping: limits.spareChunks)
    var readers: [any PacketSource] = []
    for path in paths {
      readers.append(try CaptureReader(path: path, limits: limits, follow: follow, pool: pool))
    }
    self.init(readers)
  }

  /// What each capture says beside its packets, in the order they were named.
  package var summaries: [CaptureSummary] { sources.map(\.reader.summary) }

  /// Bytes of all files that were read so far, as they lie in them.
  package var bytesRead: UInt64 { sources.reduce(0) { $0 + $1.reader.bytesRead } }

  /// The next packets, or nil at the end.
  ///
  /// - Throws: at the end, the failures of captures that could not be read to theirs; packets of
  ///   all others were given before.
  package mutating func next() throws(CaptureError) -> PacketChunk? {
    if sources.count == 1 { return try passed() }
    if !isStarted {
      isStarted = true
      for index in sources.indices where sources[index].reader.begins == nil { advance(index) }
    }
    var candidate = earliest()
    while let index = candidate, sources[index].chunk == nil {
      advance(index)
      candidate = earliest()
    }
    guard let first = candidate else {
      guard failuresTold < failures.count else { return nil }
      failuresTold += 1
      throw failures[failuresTold - 1]
    }
    let length = runLength(first)
    guard let chunk = sources[first].chunk else { return nil }
    let start = sources[first].next
    if length >= Self.run || start + length == chunk.packets.count && earliest(but: first) == nil {
      var packets = Array(chunk.packets[start..<start + length])
      renumber(&packets, first)
      take(length, first)
      return PacketChunk(store: chunk.store, packets: packets)
    }
    return gather()
  }

  /// The next chunk of the only capture, as soon as it is there: reading ahead would wait for what
  /// a growing capture does not have yet.
  private mutating func passed() throws(CaptureError) -> PacketChunk? {
    advance(0)
    guard let chunk = sources[0].chunk.take() else {
      guard failuresTold < failures.count else { return nil }
      failuresTold += 1
      throw failures[failuresTold - 1]
    }
    let store = chunk.store
    var packets = (consume chunk).packets
    renumber(&packets, 0)
    return PacketChunk(store: store, packets: packets)
  }

  /// Copies packets of several captures into one chunk.
  private mutating func gather() -> PacketChunk? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.gathered.bytes)
    var packets: [Packet] = []
    while packets.count < Self.gathered.packets, bytes.count < Self.gathered.bytes,
      let index = earliest(), let chunk = sources[index].chunk
    {
      let length = runLength(index)
      if length >= Self.run, !packets.isEmpty { break }
      let start = sources[index].next
      var run = Array(chunk.packets[start..<start + length])
      renumber(&run, index)
      for var packet in run {
        let place = bytes.count
        bytes.append(chunk.store.bytes.slice(packet.range))
        packet.range = place..<bytes.count
        packets.append(packet)
      }
      take(length, index)
    }
    return packets.isEmpty ? nil : PacketChunk(store: ByteStore(bytes), packets: packets)
  }

  /// The capture whose next packet is the earliest.
  private func earliest(but excluded: Int? = nil) -> Int? {
    var best: (index: Int, time: Timestamp)?
    for index in sources.indices where index != excluded {
      guard let time = sources[index].time else { continue }
      if let known = best, known.time <= time { continue }
      best = (index, time)
    }
    return best?.index
  }

  /// Packets of one capture, from its next one, that come before those of all others.
  private func runLength(_ index: Int) -> Int {
    guard let packets = sources[index].chunk?.packets else { return 0 }
    let start = sources[index].next
    guard let other = earliest(but: index), let limit = sources[other].time else {
      return packets.count - start
    }
    var end = start
    while end < packets.count {
      let time = packets[end].timestamp
      guard time < limit || (time == limit && index < other) else { break }
      end += 1
    }
    return end - start
  }

  /// Gives the next packets of a source their numbers among those of all, and those of their interfaces.
  private mutating func renumber(_ packets: inout [Packet], _ index: Int) {
    var known = sources[index].interfaces
    var packets = packets.mutableSpan
    for place in packets.indices {
      count += 1
      packets[place].number = count
      let interface = packets[place].interface
      if interface >= known.count {
        learn(interface, packets[place].linkType, index)
        known = sources[index].interfaces
      }
      packets[place].interface = known[interface]
    }
  }

  /// Numbers the interfaces of a source up to `interface`, of which a packet of that link type came.
  private mutating func learn(_ interface: Int, _ linkType: LinkType, _ index: Int) {
    let all = sources[index].reader.summary.interfaces
    while sources[index].interfaces.count <= interface {
      let local = sources[index].interfaces.count
      sources[index].interfaces.append(
        number(
          of: local < all.count ? all[local] : CaptureInterface(linkType: linkType), local, index))
    }
  }

  /// The number of a source's interface among those of all.
  private mutating func number(of interface: CaptureInterface, _ local: Int, _ index: Int) -> Int {
    guard let group = sources[index].reader.group else {
      interfaces.append(interface)
      return interfaces.count - 1
    }
    var key = SharedInterface(group: group, number: local, interface: interface)
    (key.interface.received, key.interface.dropped) = (nil, nil)
    if let known = shared[key] { return known }
    interfaces.append(interface)
    shared[key] = interfaces.count - 1
    return interfaces.count - 1
  }

  private mutating func take(_ length: Int, _ index: Int) {
    sources[index].next += length
    if let chunk = sources[index].chunk, sources[index].next >= chunk.packets.count {
      advance(index)
    }
  }

  /// Reads the next chunk of a capture; one that fails is over.
  private mutating func advance(_ index: Int) {
    sources[index].chunk = nil
    sources[index].next = 0
    sources[index].isStarted = true
    do throws(CaptureError) {
      sources[index].chunk = try sources[index].reader.next()
    } catch {
      failures.append(error)
    }
  }
}
