import Bytes
import Decompression
import Entries
import JSON

/// What is told of a message beside its payload, packed until somebody asks:
///
///     0    opcode
///     1    bit 0: masked, bit 1: compressed, bit 2: an upgrade is known, bit 3: a close code is
///     2    why it could not be read (`WebSocketDeflate.Problem`)
///     3    close code, 2 bytes
///     5    fragments, 4 bytes
///     9    index of the HTTP entry that began the connection, 4 bytes
///     13   bytes of the payload on the wire, 8 bytes
///     21   reason of the close, UTF-8
struct WebSocketFacts: Sendable {
  /// Bytes of a close reason that are kept; the lawful limit is 123.
  private static let maxReason = 256
  private static let fixedLength = 21

  var opcode: WebSocketFrame.Opcode
  var isMasked: Bool
  var isCompressed: Bool
  /// Bytes of the payload on the wire.
  var length: Int
  var fragments = 1
  var problem = WebSocketDeflate.Problem.none
  /// How decompression ended, of a message in fragments.
  var decompression: Decompressed.End?
  private let upgrade: UInt32?
  private var closeCode: Int?
  private var reason: [UInt8] = []

  init(_ frame: WebSocketFrame, upgrade: UInt32?) {
    (opcode, isMasked, isCompressed) = (frame.opcode, frame.mask != nil, frame.isCompressed)
    (length, self.upgrade) = (frame.length, upgrade)
  }

  /// Another fragment.
  mutating func add(_ frame: WebSocketFrame) {
    let (sum, overflows) = length.addingReportingOverflow(frame.length)
    length = overflows ? .max : sum
    fragments += 1
  }

  /// The payload of a close frame: a code and a reason, or nothing (RFC 6455 §5.5.1).
  mutating func readClose(_ payload: [UInt8]) {
    guard payload.count >= 2 else { return }
    closeCode = Int(payload[0]) << 8 | Int(payload[1])
    reason = Array(payload[2...].prefix(Self.maxReason))
  }

  /// Notes them in a whole message.
  func add(to message: inout Message, isRequest: Bool) {
    add(to: &message.fields, isRequest)
    if let closeCode {
      message.fields.add(.statusText, .text(Self.text(ofClose: closeCode)))
      // Normal, going away, and no status are ends that nobody complains about (§7.4.1).
      message.failed = closeCode > 1001 && closeCode != 1005
    }
  }

  /// Notes them at the end of a message that came in pieces.
  func add(to ending: inout Ending, isRequest: Bool) {
    add(to: &ending.fields, isRequest)
    ending.decompression = decompression
  }

  private func add(to fields: inout FieldValues, _ isRequest: Bool) {
    fields.add(
      isRequest ? .wsRequestPayloadLength : .wsResponsePayloadLength, int: Int64(length))
    fields.add(isRequest ? .requestFacts : .responseFacts, .bytes(packed))
  }

  private var packed: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.fixedLength + reason.count)
    bytes.append(opcode.rawValue)
    bytes.append(
      (isMasked ? 1 : 0) | (isCompressed ? 2 : 0) | (upgrade == nil ? 0 : 4)
        | (closeCode == nil ? 0 : 8))
    bytes.append(problem.rawValue)
    bytes.append(little: UInt16(truncatingIfNeeded: closeCode ?? 0))
    bytes.append(little: UInt32(clamping: fragments))
    bytes.append(little: upgrade ?? 0)
    bytes.append(little: UInt64(length))
    return bytes + reason
  }

  /// The JSON object of packed facts.
  static func details(of facts: RawSpan) -> [UInt8] {
    guard facts.byteCount >= fixedLength,
      let opcode = WebSocketFrame.Opcode(rawValue: facts.byte(0))
    else { return [] }
    let flags = facts.byte(1)
    var writer = JSONWriter(reserving: 128)
    writer.beginObject()
    writer.name("opcode")
    writer.write(opcode.name)
    writer.name("masked")
    writer.write(flags & 1 != 0)
    writer.name("payloadLength")
    writer.write(Int64(bitPattern: facts.little64(13)))
    if facts.little32(5) > 1 {
      writer.name("fragments")
      writer.write(Int(facts.little32(5)))
    }
    if flags & 2 != 0 {
      writer.name("compressed")
      writer.write(true)
    }
    if let problem = WebSocketDeflate.Problem(rawValue: facts.byte(2))?.text {
      writer.name("problem")
      writer.write(problem)
    }
    if flags & 8 != 0 {
      writer.name("closeCode")
      writer.write(Int(facts.little16(3)))
      writer.name("closeReason")
      writer.write(facts.suffix(from: fixedLength).text())
    }
    if flags & 4 != 0 {
      writer.name("upgradeIndex")
      writer.write(Int(facts.little32(9)))
    }
    writer.endObject()
    return writer.bytes
  }

  /// `1009 message too big`: the code with its name (RFC 6455 §7.4.1 and IANA's registry).
  private static func text(ofClose code: Int) -> String {
    let name: String? =
      switch code {
      case 1000: "normal"
      case 1001: "going away"
      case 1002: "protocol error"
      case 1003: "unsupported data"
      case 1005: "no status"
      case 1006: "abnormal"
      case 1007: "invalid payload"
      case 1008: "policy violation"
      case 1009: "message too big"
      case 1010: "mandatory extension"
      case 1011: "internal error"
      case 1012: "service restart"
      case 1013: "try again later"
      case 1014: "bad gateway"
      case 1015: "TLS handshake"
      default: nil
      }
    return name.map { "\(code) \($0)" } ?? "\(code)"
  }
}
