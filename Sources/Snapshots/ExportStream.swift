package import Bytes
import PacketFilters
package import Packets
import Ring

/// What is noted on packets, as comments of pcapng.
package struct PacketNotes: Sendable {
  /// By number of the packet among all of the snapshot, from 1.
  package var texts: [UInt64: [String]] = [:]

  package init() {}
}

/// The bytes of an export, piece by piece, in constant memory. The same request gives the same bytes.
package struct ExportStream: Sendable {
  /// Bytes of a piece, about.
  private static let piece = 1 << 20

  private let format: ExportRequest.Format
  private let extras: CaptureExtras
  private let linkType: LinkType
  private let notes: PacketNotes?
  /// What is left out of what `merger` gives; nil for nothing.
  private var choice: Choice?
  private var merger: CaptureMerger
  private var writer = PcapngWriter()
  private var isStarted = false
  /// The chunk whose packets are being written, and the next of them.
  private var chunk: PacketChunk?
  private var next = 0
  package private(set) var packets: UInt64 = 0
  package private(set) var first: Timestamp?
  package private(set) var last: Timestamp?

  /// Packets that are chosen here, so that all are counted.
  struct Choice: Sendable {
    var window: Range<Timestamp>
    var filter: PacketFilter?

    mutating func includes(_ packet: Packet, in memory: RawSpan) -> Bool {
      window.contains(packet.timestamp) && filter?.matches(packet, in: memory) ?? true
    }
  }

  package init(
    _ merger: CaptureMerger, format: ExportRequest.Format, linkType: LinkType,
    extras: CaptureExtras
  ) {
    self.init(
      merger, format: format, linkType: linkType, extras: extras, notes: nil, choice: nil)
  }

  init(
    _ merger: CaptureMerger, format: ExportRequest.Format, linkType: LinkType,
    extras: CaptureExtras, notes: PacketNotes? = nil, choice: Choice? = nil
  ) {
    (self.notes, self.choice) = (notes, choice)
    (self.merger, self.format, self.linkType, self.extras) = (merger, format, linkType, extras)
  }

  /// The next bytes, or nil at the end.
  package mutating func nextPiece() throws(CaptureError) -> [UInt8]? {
    var buffer = RecordBuffer(capacity: Self.piece + (256 << 10))
    if !isStarted {
      isStarted = true
      start(&buffer)
    }
    while buffer.count < Self.piece {
      if chunk == nil {
        chunk = try merger.next()
        next = 0
        describeInterfaces(&buffer)
        guard chunk != nil else {
          describeSome(&buffer)
          break
        }
      }
      write(&buffer)
    }
    return buffer.count > 0 ? buffer.bytes.array() : nil
  }

  private func start(_ buffer: inout RecordBuffer) {
    var head: [UInt8] = []
    switch format {
    case .pcap: PcapWriter(linkType: linkType).start(&head)
    case .pcapng:
      writer.start(application: "kubeshark", to: &head)
      extras.add(to: &head, writer)
    }
    buffer.append(head.rawSpan)
  }

  /// Interfaces are described before the first packet that came over one of them.
  private mutating func describeInterfaces(_ buffer: inout RecordBuffer) {
    guard format == .pcapng else { return }
    var blocks: [UInt8] = []
    for interface in merger.interfaces.dropFirst(writer.interfaceCount) {
      _ = writer.add(interface: interface, to: &blocks)
    }
    buffer.append(blocks.rawSpan)
  }

  /// Of a file without packets at least one interface: some readers refuse it otherwise.
  private mutating func describeSome(_ buffer: inout RecordBuffer) {
    guard format == .pcapng, writer.interfaceCount == 0 else { return }
    var blocks: [UInt8] = []
    _ = writer.add(interface: CaptureInterface(linkType: linkType), to: &blocks)
    buffer.append(blocks.rawSpan)
  }

  private mutating func write(_ buffer: inout RecordBuffer) {
    guard let current = chunk else { return }
    let memory = current.store.bytes
    let all = current.packets.span
    while next < all.count, buffer.count < Self.piece {
      let packet = all[next]
      if let included = choice?.includes(packet, in: memory), !included {
        next += 1
        continue
      }
      switch format {
      case .pcap: PcapWriter.add(packet, in: memory, to: &buffer)
      case .pcapng:
        if let texts = notes?.texts[packet.number] {
          var block: [UInt8] = []
          writer.add(
            memory.slice(packet.range), at: packet.timestamp,
            originalLength: packet.originalLength, interface: packet.interface,
            comments: texts, to: &block)
          buffer.append(block.rawSpan)
        } else {
          PcapngWriter.add(packet, in: memory, to: &buffer)
        }
      }
      if first == nil { first = packet.timestamp }
      last = packet.timestamp
      packets += 1
      next += 1
    }
    if next >= all.count { chunk = nil }
  }
}
