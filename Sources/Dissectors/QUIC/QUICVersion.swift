import Crypto

/// The versions of QUIC whose Initial packets can be opened, by their numbers.
enum QUICVersion: UInt32, Sendable {
  /// RFC 9000.
  case v1 = 1
  /// RFC 9369.
  case v2 = 0x6b33_43cf
  // The last drafts before RFC 9000 that were in use; later ones have the keys of version 1.
  case draft29 = 0xff00_001d
  case draft30 = 0xff00_001e
  case draft31 = 0xff00_001f
  case draft32 = 0xff00_0020

  /// What the secrets of Initial packets are extracted with (RFC 9001 §5.2, RFC 9369 §3.3.1).
  var salt: SymmetricKey {
    switch self {
    case .v1: Self.saltOf1
    case .v2: Self.saltOf2
    case .draft29, .draft30, .draft31, .draft32: Self.saltOfDrafts
    }
  }

  /// The beginning of the labels that keys are expanded with (RFC 9369 §3.3.2).
  var label: String { self == .v2 ? "quicv2 " : "quic " }

  /// The kind of packet that two bits of the first byte tell (RFC 9000 §17.2, RFC 9369 §3.2).
  func kind(_ bits: UInt8) -> QUICPacket.Kind {
    let kinds: [QUICPacket.Kind] =
      self == .v2
      ? [.retry, .initial, .zeroRTT, .handshake] : [.initial, .zeroRTT, .handshake, .retry]
    return kinds[Int(bits & 3)]
  }

  /// Key and nonce of the tag that Retry packets end with (RFC 9001 §5.8, RFC 9369 §3.3.3).
  var retry: (key: SymmetricKey, nonce: [UInt8]) {
    switch self {
    case .v1: Self.retryOf1
    case .v2: Self.retryOf2
    case .draft29, .draft30, .draft31, .draft32: Self.retryOfDrafts
    }
  }

  private static let saltOf1 = key(
    0x3876_2cf7_f559_34b3, 0x4d17_9ae6_a4c8_0cad, last: 0xccbb_7f0a)
  private static let saltOf2 = key(
    0x0ded_e3de_f700_a6db, 0x8193_81be_6e26_9dcb, last: 0xf9bd_2ed9)
  private static let saltOfDrafts = key(
    0xafbf_ec28_9993_d24c, 0x9e97_86f1_9c61_11e0, last: 0x4390_a899)

  private static let retryOf1 = (
    key: key(0xbe0c_690b_9f66_575a, 0x1d76_6b54_e368_c84e),
    nonce: bytes(0x4615_99d3_5d63_2bf2) + bytes(0x2398_25bb, count: 4)
  )
  private static let retryOf2 = (
    key: key(0x8fb4_b01b_56ac_48e2, 0x60fb_cbce_ad7c_cc92),
    nonce: bytes(0xd869_69bc_2d7c_6d99) + bytes(0x90ef_b04a, count: 4)
  )
  private static let retryOfDrafts = (
    key: key(0xccce_187e_d09a_09d0, 0x5728_155a_6cb9_6be1),
    nonce: bytes(0xe549_30f9_7f21_36f0) + bytes(0x530a_8c1c, count: 4)
  )

  private static func key(_ first: UInt64, _ second: UInt64, last: UInt64? = nil) -> SymmetricKey {
    SymmetricKey(data: bytes(first) + bytes(second) + (last.map { bytes($0, count: 4) } ?? []))
  }

  /// The lowest `count` bytes of a number, the highest first.
  private static func bytes(_ value: UInt64, count: Int = 8) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
  }
}
