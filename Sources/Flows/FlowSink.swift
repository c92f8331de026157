package import Bytes
package import Layers

/// Which end of a conversation sent something.
package enum Side: UInt8, Hashable, Sendable, CaseIterable {
  case client, server

  package var other: Side { self == .client ? .server : .client }
}

/// Takes what flows deliver: reassembled bytes in order, datagrams, gaps and endings.
///
/// Called by one flow table only, on the thread that owns it. A `slot` names an open conversation:
/// a small number, reused after `closed`, fit to index an array of the sink's own states.
package protocol FlowSink: AnyObject {
  /// A conversation begins. Its client may still be corrected by `turned`.
  func opened(_ slot: Int, _ conversation: Conversation)

  /// What was taken for the client is the server. Comes before any bytes are delivered, or not at
  /// all; a `FlowTable` decides by the first packet and does not change its mind.
  func turned(_ slot: Int, _ conversation: Conversation)

  /// The next bytes of one side, in order, without repeats. For UDP one datagram at a time.
  /// The span is valid during the call only. Bytes that waited for others carry the moment of
  /// their own packet, which then lies before moments told earlier.
  func received(_ bytes: RawSpan, on slot: Int, from side: Side, at moment: Moment)

  /// `count` bytes of one side will never come: lost by the capture, or cut by its snap length.
  ///
  /// The moment is the one that proved them sent: the acknowledgment of the other side, if there
  /// was one, else the packet behind the gap. Whatever the other side sent in a later packet, it
  /// sent after it had these bytes.
  ///
  /// Of a datagram that the capture cut, this comes before its bytes, with the same moment: who reads
  /// it then knows it for a beginning.
  func lost(_ count: Int, on slot: Int, from side: Side, at moment: Moment)

  /// What `side` sends next, it sends when it has `count` bytes of the other side that were not
  /// delivered: they are missing, or come out of order. Told once, as soon as it has more of them.
  func heard(_ count: Int, on slot: Int, by side: Side)

  /// One side has finished sending (FIN), in order with its bytes.
  func finished(_ slot: Int, side: Side, at moment: Moment)

  /// The first packet with tags of VLANs has come, behind others that had none.
  func tagged(_ slot: Int, _ tags: VLANTags)

  /// The conversation is over; nothing more comes for this slot.
  func closed(_ slot: Int, _ conversation: Conversation)
}

extension FlowSink {
  package func tagged(_ slot: Int, _ tags: VLANTags) {}
  package func heard(_ count: Int, on slot: Int, by side: Side) {}
}

/// When and in which packet something arrived.
package struct Moment: Hashable, Sendable {
  package var timestamp: Timestamp
  /// Number of the packet in its capture.
  package var packet: UInt64

  package init(timestamp: Timestamp, packet: UInt64) {
    (self.timestamp, self.packet) = (timestamp, packet)
  }
}
