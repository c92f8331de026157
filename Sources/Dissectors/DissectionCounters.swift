package import Bytes
package import Decompression

/// What dissection saw, could not read, and turned away.
package struct DissectionCounters: Hashable, Sendable {
  /// By name of the row.
  package var protocols: [String: Figures] = [:]
  /// Conversations with bytes that no dissector recognised, by port of the server.
  package var unrecognised: [UInt16: UInt64] = [:]
  /// Bytes that waited for the rest of their message and were dropped: a limit, a gap or the end.
  package var waitingDropped: UInt64 = 0
  /// Things that later messages may refer to and that were not kept (numbers of MQTT messages and
  /// topics, beyond what one side may have).
  package var referencesForgotten: UInt64 = 0
  /// Body bytes not kept because `bodyKept` or `bodiesInAll` was reached.
  package var bodyBytesCut: UInt64 = 0
  /// Exchanges that left unfinished because too many were pending.
  package var pendingEvicted: UInt64 = 0
  /// Contents that were decompressed while reading, by how it ended.
  package var decompressions = DecompressionCounters()
  /// Conversations with something encrypted that ended, by whether it could be read.
  package var secrecy: [Secrecy: UInt64] = [:]
  /// Bytes of encrypted records that waited for their secrets in vain.
  package var sealedDropped: UInt64 = 0
  /// Topics of Kafka that were not told to those who read other connections.
  package var topicsUntold: UInt64 = 0
  /// Verification tags of SCTP associations that had more of them than are remembered.
  package var associationTagsForgotten: UInt64 = 0
  /// Steps that used more bytes than there were, or none for too long: a mistake of a dissector.
  package var misbehaved: UInt64 = 0

  /// Figures of one protocol.
  package struct Figures: Hashable, Sendable {
    package var conversations: UInt64 = 0
    package var messages: UInt64 = 0
    package var pairs: UInt64 = 0
    /// Entries with one half only, where two were expected.
    package var halves: UInt64 = 0
    /// Messages that belong to an exchange and are no entry: interim replies, further answers.
    package var interim: UInt64 = 0
    /// Requests sent again while their reply was still to come.
    package var repeats: UInt64 = 0
    /// Replies that came after `pairTimeout`.
    package var late: UInt64 = 0
    /// Recognised by mistake and given back.
    package var withdrawn: UInt64 = 0
    /// Bytes that were not captured.
    package var bytesLost: UInt64 = 0
    /// Malformed messages, by raw value of `WireError.Kind`.
    package var errors = [UInt64](repeating: 0, count: WireError.Kind.allCases.count)

    package init() {}

    package func errors(of kind: WireError.Kind) -> UInt64 { errors[Int(kind.rawValue)] }
  }

  package init() {}

  /// Adds the figures of another worker.
  package mutating func add(_ other: DissectionCounters) {
    for (name, figures) in other.protocols { protocols[name, default: Figures()].add(figures) }
    unrecognised.merge(other.unrecognised, uniquingKeysWith: +)
    waitingDropped += other.waitingDropped
    referencesForgotten += other.referencesForgotten
    bodyBytesCut += other.bodyBytesCut
    pendingEvicted += other.pendingEvicted
    decompressions.add(other.decompressions)
    secrecy.merge(other.secrecy, uniquingKeysWith: +)
    sealedDropped += other.sealedDropped
    topicsUntold += other.topicsUntold
    associationTagsForgotten += other.associationTagsForgotten
    misbehaved += other.misbehaved
  }
}

extension DissectionCounters.Figures {
  mutating func add(_ other: Self) {
    conversations += other.conversations
    messages += other.messages
    pairs += other.pairs
    halves += other.halves
    interim += other.interim
    repeats += other.repeats
    late += other.late
    withdrawn += other.withdrawn
    bytesLost += other.bytesLost
    for kind in errors.indices { errors[kind] += other.errors[kind] }
  }
}
