/// Names of TLS numbers (IANA "Transport Layer Security (TLS) Parameters").
enum TLSNames {
  static func version(_ version: UInt16) -> String {
    switch version {
    case 0x0002: "SSL 2.0"
    case 0x0300: "SSL 3.0"
    case 0x0301: "TLS 1.0"
    case 0x0302: "TLS 1.1"
    case 0x0303: "TLS 1.2"
    case 0x0304: "TLS 1.3"
    default: "0x" + TLSFingerprint.hex4(version)
    }
  }

  static func suite(_ code: UInt16) -> String {
    suites[code].map { "TLS_" + $0 } ?? "0x" + TLSFingerprint.hex4(code)
  }

  static func group(_ code: UInt16) -> String {
    switch code {
    case 19: "secp192r1"
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

  private static let suites: [UInt16: String] = {
    var table: [UInt16: String] = [:]
    for word in words.split(whereSeparator: \.isWhitespace) {
      let parts = word.split(separator: ":")
      if parts.count == 2, let code = UInt16(parts[0], radix: 16) { table[code] = String(parts[1]) }
    }
    return table
  }()

  private static let words = """
    0000:NULL_WITH_NULL_NULL 0001:RSA_WITH_NULL_MD5 0002:RSA_WITH_NULL_SHA
    0003:RSA_EXPORT_WITH_RC4_40_MD5 0004:RSA_WITH_RC4_128_MD5 0005:RSA_WITH_RC4_128_SHA
    0006:RSA_EXPORT_WITH_RC2_CBC_40_MD5 0007:RSA_WITH_IDEA_CBC_SHA
    0008:RSA_EXPORT_WITH_DES40_CBC_SHA 0009:RSA_WITH_DES_CBC_SHA 000a:RSA_WITH_3DES_EDE_CBC_SHA
    0011:DHE_DSS_EXPORT_WITH_DES40_CBC_SHA 0012:DHE_DSS_WITH_DES_CBC_SHA
    0013:DHE_DSS_WITH_3DES_EDE_CBC_SHA 0014:DHE_RSA_EXPORT_WITH_DES40_CBC_SHA
    0015:DHE_RSA_WITH_DES_CBC_SHA 0016:DHE_RSA_WITH_3DES_EDE_CBC_SHA 0018:DH_anon_WITH_RC4_128_MD5
    001b:DH_anon_WITH_3DES_EDE_CBC_SHA 002f:RSA_WITH_AES_128_CBC_SHA
    0032:DHE_DSS_WITH_AES_128_CBC_SHA 0033:DHE_RSA_WITH_AES_128_CBC_SHA
    0034:DH_anon_WITH_AES_128_CBC_SHA 0035:RSA_WITH_AES_256_CBC_SHA
    0038:DHE_DSS_WITH_AES_256_CBC_SHA 0039:DHE_RSA_WITH_AES_256_CBC_SHA
    003a:DH_anon_WITH_AES_256_CBC_SHA 003b:RSA_WITH_NULL_SHA256 003c:RSA_WITH_AES_128_CBC_SHA256
    003d:RSA_WITH_AES_256_CBC_SHA256 0040:DHE_DSS_WITH_AES_128_CBC_SHA256
    0041:RSA_WITH_CAMELLIA_128_CBC_SHA 0044:DHE_DSS_WITH_CAMELLIA_128_CBC_SHA
    0045:DHE_RSA_WITH_CAMELLIA_128_CBC_SHA 0067:DHE_RSA_WITH_AES_128_CBC_SHA256
    006a:DHE_DSS_WITH_AES_256_CBC_SHA256 006b:DHE_RSA_WITH_AES_256_CBC_SHA256
    0084:RSA_WITH_CAMELLIA_256_CBC_SHA 0087:DHE_DSS_WITH_CAMELLIA_256_CBC_SHA
    0088:DHE_RSA_WITH_CAMELLIA_256_CBC_SHA 008c:PSK_WITH_AES_128_CBC_SHA
    008d:PSK_WITH_AES_256_CBC_SHA 0096:RSA_WITH_SEED_CBC_SHA 009a:DHE_RSA_WITH_SEED_CBC_SHA
    009c:RSA_WITH_AES_128_GCM_SHA256 009d:RSA_WITH_AES_256_GCM_SHA384
    009e:DHE_RSA_WITH_AES_128_GCM_SHA256 009f:DHE_RSA_WITH_AES_256_GCM_SHA384
    00a2:DHE_DSS_WITH_AES_128_GCM_SHA256 00a3:DHE_DSS_WITH_AES_256_GCM_SHA384
    00a6:DH_anon_WITH_AES_128_GCM_SHA256 00a7:DH_anon_WITH_AES_256_GCM_SHA384
    00a8:PSK_WITH_AES_128_GCM_SHA256 00a9:PSK_WITH_AES_256_GCM_SHA384
    00ff:EMPTY_RENEGOTIATION_INFO_SCSV 1301:AES_128_GCM_SHA256 1302:AES_256_GCM_SHA384
    1303:CHACHA20_POLY1305_SHA256 1304:AES_128_CCM_SHA256 1305:AES_128_CCM_8_SHA256
    5600:FALLBACK_SCSV c002:ECDH_ECDSA_WITH_RC4_128_SHA c003:ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA
    c004:ECDH_ECDSA_WITH_AES_128_CBC_SHA c005:ECDH_ECDSA_WITH_AES_256_CBC_SHA
    c007:ECDHE_ECDSA_WITH_RC4_128_SHA c008:ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA
    c009:ECDHE_ECDSA_WITH_AES_128_CBC_SHA c00a:ECDHE_ECDSA_WITH_AES_256_CBC_SHA
    c00c:ECDH_RSA_WITH_RC4_128_SHA c00d:ECDH_RSA_WITH_3DES_EDE_CBC_SHA
    c00e:ECDH_RSA_WITH_AES_128_CBC_SHA c00f:ECDH_RSA_WITH_AES_256_CBC_SHA
    c011:ECDHE_RSA_WITH_RC4_128_SHA c012:ECDHE_RSA_WITH_3DES_EDE_CBC_SHA
    c013:ECDHE_RSA_WITH_AES_128_CBC_SHA c014:ECDHE_RSA_WITH_AES_256_CBC_SHA
    c016:ECDH_anon_WITH_RC4_128_SHA c018:ECDH_anon_WITH_AES_128_CBC_SHA
    c023:ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 c024:ECDHE_ECDSA_WITH_AES_256_CBC_SHA384
    c025:ECDH_ECDSA_WITH_AES_128_CBC_SHA256 c026:ECDH_ECDSA_WITH_AES_256_CBC_SHA384
    c027:ECDHE_RSA_WITH_AES_128_CBC_SHA256 c028:ECDHE_RSA_WITH_AES_256_CBC_SHA384
    c029:ECDH_RSA_WITH_AES_128_CBC_SHA256 c02a:ECDH_RSA_WITH_AES_256_CBC_SHA384
    c02b:ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 c02c:ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
    c02d:ECDH_ECDSA_WITH_AES_128_GCM_SHA256 c02e:ECDH_ECDSA_WITH_AES_256_GCM_SHA384
    c02f:ECDHE_RSA_WITH_AES_128_GCM_SHA256 c030:ECDHE_RSA_WITH_AES_256_GCM_SHA384
    c031:ECDH_RSA_WITH_AES_128_GCM_SHA256 c032:ECDH_RSA_WITH_AES_256_GCM_SHA384
    c09c:RSA_WITH_AES_128_CCM c09d:RSA_WITH_AES_256_CCM c0ac:ECDHE_ECDSA_WITH_AES_128_CCM
    c0ad:ECDHE_ECDSA_WITH_AES_256_CCM cca8:ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    cca9:ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 ccaa:DHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    """
}
