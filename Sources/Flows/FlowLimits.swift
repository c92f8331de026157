/// What a flow table may hold. Each limit has a counter of what it turned away.
package struct FlowLimits: Sendable {
  /// Conversations open at once; the longest idle one makes room.
  package var conversations = 1_000_000
  /// Out-of-order bytes one side of a connection may keep waiting; then its oldest gap is lost.
  package var pendingBytesPerSide = 1 << 20
  /// Out-of-order bytes of all connections together.
  package var pendingBytes = 64 << 20
  /// Idle time after which a TCP conversation counts as over, in nanoseconds.
  package var tcpIdle: Int64 = 1_200_000_000_000
  /// Idle time after which a UDP exchange counts as over, in nanoseconds.
  package var udpIdle: Int64 = 1_200_000_000_000
  /// How long a finished or reset connection is kept for its late packets, in nanoseconds.
  package var closedLinger: Int64 = 60_000_000_000
  /// Finished or reset connections kept so; beyond, the longest idle of them goes early.
  package var closedConversations = 20_000
  /// Conversations in which only one side was heard, and no data of TCP; beyond, the longest idle
  /// of them goes early. A flood of them takes neither memory nor the place of the others.
  package var unansweredConversations = 20_000
  /// How long bytes wait for a gap to fill when only one direction was captured and no
  /// acknowledgment will ever tell, in nanoseconds.
  package var oneSidedGapWait: Int64 = 3_000_000_000
  /// How long packets wait for what they acknowledge and nobody has seen, which the capture may have
  /// behind them; in nanoseconds of its time, 0 waits for nothing.
  package var earlyWait: Int64 = 3_000_000
  /// Packets of one connection that wait so, and the bytes of their payload.
  package var earlyPackets = 8
  package var earlyBytes = 128 << 10
  /// Connections in which packets wait so at once.
  package var earlyConnections = 10_000
  /// A packet equal to one seen this long ago may be its copy, captured twice; in nanoseconds, 0
  /// takes every packet for itself.
  package var duplicateWindow: Int64 = 10_000_000
  /// Connections that are measured twice at once, with and without their repeated packets, until
  /// it is clear whether all of them came twice.
  package var suspectedConnections = 10_000

  package init() {}
}

/// What a flow table saw and turned away.
package struct FlowCounters: Hashable, Sendable {
  package var packets: UInt64 = 0
  package var conversations: UInt64 = 0
  package var evicted: UInt64 = 0
  /// Finished or reset connections that went before their late packets could come.
  package var closedEarly: UInt64 = 0
  /// Conversations that went before an answer could come.
  package var unansweredEarly: UInt64 = 0
  /// Gaps given up: confirmed by the other side, at a limit, or at the connection's end.
  package var gapsLost: UInt64 = 0
  /// Bytes in those gaps, and bytes cut off by the capture.
  package var bytesLost: UInt64 = 0
  /// Segments that repeat delivered bytes only.
  package var repeatedSegments: UInt64 = 0
  /// Segments too far from their stream to belong to it.
  package var straySegments: UInt64 = 0
  /// Times a limit on waiting bytes gave up a gap.
  package var pendingOverflows: UInt64 = 0
  /// Packets that waited for what they acknowledge.
  package var earlyPackets: UInt64 = 0
  /// Times that it did not come: the capture lost it.
  package var earlyInVain: UInt64 = 0
  /// Packets that did not wait, or no longer, because of a limit.
  package var earlyOverflows: UInt64 = 0
  /// Segments whose acknowledgment is not timed because too many were under way.
  package var untimedSegments: UInt64 = 0
  /// Packets captured twice: copies of one just seen.
  package var duplicates: UInt64 = 0
  /// Connections taken as captured once because too many were suspected.
  package var unsuspected: UInt64 = 0
  /// Packets of transports that are counted and not followed, and TCP packets without a header.
  package var unfollowed: UInt64 = 0

  package init() {}
}
