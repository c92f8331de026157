import Bytes

extension HTTP1 {
  /// A request line or a status line at the beginning of either side.
  ///
  /// Which side sent what is not asked: joined midway, the client may be taken for the server.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    let first = recognise(client, opening)
    let second = recognise(server, opening)
    switch (first, second) {
    case (.yes(.certain), _), (_, .yes(.certain)): return .yes(.certain)
    case (.no, _) where !client.isEmpty: return .no
    case (_, .no) where !server.isEmpty: return .no
    case (.yes, _): return first
    case (_, .yes): return second
    case (.needs, _): return first
    default: return second
    }
  }

  /// The opening bytes of one side. No bytes are no answer, which counts as `no`.
  private static func recognise(_ bytes: RawSpan, _ opening: Opening) -> Recognition {
    var at = 0
    while at < bytes.byteCount, at < maxEmptyLines, bytes.byte(at) == 0x0d || bytes.byte(at) == 0x0a
    {
      at += 1
    }
    let line = bytes.suffix(from: at)
    if line.isEmpty { return .no }
    let more: Recognition = opening.isFinal ? .no : .needs(bytes.byteCount + 1)
    if line.isBeginning(of: "HTTP/1.") { return more }
    guard let end = line.firstOffset(of: 0x0a) else {
      if line.starts(with: "HTTP/1.") { return opening.isFinal ? .yes(.likely) : more }
      if HTTP1StartLine.mayBecomeKnownMethod(line) { return more }
      if HTTP1StartLine.beginsWithKnownMethod(line) {
        return opening.isFinal ? longTarget(line) : more
      }
      return mayBeRequestLine(line) ? more : .no
    }
    return HTTP1StartLine(line, 0..<end) == nil ? .no : .yes(.certain)
  }

  /// Empty lines before the first message that are tolerated, in bytes.
  private static let maxEmptyLines = 8
  /// Longest method that is none of the known ones.
  private static let maxMethod = 32

  /// A known method and a target whose end is not in sight.
  private static func longTarget(_ line: RawSpan) -> Recognition {
    guard let blank = line.firstOffset(of: 0x20), blank + 1 < line.byteCount else { return .no }
    let first = line.byte(blank + 1)
    return first == 0x2f || first | 0x20 == 0x68 ? .yes(.likely) : .no
  }

  /// Whether a line without end may be one with a method of its own: a token in capitals, a blank,
  /// and text.
  private static func mayBeRequestLine(_ line: RawSpan) -> Bool {
    for offset in 0..<line.byteCount {
      let byte = line.byte(offset)
      if byte == 0x20 { return offset > 0 && isPrintable(line.suffix(from: offset)) }
      if !isToken(byte) || offset > maxMethod { return false }
    }
    return true
  }

  private static func isPrintable(_ bytes: RawSpan) -> Bool {
    for offset in 0..<min(bytes.byteCount, 64)
    where bytes.byte(offset) < 0x20 && bytes.byte(offset) != 0x0d {
      return false
    }
    return true
  }
}
