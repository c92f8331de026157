package import Bytes
package import PacketFilters
package import Packets

/// A closed capture file of a node, with its time index.
package struct RawFile: Hashable, Sendable {
  package var node: String
  package var path: String
  package var index: CaptureIndex

  package init(node: String, path: String, index: CaptureIndex) {
    (self.node, self.path, self.index) = (node, path, index)
  }

  /// The closed segment with its index; nil when it has left the ring.
  package init?(_ segment: Segment) {
    if let index = FileSystem.read(segment.indexPath).flatMap(CaptureIndex.init(encoded:)),
      index.bytes == segment.bytes
    {
      self.init(node: segment.node, path: segment.path, index: index)
    } else if let found = try? CaptureIndex.of(segment.path) {
      self.init(node: segment.node, path: segment.path, index: found.index)
    } else {
      return nil
    }
  }
}

/// The packets of a capture file that lie in a window and match a filter, in order of time.
///
/// Files hold packets of several queues, which are a little out of order. The index says how early
/// the packets are that come later in the file, so that only those that must wait are held.
package struct WindowReader: PacketSource {
  /// Bytes that may be held back for earlier packets; beyond it order is given up, and counted.
  package static let maxHeld = 128 << 20

  private let file: RawFile
  private let window: Range<Timestamp>
  private var filter: PacketFilter?
  private var reader: CaptureReader?
  private var isOver: Bool
  /// Packets read of the file.
  private var seen: UInt64 = 0
  /// The stretch that the next packet belongs to, and the packets before it.
  private var stretch = 0
  private var before: UInt64 = 0
  /// Earliest time in each stretch and all later ones.
  private let earliest: [Timestamp]
  /// Packets that wait for earlier ones, in order.
  private var held: PacketChunk?
  private let maxHeld: Int

  package private(set) var summary = CaptureSummary()
  package private(set) var bytesRead: UInt64 = 0
  /// Times that order was given up because too much was held.
  package private(set) var disorders = 0

  package let begins: Timestamp?
  package var group: String? { file.node }

  package init(
    _ file: RawFile, window: Range<Timestamp>, filter: PacketFilter? = nil,
    maxHeld: Int = WindowReader.maxHeld
  ) {
    (self.file, self.window, self.filter, self.maxHeld) = (file, window, filter, maxHeld)
    var earliest = [Timestamp](repeating: .distantFuture, count: file.index.stretches.count)
    var least = Timestamp.distantFuture
    for index in earliest.indices.reversed() {
      least = min(least, file.index.stretches[index].times.lowerBound)
      earliest[index] = least
    }
    self.earliest = earliest
    let times = file.index.times
    begins = max(times?.lowerBound ?? .distantFuture, window.lowerBound)
    isOver =
      !(times.map { $0.lowerBound < window.upperBound && window.lowerBound <= $0.upperBound }
      ?? false)
  }

  /// Readers of all files, merged by time.
  package static func merged(
    _ files: [RawFile], window: Range<Timestamp>, filter: PacketFilter? = nil
  ) -> CaptureMerger {
    CaptureMerger(files.map { WindowReader($0, window: window, filter: filter) })
  }

  package mutating func next() throws(CaptureError) -> PacketChunk? {
    while !isOver {
      if reader == nil { reader = try CaptureReader(path: file.path) }
      guard let chunk = try reader?.next() else {
        end()
        break
      }
      seen += UInt64(chunk.packets.count)
      summary = reader?.summary ?? summary
      bytesRead = reader?.bytesRead ?? bytesRead
      let bound = bound
      let wanted = wanted(chunk)
      // All that follows is later than the window.
      if bound >= window.upperBound { end() }
      if let ready = inOrder(wanted, bound) { return ready }
    }
    return held.take()
  }

  /// Nothing more is read; what the reader knows is kept.
  private mutating func end() {
    isOver = true
    if let reader { (summary, bytesRead) = (reader.summary, reader.bytesRead) }
    reader = nil
  }

  /// No packet that was not read yet is earlier.
  private var bound: Timestamp {
    mutating get {
      while stretch < file.index.stretches.count,
        before + file.index.stretches[stretch].packets <= seen
      {
        before += file.index.stretches[stretch].packets
        stretch += 1
      }
      return stretch < earliest.count ? earliest[stretch] : .distantFuture
    }
  }

  private mutating func wanted(_ chunk: PacketChunk) -> PacketChunk {
    let memory = chunk.store.bytes
    var packets: [Packet] = []
    packets.reserveCapacity(chunk.packets.count)
    for packet in chunk.packets
    where window.contains(packet.timestamp) && filter?.matches(packet, in: memory) ?? true {
      packets.append(packet)
    }
    return PacketChunk(store: chunk.store, packets: packets)
  }

  /// What can be given of the packets held and those that came; the rest is held.
  private mutating func inOrder(_ chunk: PacketChunk, _ bound: Timestamp) -> PacketChunk? {
    let isSorted = zip(chunk.packets, chunk.packets.dropFirst()).allSatisfy {
      $0.timestamp <= $1.timestamp
    }
    if held == nil, isSorted, chunk.packets.last.map({ $0.timestamp <= bound }) ?? true {
      return chunk.packets.isEmpty ? nil : chunk
    }
    var waiting = (held.take().map { held in held.packets.map { ($0, held.store) } } ?? [])
    waiting += chunk.packets.map { ($0, chunk.store) }
    waiting.sort {
      ($0.0.timestamp, $0.0.number) < ($1.0.timestamp, $1.0.number)
    }
    var ready = waiting.firstIndex { $0.0.timestamp > bound } ?? waiting.count
    if waiting[ready...].reduce(0, { $0 + $1.0.range.count }) > maxHeld {
      ready = waiting.count
      disorders += 1
    }
    if ready < waiting.count { held = Self.gathered(waiting[ready...]) }
    return ready > 0 ? Self.gathered(waiting[..<ready]) : nil
  }

  /// The packets in memory of their own, so that no other is kept because of them.
  private static func gathered(_ packets: ArraySlice<(Packet, ByteStore)>) -> PacketChunk {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(packets.reduce(0) { $0 + $1.0.range.count })
    let moved = packets.map { packet, store in
      var packet = packet
      let start = bytes.count
      bytes.append(store.bytes.slice(packet.range))
      packet.range = start..<bytes.count
      return packet
    }
    return PacketChunk(store: ByteStore(bytes), packets: moved)
  }
}
