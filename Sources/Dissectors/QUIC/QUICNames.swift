import Bytes

/// Names of QUIC numbers (IANA "QUIC").
enum QUICNames {
  static func version(_ number: UInt32) -> String {
    switch number {
    case 1: "QUIC v1"
    case 0x6b33_43cf: "QUIC v2"
    case 0xff00_0000...0xff00_00ff: "QUIC draft-\(number & 0xff)"
    default: "0x" + hex(number)
    }
  }

  private static func hex(_ number: UInt32) -> String {
    TLSFingerprint.hex4(UInt16(truncatingIfNeeded: number >> 16))
      + TLSFingerprint.hex4(UInt16(truncatingIfNeeded: number))
  }

  /// Versions of a list that are named.
  private static let maxVersions = 16

  /// The names of a list of versions, without those that mean nothing and are sent so that nobody
  /// relies on a list (RFC 9000 §15).
  static func versions(_ bytes: RawSpan) -> [String] {
    stride(from: 0, to: min(bytes.byteCount, 4 * maxVersions) - 3, by: 4)
      .map { bytes.big32($0) }
      .filter { $0 & 0x0f0f_0f0f != 0x0a0a_0a0a }
      .map(version)
  }

  /// An error of the transport in words (RFC 9000 §20.1, RFC 9368 §10.2).
  static func error(_ code: Int) -> String {
    switch code {
    case 0x0100...0x01ff: TLSNames.alert(UInt8(code & 0xff))
    case 0..<errors.count: errors[code]
    default: "error 0x" + String(code, radix: 16)
    }
  }

  /// Errors 0x00 to 0x11.
  private static let errors = [
    "no error", "internal error", "connection refused", "flow control error", "stream limit error",
    "stream state error", "final size error", "frame encoding error", "transport parameter error",
    "connection ID limit error", "protocol violation", "invalid token", "application error",
    "crypto buffer exceeded", "key update error", "AEAD limit reached", "no viable path",
    "version negotiation error",
  ]
}
