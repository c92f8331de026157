import Bytes

/// Head of a frame (RFC 9113 §4.1).
///
///     +-----------------------------------------------+
///     |                 Length (24)                   |
///     +---------------+---------------+---------------+
///     |   Type (8)    |   Flags (8)   |
///     +-+-------------+---------------+-------------------------------+
///     |R|                 Stream Identifier (31)                      |
///     +=+=============================================================+
///     |                   Frame Payload (0...)                      ...
///     +---------------------------------------------------------------+
struct HTTP2Frame {
  /// Bytes of the head.
  static let headLength = 9
  /// Longest payload before a peer allows more (RFC 9113 §6.5.2), in bytes.
  static let defaultMaxLength = 16 << 10

  enum Kind: UInt8 {
    case data = 0
    case headers = 1
    case priority = 2
    case resetStream = 3
    case settings = 4
    case pushPromise = 5
    case ping = 6
    case goAway = 7
    case windowUpdate = 8
    case continuation = 9
  }

  struct Flags: OptionSet {
    let rawValue: UInt8
    static let endStream = Flags(rawValue: 0x1)
    static let ack = Flags(rawValue: 0x1)
    static let endHeaders = Flags(rawValue: 0x4)
    static let padded = Flags(rawValue: 0x8)
    static let priority = Flags(rawValue: 0x20)
  }

  /// Of the payload, in bytes.
  var length: Int
  /// Nil for types that must be ignored (RFC 9113 §4.1).
  var kind: Kind?
  var type: UInt8
  var flags: Flags
  var stream: UInt32
  /// The reserved bit.
  var isReserved: Bool

  /// The head at the beginning of `bytes`; nil when fewer than nine are there.
  init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.headLength else { return nil }
    length = Int(bytes.big24(0))
    type = bytes.byte(3)
    kind = Kind(rawValue: type)
    flags = Flags(rawValue: bytes.byte(4))
    let identifier = bytes.big32(5)
    stream = identifier & 0x7fff_ffff
    isReserved = identifier >> 31 != 0
  }

  /// Head and payload, in bytes.
  var totalLength: Int { Self.headLength + length }

  /// Length and stream are what the type demands; anything else ends a connection (RFC 9113 §6).
  var isValid: Bool {
    switch kind {
    case .data, .continuation: stream != 0
    case .headers: stream != 0 && length >= (flags.contains(.priority) ? 5 : 0)
    case .priority: stream != 0 && length == 5
    case .resetStream: stream != 0 && length == 4
    case .settings: stream == 0 && length % 6 == 0 && (!flags.contains(.ack) || length == 0)
    case .pushPromise: stream != 0 && length >= 4
    case .ping: stream == 0 && length == 8
    case .goAway: stream == 0 && length >= 8
    case .windowUpdate: length == 4
    case nil: true
    }
  }

  /// Valid, and with nothing in it that senders do not do: asked for where frames are looked for
  /// amidst other bytes.
  var isOrdinary: Bool {
    guard isValid, !isReserved, length <= Self.defaultMaxLength, stream < 1 << 24 else {
      return false
    }
    let used: UInt8 =
      switch kind {
      case .data: 0x09
      case .headers: 0x2d
      case .settings, .ping: 0x01
      case .pushPromise: 0x0c
      case .continuation: 0x04
      case .priority, .resetStream, .goAway, .windowUpdate: 0
      case nil: 0
      }
    return kind != nil && flags.rawValue & ~used == 0
  }

  /// The part of a HEADERS or PUSH_PROMISE payload without padding and the fields before the
  /// block; nil when the padding is longer than the payload (RFC 9113 §6.2).
  func fragment(of bytes: RawSpan) -> Range<Int>? {
    var start = Self.headLength
    var end = totalLength
    if flags.contains(.padded), kind != .continuation {
      guard start < end else { return nil }
      end -= Int(bytes.byte(start))
      start += 1
    }
    if kind == .headers, flags.contains(.priority) { start += 5 }
    if kind == .pushPromise { start += 4 }
    return start <= end ? start..<end : nil
  }
}

/// Why a stream or a connection ends (RFC 9113 §7).
enum HTTP2ErrorCode {
  /// The name in the specification, or the number.
  static func name(_ code: UInt32) -> String {
    code < names.count ? names[Int(code)] : "error \(code)"
  }

  private static let names = [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
    "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
    "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
  ]
}
