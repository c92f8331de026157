import Bytes
import Flows

extension Redis {
  /// An array with the name of a command is enough; lines of text need a reply in Redis' form, for
  /// many protocols speak in lines.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    let isHome =
      row.ports.contains(opening.server.port) || row.ports.contains(opening.client.port)
    let straight = judge(client, server, isHome, opening.isFinal)
    guard opening.isMidway, straight == .no else { return straight }
    // The client may have been taken for the server.
    return judge(server, client, isHome, opening.isFinal)
  }

  private static func judge(
    _ commands: RawSpan, _ replies: RawSpan, _ isHome: Bool, _ isFinal: Bool
  ) -> Recognition {
    let reply = replies.isEmpty ? nil : RedisShape.ofReply(replies)
    if reply == .other { return .no }
    let more: Recognition = isFinal ? .no : .needs(commands.byteCount + 1)
    if commands.isEmpty {
      // What a server says alone tells little.
      if !isFinal { return reply == nil ? .no : .needs(1) }
      return reply == .reply && (isHome || isTelling(replies)) ? .yes(.possible) : .no
    }
    switch RedisShape.ofCommand(commands) {
    case .command(let isKnown): return .yes(isKnown ? .certain : .likely)
    case .inline(let isKnown):
      if !isKnown, !isHome { return .no }
      switch reply {
      case .reply: return .yes(isKnown ? .likely : .possible)
      case .incomplete: return isFinal && isHome ? .yes(.possible) : more
      default: return isFinal && isKnown && isHome ? .yes(.possible) : more
      }
    case .incomplete:
      if isFinal { return isHome && commands.byte(0) == RESP.array ? .yes(.possible) : .no }
      return isHome || commands.byte(0) == RESP.array || mayBecomeKnown(commands) ? more : .no
    default: return .no
    }
  }

  /// A reply that has more form than a line of text.
  private static func isTelling(_ bytes: RawSpan) -> Bool {
    switch bytes.byte(0) {
    case RESP.string, RESP.array, RESP.map, RESP.push, RESP.set:
      var scanner = RESPScanner()
      return (try? scanner.scan(bytes)) == .complete && scanner.position > 8
    default: return false
    }
  }

  /// A line without end whose name is known, or is not whole.
  private static func mayBecomeKnown(_ bytes: RawSpan) -> Bool {
    guard let blank = bytes.firstOffset(of: 0x20) else { return true }
    let name = bytes.prefix(blank)
    return RedisVerb.named(name) != nil && !RedisVerb.isShared(name)
  }

  // MARK: Finding the way back

  /// Bytes looked through for a beginning before they are passed over.
  private static let maxSearch = 64

  /// Passes over everything before the next beginning of a command or reply.
  ///
  /// Replies are sought at the beginning of what arrives, and further only while somebody waits:
  /// inside a value everything looks like one.
  mutating func search(_ bytes: RawSpan, _ side: Side, _ skipsLine: Bool) -> Step {
    var at = 0
    if skipsLine {
      guard let end = bytes.firstOffset(of: 0x0a) else { return .skip(bytes.byteCount) }
      at = end + 1
      ways[inPlace: side].phase = .search(skipsLine: false)
      if at == bytes.byteCount { return .skip(at) }
    }
    let isRequester = side == requester ?? .client
    while at < bytes.byteCount {
      let rest = bytes.suffix(from: at)
      switch isRequester ? RedisShape.ofCommand(rest) : RedisShape.ofReply(rest) {
      case .command, .inline(isKnown: true), .reply:
        ways[inPlace: side].phase = .value
        return .skip(at)
      case .incomplete where rest.byteCount <= Self.maxSearch:
        return at > 0 ? .skip(at) : .needs(bytes.byteCount + 1)
      default: break
      }
      if !isRequester, queue.isEmpty { return .skip(bytes.byteCount) }
      guard let end = bytes.firstOffset(of: 0x0a, from: at) else { break }
      at = end + 1
    }
    return .skip(bytes.byteCount)
  }
}
