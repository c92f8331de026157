package import Bytes
import Entries
package import Flows
import Layers

/// SOCKS, versions 4, 4a and 5 (RFC 1928, RFC 1929): how a client tells a proxy where to connect.
///
///     version 5   05 count methods                  05 method
///                 01 user password                  01 status        when that method is chosen
///                 05 command 00 address port        05 reply 00 address port
///     version 4   04 command port address user 00   00 reply port address
///     version 4a  the same, address 0.0.0.x, and behind it: name 00
///
/// What follows is recognised as if it were not there. It makes no entries; the record of the connection
/// names the target. Users and passwords are passed over.
package struct SOCKS: Dissector {
  package static let row = DissectorRow(
    SOCKS.self, name: "socks", kinds: [], transports: [.tcp], ports: [1080, 9050, 9150],
    priority: 21)

  /// Longest user or name in version 4, in bytes; names of hosts have at most 255.
  private static let maxText = 255
  /// What a server answers that accepts none of the methods (RFC 1928 §3).
  private static let noMethod: UInt8 = 0xff

  private enum Asking: Sendable { case greeting, request, done }
  private enum Answering: Sendable { case method, status, reply, furtherReply }

  private var version: UInt8 = 0
  private var asking = Asking.greeting
  private var answering = Answering.method
  private var command: UInt8 = 0
  private var target: String?
  private var hasAuthenticated = false
  /// Why the server refused: nothing more comes but the end.
  private var refusal: String?
  /// Bytes of the handshake are missing: whatever comes next is looked at anew.
  private var isCut = BySide(client: false, server: false)

  package init(_ opening: Opening) {}

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if isCut.client || isCut.server { return end(length: 0) }
    return side == .client ? try ask(bytes) : try answer(bytes)
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    guard case .gap = cause else { return .stop }
    isCut[side] = true
    return .resume
  }

  package var takesTurns: Bool { true }

  package var proxied: Proxied? {
    if target == nil, refusal == nil { return nil }
    return Proxied(
      protocolName: version == 4 ? "SOCKS4" : "SOCKS5", target: target, refusal: refusal)
  }

  /// The server refuses. What the client has asked meanwhile is read all the same, so that it does not
  /// matter which of both came first.
  private mutating func refuse(_ reason: String, length: Int) -> Step {
    refusal = reason
    return .skip(length)
  }

  /// The handshake is over.
  private mutating func end(length: Int) -> Step {
    var successor = Successor()
    successor.isCut = isCut
    return .become(successor, length: length)
  }

  // MARK: The client

  private mutating func ask(_ bytes: RawSpan) throws(WireError) -> Step {
    switch asking {
    case .greeting:
      version = bytes.byte(0)
      if version == 4 { return try askOld(bytes) }
      guard version == 5 else { throw WireError(.foreign) }
      guard bytes.byteCount >= 2 else { return .needs(2) }
      let length = 2 + Int(bytes.byte(1))
      guard bytes.byteCount >= length else { return .needs(length) }
      asking = .request
      return .skip(length)
    case .request:
      return bytes.byte(0) == 1 ? authenticate(bytes) : try request(bytes)
    case .done:
      // Of the next protocol, which is read when the way is open.
      return refusal == nil ? .needs(bytes.byteCount + 1) : .skip(bytes.byteCount)
    }
  }

  /// User and password, each behind its length (RFC 1929 §2).
  private mutating func authenticate(_ bytes: RawSpan) -> Step {
    guard bytes.byteCount >= 2 else { return .needs(2) }
    let second = 2 + Int(bytes.byte(1))
    guard bytes.byteCount > second else { return .needs(second + 1) }
    let length = second + 1 + Int(bytes.byte(second))
    guard bytes.byteCount >= length else { return .needs(length) }
    hasAuthenticated = true
    return .skip(length)
  }

  private mutating func request(_ bytes: RawSpan) throws(WireError) -> Step {
    guard bytes.byte(0) == 5 else { throw WireError(.foreign) }
    guard let length = try Self.length(bytes) else { return .needs(5) }
    guard bytes.byteCount >= length else { return .needs(length) }
    command = bytes.byte(1)
    let port = bytes.big16(length - 2)
    target =
      switch bytes.byte(3) {
      case 1: "\(IPAddress(v4: bytes.big32(4))):\(port)"
      case 4: "[\(IPAddress(v6: bytes, at: 4))]:\(port)"
      default: "\(bytes.text(5..<length - 2)):\(port)"
      }
    asking = .done
    return .skip(length)
  }

  /// Length of a request or reply of version 5; nil while it is not told.
  private static func length(_ bytes: RawSpan) throws(WireError) -> Int? {
    guard bytes.byteCount >= 5 else { return nil }
    guard bytes.byte(2) == 0 else { throw WireError(.foreign, at: 2) }
    switch bytes.byte(3) {
    case 1: return 10
    case 3: return 7 + Int(bytes.byte(4))
    case 4: return 22
    default: throw WireError(.foreign, at: 3)
    }
  }

  private mutating func askOld(_ bytes: RawSpan) throws(WireError) -> Step {
    switch Self.oldRequest(bytes) {
    case .needs(let count): return .needs(count)
    case .no: throw WireError(.foreign)
    case .whole(let length, let name):
      command = bytes.byte(1)
      let host = name.map { bytes.text($0) } ?? IPAddress(v4: bytes.big32(4)).description
      target = "\(host):\(bytes.big16(2))"
      (asking, answering) = (.done, .reply)
      return .skip(length)
    }
  }

  private enum OldRequest {
    case no
    case needs(Int)
    case whole(Int, name: Range<Int>?)
  }

  /// A request of version 4 or 4a, as far as it is there.
  private static func oldRequest(_ bytes: RawSpan) -> OldRequest {
    guard bytes.byte(0) == 4 else { return .no }
    guard bytes.byteCount >= 9 else {
      return bytes.byteCount > 1 && !(1...2 ~= bytes.byte(1)) ? .no : .needs(9)
    }
    guard 1...2 ~= bytes.byte(1), bytes.big16(2) != 0 else { return .no }
    var end = 8
    switch text(bytes, &end) {
    case .no: return .no
    case .needs(let count): return .needs(count)
    case .whole: break
    }
    // 0.0.0.x, which is nobody's address, says that a name follows.
    guard 1...255 ~= bytes.big32(4) else { return .whole(end, name: nil) }
    let start = end
    switch text(bytes, &end) {
    case .no: return .no
    case .needs(let count): return .needs(count)
    case .whole: return end - start > 1 ? .whole(end, name: start..<end - 1) : .no
    }
  }

  /// Reads a text at `offset` to behind the zero that ends it.
  private static func text(_ bytes: RawSpan, _ offset: inout Int) -> OldRequest {
    let start = offset
    guard start < bytes.byteCount else { return .needs(start + 1) }
    guard let end = bytes.firstOffset(of: 0, from: start) else {
      let rest = bytes.suffix(from: start)
      return rest.byteCount <= maxText && rest.isPrintable ? .needs(bytes.byteCount + 1) : .no
    }
    let text = bytes.slice(start..<end)
    guard text.isEmpty || text.byteCount <= maxText && text.isPrintable else { return .no }
    offset = end + 1
    return .whole(offset, name: nil)
  }

  // MARK: The server

  private mutating func answer(_ bytes: RawSpan) throws(WireError) -> Step {
    if refusal != nil { return .skip(bytes.byteCount) }
    guard isAnswerDue else { return .needs(bytes.byteCount + 1) }
    switch answering {
    case .method:
      guard bytes.byteCount >= 2 else { return .needs(2) }
      guard bytes.byte(0) == 5 else { throw WireError(.foreign) }
      switch bytes.byte(1) {
      case 0: answering = .reply
      case 2: answering = .status
      case Self.noMethod:
        return refuse("no acceptable method", length: 2)
      // Other methods may wrap all that follows.
      default: throw WireError(.unsupported, at: 1)
      }
      return .skip(2)
    case .status:
      guard bytes.byteCount >= 2 else { return .needs(2) }
      if bytes.byte(1) != 0 {
        return refuse("authentication failed", length: 2)
      }
      answering = .reply
      return .skip(2)
    case .reply, .furtherReply:
      return version == 4 ? try replyOld(bytes) : try reply(bytes)
    }
  }

  /// What is answered was asked: an answer may be captured first.
  private var isAnswerDue: Bool {
    switch answering {
    case .method: asking != .greeting
    case .status: hasAuthenticated || asking == .done
    case .reply, .furtherReply: asking == .done
    }
  }

  private mutating func reply(_ bytes: RawSpan) throws(WireError) -> Step {
    guard bytes.byte(0) == 5 else { throw WireError(.foreign) }
    guard let length = try Self.length(bytes) else { return .needs(5) }
    guard bytes.byteCount >= length else { return .needs(length) }
    return granted(bytes.byte(1) == 0 ? nil : Self.refusal(bytes.byte(1)), length)
  }

  private mutating func replyOld(_ bytes: RawSpan) throws(WireError) -> Step {
    guard Self.isOldVersion(bytes.byte(0)) else { throw WireError(.foreign) }
    guard bytes.byteCount >= 8 else { return .needs(8) }
    return granted(bytes.byte(1) == 0x5a ? nil : "request rejected or failed", 8)
  }

  /// Zero by its letter; some servers repeat their version.
  private static func isOldVersion(_ byte: UInt8) -> Bool { byte == 0 || byte == 4 }

  private mutating func granted(_ refusal: String?, _ length: Int) -> Step {
    // Who waits for a connection is told where, and then who came (RFC 1928 §6).
    if command == 2, refusal == nil, answering == .reply {
      answering = .furtherReply
      return .skip(length)
    }
    if let refusal { return refuse(refusal, length: length) }
    return end(length: length)
  }

  /// RFC 1928 §6.
  private static func refusal(_ code: UInt8) -> String {
    switch code {
    case 1: "general failure"
    case 2: "not allowed by the rules"
    case 3: "network unreachable"
    case 4: "host unreachable"
    case 5: "connection refused"
    case 6: "TTL expired"
    case 7: "command not supported"
    case 8: "address type not supported"
    default: "reply \(code)"
    }
  }

  // MARK: Recognising

  /// Both sides must fit each other; on ports of SOCKS the client's is enough where no other was seen.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    if opening.isMidway || client.isEmpty { return .no }
    switch client.byte(0) {
    case 4:
      switch oldRequest(client) {
      case .no: return .no
      case .needs(let count): return opening.isFinal ? .no : .needs(count)
      case .whole: break
      }
      if !server.isEmpty, !isOldVersion(server.byte(0)) { return .no }
      if server.byteCount >= 2 { return 0x5a...0x5d ~= server.byte(1) ? .yes(.certain) : .no }
    case 5:
      guard client.byteCount >= 2 else { return opening.isFinal ? .no : .needs(2) }
      let length = 2 + Int(client.byte(1))
      guard length > 2 else { return .no }
      guard client.byteCount >= length else { return opening.isFinal ? .no : .needs(length) }
      if client.byteCount > length, !(client.byte(length) == 5 || client.byte(length) == 1) {
        return .no
      }
      if !server.isEmpty, server.byte(0) != 5 { return .no }
      if server.byteCount >= 2 {
        let method = server.byte(1)
        let isOffered = (2..<length).contains { client.byte($0) == method }
        return isOffered || method == noMethod ? .yes(.certain) : .no
      }
    default: return .no
    }
    if !opening.isFinal { return .needs(client.byteCount + 1) }
    let isHome = row.ports.contains(opening.server.port)
    return isHome && server.isEmpty ? .yes(.likely) : .no
  }
}
