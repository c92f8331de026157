import Bytes
import Entries
import JSON

/// The length-prefixed messages of one direction of a call, as far as its body is kept.
///
///     +-----------+--------------------+------------------+
///     | flags (8) | message length (32)| message          |
///     +-----------+--------------------+------------------+
///
/// Flag 1: compressed. Flag 128: trailers of gRPC-Web, which is the last.
struct GRPCMessages {
  /// Messages shown; all are counted.
  static let maxShown = 16
  private static let prefix = 5

  struct Shown {
    var isCompressed: Bool
    var length: Int
    /// What of it is kept.
    var content: Range<Int>
  }

  private let body: [UInt8]
  private let bodyLength: Int64
  private var shown: [Shown] = []
  private var count = 0
  /// There may be more than `count`: the body was not kept to its end.
  private var isCut = false
  /// Status in the trailers of gRPC-Web.
  private(set) var webStatus: Int64?

  /// The messages in `content`; none when bytes of it are missing, for nobody knows where they
  /// begin then.
  init(_ content: Content?, of entry: borrowing Entry) {
    body = content?.body ?? []
    bodyLength = content?.bodyLength ?? 0
    isCut = content?.isCut ?? false
    if entry.fault?.kind == .dissection {
      isCut = true
      return
    }
    var at = 0
    while body.count - at >= Self.prefix {
      let flags = body[at]
      let length = Int(body.rawSpan.big32(at + 1))
      at += Self.prefix
      let end = at + min(length, body.count - at)
      if flags & 0x80 != 0 {
        webStatus = Self.status(inTrailers: body.rawSpan.slice(at..<end))
        return
      }
      if flags > 1 { return }
      count += 1
      if shown.count < Self.maxShown {
        shown.append(Shown(isCompressed: flags == 1, length: length, content: at..<end))
      }
      at = end
    }
  }

  /// Whether more than one message was sent; nil when that is not known.
  var areSeveral: Bool? {
    if count > 1 { return true }
    if !isCut { return false }
    guard let first = shown.first else { return nil }
    return Int64(first.length + Self.prefix) < bodyLength
  }

  private static func status(inTrailers bytes: RawSpan) -> Int64? {
    HeaderBlock(bytes: bytes.array()).value(of: "grpc-status").flatMap { Int64($0) }
  }

  /// Members `messageCount` and `messages` of the object that is being written.
  func write(to writer: inout JSONWriter) {
    writer.name("messageCount")
    writer.write(count)
    if isCut {
      writer.name("messagesAreCut")
      writer.write(true)
    }
    guard !shown.isEmpty else { return }
    var budget = Protobuf.maxValues
    writer.name("messages")
    writer.beginArray()
    for message in shown {
      writer.beginObject()
      writer.name("length")
      writer.write(message.length)
      if message.isCompressed {
        writer.name("compressed")
        writer.write(true)
      } else if message.content.count == message.length, budget > 0 {
        write(message, to: &writer, &budget)
      }
      writer.endObject()
    }
    writer.endArray()
  }

  /// Fields of a message by number, or nothing when it is no protobuf.
  private func write(_ message: Shown, to writer: inout JSONWriter, _ budget: inout Int) {
    let bytes = body.rawSpan.slice(message.content)
    guard let fields = Protobuf.fields(of: bytes) else {
      if let text = bytes.prefix(Protobuf.maxText).validText() {
        writer.name("text")
        writer.write(text)
      }
      return
    }
    writer.name("fields")
    Protobuf.write(fields, of: bytes, to: &writer, &budget)
  }
}
