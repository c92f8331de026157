import Bytes
package import Decompression
package import Entries

/// One message as its dissector read it. Times, packets, sizes and missing bytes are added by the
/// runner.
package struct Message: Sendable {
  package enum Role: Sendable {
    case request
    case response
    /// Belongs to a reply that is still to come (HTTP 1xx): counted, not kept.
    case interim
    /// Stands alone, and nobody waits for it: an entry of its own with the sender as source.
    case notice
  }

  /// Whether there is another half.
  package enum Partner: Sendable {
    case expected
    /// Of a request: it came before, as far as the reader knows. Where it did not wait that long,
    /// another is expected, and the reader is told (`stillWaits`).
    case came
    /// The protocol has none (a request nobody answers).
    case none
    /// There was one, and it was not captured.
    case lost
  }

  /// How the message ends.
  package enum Extent: Equatable, Sendable {
    /// With the step's bytes.
    case whole
    /// Its body is the next so many bytes, and then it is complete. `Int.max`: until the side
    /// finishes sending.
    case body(Int)
    /// By a step `end`; `body` and `content` steps come before.
    case open
  }

  /// A request that is answered once more, by the next protocol.
  package struct Continuation: Sendable {
    /// Name of the row that reads the next protocol; without it nothing is awaited.
    package var reader: String
    /// Key of the request there.
    package var key: UInt64

    package init(reader: String, key: UInt64) { (self.reader, self.key) = (reader, key) }
  }

  package var kind: ProtocolKind
  package var role: Role
  /// What a request and its reply share within the conversation: an ordinal, a stream or
  /// correlation id, or a hash of several.
  package var key: UInt64
  package var extent = Extent.whole
  package var partner = Partner.expected
  /// The protocol's own fields. A reply's replace the request's where both have one.
  package var fields = FieldValues()
  package var headers = HeaderBlock()
  /// Content, when it lies within the step's bytes; else `body` and `content` steps bring it.
  package var body: [UInt8] = []
  /// A JSON object, as UTF-8, with what has no field of its own: `request` or `response` of the raw
  /// record. Empty for none.
  package var details: [UInt8] = []
  /// The message reports failure.
  package var failed = false
  /// Its content is read as it comes: times, events and its end are noted.
  package var isStreamed = false
  /// Of a reply in many messages: the time that the exchange took runs to its end.
  package var isTimedByItsEnd = false
  /// Bits for `complete`; those of both messages are put together.
  package var hints: UInt8 = 0
  /// So many of the first bytes that were shown are kept as they are, as the facts of the message
  /// (`requestFacts` of a request, `responseFacts` of any other).
  package var facts: UInt16 = 0
  /// Bytes behind the step's own that are passed over with them: they belong to no message.
  package var passed: UInt8 = 0
  /// What few messages have. Apart, for messages are moved a dozen times on their way.
  private var exception: Exception?

  package init(_ role: Role, _ kind: ProtocolKind, key: UInt64) {
    (self.role, self.kind, self.key) = (role, kind, key)
  }
}

extension Message {
  /// A whole reply of which its facts are all that is kept.
  var isOnlyFacts: Bool {
    @inline(__always) get { role == .response && extent == .whole && fields.isEmpty }
  }

  /// Adds the facts, which are the first of these bytes.
  mutating func addFacts(_ bytes: RawSpan) {
    let id = role == .request ? FieldID.requestFacts : .responseFacts
    fields.add(id, bytes: bytes.prefix(Int(facts)))
  }
}

// What few messages have.
extension Message {
  /// Replaced as a whole, so that copies of a message stay values.
  private final class Exception: Sendable {
    let continuation: Continuation?
    let fault: Entry.Fault?
    let decompressions: [Decompressed.End]
    let topics: [KafkaTopic]

    init(
      _ continuation: Continuation?, _ fault: Entry.Fault?, _ ends: [Decompressed.End],
      _ topics: [KafkaTopic]
    ) {
      (self.continuation, self.fault, self.decompressions) = (continuation, fault, ends)
      self.topics = topics
    }
  }

  /// It may have any of them.
  var isExceptional: Bool { exception != nil }

  /// Of a reply: its request is answered again after the change of protocols (HTTP/2 by upgrade:
  /// stream 1), in an entry of its own.
  package var continuation: Continuation? {
    get { exception?.continuation }
    set { exception = Exception(newValue, fault, decompressions, topics) }
  }

  /// What could not be read of it.
  package var fault: Entry.Fault? {
    get { exception?.fault }
    set {
      if newValue == nil, exception == nil { return }
      exception = Exception(continuation, newValue, decompressions, topics)
    }
  }

  /// How decompressions ended that were made to read it.
  package var decompressions: [Decompressed.End] {
    get { exception?.decompressions ?? [] }
    set {
      if newValue.isEmpty, exception == nil { return }
      exception = Exception(continuation, fault, newValue, topics)
    }
  }

  /// Topics of Kafka that it names together with their ids, which are those of all connections.
  package var topics: [KafkaTopic] {
    get { exception?.topics ?? [] }
    set {
      if newValue.isEmpty, exception == nil { return }
      exception = Exception(continuation, fault, decompressions, newValue)
    }
  }
}
