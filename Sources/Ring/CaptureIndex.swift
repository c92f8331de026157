package import Bytes
package import Packets

/// When the packets of a capture were seen, in the order of the file.
///
/// With it a reader knows which packets may be given in order of time before it has read the rest:
/// packets of several queues and interfaces are not written in order.
package struct CaptureIndex: Hashable, Sendable {
  /// Packets in a row.
  package struct Stretch: Hashable, Sendable {
    package var packets: UInt64
    package var times: ClosedRange<Timestamp>

    package init(packets: UInt64, times: ClosedRange<Timestamp>) {
      (self.packets, self.times) = (packets, times)
    }
  }

  /// Bytes of the file that is described.
  package var bytes: UInt64 = 0
  package var packets: UInt64 = 0
  /// Bytes captured of the packets.
  package var capturedBytes: UInt64 = 0
  package private(set) var stretches: [Stretch] = []
  package private(set) var times: ClosedRange<Timestamp>?
  /// Link types of the packets, in the order they came; at most `maxLinkTypes`.
  package private(set) var linkTypes: [LinkType] = []
  private static let maxLinkTypes = 256

  package init() {}

  package mutating func add(_ stretch: Stretch) {
    stretches.append(stretch)
    packets += stretch.packets
    times =
      times.map { known in
        min(
          known.lowerBound, stretch.times.lowerBound)...max(
            known.upperBound, stretch.times.upperBound)
      } ?? stretch.times
  }

  /// Notes that packets have this link type.
  package mutating func note(_ linkType: LinkType) {
    guard !linkTypes.contains(linkType), linkTypes.count < Self.maxLinkTypes else { return }
    linkTypes.append(linkType)
  }

  /// Takes in a chunk that was read or written.
  package mutating func add(_ chunk: PacketChunk) {
    guard let first = chunk.packets.first else { return }
    var (earliest, latest) = (first.timestamp, first.timestamp)
    for packet in chunk.packets {
      if packet.linkType != linkTypes.last { note(packet.linkType) }
      earliest = min(earliest, packet.timestamp)
      latest = max(latest, packet.timestamp)
      capturedBytes += UInt64(packet.range.count)
    }
    add(Stretch(packets: UInt64(chunk.packets.count), times: earliest...latest))
  }

  /// Reads the capture at `path` to its end.
  ///
  /// - Parameter isCancelled: asked once per chunk; true ends the reading early.
  package static func of(
    _ path: String, isCancelled: () -> Bool = { false }
  ) throws(CaptureError) -> (index: CaptureIndex, summary: CaptureSummary, end: UInt64) {
    var reader = try CaptureReader(path: path)
    var index = CaptureIndex()
    index.bytes = CaptureReader.byteCount(of: path) ?? 0
    while !isCancelled(), let chunk = try reader.next() { index.add(chunk) }
    return (index, reader.summary, reader.place)
  }
}

// MARK: Its file

extension CaptureIndex {
  /// `KSRI`, and the version of the form.
  private static let magic: UInt64 = 0x0000_0001_4952_534b
  private static let maxStretches = 1 << 24

  /// The index as a file: numbers of eight bytes, least significant first, and a CRC-32C of them.
  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(48 + stretches.count * 24)
    let counts = [UInt64(linkTypes.count), UInt64(stretches.count)]
    for number in [Self.magic, self.bytes, capturedBytes] + counts {
      bytes.append(little: number)
    }
    for link in linkTypes { bytes.append(little: UInt64(link.rawValue)) }
    for stretch in stretches {
      bytes.append(little: stretch.packets)
      bytes.append(little: UInt64(bitPattern: stretch.times.lowerBound.nanoseconds))
      bytes.append(little: UInt64(bitPattern: stretch.times.upperBound.nanoseconds))
    }
    bytes.append(little: crc32c(bytes.rawSpan))
    return bytes
  }

  /// The index of an encoded form; nil when it is damaged or of another version.
  package init?(encoded: [UInt8]) {
    let bytes = encoded.rawSpan
    guard bytes.byteCount >= 44, bytes.little64(0) == Self.magic else { return nil }
    let (links, count) = (bytes.little64(24), bytes.little64(32))
    guard links <= UInt64(Self.maxLinkTypes), count <= UInt64(Self.maxStretches),
      bytes.byteCount == 44 + Int(links) * 8 + Int(count) * 24,
      crc32c(bytes.prefix(bytes.byteCount - 4)) == bytes.little32(bytes.byteCount - 4)
    else { return nil }
    self.bytes = bytes.little64(8)
    capturedBytes = bytes.little64(16)
    for number in 0..<Int(links) {
      note(LinkType(rawValue: UInt16(truncatingIfNeeded: bytes.little64(40 + number * 8))))
    }
    for number in 0..<Int(count) {
      let at = 40 + Int(links) * 8 + number * 24
      let first = Timestamp(nanoseconds: Int64(bitPattern: bytes.little64(at + 8)))
      let last = Timestamp(nanoseconds: Int64(bitPattern: bytes.little64(at + 16)))
      guard first <= last else { return nil }
      add(Stretch(packets: bytes.little64(at), times: first...last))
    }
  }
}
