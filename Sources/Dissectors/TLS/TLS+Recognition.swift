import Bytes
import Flows

extension TLS {
  /// A record of the handshake whose first message is a hello, a hello in the format of SSL 2.0; or an
  /// alert in the place of a reply.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    let first = judge(client, hello: 1, isFinal: opening.isFinal)
    if first != .no { return first }
    if !opening.isMidway, let count = TLSClientHello.version2(client) {
      if client.byteCount >= TLSClientHello.version2Head { return .yes(.certain) }
      // Its server does not speak first.
      return opening.isFinal || !server.isEmpty ? .no : .needs(count)
    }
    if opening.isMidway {
      let turned = judge(server, hello: 1, isFinal: opening.isFinal)
      if turned != .no { return turned }
    }
    guard opening.isMidway || client.isEmpty else { return .no }
    let second = judge(server, hello: 2, isFinal: opening.isFinal)
    if second != .no || !opening.isMidway { return second }
    let third = judge(client, hello: 2, isFinal: opening.isFinal)
    if third != .no { return third }
    return isMidstream(client) || isMidstream(server) ? .yes(.likely) : .no
  }

  /// Whether a ClientHello may begin there, as far as the bytes tell.
  static func mayBegin(_ bytes: RawSpan) -> Bool {
    judge(bytes, hello: 1, isFinal: false) != .no
  }

  /// Bytes of a hello up to its session, which all have.
  private static let helloHead = headLength + 4 + 2 + 32 + 1

  /// Who sends the hello that stands at the beginning of a segment, in whatever conversation: nil where
  /// the form of one is not all there. Nothing else begins so.
  static func greeter(_ bytes: RawSpan) -> Side? {
    guard bytes.byteCount >= helloHead, bytes.byte(0) == Record.handshake, bytes.byte(1) == 3,
      bytes.byte(2) <= 4, bytes.byte(9) == 3, bytes.byte(10) <= 4
    else { return nil }
    let record = Int(bytes.big16(3))
    let message = 4 + Int(bytes.big24(6))
    let session = Int(bytes.byte(helloHead - 1))
    guard record <= maxRecord, message <= record, session <= 32,
      message >= helloHead - headLength + session + 3
    else { return nil }
    switch bytes.byte(5) {
    case 1: return .client
    // The suite, and one of two ways to compress.
    case 2:
      let end = helloHead + session + 2
      return end >= bytes.byteCount || bytes.byte(end) <= 1 ? .server : nil
    default: return nil
    }
  }

  /// Application data from the middle of a connection: a record that another follows, or one that
  /// ends with the bytes.
  private static func isMidstream(_ bytes: RawSpan) -> Bool {
    var at = 0
    while at + headLength <= bytes.byteCount {
      guard bytes.byte(at) == Record.applicationData, bytes.byte(at + 1) == 3,
        1...3 ~= bytes.byte(at + 2)
      else { return false }
      let length = Int(bytes.big16(at + 3))
      guard length > 16, length <= maxRecord else { return false }
      at += headLength + length
    }
    return at == bytes.byteCount && at > 0 || at > headLength + maxRecord
  }

  private static func judge(_ bytes: RawSpan, hello: UInt8, isFinal: Bool) -> Recognition {
    guard !bytes.isEmpty, bytes.byte(0) == Record.handshake else { return .no }
    let count = bytes.byteCount
    if count > 1, bytes.byte(1) != 3 { return .no }
    if count > 2, bytes.byte(2) > 4 { return .no }
    guard count > headLength else { return isFinal ? .no : .needs(headLength + 1) }
    let length = Int(bytes.big16(3))
    guard length >= 4, length <= maxRecord, bytes.byte(5) == hello else { return .no }
    return .yes(hello == 1 ? .certain : .likely)
  }
}
