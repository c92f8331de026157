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

  var lastName: ArraySlice<UInt8> { bytes[start..<nameEnd] }
  var lastValue: ArraySlice<UInt8> { bytes[valueStart..<valueEnd] }

  mutating func appendName(_ name: StaticString) {
    bytes.append(name)
    endName()
  }

  mutating func appendName(_ name: RawSpan) {
    bytes.append(name)
    endName()
  }

  mutating func appendValue(_ value: StaticString) {
    bytes.append(value)
    endValue()
  }

  mutating func appendValue(_ value: RawSpan) {
    bytes.append(value)
    endValue()
  }

  /// The bytes since the mark are the name.
  mutating func endName() {
    nameEnd = bytes.count
    bytes.append(0x3a)
    bytes.append(0x20)
    valueStart = bytes.count
  }

  /// The bytes since the name are the value.
  mutating func endValue() {
    valueEnd = bytes.count
  }

  /// Keeps the field that was begun, or drops it when there are too many.
  mutating func finish() {
    guard bytes.count < limit else {
      (isCut, isFull) = (true, true)
      bytes.removeLast(bytes.count - start)
      return
    }
    if valueStart < valueEnd, bytes[valueStart] == 0, isBinary(start..<nameEnd) { encodeValue() }
    // Line breaks are forbidden (RFC 9113 §8.2.1) and would begin a new field.
    if hasLineBreak(start..<valueEnd) {
      for at in start..<valueEnd where bytes[at] == 0x0a || bytes[at] == 0x0d { bytes[at] = 0x20 }
    }
    bytes.append(0x0a)
    count += 1
    finished = bytes.count
    note(start..<nameEnd, valueStart..<valueEnd)
  }

  private func isBinary(_ name: Range<Int>) -> Bool {
    name.count > 4 && bytes.rawSpan.slice(name.upperBound - 4..<name.upperBound).equals("-bin")
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

  private mutating func note(_ name: Range<Int>, _ value: Range<Int>) {
    func isName(_ text: StaticString) -> Bool { bytes.rawSpan.slice(name).equals(text) }
    switch name.count {
    case 4 where host == nil && isName("host"): host = value
    case 5 where path == nil && isName(":path"): path = value
    case 7 where method == nil && isName(":method"): method = value
    case 7 where status == nil && isName(":status"): status = value
    case 7 where scheme == nil && isName(":scheme"): scheme = value
    case 9 where connectProtocol == nil && isName(":protocol"): connectProtocol = value
    case 10 where authority == nil && isName(":authority"): authority = value
    case 11 where grpcStatus == nil && isName("grpc-status"): grpcStatus = value
    case 12 where contentType == nil && isName("content-type"): contentType = value
    case 12 where grpcMessage == nil && isName("grpc-message"): grpcMessage = value
    case 14 where isName("mcp-session-id"): isMCP = true
    case 20 where isName("mcp-protocol-version"): isMCP = true
    default: break
    }
  }

  // MARK: What it says

  func text(_ place: Range<Int>) -> String { bytes.rawSpan.text(place) }

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

extension [UInt8] {
  fileprivate mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { append(contentsOf: $0) }
  }
}
