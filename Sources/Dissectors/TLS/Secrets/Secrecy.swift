/// Whether what a connection over TLS, QUIC or DTLS carried could be read, and why not.
package enum Secrecy: String, CaseIterable, Sendable {
  case decrypted
  /// From some record on, or on one side only.
  case partlyDecrypted = "partly_decrypted"
  case noKeyLog = "no_key_log"
  case noKeys = "no_keys"
  case keysTooLate = "keys_too_late"
  case wrongKeys = "wrong_keys"
  case unsupportedCipher = "unsupported_cipher"
  case handshakeNotSeen = "handshake_not_seen"
  case recordsLost = "records_lost"
  case quic = "quic_not_decrypted"
  case dtls = "dtls_not_decrypted"

  /// Why it could not be read, for people.
  package var reason: String {
    switch self {
    case .decrypted: "decrypted with known secrets"
    case .partlyDecrypted: "only a part could be decrypted"
    case .noKeyLog: "no TLS secrets were given"
    case .noKeys: "the key log has no secrets of these handshakes"
    case .keysTooLate: "more was sent before the secrets came than may wait for them"
    case .wrongKeys: "the secrets in the key log do not fit"
    case .unsupportedCipher: "the cipher suite or version cannot be decrypted"
    case .handshakeNotSeen: "the handshake is not in the capture"
    case .recordsLost: "too many records are missing from the capture"
    case .quic: "behind the handshake, packets of QUIC are not decrypted"
    case .dtls: "records of DTLS are not decrypted"
    }
  }
}

/// What a dissector says of the protocol that travels inside the one it reads.
package struct Inside: Sendable {
  package var secrecy: Secrecy
  /// Name of the protocol that both sides agreed on (ALPN, RFC 7301); empty when they did not.
  package var alpn: String

  package init(secrecy: Secrecy, alpn: String = "") { (self.secrecy, self.alpn) = (secrecy, alpn) }
}

/// What became of bytes that `Step.sealed` named.
package enum Unsealed: Equatable, Sendable {
  /// What they say was appended, which may be nothing. Before it `lost` bytes are missing.
  case clear(lost: Int)
  /// The same, of a request that was sent before the handshake was done (0-RTT).
  case early
  /// What the side says ends here.
  case end
  /// They cannot be read yet.
  case later
  /// Neither these nor what follows on this side can be read.
  case never
}
