/// The health figures of one TCP connection, or of the connections of a flow (`tcp_metrics`): counts are exact, times are in
/// microseconds, and what could not be measured is nil, never zero.
package struct TCPHealth: Hashable, Sendable {
  /// How many connections these are the figures of.
  package var connections: UInt32 = 1
  package var retransmissions: UInt32 = 0
  package var fastRetransmissions: UInt32 = 0
  package var spuriousRetransmissions: UInt32 = 0
  package var zeroWindowEvents: UInt32 = 0
  package var windowFullEvents: UInt32 = 0
  package var outOfOrder: UInt32 = 0
  package var duplicateACKs: UInt32 = 0
  /// Gaps never filled in the capture.
  package var missingSegments: UInt32 = 0
  package var resets: UInt32 = 0
  package var fins: UInt32 = 0
  package var keepAlives: UInt32 = 0
  /// Bit mask: 1 SYN, 2 SYN-ACK, 4 ACK, 8 data, 16 FIN, 32 RST.
  package var completeness: UInt8 = 0
  /// Shift each side announced in its SYN; nil when it announced none.
  package var windowScale = BySide<UInt8?>(client: nil, server: nil)
  /// Mean of the scaled windows announced outside SYN segments; nil without a sample.
  package var averageReceiveWindow: UInt32?
  /// SYN to SYN-ACK.
  package var synToSynAck: UInt32?
  /// SYN-ACK to the handshake's last ACK.
  package var synAckToAck: UInt32?
  /// Latest SYN to the first ACK without SYN, of either side: the whole handshake.
  package var synToAck: UInt32?
  /// First SYN to the first byte of data from either side.
  package var connectionTime: UInt32?
  /// First SYN to the first byte of data from the server.
  package var timeToFirstByte: UInt32?
  package var rttMinimum: UInt32?
  package var rttMaximum: UInt32?
  package var rttAverage: UInt32?
  package var rttSamples: UInt32 = 0
  /// Standard deviation of the samples.
  package var jitter: UInt32?
  /// Payload that was acknowledged, each byte counted once.
  package var goodput: UInt64 = 0
  /// Segments above the announced maximum size were seen: captured before segmentation or after
  /// receive coalescing, so that one segment here was several on the wire.
  package var isOffloaded = false
  /// The same counts by the side they concern, as analysers of packets count them.
  package var bySide = BySide<Counts>(client: Counts(), server: Counts())

  package struct Counts: Hashable, Sendable {
    package var retransmissions: UInt32 = 0
    package var fastRetransmissions: UInt32 = 0
    package var spuriousRetransmissions: UInt32 = 0
    package var outOfOrder: UInt32 = 0
    package var duplicateACKs: UInt32 = 0
    package var zeroWindows: UInt32 = 0
    package var windowFull: UInt32 = 0
    package var keepAlives: UInt32 = 0
    package var missingSegments: UInt32 = 0

    package init() {}
  }

  package init() {}
}
