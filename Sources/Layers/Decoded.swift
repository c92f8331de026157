package import Bytes

/// A packet without its wrappings: the innermost addresses, ports and payload.
///
/// It holds no references: packets are copied and handed on by the thousand.
package struct Decoded: Sendable {
  /// Number of the packet in its capture, from 1.
  package var number: UInt64
  package var timestamp: Timestamp
  package var source: IPAddress
  package var destination: IPAddress
  package var sourcePort: UInt16
  package var destinationPort: UInt16
  package var transport: Transport
  /// Where the transport's payload lies: in the chunk, or in the datagram that was put together when
  /// `marks` say so (`Decapsulator.datagram`).
  package var payload: Range<Int>
  /// Bytes of payload the headers declare; more than `payload.count` when the capture cut it.
  package var declaredPayload: Int
  /// Bytes of the whole frame on the wire.
  package var frameLength: Int
  /// What TCP's header says; nil for every other transport.
  package var tcp: TCPFields?
  package var marks: Marks
  /// Its VLANs, those inside of tunnels left out.
  package var tags: VLANTags
  package var interface: Int
  /// IPv4's identification, which a sender gives each packet anew (RFC 6864); 0 means nothing, and
  /// is what IPv6 has.
  package var identification: UInt16
  /// The transport's own checksum as on the wire; 0 where it has none of 16 bits.
  package var checksum: UInt16
  /// Device and direction that a cooked capture names for each packet; 0 in other captures.
  package var device: UInt32

  /// Outermost VLAN identifier (IEEE 802.1Q), or nil.
  package var vlan: UInt16? { tags.outer }

  /// Whether the payload lies in a datagram that was put together, not in the chunk.
  @inlinable package var isReassembled: Bool { marks.isReassembled }

  /// Things worth counting that stop nothing.
  package struct Marks: OptionSet, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    /// The capture holds fewer bytes than the packet had.
    package static let cut = Marks(rawValue: 1)
    /// A checksum that is present and wrong. Never a reason to drop: offload leaves them so.
    package static let badChecksum = Marks(rawValue: 2)
    /// The packet travelled inside another (GRE, VXLAN, Geneve, IP in IP, …).
    package static let tunnelled = Marks(rawValue: 4)
    /// The packet was put together from IP fragments.
    package static let reassembled = Marks(rawValue: 8)

    /// By its number, which is inlined in other modules, as a set is not.
    @inlinable package var isReassembled: Bool { rawValue & 8 != 0 }
  }
}

/// What carries the payload.
package enum Transport: UInt8, Hashable, Sendable {
  case tcp, udp, sctp, icmp, icmpv6
  /// Any other IP protocol; counted, not followed.
  case other
}

/// The fields of a TCP header that reassembly and its health figures need (RFC 9293 §3.1).
package struct TCPFields: Hashable, Sendable {
  package var sequence: UInt32
  package var acknowledgment: UInt32
  package var flags: TCPFlags
  /// As on the wire, not scaled.
  package var window: UInt16
  /// Shift of the window scale option (RFC 7323 §2), only on SYN segments that carry it.
  package var windowScale: UInt8?
  /// Maximum segment size option, only on SYN segments that carry it.
  package var maximumSegmentSize: UInt16?
  package var sackPermitted: Bool
  /// Number of SACK blocks (RFC 2018), at most four.
  package var sackCount: UInt8
  /// The right edge of the first of them.
  package var sackEdge: UInt32
  /// The capture ends inside the options: one that is not here may have been there.
  package var areOptionsCut = false

  package init(
    sequence: UInt32, acknowledgment: UInt32, flags: TCPFlags, window: UInt16,
    windowScale: UInt8? = nil, maximumSegmentSize: UInt16? = nil, sackPermitted: Bool = false,
    sackCount: UInt8 = 0, sackEdge: UInt32 = 0
  ) {
    (self.sequence, self.acknowledgment, self.flags) = (sequence, acknowledgment, flags)
    (self.window, self.windowScale) = (window, windowScale)
    (self.maximumSegmentSize, self.sackPermitted) = (maximumSegmentSize, sackPermitted)
    (self.sackCount, self.sackEdge) = (sackCount, sackEdge)
  }
}

/// Control bits of a TCP header.
package struct TCPFlags: OptionSet, Hashable, Sendable {
  package var rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }
  package static let fin = TCPFlags(rawValue: 1)
  package static let syn = TCPFlags(rawValue: 2)
  package static let rst = TCPFlags(rawValue: 4)
  package static let psh = TCPFlags(rawValue: 8)
  package static let ack = TCPFlags(rawValue: 16)
  package static let urg = TCPFlags(rawValue: 32)
  package static let ece = TCPFlags(rawValue: 64)
  package static let cwr = TCPFlags(rawValue: 128)
}

extension Decoded {
  package init(
    number: UInt64, timestamp: Timestamp, source: IPAddress, destination: IPAddress,
    sourcePort: UInt16, destinationPort: UInt16, transport: Transport, payload: Range<Int>,
    declaredPayload: Int, frameLength: Int, tcp: TCPFields? = nil, marks: Marks = []
  ) {
    self.number = number
    self.timestamp = timestamp
    self.source = source
    self.destination = destination
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.transport = transport
    self.payload = payload
    self.declaredPayload = declaredPayload
    self.frameLength = frameLength
    self.tcp = tcp
    self.marks = marks
    tags = VLANTags()
    interface = 0
    identification = 0
    checksum = 0
    device = 0
  }
}
