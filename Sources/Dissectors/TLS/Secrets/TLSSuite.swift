/// What a cipher suite says about records: how they are encrypted and what keys are made with
/// (IANA "TLS Cipher Suites"). Those that are not in the table cannot be opened.
struct TLSSuite: Sendable, Equatable {
  enum Cipher: Sendable, Equatable {
    case gcm
    case chaCha
    /// AES-CCM (RFC 6655), with so many bytes of tag.
    case ccm(tag: Int)
    /// AES-CBC with a MAC.
    case cbc(TLSHash)
  }

  var cipher: Cipher
  /// Bytes of the key.
  var key: Int
  /// Of the key schedule; before TLS 1.2 it is another.
  var hash: TLSHash

  private init(_ cipher: Cipher, _ key: Int, _ hash: TLSHash) {
    (self.cipher, self.key, self.hash) = (cipher, key, hash)
  }

  /// The suite with that number; nil when its records cannot be opened.
  init?(_ code: UInt16) {
    switch code {
    case 0x1301: self.init(.gcm, 16, .sha256)
    case 0x1302: self.init(.gcm, 32, .sha384)
    case 0x1303: self.init(.chaCha, 32, .sha256)
    case 0x1304: self.init(.ccm(tag: 16), 16, .sha256)
    case 0x1305: self.init(.ccm(tag: 8), 16, .sha256)
    case 0xcca8...0xccae: self.init(.chaCha, 32, .sha256)
    default:
      if let suite = Self.gcm(code) ?? Self.ccm(code) ?? Self.cbc(code) {
        self = suite
      } else {
        return nil
      }
    }
  }

  /// AES-GCM: pairs of numbers, with 128 bits and with 256 (RFC 5288, 5289, 5487, 8442).
  private static func gcm(_ code: UInt16) -> TLSSuite? {
    switch code {
    case 0x009c, 0x009e, 0x00a0, 0x00a2, 0x00a4, 0x00a6, 0x00a8, 0x00aa, 0x00ac, 0xc02b, 0xc02d,
      0xc02f, 0xc031, 0xd001:
      TLSSuite(.gcm, 16, .sha256)
    case 0x009d, 0x009f, 0x00a1, 0x00a3, 0x00a5, 0x00a7, 0x00a9, 0x00ab, 0x00ad, 0xc02c, 0xc02e,
      0xc030, 0xc032, 0xd002:
      TLSSuite(.gcm, 32, .sha384)
    default: nil
    }
  }

  /// AES-CCM: even numbers have 128 bits, odd ones 256 (RFC 6655, 7251).
  private static func ccm(_ code: UInt16) -> TLSSuite? {
    switch code {
    case 0xc09c...0xc09f, 0xc0a4...0xc0a7, 0xc0ac, 0xc0ad:
      TLSSuite(.ccm(tag: 16), code & 1 == 0 ? 16 : 32, .sha256)
    case 0xc0a0...0xc0a3, 0xc0a8...0xc0ab, 0xc0ae, 0xc0af:
      TLSSuite(.ccm(tag: 8), code & 1 == 0 ? 16 : 32, .sha256)
    case 0xd003: TLSSuite(.ccm(tag: 8), 16, .sha256)
    case 0xd005: TLSSuite(.ccm(tag: 16), 16, .sha256)
    default: nil
    }
  }

  /// AES-CBC (RFC 5246, 5289, 5487, 5489, 5054).
  private static func cbc(_ code: UInt16) -> TLSSuite? {
    switch code {
    case 0x002f...0x0034, 0x008c, 0x0090, 0x0094, 0xc004, 0xc009, 0xc00e, 0xc013, 0xc018,
      0xc01d...0xc01f, 0xc035:
      TLSSuite(.cbc(.sha1), 16, .sha256)
    case 0x0035...0x003a, 0x008d, 0x0091, 0x0095, 0xc005, 0xc00a, 0xc00f, 0xc014, 0xc019,
      0xc020...0xc022, 0xc036:
      TLSSuite(.cbc(.sha1), 32, .sha256)
    case 0x003c, 0x003e...0x0040, 0x0067, 0x006c, 0x00ae, 0x00b2, 0x00b6, 0xc023, 0xc025, 0xc027,
      0xc029, 0xc037:
      TLSSuite(.cbc(.sha256), 16, .sha256)
    case 0x003d, 0x0068...0x006b, 0x006d: TLSSuite(.cbc(.sha256), 32, .sha256)
    case 0x00af, 0x00b3, 0x00b7, 0xc024, 0xc026, 0xc028, 0xc02a, 0xc038:
      TLSSuite(.cbc(.sha384), 32, .sha384)
    default: nil
    }
  }
}
