package import Decompression
package import Entries
package import Flows

/// What one call of `next(in:from:)` achieved. All counts are in bytes.
///
/// `of key` names the open message of the same side with that pairing key; steps for a message that
/// is not open are harmless.
package enum Step: Sendable {
  /// Nothing was used: call again once so many bytes in all are waiting.
  case needs(Int)
  /// A message, or its head, lies in the first `length` bytes.
  case message(Message, length: Int)
  /// The next bytes are content of a message, as they are; they may not have arrived yet.
  case body(Int, of: UInt64)
  /// Content of a message that is not on the wire as it is (unmasked, inflated), made from the
  /// first `length` bytes. With no content: framing inside a message, such as chunk sizes.
  case content([UInt8], of: UInt64, length: Int)
  /// The message is complete with the first `length` bytes, which may be none.
  case end(of: UInt64, Ending = Ending(), length: Int)
  /// The exchanges of these keys end as they are, on both sides, with the first `length` bytes:
  /// nothing more of them will come (HTTP/2 resets). Without a fault, what is open of them is whole.
  /// The fields are added to the reply or, where none has begun, to the request.
  case abandon(
    ClosedRange<UInt64>, because: Entry.Fault?, telling: FieldValues = FieldValues(), length: Int)
  /// Who asked waits no longer, with the first `length` bytes: the request ends as it is, and takes the
  /// fields. A reply that has begun ends with it; one that is on its way yet is taken.
  case withdraw(
    UInt64, because: Entry.Fault, telling: FieldValues = FieldValues(), length: Int)
  /// The exchange of that key ends as it is, on both sides, with the first `length` bytes, whoever
  /// sent them; a half that has not come is not missed. The ending is that of its reply or, where none
  /// has begun, of its request.
  case finish(of: UInt64, Ending, length: Int)
  /// The next bytes are of no interest; they may not have arrived yet.
  case skip(Int)
  /// The first bytes carry another protocol, encrypted: `unseal` tells what they say.
  case sealed(Int)
  /// The first `length` bytes were the last of this protocol: what follows on both sides is read by
  /// another.
  case become(Successor, length: Int)
}

extension Step {
  /// The message and the length of its bytes, given away: what `switch` binds is a copy.
  @inline(__always)
  mutating func takeMessage() -> (message: Message, length: Int)? {
    guard case .message(let message, let length) = self else { return nil }
    self = .skip(0)
    return (message, length)
  }

  /// The same of content.
  @inline(__always)
  mutating func takeContent() -> (content: [UInt8], key: UInt64, length: Int)? {
    guard case .content(let content, let key, let length) = self else { return nil }
    self = .skip(0)
    return (content, key, length)
  }

  /// The same of what the end of a message says.
  @inline(__always)
  mutating func takeEnding() -> (key: UInt64, ending: Ending, length: Int)? {
    guard case .end(let key, let ending, let length) = self else { return nil }
    self = .skip(0)
    return (key, ending, length)
  }
}

/// What is known of a message only at its end.
package struct Ending: Sendable {
  /// Fields to add; they replace earlier ones of the same name.
  package var fields = FieldValues()
  /// Header fields that came after the body.
  package var trailers = HeaderBlock()
  /// Replaces the details of the message, when they are known only now.
  package var details: [UInt8] = []
  /// The message turned out to report failure.
  package var failed = false
  /// Why the message is not whole.
  package var fault: Entry.Fault?
  /// Replaces the kind, when only the content told.
  package var kind: ProtocolKind?
  /// How a decompression ended that was made to read it.
  package var decompression: Decompressed.End?

  package init(fault: Entry.Fault? = nil) { self.fault = fault }

  /// What a message says that was begun before it was known.
  init(of message: Message) {
    self.init()
    (fields, details, failed) = (message.fields, message.details, message.failed)
  }
}

/// Who reads the rest of a conversation.
package struct Successor: Sendable {
  /// Name of a row of the catalogue; nil to recognise the rest anew.
  package var name: String?
  /// Header fields of the message that caused the change.
  package var headers: HeaderBlock
  /// Bytes of the side are missing between the change and what follows.
  package var isCut = BySide(client: false, server: false)
  /// Index of the exchange that caused the change; the runner sets it.
  package var exchange: UInt32?

  package init(name: String? = nil, headers: HeaderBlock = HeaderBlock()) {
    (self.name, self.headers) = (name, headers)
  }
}

/// What a proxy was asked for at the beginning of a connection.
package struct Proxied: Sendable {
  package var protocolName: String
  /// Name or address, and port; nil where it came to nothing before that was told.
  package var target: String?
  /// Why the way is not open, when it is not.
  package var refusal: String?
}
