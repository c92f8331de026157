import Bytes
import Decompression
import Entries
import JSON

/// The length-prefixed messages of one direction of a call, as far as its body is kept.
///
///     +-----------+--------------------+------------------+
///     | flags (8) | message length (32)| message          |
///     +-----------+--------------------+------------------+
///
/// Flag 1: compressed, as the header field `grpc-encoding` says. Flag 128: trailers of gRPC-Web,
/// which is the last. In the textual form of gRPC-Web all of it is base64.
struct GRPCMessages {
  /// Messages shown; all are counted.
  static let maxShown = 16
  /// What one compressed message may become.
  static let limits = DecompressionLimits(output: 256 << 10)
  private static let prefix = 5
  /// Characters that are read of the details of a status.
  private static let maxStatusDetails = 16 << 10

  struct Shown {
    var isCompressed: Bool
    var length: Int
    /// What of it is kept.
    var content: Range<Int>
  }

  private let body: [UInt8]
  private let bodyLength: Int64
  private let headers: HeaderBlock
  private var count = 0
  /// Length of the first one.
  private var firstLength = 0
  /// One of the messages that are shown is compressed.
  private(set) var hasCompressed = false
  /// There may be more than `count`: the body was not kept to its end.
  private var isCut = false
  /// Status in the trailers of gRPC-Web.
  private(set) var webStatus: Int64?
  /// Message in the trailers of gRPC-Web.
  private(set) var webMessage = ""
  /// Details of the status in the trailers of gRPC-Web, in base64.
  private var webStatusDetails: String?

  /// The messages in `content`; none when bytes of it are missing, for nobody knows where they
  /// begin then.
  ///
  /// - Parameters:
  ///   - isDamaged: bytes of the call are missing.
  ///   - mayBeTextual: the media type may be that of the textual form.
  init(_ content: Content?, isDamaged: Bool, mayBeTextual: Bool = true) {
    headers = content?.headers ?? HeaderBlock()
    if mayBeTextual, Self.isTextual(headers) {
      body = Base64.decoded(content?.body ?? [])
      bodyLength = (content?.bodyLength ?? 0) / 4 * 3
    } else {
      body = content?.body ?? []
      bodyLength = content?.bodyLength ?? 0
    }
    isCut = isDamaged || content?.isCut ?? false
    let found = isDamaged ? Found() : Self.found(in: body.rawSpan)
    (count, firstLength) = (found.count, found.firstLength)
    hasCompressed = found.hasCompressed
    guard let trailers = found.trailers else { return }
    let fields = HeaderBlock(bytes: body.rawSpan.slice(trailers).array())
    webStatus = fields.value(of: "grpc-status").flatMap { Int64($0) }
    if let message = fields.value(of: "grpc-message") {
      webMessage = GRPC.percentDecoded(Array(message.utf8)[...])
    }
    webStatusDetails = fields.value(of: Self.detailsName)
  }

  /// What there is in a body.
  private struct Found {
    var count = 0
    var firstLength = 0
    var hasCompressed = false
    /// Where the trailers of gRPC-Web stand.
    var trailers: Range<Int>?
  }

  private static func found(in bytes: RawSpan) -> Found {
    var found = Found()
    forEachMessage(of: bytes) { message, flags in
      if flags & 0x80 != 0 {
        found.trailers = message.content
        return false
      }
      if flags > 1 { return false }
      found.count += 1
      if found.count == 1 { found.firstLength = message.length }
      if message.isCompressed, found.count <= maxShown { found.hasCompressed = true }
      return true
    }
    return found
  }

  /// Calls `body` with each message and its flags, until it says that no further one is wanted.
  @inline(__always)
  private static func forEachMessage(
    of bytes: RawSpan, _ body: (_ message: Shown, _ flags: UInt8) -> Bool
  ) {
    var at = 0
    while bytes.byteCount - at >= Self.prefix {
      let flags = bytes.byte(at)
      let length = Int(bytes.big32(at + 1))
      at += Self.prefix
      let end = at + min(length, bytes.byteCount - at)
      let message = Shown(isCompressed: flags == 1, length: length, content: at..<end)
      guard body(message, flags) else { return }
      at = end
    }
  }

  /// The first messages.
  private var shown: [Shown] {
    var shown: [Shown] = []
    let count = min(count, Self.maxShown)
    Self.forEachMessage(of: body.rawSpan) { message, _ in
      guard shown.count < count else { return false }
      shown.append(message)
      return true
    }
    return shown
  }

  /// Whether the media type is that of the textual form.
  private static func isTextual(_ headers: HeaderBlock) -> Bool {
    let text: StaticString = "application/grpc-web-text"
    guard let type = headers.place(of: "content-type") else { return false }
    return headers.bytes.rawSpan.slice(type).prefix(text.utf8CodeUnitCount)
      .equalsIgnoringCase(text)
  }

  /// Whether more than one message was sent; nil when that is not known.
  var areSeveral: Bool? {
    if count > 1 { return true }
    if !isCut { return false }
    if count == 0 { return nil }
    return Int64(firstLength + Self.prefix) < bodyLength
  }

  /// How many there are; nil when not all are known.
  var knownCount: Int? { isCut ? nil : count }

  private static let detailsName = "grpc-status-details-bin"

  /// The member `grpcStatusDetails`: what a service says of its status beside a message, as the
  /// `details` of a `google.rpc.Status` in a trailer of its own.
  func writeStatusDetails(to writer: inout JSONWriter) {
    guard let text = webStatusDetails ?? headers.value(of: Self.detailsName) else { return }
    let status = Base64.decoded(Array(text.utf8.prefix(Self.maxStatusDetails)))
    guard let fields = Protobuf.fields(of: status.rawSpan) else { return }
    var budget = Protobuf.maxValues
    writer.name("grpcStatusDetails")
    writer.beginArray()
    for field in fields where field.number == 3 && budget > 0 {
      guard case .bytes(let place) = field.value else { continue }
      budget -= 1
      write(detail: status.rawSpan.slice(place), to: &writer, &budget)
    }
    writer.endArray()
  }

  /// A `google.protobuf.Any`: the name of its type behind the last slash, and its fields.
  private func write(
    detail bytes: RawSpan, to writer: inout JSONWriter, _ budget: inout Int
  ) {
    let fields = Protobuf.fields(of: bytes) ?? []
    writer.beginObject()
    if case .bytes(let place)? = fields.first(where: { $0.number == 1 })?.value {
      let name = bytes.slice(place).prefix(Protobuf.maxText).text()
      writer.name("type")
      writer.write(name.split(separator: "/").last.map(String.init) ?? name)
    }
    if case .bytes(let place)? = fields.first(where: { $0.number == 2 })?.value {
      write(bytes.slice(place), to: &writer, &budget)
    }
    writer.endObject()
  }

  /// Members `messageCount` and `messages` of the object that is being written.
  func write(to writer: inout JSONWriter, _ decompressions: inout DecompressionCounters) {
    writer.name("messageCount")
    writer.write(count)
    if isCut {
      writer.name("messagesAreCut")
      writer.write(true)
    }
    if count == 0 { return }
    var budget = Protobuf.maxValues
    writer.name("messages")
    writer.beginArray()
    for message in shown {
      writer.beginObject()
      writer.name("length")
      writer.write(message.length)
      let isWhole = message.content.count == message.length
      if message.isCompressed {
        writer.name("compressed")
        writer.write(true)
        if isWhole, budget > 0 { decode(message, to: &writer, &budget, &decompressions) }
      } else if isWhole, budget > 0 {
        write(body.rawSpan.slice(message.content), to: &writer, &budget)
      }
      writer.endObject()
    }
    writer.endArray()
  }

  /// A compressed message, when its encoding is known.
  private func decode(
    _ message: Shown, to writer: inout JSONWriter, _ budget: inout Int,
    _ decompressions: inout DecompressionCounters
  ) {
    let bytes = body.rawSpan.slice(message.content)
    let compression: Compression
    switch headers.value(of: "grpc-encoding") {
    case "gzip": compression = .gzip
    case "deflate": compression = .zlib
    case "snappy": compression = .snappy
    case "zstd": compression = .zstd
    case let other?:
      writer.name("problem")
      writer.write("unknown encoding \(other.prefix(32))")
      return
    case nil:
      writer.name("problem")
      writer.write("no encoding is named")
      return
    }
    let result = decompress(bytes, compression, limits: Self.limits)
    decompressions.note(result.end)
    if let problem = result.problem {
      writer.name("problem")
      writer.write(problem)
      return
    }
    writer.name("decodedLength")
    writer.write(result.bytes.count)
    write(result.bytes.rawSpan, to: &writer, &budget)
  }

  /// Fields of a message by number, or nothing when it is no protobuf.
  private func write(_ bytes: RawSpan, to writer: inout JSONWriter, _ budget: inout Int) {
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
