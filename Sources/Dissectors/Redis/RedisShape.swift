import Bytes

/// What bytes look like, judged strictly: for recognition and for the way back after a hole.
enum RedisShape: Equatable {
  /// An array that begins with a string that can be the name of a command.
  case command(isKnown: Bool)
  /// A line of text that begins with such a name.
  case inline(isKnown: Bool)
  /// A value that no client sends.
  case reply
  /// May become one of these.
  case incomplete
  case other

  /// Arguments of a command, at most, while it is not sure that it is one.
  private static let maxArguments = 1 << 20

  /// Judges bytes as those of a client.
  static func ofCommand(_ bytes: RawSpan) -> RedisShape {
    guard bytes.byteCount > 0 else { return .incomplete }
    if bytes.byte(0) != RESP.array { return ofLine(bytes) }
    do {
      guard let header = try RESP.number(bytes, 0) else { return .incomplete }
      guard 1...maxArguments ~= header.value else { return .other }
      if header.end == bytes.byteCount { return .incomplete }
      guard bytes.byte(header.end) == RESP.string else { return .other }
      guard let name = try RESP.number(bytes, header.end) else { return .incomplete }
      guard 1...RedisCommand.maxName ~= name.value else { return .other }
      let text = bytes.suffix(from: name.end).prefix(name.value)
      if !text.isEmpty, !RedisCommand.isName(text) { return .other }
      if bytes.byteCount - name.end < name.value + 2 { return .incomplete }
      guard bytes.byte(name.end + name.value) == 0x0d,
        bytes.byte(name.end + name.value + 1) == 0x0a
      else { return .other }
      return .command(isKnown: RedisVerb.named(text) != nil)
    } catch {
      return .other
    }
  }

  /// A line of text with a name in front.
  private static func ofLine(_ bytes: RawSpan) -> RedisShape {
    var end = 0
    while end < bytes.byteCount, end <= RedisCommand.maxName,
      RedisCommand.isNameByte(bytes.byte(end))
    {
      end += 1
    }
    guard RedisCommand.isName(bytes.prefix(end)) else { return .other }
    if end == bytes.byteCount { return end <= RedisVerb.maxName ? .incomplete : .other }
    guard [0x20, 0x09, 0x0d, 0x0a].contains(bytes.byte(end)) else { return .other }
    let name = bytes.prefix(end)
    let isKnown = RedisVerb.named(name) != nil && !RedisVerb.isShared(name)
    guard let feed = bytes.firstOffset(of: 0x0a) else {
      return isText(bytes) && bytes.byteCount < RESPScanner.maxLine ? .incomplete : .other
    }
    return isText(bytes.prefix(feed)) ? .inline(isKnown: isKnown) : .other
  }

  /// Judges bytes as those of a server.
  static func ofReply(_ bytes: RawSpan) -> RedisShape {
    guard bytes.byteCount > 0 else { return .incomplete }
    switch bytes.byte(0) {
    case RESP.simple, RESP.error:
      guard let feed = bytes.firstOffset(of: 0x0a) else {
        return isText(bytes) && bytes.byteCount < RESPScanner.maxLine ? .incomplete : .other
      }
      return feed >= 2 && bytes.byte(feed - 1) == 0x0d && isText(bytes.prefix(feed))
        ? .reply : .other
    default:
      var scanner = RESPScanner()
      do {
        let outcome = try scanner.scan(bytes)
        // The first line of a value that is longer tells enough.
        return outcome == .line && scanner.position == 0 ? .incomplete : .reply
      } catch {
        return .other
      }
    }
  }

  /// Whether bytes can be typed: no controls but tab, and a carriage return at the end.
  static func isText(_ bytes: RawSpan) -> Bool {
    for offset in 0..<bytes.byteCount {
      let byte = bytes.byte(offset)
      if byte >= 0x20 && byte != 0x7f || byte == 0x09 { continue }
      return byte == 0x0d && offset == bytes.byteCount - 1
    }
    return true
  }
}
