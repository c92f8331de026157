import Bytes

/// The head of a WebSocket frame (RFC 6455 §5.2).
///
///      0 1 2 3 4 5 6 7   0 1 2 3 4 5 6 7
///     +-+-+-+-+-------+ +-+-------------+----------------+-------------+---------
///     |F|R|R|R| opcode| |M| length      | longer length  | masking key | payload
///     +-+-+-+-+-------+ +-+-------------+----------------+-------------+---------
struct WebSocketFrame: Sendable {
  enum Opcode: UInt8, Sendable {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    var isControl: Bool { rawValue >= 8 }

    /// As `ws_opcode` says it.
    var name: String { "\(self)" }
  }

  var opcode: Opcode
  /// The message ends with this frame.
  var isFinal: Bool
  /// RSV1: permessage-deflate (RFC 7692 §6).
  var isCompressed: Bool
  /// Four bytes, the first in the highest; nil when the payload is as it is.
  var mask: UInt32?
  /// Bytes of the payload.
  var length: Int
  /// Bytes before the payload.
  var headLength: Int

  /// What the beginning of `bytes` is.
  enum Reading {
    /// So many bytes must be there.
    case needs(Int)
    case invalid
    case frame(WebSocketFrame)
  }

  static func read(_ bytes: RawSpan) -> Reading {
    guard bytes.byteCount >= 2 else { return .needs(2) }
    let (first, second) = (bytes.byte(0), bytes.byte(1))
    // The other reserved bits belong to extensions that nobody has registered.
    guard first & 0x30 == 0, let opcode = Opcode(rawValue: first & 15) else { return .invalid }
    let isCompressed = first & 0x40 != 0
    if isCompressed, opcode.isControl { return .invalid }
    let short = Int(second & 0x7f)
    let isMasked = second & 0x80 != 0
    let head = 2 + (short == 126 ? 2 : short == 127 ? 8 : 0) + (isMasked ? 4 : 0)
    guard bytes.byteCount >= head else { return .needs(head) }
    let length =
      short == 126 ? Int(bytes.big16(2)) : short == 127 ? Int(clamping: bytes.big64(2)) : short
    // The highest bit must not be set, and no sum of ours may overflow.
    guard length < 1 << 62 else { return .invalid }
    return .frame(
      WebSocketFrame(
        opcode: opcode, isFinal: first & 0x80 != 0, isCompressed: isCompressed,
        mask: isMasked ? bytes.big32(head - 4) : nil, length: length, headLength: head))
  }

  var totalLength: Int { headLength + length }

  /// What is there of the payload, with the masking undone.
  func payload(of bytes: RawSpan) -> [UInt8] {
    Self.unmasked(
      bytes.slice(headLength..<max(headLength, min(totalLength, bytes.byteCount))), mask)
  }

  /// Part of a payload that begins at `offset` of it, with the masking undone (RFC 6455 §5.3).
  static func unmasked(_ bytes: RawSpan, _ mask: UInt32?, from offset: Int = 0) -> [UInt8] {
    var text = bytes.array()
    guard let mask else { return text }
    for at in text.indices {
      text[at] ^= UInt8(truncatingIfNeeded: mask >> UInt32(24 - 8 * ((offset + at) & 3)))
    }
    return text
  }
}

// Frames that nobody announced.
extension WebSocketFrame {
  /// How surely bytes from the middle of a connection begin with a frame.
  enum Likeness: Comparable {
    case none
    /// One frame of any bytes, or one whose end is not in sight.
    case weak
    /// Frames in a row up to the end, or one whose payload must have a form and has it.
    case strong
  }

  /// Longest payload of a control frame (RFC 6455 §5.5).
  private static let maxControl = 125
  /// Frames in a row that are looked at.
  private static let maxFrames = 8

  /// Walks over the frames of a segment: each must be whole and lawful, they must fill it, all or none
  /// are masked, and the fragments of a message are in a row (§5.4).
  static func likeness(_ bytes: RawSpan) -> Likeness {
    var at = 0
    var count = 0
    var isFormed = false
    var isOpen = false
    var isMasked: Bool?
    while at < bytes.byteCount, count < maxFrames {
      let rest = bytes.suffix(from: at)
      guard case .frame(let frame) = read(rest), frame.isLawful, count > 0 || frame.begins,
        frame.opcode.isControl || isOpen == (frame.opcode == .continuation),
        (frame.mask != nil) == isMasked ?? (frame.mask != nil)
      else { return .none }
      isMasked = frame.mask != nil
      if !frame.opcode.isControl { isOpen = !frame.isFinal }
      guard frame.totalLength <= rest.byteCount else { return count > 0 ? .weak : .none }
      switch frame.form(of: rest) {
      case false?: return .none
      case true?: isFormed = true
      case nil: break
      }
      count += 1
      at += frame.totalLength
    }
    return isFormed || count > 1 ? .strong : count > 0 ? .weak : .none
  }

  /// So many bytes tell whether a frame begins here, of which too few are there; nil where none does, or
  /// a long one, for what is waited for in vain is lost.
  static func awaited(_ bytes: RawSpan) -> Int? {
    switch read(bytes) {
    case .invalid: return nil
    case .needs(let count):
      let first = bytes.byte(0)
      guard first & 0x30 == 0, let opcode = Opcode(rawValue: first & 15), opcode != .continuation,
        !opcode.isControl || first & 0xc0 == 0x80
      else { return nil }
      return count
    case .frame(let frame):
      guard frame.isLawful, frame.begins, frame.length <= maxControl,
        frame.totalLength > bytes.byteCount
      else { return nil }
      return frame.totalLength
    }
  }

  /// A message begins with it, and ends, or goes on with more than nothing.
  private var begins: Bool { opcode != .continuation && (isFinal || length > 0) }

  /// The length is written in the shortest form, and a control frame is short and not in pieces.
  private var isLawful: Bool {
    let isShortest =
      switch headLength - (mask == nil ? 0 : 4) {
      case 2: true
      case 4: length > 125
      default: length > 0xffff
      }
    return isShortest && (!opcode.isControl || isFinal && length <= Self.maxControl)
  }

  /// Whether the payload has the form its opcode asks for; nil when that asks for none.
  private func form(of bytes: RawSpan) -> Bool? {
    if isCompressed || !isFinal { return nil }
    switch opcode {
    case .text:
      let text = payload(of: bytes)
      let isPlain = !text.contains { $0 < 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
      guard isPlain, text.rawSpan.validText() != nil else { return false }
      return text.count > 3 ? true : nil
    case .close:
      if length == 0 { return nil }
      let text = payload(of: bytes)
      guard length >= 2, text.dropFirst(2).allSatisfy({ $0 >= 0x20 }) else { return false }
      return (1000..<5000).contains(Int(text[0]) << 8 | Int(text[1]))
    case .ping, .pong, .binary, .continuation: return nil
    }
  }
}
