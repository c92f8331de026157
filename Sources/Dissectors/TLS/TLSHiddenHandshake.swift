import Flows

/// What an opened record told of a handshake of TLS 1.3.
enum TLSSight: Sendable {
  case message(TLSMessage)
  /// The number of an alert that ends the connection.
  case alert(UInt8)
  /// Data of the application.
  case content
  /// Its secret is not known.
  case unreadable
}

/// How far the encrypted part of a handshake of TLS 1.3 is (RFC 8446 §2), as the records tell that
/// were opened. `.client` is the side that sent the ClientHello.
struct TLSHiddenHandshake: Sendable {
  private var isFinished = BySide(client: false, server: false)
  /// The server wants a certificate: only behind the client's Finished it says what it makes of it.
  private var asksForCertificate = false
  private var hasVerdict = false

  mutating func note(_ sight: TLSSight, _ side: Side) {
    if side == .server, isFinished.client, isFinished.server { hasVerdict = true }
    switch sight {
    case .message(let message):
      if message.type == 13, side == .server { asksForCertificate = true }
      if message.type == 20 { isFinished[side] = true }
    case .content:
      if side == .client {
        isFinished.client = true
      } else if isFinished.client {
        // Its own Finished must have been lost.
        (isFinished.server, hasVerdict) = (true, true)
      }
    case .unreadable:
      // What cannot be read is not waited for.
      if side == .server { (isFinished.server, hasVerdict) = (true, true) }
      if isFinished.server { isFinished.client = true }
    case .alert: break
    }
  }

  /// The server's part has come in full.
  var serverIsDone: Bool { isFinished.server }

  /// Nothing more of it is to come.
  var isOver: Bool {
    isFinished.server && isFinished.client && (hasVerdict || !asksForCertificate)
  }
}
