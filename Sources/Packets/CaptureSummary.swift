package import Bytes

/// What a capture says beside its packets; grows while it is read.
package struct CaptureSummary: Sendable {
  /// The file formats that are read, by content.
  package enum Format: String, Sendable { case pcap, pcapng }
  /// What the file is wrapped in.
  package enum Compression: String, Sendable { case gzip, zstd }

  /// Nil until the first bytes were read.
  package var format: Format?
  package var compression: Compression?
  /// Packets delivered.
  package var packets: UInt64 = 0
  /// Bytes captured of them, and bytes they had on the wire.
  package var capturedBytes: UInt64 = 0
  package var originalBytes: UInt64 = 0
  /// Times of the first and last packet that have one, in the file's order.
  package var first: Timestamp?
  package var last: Timestamp?
  /// Earliest and latest time of a packet.
  package var earliest: Timestamp?
  package var latest: Timestamp?
  /// Packets that carry no time (simple packet blocks); they get that of the packet before.
  package var packetsWithoutTime: UInt64 = 0

  /// In the order of `Packet.interface`.
  package var interfaces: [CaptureInterface] = []
  /// Names of addresses, in the order of the file.
  package var names: [CaptureName] = []
  /// Keys for encrypted traffic, in the order of the file.
  package var secrets: [CaptureSecrets] = []
  package var comments: [CaptureComment] = []
  /// Hardware, operating system and program that wrote the first section that names them.
  package var hardware: String?
  package var operatingSystem: String?
  package var application: String?
  /// Sections of a pcapng file.
  package var sections: UInt64 = 0
  /// Blocks of kinds that are not read, by kind.
  package var skippedBlocks: [UInt32: UInt64] = [:]

  package var warnings: [CaptureWarning] = []
  /// Warnings beyond the limit.
  package var furtherWarnings: UInt64 = 0
  /// Interfaces, names, comments and secrets beyond their limits.
  package var furtherInterfaces: UInt64 = 0
  package var furtherNames: UInt64 = 0
  package var furtherComments: UInt64 = 0
  package var furtherSecrets: UInt64 = 0

  /// What `secrets` holds, in bytes.
  var secretBytes = 0
  /// Packets dropped before others, as those say, by the index of the interface.
  private var dropsBetween: [Int: UInt64] = [:]

  package init() {}

  /// Packets the capturing host dropped, as far as interface statistics tell, or for interfaces
  /// without them the packets.
  package var dropped: UInt64 {
    interfaces.indices.reduce(0) { sum, index in
      sum &+ (interfaces[index].dropped ?? dropsBetween[index] ?? 0)
    }
  }

  mutating func warn(
    _ kind: CaptureWarning.Kind, at offset: UInt64, _ text: String, limits: CaptureLimits
  ) {
    guard warnings.count < limits.warnings else {
      furtherWarnings += 1
      return
    }
    warnings.append(CaptureWarning(kind: kind, offset: offset, text: text))
  }

  mutating func note(
    comment text: String, on place: CaptureComment.Place, limits: CaptureLimits
  ) {
    guard comments.count < limits.comments else {
      furtherComments += 1
      return
    }
    comments.append(CaptureComment(place: place, text: text))
  }

  /// A packet says how many of its interface were dropped before it.
  mutating func note(drops count: UInt64, on interface: Int) {
    if count > 0 { dropsBetween[interface, default: 0] &+= count }
  }

  mutating func skip(block kind: UInt32, limits: CaptureLimits) {
    let isNew = skippedBlocks[kind] == nil
    let key = isNew && skippedBlocks.count >= limits.blockKinds ? 0 : kind
    skippedBlocks[key, default: 0] += 1
  }

  /// Takes a packet's time into account.
  mutating func note(time: Timestamp) {
    if first == nil { (first, earliest, latest) = (time, time, time) }
    last = time
    if let known = earliest, time < known { earliest = time }
    if let known = latest, known < time { latest = time }
  }
}

/// Where packets were captured, and how.
package struct CaptureInterface: Hashable, Sendable {
  package var linkType: LinkType
  /// Bytes kept of each packet; 0 means all.
  package var snapLength: Int
  package var name: String?
  package var description: String?
  package var filter: String?
  package var operatingSystem: String?
  /// From interface statistics: packets received and dropped, when the capture tells.
  package var received: UInt64?
  package var dropped: UInt64?

  package init(linkType: LinkType, snapLength: Int = 0, name: String? = nil) {
    (self.linkType, self.snapLength, self.name) = (linkType, snapLength, name)
  }
}

/// An address and one of its names, from a name resolution record.
package struct CaptureName: Hashable, Sendable {
  package var address: IPAddress
  package var name: String

  package init(address: IPAddress, name: String) {
    (self.address, self.name) = (address, name)
  }
}

/// Keys that decrypt traffic of the capture.
package struct CaptureSecrets: Hashable, Sendable {
  /// What the bytes are: `tlsKeyLog` or another number of the pcapng registry.
  package var kind: UInt32
  package var bytes: [UInt8]
  /// Packets that came before it.
  package var afterPacket: UInt64

  /// Lines of the NSS key log format.
  package static let tlsKeyLog: UInt32 = 0x544c_534b

  package init(kind: UInt32, bytes: [UInt8], afterPacket: UInt64 = 0) {
    (self.kind, self.bytes, self.afterPacket) = (kind, bytes, afterPacket)
  }
}

/// A remark somebody left in the capture.
package struct CaptureComment: Hashable, Sendable {
  package enum Place: Hashable, Sendable {
    case section(UInt64)
    case interface(Int)
    case packet(UInt64)
  }
  package var place: Place
  package var text: String

  package init(place: Place, text: String) {
    (self.place, self.text) = (place, text)
  }
}

/// Something that was lost or odd in a capture that could be read otherwise.
package struct CaptureWarning: Hashable, Sendable {
  package enum Kind: String, Sendable {
    /// The capture ends in the middle of a record.
    case truncated
    /// Bytes that are no record; `text` says whether reading went on after them.
    case corrupt
    /// A record that makes no sense by itself; only it was lost.
    case invalid
    /// The compressed data around the capture is damaged.
    case compression
  }
  package var kind: Kind
  /// Bytes from the start of the capture, after decompression.
  package var offset: UInt64
  /// A sentence without its full stop.
  package var text: String
}
