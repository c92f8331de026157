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

  package init() {}
}

/// What a flow table saw and turned away.
package struct FlowCounters: Hashable, Sendable {
  package var packets: UInt64 = 0
  package var conversations: UInt64 = 0
  package var evicted: UInt64 = 0
  /// Gaps given up because a limit was reached or the connection ended.
  package var gapsLost: UInt64 = 0
  package var bytesLost: UInt64 = 0
  /// Packets that repeat one just seen on another interface.
  package var duplicates: UInt64 = 0
  /// Packets of transports that are counted and not followed.
  package var unfollowed: UInt64 = 0

  package init() {}
}
