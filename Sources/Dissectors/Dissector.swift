package import Bytes
package import Decompression
package import Entries
package import Flows
package import Layers

/// Reads one application protocol.
///
/// One value serves both directions of one conversation and keeps no bytes (but `heldBytes`): it is
/// shown what waits and answers with a `Step`. Waiting bytes, bodies, limits, gaps, times, sizes and
/// the pairing of requests with replies belong to the `Runner` that asks it.
///
/// To read more of a protocol is always to answer the next question: a dissector is a pure state
/// machine, and feeding it a stream in other pieces gives the same messages.
package protocol Dissector: Sendable {
  /// How the protocol is listed: name, kinds, ports, order.
  static var row: DissectorRow { get }

  /// Whether the opening bytes of a conversation are of this protocol.
  ///
  /// Both spans begin with the first bytes seen of their side and may be empty. For datagrams one
  /// of them is the datagram. Judge by content: the ports in `opening` are hints.
  static func recognise(client: RawSpan, server: RawSpan, _ opening: Opening) -> Recognition

  /// A reader for a new conversation, or for the rest of one (`opening.after`).
  init(_ opening: Opening)

  /// What stands at the beginning of `bytes`, which `side` sent.
  ///
  /// `bytes` is never empty. The answer tells how many of them were used; the rest is shown again.
  /// For datagrams `bytes` is what is left of one datagram, and `needs` means it was cut short.
  /// - Throws: what is wrong with the bytes; then `broken(_:by: .error)` follows.
  ///   `WireError.Kind.foreign` says that the recognition was wrong.
  mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step

  /// The bytes of `side` no longer follow on what was shown before, or end here.
  mutating func broken(_ side: Side, by cause: Break) -> Recovery

  /// What can be told of a message whose rest will never come: `bytes` are all there is of it.
  /// Comes before `broken`. Nil when that is too little.
  mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message?

  /// How an open message of `side` ends that the last `broken` gave up, when something is known of it.
  /// Comes behind `broken` for a gap, unless that answered `resume`, and for the end: until it is nil.
  mutating func parted(_ side: Side) -> (key: UInt64, ending: Ending)?

  /// What `side` sends next, it sends when it has so many bytes of the other side that were not shown:
  /// they are missing, or come out of order. Told once, as soon as it has more of them.
  mutating func heard(_ count: Int, by side: Side)

  /// So many bytes of `side` are missing that lie within what is passed over without asking. Told before
  /// what else is missing with them.
  mutating func lost(_ count: Int, passedOf side: Side)

  /// Nobody has said anything for so long that nobody waits for an answer any more, and `side` is the
  /// next to speak.
  mutating func rested(before side: Side)

  /// The request with that key, read by the last `next`, found a reply under its key that came too
  /// long before it to be its own, or none that was said to have come: it still waits for one.
  mutating func stillWaits(_ key: UInt64)

  /// Appends what the bytes of a step `sealed` say to `clear`. Asked in order; where the answer is
  /// `later`, again with the same bytes.
  mutating func unseal(_ bytes: RawSpan, from side: Side, into clear: inout [UInt8]) -> Unsealed

  /// Bytes that waited to be unsealed are dropped: what follows on that side is of no use.
  mutating func giveUpSealed(_ side: Side)

  /// An exchange that is over by what `unseal` told, or by `giveUpSealed`: asked behind them, and
  /// when a side ends (`isEnding`), which may end it as well. Where only its capture ends
  /// (`isCut`), more may have come. Nil for none.
  mutating func settled(isEnding: Bool, isCut: Bool) -> (key: UInt64, ending: Ending)?

  /// What is known of the protocol inside; nil while there is none.
  var inside: Inside? { get }

  /// Where a proxy was told to connect by what it has read; nil for all but handshakes with proxies.
  var proxied: Proxied? { get }

  /// What waits on one side is shown again behind each step that passes over bytes of the other, as it
  /// is behind each message. Asked once.
  var takesTurns: Bool { get }

  /// Messages may span datagrams: one that is malformed does not end those that are open. Such a
  /// reader keeps bytes itself, which are no stream.
  var spansDatagrams: Bool { get }

  /// It keeps something that is charged to the memory of what waits: `heldBytes` is asked behind all
  /// bytes that came.
  var isCharged: Bool { get }

  /// Bytes it keeps of messages that span datagrams, or memory for what later messages refer to.
  ///
  /// Asked in place: who may change what he looks at need not copy it.
  var heldBytes: Int { mutating get }

  /// Forgets those bytes, and what is left of their messages.
  mutating func dropHeld()

  /// Things that later messages may refer to and that it has not kept, for a limit of its own, since
  /// the last call. Asked together with `heldBytes`.
  mutating func takeForgotten() -> UInt64

  /// The details of one message, a JSON object, made of its facts: what the dissector noted in
  /// `requestFacts` or `responseFacts`, since most details are never looked at.
  static func details(of facts: RawSpan) -> [UInt8]

  /// The details of an entry, a JSON object with members `request` and `response`, that the
  /// dissector did not write when it read them; empty for none.
  static func details(of row: any ColumnRow) -> String
}

/// A reader whose entries need last touches.
package protocol CompletingDissector: Dissector {
  /// Last touches to a finished entry, for what needs both halves or their bodies.
  /// `decompressions` counts what was decompressed for that.
  static func complete(_ entry: inout Entry, _ decompressions: inout DecompressionCounters)
}

extension Dissector {
  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? { nil }
  package mutating func parted(_ side: Side) -> (key: UInt64, ending: Ending)? { nil }
  package mutating func heard(_ count: Int, by side: Side) {}
  package mutating func lost(_ count: Int, passedOf side: Side) {}
  package mutating func rested(before side: Side) {}
  package mutating func stillWaits(_ key: UInt64) {}
  package mutating func unseal(
    _ bytes: RawSpan, from side: Side, into clear: inout [UInt8]
  ) -> Unsealed { .never }
  package mutating func giveUpSealed(_ side: Side) {}
  package mutating func settled(isEnding: Bool, isCut: Bool) -> (key: UInt64, ending: Ending)? {
    nil
  }
  package var inside: Inside? { nil }
  package var proxied: Proxied? { nil }
  package var takesTurns: Bool { false }
  package var spansDatagrams: Bool { false }
  package var isCharged: Bool { spansDatagrams }
  package var heldBytes: Int { 0 }
  package mutating func dropHeld() {}
  package mutating func takeForgotten() -> UInt64 { 0 }
  package static func details(of facts: RawSpan) -> [UInt8] { [] }

  package static func details(of row: any ColumnRow) -> String {
    var text: [UInt8] = []
    for (id, name) in [(FieldID.requestFacts, "request"), (.responseFacts, "response")] {
      guard case .bytes(let facts) = row.column(id) else { continue }
      let made = details(of: facts.rawSpan)
      if made.isEmpty { continue }
      text.append(contentsOf: (text.isEmpty ? "{\"" : ",\"").utf8)
      text.append(contentsOf: name.utf8)
      text.append(contentsOf: "\":".utf8)
      text.append(made.rawSpan)
    }
    return text.isEmpty ? "" : text.rawSpan.text() + "}"
  }
}

/// What a dissector may know of a conversation besides its bytes.
package struct Opening: Sendable {
  package var transport: Transport
  package var client: Conversation.Peer
  package var server: Conversation.Peer
  /// The conversation was joined after its beginning: the first bytes may be from the middle of a
  /// message, and the client may be taken for the server.
  package var isMidway: Bool
  /// No more bytes will be shown before the decision: answer yes or no.
  package var isFinal = false
  /// VLANs of its packets.
  package var tags = VLANTags()
  /// What the conversation spoke before, when this is the rest of it.
  package var after: Successor?
  /// Known secrets of encrypted connections.
  package var secrets: TLSSecrets?
  /// What the encrypted protocol around this one says of it; nil when it travels by itself.
  package var carrier: Inside?
  /// Encrypted protocols around it.
  package var layers = 0
  /// Name of the row that read the conversation before it was encrypted.
  package var precursor: String?

  package init(
    transport: Transport, client: Conversation.Peer, server: Conversation.Peer,
    isMidway: Bool = false, after: Successor? = nil
  ) {
    (self.transport, self.client, self.server) = (transport, client, server)
    (self.isMidway, self.after) = (isMidway, after)
  }
}

/// What a look at the opening bytes told.
package enum Recognition: Equatable, Sendable {
  case no
  /// These bytes are a beginning of it; ask again with so many bytes of one side, or when the other
  /// side has spoken. Not an answer when `opening.isFinal`.
  case needs(Int)
  case yes(Confidence)

  package enum Confidence: UInt8, Comparable, Sendable {
    /// The shape fits, and little of it is fixed.
    case possible
    /// A chance fit is rare.
    case likely
    /// A signature: nobody else is asked.
    case certain

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }
}

/// Why the bytes of one side do not go on.
package enum Break: Equatable, Sendable {
  /// So many bytes are missing; bytes may follow.
  case gap(Int)
  /// The last `next` threw: the same bytes are shown again unless the answer is `stop`.
  case error
  /// The side has finished sending.
  case end
}

/// What a dissector makes of a break.
package enum Recovery: Equatable, Sendable {
  /// Framing is intact: open messages of the side go on after the hole.
  case resume
  /// Open messages of the side end here, marked; `next` looks for a place to go on.
  case resynchronise
  /// Nothing more can be read from this side.
  case stop
}
