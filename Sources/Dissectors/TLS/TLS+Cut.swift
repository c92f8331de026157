import Bytes
import Flows

// Handshake messages whose rest was not captured: behind a snapshot length, or in packets that were
// lost.
extension TLS {
  /// The hello with which the beginning of a flight begins, as far as it goes.
  mutating func cutFlight(_ bytes: RawSpan, _ side: Side) -> Message? {
    let content = Self.content(bytes)
    let whole = Self.wholeMessages(content.rawSpan)
    guard whole > 0 else { return cutHello(content.rawSpan, side) }
    guard
      case .message(let message, _)? = try? flight(content.rawSpan.prefix(whole), length: 0, side)
    else { return nil }
    if message.role == .response { (answer, isOver) = (nil, true) }
    return message
  }

  /// What stands in records of the handshake, the last of which may be cut.
  private static func content(_ bytes: RawSpan) -> [UInt8] {
    var content: [UInt8] = []
    var at = 0
    while at + headLength < bytes.byteCount, bytes.byte(at) == Record.handshake {
      let end = at + headLength + Int(bytes.big16(at + 3))
      content.append(bytes.slice(at + headLength..<min(end, bytes.byteCount)))
      at = end
    }
    return content
  }

  /// Bytes of the messages that are there to their ends.
  private static func wholeMessages(_ bytes: RawSpan) -> Int {
    var at = 0
    while at + 4 <= bytes.byteCount {
      let end = at + 4 + Int(bytes.big24(at + 1))
      if end > bytes.byteCount { break }
      at = end
    }
    return at
  }

  /// A ClientHello that goes no further, be it that its type is all there is.
  private mutating func cutHello(_ bytes: RawSpan, _ side: Side) -> Message? {
    guard !bytes.isEmpty, bytes.byte(0) == 1, !hasHello, side != requester?.other,
      let hello = try? TLSClientHello(bytes.suffix(from: min(4, bytes.byteCount)), isCut: true)
    else { return nil }
    return begin(hello, side)
  }
}
