/// What dissection may hold and how long it waits. Each limit has a counter of what it turned away.
package struct DissectionLimits: Sendable {
  /// Bytes of one side shown to the recognisers before they must decide.
  package var openingBytes = 4 << 10
  /// Starts of segments or datagrams at which recognition is tried again in a conversation that
  /// was joined midway, or after a gap.
  package var attempts = 32
  /// Bytes of one side that may wait for the rest of a message.
  package var waitingPerSide = 1 << 20
  /// Waiting bytes of all conversations together.
  package var waitingInAll = 64 << 20
  /// Bytes kept of one body; all are counted.
  package var bodyKept = 64 << 10
  /// Body bytes of unfinished exchanges, all conversations together; beyond it none is kept.
  package var bodiesInAll = 64 << 20
  /// Unfinished exchanges of one conversation; the oldest makes room.
  package var pendingPerConversation = 8192
  /// Unfinished exchanges of all conversations together.
  package var pendingInAll = 500_000
  /// Memory of the messages of unfinished exchanges without their bodies, all conversations
  /// together, in bytes; beyond it the oldest of the conversation at hand make room. A head may be
  /// as long as it likes, and header compression makes kilobytes of one byte.
  package var messagesInAll = 256 << 20
  /// How long before its request a reply may have been captured, in nanoseconds: packets of two
  /// interfaces do not always come in order.
  package var earlyReply: Int64 = 100_000_000
  /// How long both sides of a conversation are silent, in nanoseconds, before nobody waits for an answer
  /// any more that may be among missing bytes; where its answers have taken longer, `restTimes` as long
  /// as the slowest of them.
  package var rest: Int64 = 1_000_000_000
  package var restTimes: Int64 = 4
  /// Time after which an answer counts as late, in nanoseconds of capture time.
  package var pairTimeout: Int64 = 10_000_000_000
  /// Time after which a half is given up and leaves as an entry, in nanoseconds of capture time.
  /// Until then a late partner completes it.
  package var lateTimeout: Int64 = 60_000_000_000
  /// Bytes of encrypted records of one conversation that may wait for their secrets, and of all
  /// conversations together.
  package var sealedPerConversation = 4 << 20
  package var sealedInAll = 64 << 20
  /// How long they may wait, in nanoseconds of capture time.
  package var sealedTimeout: Int64 = 10_000_000_000
  /// Conversations that are over and wait for their secrets.
  package var sealedConversations = 4096
  /// Bytes kept from each side of a conversation that nobody recognised.
  package var firstBytes = 64
  /// Encrypted conversations that may lie one in the other, such as TLS to a proxy and TLS through it.
  package var layers = 3
  /// Topics of Kafka named with their ids that wait to be told to those who read other connections.
  package var topicNews = 65_536
  /// Times a conversation may be handed from one dissector to the next.
  package var successions = 8

  package init() {}
}
