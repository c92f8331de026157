package import Bytes
package import Layers

/// One connection or UDP exchange: who talks, how much, how healthy.
package struct Conversation: Sendable {
  /// Number of its first packet: unique within a capture and the same on every run.
  package var stream: UInt64
  package var transport: Transport
  package var client: Peer
  package var server: Peer
  /// How the client was told from the server.
  package var clientKnownBy: ClientEvidence
  package var first: Timestamp
  package var last: Timestamp
  package var state: State
  /// Why it is over, or is not followed further; nil while it is open.
  package var closeReason: CloseReason?
  /// What each side sent, counted in packets as captured.
  package var sent: BySide<Traffic>
  /// Copies of each side's packets that the capture holds beside them, which are not in `sent`.
  package var copies = BySide<UInt32>(client: 0, server: 0)
  /// VLANs of its first packet that had any.
  package var tags = VLANTags()
  /// TCP only.
  package var health: TCPHealth?

  package struct Peer: Hashable, Sendable {
    package var address: IPAddress
    package var port: UInt16

    package init(address: IPAddress, port: UInt16) {
      (self.address, self.port) = (address, port)
    }
  }

  package enum ClientEvidence: UInt8, Sendable {
    case syn, synAck, firstPacket, portHint
  }

  package enum State: UInt8, Sendable {
    /// Seen from its beginning.
    case open
    /// Joined in the middle.
    case inProgress
    /// FIN from both sides, a reset, or idle for too long.
    case closed
  }

  package enum CloseReason: UInt8, Sendable {
    /// FIN from both sides.
    case finished
    case reset
    case idle
    /// A new connection took its ports.
    case portReuse
    /// The table was full and this one was the longest idle.
    case evicted
    /// The capture ended first.
    case endOfCapture
  }

  /// What one side sent.
  package struct Traffic: Hashable, Sendable {
    package var packets: UInt64 = 0
    /// Whole frames, in bytes on the wire.
    package var bytes: UInt64 = 0
    /// Transport payload in bytes, repeats counted every time.
    package var payload: UInt64 = 0

    package init() {}

    package mutating func add(_ other: Traffic) {
      packets &+= other.packets
      bytes &+= other.bytes
      payload &+= other.payload
    }

    mutating func count(_ packet: borrowing Decoded) {
      packets &+= 1
      bytes &+= UInt64(max(0, packet.frameLength))
      payload &+= UInt64(max(0, packet.declaredPayload))
    }
  }
}

/// One value for each side.
///
/// Both lie in one row: a choice between two stored properties would be a coroutine with two ends, which
/// is not inlined, and takes memory of its own for each look.
package struct BySide<Value> {
  private var row: InlineArray<2, Value>

  @inline(__always)
  package init(client: Value, server: Value) { row = [client, server] }

  package var client: Value {
    @inline(__always) _read { yield row[0] }
    @inline(__always) _modify { yield &row[0] }
  }

  package var server: Value {
    @inline(__always) _read { yield row[1] }
    @inline(__always) _modify { yield &row[1] }
  }

  package subscript(side: Side) -> Value {
    @inline(__always) _read { yield row[side == .client ? 0 : 1] }
    @inline(__always) _modify { yield &row[side == .client ? 0 : 1] }
  }

  /// Client and server change places.
  package mutating func turn() { row.swapAt(0, 1) }
}

extension BySide {
  /// The value of `side`, where it lies. A look is `mutating`, though it changes nothing: else the
  /// value is copied for it, and the references in it counted.
  package subscript(inPlace side: Side) -> Value {
    @inline(__always) mutating _read { yield row[side == .client ? 0 : 1] }
    @inline(__always) _modify { yield &row[side == .client ? 0 : 1] }
  }
}

extension BySide: Sendable where Value: Sendable {}

extension BySide: Equatable where Value: Equatable {
  package static func == (a: BySide, b: BySide) -> Bool {
    a.client == b.client && a.server == b.server
  }
}

extension BySide: Hashable where Value: Hashable {
  package func hash(into hasher: inout Hasher) {
    hasher.combine(client)
    hasher.combine(server)
  }
}
