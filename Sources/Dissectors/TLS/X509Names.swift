/// Names of the algorithms of certificates (RFC 3279, RFC 5480, RFC 8410), by their identifiers as they
/// are on the wire, in hexadecimal.
enum X509Names {
  /// How a certificate is signed; its identifier where it is not known.
  static func signature(_ identifier: String) -> String { signatures[identifier] ?? identifier }

  /// Kind of a key; its identifier where it is not known.
  static func key(_ identifier: String) -> String { keys[identifier] ?? identifier }

  /// Kind of keys that are told apart by their length.
  static let rsa = "RSA"
  /// Kind of keys that are told apart by their curve.
  static let ellipticCurve = "EC"

  static func curve(_ identifier: String) -> String { curves[identifier] ?? identifier }

  private static let signatures = [
    "2a864886f70d010102": "MD2 with RSA", "2a864886f70d010104": "MD5 with RSA",
    "2a864886f70d010105": "SHA-1 with RSA", "2b0e03021d": "SHA-1 with RSA",
    "2a864886f70d01010a": "RSASSA-PSS", "2a864886f70d01010b": "SHA-256 with RSA",
    "2a864886f70d01010c": "SHA-384 with RSA", "2a864886f70d01010d": "SHA-512 with RSA",
    "2a864886f70d01010e": "SHA-224 with RSA", "2a8648ce380403": "SHA-1 with DSA",
    "608648016503040302": "SHA-256 with DSA", "2a8648ce3d0401": "SHA-1 with ECDSA",
    "2a8648ce3d040301": "SHA-224 with ECDSA", "2a8648ce3d040302": "SHA-256 with ECDSA",
    "2a8648ce3d040303": "SHA-384 with ECDSA", "2a8648ce3d040304": "SHA-512 with ECDSA",
    "2b6570": "Ed25519", "2b6571": "Ed448",
  ]

  private static let keys = [
    "2a864886f70d010101": rsa, "2a864886f70d01010a": rsa, "2a8648ce380401": "DSA",
    "2a8648ce3d0201": ellipticCurve, "2b656e": "X25519", "2b6570": "Ed25519", "2b6571": "Ed448",
  ]

  private static let curves = [
    "2a8648ce3d030101": "P-192", "2a8648ce3d030107": "P-256", "2b81040021": "P-224",
    "2b81040022": "P-384", "2b81040023": "P-521", "2b8104000a": "secp256k1",
  ]
}
