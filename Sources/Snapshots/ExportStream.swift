package import Bytes
package import Packets
import Ring

/// The bytes of an export, piece by piece, in constant memory. The same request gives the same bytes.
package struct ExportStream: Sendable {
  /// Bytes of a piece, about.
  private static let piece = 1 << 20

  private let format: ExportRequest.Format
  private let extras: CaptureExtras
  private let linkType: LinkType
  private var merger: CaptureMerger
  private var writer = PcapngWriter()
  private var isStarted = false
  /// The chunk whose packets are being written, and the next of them.
  private var chunk: PacketChunk?
  private var next = 0
  package private(set) var packets: UInt64 = 0
  package private(set) var first: Timestamp?
  package private(set) var last: Timestamp?

  package init(
    _ merger: CaptureMerger, format: ExportRequest.Format, linkType: LinkType,
    extras: CaptureExtras
  ) {
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
      switch format {
      case .pcap: PcapWriter.add(packet, in: memory, to: &buffer)
      case .pcapng: PcapngWriter.add(packet, in: memory, to: &buffer)
      }
      if first == nil { first = packet.timestamp }
      last = packet.timestamp
      packets += 1
      next += 1
    }
    if next >= all.count { chunk = nil }
  }
}
