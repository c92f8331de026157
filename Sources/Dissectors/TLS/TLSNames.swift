import Bytes

/// Names of TLS numbers (IANA "Transport Layer Security (TLS) Parameters").
package enum TLSNames {
  package static func version(_ version: UInt16) -> String {
    switch version {
    case 0x0002: "SSL 2.0"
    case 0x0300: "SSL 3.0"
    case 0x0301: "TLS 1.0"
    case 0x0302: "TLS 1.1"
    case 0x0303: "TLS 1.2"
    case 0x0304: "TLS 1.3"
    case 0xfeff: "DTLS 1.0"
    case 0xfefd: "DTLS 1.2"
    case 0xfefc: "DTLS 1.3"
    default: "0x" + TLSFingerprint.hex4(version)
    }
  }

  package static func suite(_ code: UInt16) -> String {
    TLSCipherSuites.names[code].map { "TLS_" + $0 } ?? "0x" + TLSFingerprint.hex4(code)
  }

  /// A cipher spec of SSL 2.0, which has three bytes.
  static func version2(_ first: UInt8, _ rest: UInt16) -> String {
    switch (first, rest) {
    case (1, 0x0080): "SSL2_RC4_128_WITH_MD5"
    case (2, 0x0080): "SSL2_RC4_128_EXPORT40_WITH_MD5"
    case (3, 0x0080): "SSL2_RC2_128_CBC_WITH_MD5"
    case (4, 0x0080): "SSL2_RC2_128_CBC_EXPORT40_WITH_MD5"
    case (5, 0x0080): "SSL2_IDEA_128_CBC_WITH_MD5"
    case (6, 0x0040): "SSL2_DES_64_CBC_WITH_MD5"
    case (7, 0x00c0): "SSL2_DES_192_EDE3_CBC_WITH_MD5"
    default: "0x" + hex([first]) + TLSFingerprint.hex4(rest)
    }
  }

  static func group(_ code: UInt16) -> String {
    switch code {
    case 1...18: firstGroups[Int(code) - 1]
    case 19: "secp192r1"
    case 20: "secp224k1"
    case 21: "secp224r1"
    case 22: "secp256k1"
    case 23: "secp256r1"
    case 24: "secp384r1"
    case 25: "secp521r1"
    case 26: "brainpoolP256r1"
    case 27: "brainpoolP384r1"
    case 28: "brainpoolP512r1"
    case 29: "x25519"
    case 30: "x448"
    case 256: "ffdhe2048"
    case 257: "ffdhe3072"
    case 258: "ffdhe4096"
    case 259: "ffdhe6144"
    case 260: "ffdhe8192"
    case 4587: "SecP256r1MLKEM768"
    case 4588: "X25519MLKEM768"
    case 4589: "SecP384r1MLKEM1024"
    case 25_497: "X25519Kyber768Draft00"
    default: "0x" + TLSFingerprint.hex4(code)
    }
  }

  /// Groups 1 to 18.
  private static let firstGroups = [
    "sect163k1", "sect163r1", "sect163r2", "sect193r1", "sect193r2", "sect233k1", "sect233r1",
    "sect239k1", "sect283k1", "sect283r1", "sect409k1", "sect409r1", "sect571k1", "sect571r1",
    "secp160k1", "secp160r1", "secp160r2", "secp192k1",
  ]

  /// An alert in words (RFC 8446 §6).
  static func alert(_ code: UInt8) -> String {
    switch code {
    case 0: "close notify"
    case 10: "unexpected message"
    case 20: "bad record MAC"
    case 21: "decryption failed"
    case 22: "record overflow"
    case 30: "decompression failure"
    case 40: "handshake failure"
    case 41: "no certificate"
    case 42: "bad certificate"
    case 43: "unsupported certificate"
    case 44: "certificate revoked"
    case 45: "certificate expired"
    case 46: "certificate unknown"
    case 47: "illegal parameter"
    case 48: "unknown CA"
    case 49: "access denied"
    case 50: "decode error"
    case 51: "decrypt error"
    case 60: "export restriction"
    case 70: "protocol version"
    case 71: "insufficient security"
    case 80: "internal error"
    case 86: "inappropriate fallback"
    case 90: "user canceled"
    case 100: "no renegotiation"
    case 109: "missing extension"
    case 110: "unsupported extension"
    case 111: "certificate unobtainable"
    case 112: "unrecognized name"
    case 113: "bad certificate status response"
    case 114: "bad certificate hash value"
    case 115: "unknown PSK identity"
    case 116: "certificate required"
    case 120: "no application protocol"
    case 121: "ECH required"
    default: "alert \(code)"
    }
  }
}
