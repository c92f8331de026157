import Bytes
import Entries

/// The fields of a header block as they are decoded, in the form of `HeaderBlock`, and where those
/// stand that the dissector asks for.
struct HTTP2FieldList {
  /// Bytes of fields kept of one block; what comes behind is read and dropped. HPACK makes one octet
  /// into a field of kilobytes.
  static let maxLength = 64 << 10
  /// The same of a short block: so many, and so many for each of its bytes. Long fields of the table
  /// may be repeated in every request, but not by the dozen in every one.
  static let shortLength = 8 << 10
  static let ratio = 256

  private let limit: Int
  var bytes: [UInt8] = []
  /// Some name, or name and value, is not known.
  var hasUnknown = false
  /// Fields were dropped.
  private(set) var isCut = false
  private(set) var count = 0
  private(set) var isFull = false
  /// The block could not be decoded to its end.
  var isBroken = false

  /// A field that the dissector asks for.
  enum Known: UInt8 {
    case none, method, path, authority, scheme, status, host, connectProtocol, contentType
    case grpcStatus, grpcMessage, mcp

    init(_ name: RawSpan) {
      self =
        switch name.byteCount {
        case 4 where name.equals("host"): .host
        case 5 where name.equals(":path"): .path
        case 7 where name.equals(":method"): .method
        case 7 where name.equals(":status"): .status
        case 7 where name.equals(":scheme"): .scheme
        case 9 where name.equals(":protocol"): .connectProtocol
        case 10 where name.equals(":authority"): .authority
        case 11 where name.equals("grpc-status"): .grpcStatus
        case 12 where name.equals("content-type"): .contentType
        case 12 where name.equals("grpc-message"): .grpcMessage
        case 14 where name.equals("mcp-session-id"): .mcp
        case 20 where name.equals("mcp-protocol-version"): .mcp
        default: .none
        }
    }
  }

  /// A field as a line, `name: value` with a line break, where such lines lie.
  struct Shape: Sendable {
    var start: Int
    var nameLength: Int
    var valueLength: Int
    var known = Known.none
    /// It stands in a list as it came.
    var isPlain = true

    var name: Range<Int> { start..<start + nameLength }
    var value: Range<Int> { start + nameLength + 2..<start + nameLength + 2 + valueLength }
    var line: Range<Int> { start..<start + nameLength + valueLength + 3 }
  }

  // Places of values in `bytes`; of a repeated field the first.
  private(set) var method: Range<Int>?
  private(set) var path: Range<Int>?
  private(set) var authority: Range<Int>?
  private(set) var scheme: Range<Int>?
  private(set) var status: Range<Int>?
  private(set) var host: Range<Int>?
  private(set) var connectProtocol: Range<Int>?
  private(set) var contentType: Range<Int>?
  private(set) var grpcStatus: Range<Int>?
  private(set) var grpcMessage: Range<Int>?
  /// There is a field of the Model Context Protocol.
  private(set) var isMCP = false

  /// Where the field that is being added begins, and its parts.
  private var start = 0
  private var nameEnd = 0
  private var valueStart = 0
  private var valueEnd = 0
  private var known = Known.none
  private var isPlain = true
  /// Bytes of finished fields.
  private var finished = 0

  /// - Parameter length: bytes of the coded block.
  init(ofBlock length: Int = maxLength) {
    limit = min(Self.maxLength, Self.shortLength + Self.ratio * length)
  }

  /// Begins a field: its name, its value and `finish` follow.
  mutating func begin() {
    start = bytes.count
  }

  /// The field that was begun, its name and value complete: where it lies in `bytes`, without the
  /// line break.
  var last: Shape {
    Shape(
      start: start, nameLength: nameEnd - start, valueLength: valueEnd - valueStart, known: known,
      isPlain: isPlain)
  }

  mutating func appendName(_ name: RawSpan, _ known: Known) {
    bytes.append(name)
    endName(known)
  }

  /// Stands for a name that was not captured.
  mutating func appendUnknownName() {
    bytes.append(UInt8(ascii: "?"))
    endName(.none)
    hasUnknown = true
  }

  /// The same for a value.
  mutating func appendUnknownValue() {
    bytes.append(UInt8(ascii: "?"))
    endValue()
  }

  mutating func appendValue(_ value: RawSpan) {
    bytes.append(value)
    endValue()
  }

  /// The bytes since the mark are the name.
  mutating func endName() { endName(Known(bytes.rawSpan.suffix(from: start))) }

  private mutating func endName(_ known: Known) {
    self.known = known
    nameEnd = bytes.count
    bytes.append(0x3a)
    bytes.append(0x20)
    valueStart = bytes.count
  }

  /// The bytes since the name are the value.
  mutating func endValue() {
    valueEnd = bytes.count
    isPlain = !hasLineBreak(start..<valueEnd) && !isBinary
  }

  /// Keeps the field that was begun, or drops it when there are too many.
  mutating func finish() {
    guard bytes.count < limit else {
      (isCut, isFull) = (true, true)
      bytes.removeLast(bytes.count - start)
      return
    }
    if !isPlain {
      if isBinary { encodeValue() }
      // Line breaks are forbidden (RFC 9113 §8.2.1) and would begin a new field.
      for at in start..<valueEnd where bytes[at] == 0x0a || bytes[at] == 0x0d { bytes[at] = 0x20 }
    }
    bytes.append(0x0a)
    count += 1
    finished = bytes.count
    note(known, valueStart..<valueEnd)
  }

  /// Adds a field that is plain, as it lies in `lines`, or drops it when there are too many.
  mutating func append(_ field: Shape, of lines: RawSpan) {
    let start = bytes.count
    let length = field.line.count
    guard start + length <= limit else {
      (isCut, isFull) = (true, true)
      return
    }
    bytes.append(lines.slice(field.line))
    count += 1
    finished = start + length
    let value = start + field.nameLength + 2
    note(field.known, value..<value + field.valueLength)
  }

  /// The value of the field that was begun is octets as they are.
  private var isBinary: Bool {
    valueStart < valueEnd && bytes[valueStart] == 0 && nameEnd - start > 4
      && bytes.rawSpan.slice(nameEnd - 4..<nameEnd).equals("-bin")
  }

  /// Peers of gRPC that have agreed on it (setting 0xfe03) send the octets of a binary field as
  /// they are, behind a zero; all others send base64, which is kept.
  private mutating func encodeValue() {
    let text = base64(bytes[valueStart + 1..<valueEnd])
    bytes.replaceSubrange(valueStart..<valueEnd, with: text.utf8)
    valueEnd = bytes.count
  }

  private func hasLineBreak(_ place: Range<Int>) -> Bool {
    let field = bytes.rawSpan.slice(place)
    return field.firstOffset(of: 0x0a) != nil || field.firstOffset(of: 0x0d) != nil
  }

  /// Removes what is there of a field that was begun and not finished.
  mutating func dropUnfinished() {
    if bytes.count > finished { bytes.removeLast(bytes.count - finished) }
  }

  private mutating func note(_ known: Known, _ value: Range<Int>) {
    switch known {
    case .none: break
    case .method: if method == nil { method = value }
    case .path: if path == nil { path = value }
    case .authority: if authority == nil { authority = value }
    case .scheme: if scheme == nil { scheme = value }
    case .status: if status == nil { status = value }
    case .host: if host == nil { host = value }
    case .connectProtocol: if connectProtocol == nil { connectProtocol = value }
    case .contentType: if contentType == nil { contentType = value }
    case .grpcStatus: if grpcStatus == nil { grpcStatus = value }
    case .grpcMessage: if grpcMessage == nil { grpcMessage = value }
    case .mcp: isMCP = true
    }
  }

  // MARK: What it says

  var headers: HeaderBlock { HeaderBlock(bytes: bytes) }

  /// A field that only requests have.
  var isRequest: Bool { method != nil || path != nil || authority != nil || scheme != nil }

  /// The number in `place`; nil when it is none of at most nine digits.
  func number(_ place: Range<Int>?) -> Int? {
    guard let place, !place.isEmpty, place.count <= 9 else { return nil }
    var value = 0
    for at in place {
      guard let digit = decimalDigit(bytes[at]) else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// The content is gRPC: `application/grpc` with or without what may follow.
  var isGRPC: Bool {
    contentType.map { GRPC.isContentType(bytes.rawSpan.slice($0)) } ?? false
  }
}
