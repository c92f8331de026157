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
  private var shown: [Shown] = []
  private var count = 0
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
  /// - Parameter isDamaged: bytes of the call are missing.
  init(_ content: Content?, isDamaged: Bool) {
    headers = content?.headers ?? HeaderBlock()
    if Self.isTextual(headers) {
      body = Base64.decoded(content?.body ?? [])
      bodyLength = (content?.bodyLength ?? 0) / 4 * 3
    } else {
      body = content?.body ?? []
      bodyLength = content?.bodyLength ?? 0
    }
    isCut = content?.isCut ?? false
    if isDamaged {
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
        readTrailers(HeaderBlock(bytes: body.rawSpan.slice(at..<end).array()))
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
    guard let first = shown.first else { return nil }
    return Int64(first.length + Self.prefix) < bodyLength
  }

  /// Whether one of the messages that are shown is compressed.
  var hasCompressed: Bool { shown.contains(where: \.isCompressed) }

  /// How many there are; nil when not all are known.
  var knownCount: Int? { isCut ? nil : count }

  private mutating func readTrailers(_ trailers: HeaderBlock) {
    webStatus = trailers.value(of: "grpc-status").flatMap { Int64($0) }
    if let message = trailers.value(of: "grpc-message") {
      webMessage = GRPC.percentDecoded(Array(message.utf8)[...])
    }
    webStatusDetails = trailers.value(of: Self.detailsName)
  }

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
    guard !shown.isEmpty else { return }
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
