package import Dissectors

/// A place in captures from which another process can go on, exactly.
///
/// What the conversations that were open there have said is not kept: it may be much, and every
/// dissector would have to write its state down. Instead the packets before the place are found
/// again, and those of the conversations that were open are followed anew; what they say is
/// dropped, for it is in the store already. Finding packets costs little beside understanding them.
/// Of conversations that had ended there only the sums that flow records are made of are needed.
///
/// (One thing may differ: where a limit of memory was reached before the place, it may not be
/// reached while fewer conversations are followed.)
package struct Checkpoint: Hashable, Sendable {
  /// Conversations open at once beyond which a place is not noted.
  static let maxOpen = 200_000

  /// Packets before it.
  package var packets: UInt64
  /// Largest sequence number of the store there: blocks beyond came later and are read again.
  package var sequence: Int64
  /// What was added to stream numbers.
  package var firstStream: UInt64
  /// Numbers of the first packets of the conversations that were open, ascending.
  package var open: [UInt64] = []
  /// The flows of the conversations that had ended.
  package var flows = FlowBook()
  /// The topics of Kafka that were told there: connections that told of them may have ended.
  package var topics = KafkaTopicBook()
  /// What reading had counted, and what the workers had.
  package var read: Statistics
  package var followed = Statistics()

  package init(packets: UInt64 = 0, sequence: Int64, firstStream: UInt64, read: Statistics) {
    (self.packets, self.sequence, self.firstStream) = (packets, sequence, firstStream)
    self.read = read
  }
}
