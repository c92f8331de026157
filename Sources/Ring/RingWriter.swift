import Bytes
package import Packets
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes the raw packets of a node into the ring, segment after segment.
///
/// Packets are gathered and written out about a megabyte at a time, in whole blocks, so that
/// whatever is on disk can be read. Any thread may call; capture threads of one node share a writer.
///
/// The capture never fails because of the ring: what cannot be written is counted
/// (`RingNodeStatus.packetsLost`), and the writer goes on when it can again.
package final class RingWriter: Sendable {
  private struct State: ~Copyable {
    var interfaces: [CaptureInterface]
    /// Blocks that wait to be written out.
    var buffer: RecordBuffer
    /// Packets in `buffer`, captured bytes and times of them.
    var packets: UInt64 = 0
    var capturedBytes: UInt64 = 0
    /// Their link types, most of one kind.
    var linkTypes: [LinkType] = []
    var earliest = Timestamp.distantFuture
    var latest = Timestamp.distantPast
    /// When the first of them came.
    var since = Timestamp.distantFuture
    var open: OpenSegment?
    var isClosed = false
  }

  /// The segment that is being written.
  private struct OpenSegment {
    var file: OpenFile
    var number: UInt64
    var path: String
    var since: Timestamp
    var index = CaptureIndex()
  }

  private let node: RingNode
  private let limits: RingLimits
  private let clock: @Sendable () -> Timestamp
  private let state: Mutex<State>

  init(
    _ node: RingNode, interfaces: [CaptureInterface], limits: RingLimits,
    clock: @escaping @Sendable () -> Timestamp
  ) {
    (self.node, self.limits, self.clock) = (node, limits, clock)
    state = Mutex(
      State(
        interfaces: interfaces, buffer: RecordBuffer(capacity: limits.writeBytes + (64 << 10))))
  }

  /// The node's name.
  package var name: String { node.name }

  /// What the node's part of the ring holds. Any thread may ask; it waits for no disk.
  package var status: RingNodeStatus { node.status }

  /// Describes a further interface and gives its number, for `Packet.interface`.
  package func add(_ interface: CaptureInterface) -> Int {
    state.withLock { state in
      state.interfaces.append(interface)
      if state.open != nil { describe(state.interfaces.count - 1, &state) }
      return state.interfaces.count - 1
    }
  }

  /// Takes the packets of a chunk, in their order. `Packet.interface` counts the interfaces the
  /// writer was told of; one it does not know is described by its link type.
  package func append(_ chunk: PacketChunk) {
    let now = clock()
    state.withLock { state in
      guard !state.isClosed else { return }
      if state.packets == 0 { state.since = now }
      let memory = chunk.store.bytes
      let packets = chunk.packets.span
      for index in packets.indices {
        let packet = packets[index]
        if packet.interface >= state.interfaces.count { describe(unknown: packet, &state) }
        if state.open == nil, state.packets == 0 { begin(now, &state) }
        PcapngWriter.add(packet, in: memory, to: &state.buffer)
        if packet.linkType != state.linkTypes.last { state.linkTypes.append(packet.linkType) }
        state.packets += 1
        state.capturedBytes += UInt64(packet.range.count)
        state.earliest = min(state.earliest, packet.timestamp)
        state.latest = max(state.latest, packet.timestamp)
        if state.buffer.count >= limits.writeBytes { writeOut(now, &state) }
      }
      if now.nanoseconds(since: state.since) >= limits.writeAge { writeOut(now, &state) }
    }
  }

  /// Writes out what waits, and lets go what is too old. Call it twice a second while nothing
  /// arrives: what waits is what a crash would lose.
  package func flush() {
    let now = clock()
    state.withLock { state in
      writeOut(now, &state)
      if let open = state.open, now.nanoseconds(since: open.since) >= limits.segmentAge {
        end(&state)
      }
    }
    node.enforce(limits, now: now)
  }

  /// Ends the current segment, so that all packets so far lie in closed ones.
  package func roll() {
    let now = clock()
    state.withLock { state in
      writeOut(now, &state)
      end(&state)
    }
    node.enforce(limits, now: now)
  }

  /// Notes what an interface received and dropped since the capture began; it is written at the
  /// end of each segment.
  package func note(interface: Int, received: UInt64?, dropped: UInt64?) {
    state.withLock { state in
      guard state.interfaces.indices.contains(interface) else { return }
      state.interfaces[interface].received = received
      state.interfaces[interface].dropped = dropped
    }
  }

  /// Ends the last segment; packets that come later are not taken.
  package func close() {
    let now = clock()
    state.withLock { state in
      writeOut(now, &state)
      end(&state)
      state.isClosed = true
    }
    node.endWriting()
  }

  // MARK: Segments

  private func begin(_ now: Timestamp, _ state: inout State) {
    let (number, path) = node.begin()
    guard let file = OpenFile(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC) else {
      // The packets that are gathered next will be lost; after them it is tried again.
      node.lose(packets: 0, RingError("making \(path)", errno: errno))
      return
    }
    state.open = OpenSegment(file: file, number: number, path: path, since: now)
    // Blocks of interfaces go before the packets that wait already.
    var head: [UInt8] = []
    var writer = PcapngWriter()
    writer.start(application: "kubeshark", comments: ["node: " + node.name], to: &head)
    for interface in state.interfaces { _ = writer.add(interface: interface, to: &head) }
    if file.write(head.rawSpan) == 0 {
      state.open?.index.bytes = UInt64(head.count)
    } else {
      let failure = RingError("writing to \(path)", errno: errno)
      node.lose(packets: 0, failure)
      FileSystem.remove(path)
      state.open = nil
    }
  }

  /// Appends the block of an interface that was added while a segment is open.
  private func describe(_ interface: Int, _ state: inout State) {
    var block: [UInt8] = []
    var writer = PcapngWriter()
    _ = writer.add(interface: state.interfaces[interface], to: &block)
    state.buffer.append(block.rawSpan)
  }

  private func describe(unknown packet: Packet, _ state: inout State) {
    // A number from the wire's side must not make us write without end.
    let last = min(packet.interface, 65_535)
    while state.interfaces.count <= last {
      state.interfaces.append(CaptureInterface(linkType: packet.linkType))
      if state.open != nil { describe(state.interfaces.count - 1, &state) }
    }
  }

  private func writeOut(_ now: Timestamp, _ state: inout State) {
    guard state.buffer.count > 0 else { return }
    defer {
      state.buffer.removeAll()
      (state.packets, state.capturedBytes, state.since) = (0, 0, now)
      (state.earliest, state.latest) = (.distantFuture, .distantPast)
      state.linkTypes.removeAll(keepingCapacity: true)
    }
    guard var open = state.open.take() else {
      node.lose(
        packets: state.packets,
        node.status.lastFailure ?? RingError("writing to \(node.folder)", errno: EIO))
      return
    }
    var problem = open.file.write(state.buffer.bytes)
    while problem == ENOSPC || problem == EDQUOT {
      // Newer packets are worth more than the oldest.
      open.file.truncate(to: open.index.bytes)
      guard node.dropOldest() else { break }
      problem = open.file.write(state.buffer.bytes)
    }
    guard problem == 0 else {
      open.file.truncate(to: open.index.bytes)
      node.lose(packets: state.packets, RingError("writing to \(open.path)", errno: problem))
      // Blocks of interfaces may have been lost with them; a new segment begins with all.
      state.open = open
      end(&state)
      return
    }
    open.index.bytes += UInt64(state.buffer.count)
    open.index.capturedBytes += state.capturedBytes
    for link in state.linkTypes { open.index.note(link) }
    if state.packets > 0 {
      open.index.add(
        CaptureIndex.Stretch(packets: state.packets, times: state.earliest...state.latest))
    }
    let isFull =
      open.index.bytes >= limits.segmentBytes
      || now.nanoseconds(since: open.since) >= limits.segmentAge
    if let segment = segment(open) { node.show(open: segment) }
    state.open = open
    if isFull {
      end(&state)
      node.enforce(limits, now: now)
    }
  }

  /// Closes the open segment and writes its index.
  private func end(_ state: inout State) {
    guard var open = state.open.take() else { return }
    guard open.index.packets > 0 else {
      FileSystem.remove(open.path)
      node.close(nil)
      return
    }
    var tail: [UInt8] = []
    let writer = PcapngWriter()
    for (number, interface) in state.interfaces.enumerated()
    where interface.received != nil || interface.dropped != nil {
      writer.add(
        statisticsOf: number, received: interface.received, dropped: interface.dropped,
        at: open.index.times?.upperBound ?? open.since, to: &tail)
    }
    if open.file.write(tail.rawSpan) == 0 {
      open.index.bytes += UInt64(tail.count)
    } else {
      open.file.truncate(to: open.index.bytes)
    }
    // Without its index the segment is read through at the next start: nothing is lost.
    try? FileSystem.write(open.index.encoded, to: Segment.indexPath(of: open.path))
    node.close(segment(open))
  }

  private func segment(_ open: OpenSegment) -> Segment? {
    open.index.times.map {
      Segment(
        node: node.name, path: open.path, number: open.number, bytes: open.index.bytes,
        packets: open.index.packets, times: $0)
    }
  }
}
