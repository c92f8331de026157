import Bytes

/// The text of a script in Lua, with `[redacted]` in its secret literals: those behind a name or
/// literal that names a secret, as in `redis.call('HSET', KEYS[1], 'password', 'x')` and
/// `token = "x"`.
struct RedisScript {
  /// The text as it is shown.
  private(set) var text: [UInt8] = []
  /// Something in it names a secret: what it gives back may be one.
  private(set) var tells = false

  init(_ script: RawSpan) {
    text.reserveCapacity(script.byteCount)
    var at = 0
    // What came last, but for blanks and marks, names a secret.
    var isSecret = false
    while at < script.byteCount {
      let byte = script.byte(at)
      let start = at
      if byte == 0x22 || byte == 0x27 {
        at = Self.literalEnd(script, start)
        let isClosed = at - start >= 2 && script.byte(at - 1) == byte
        let inner = script.slice(start + 1..<(isClosed ? at - 1 : at))
        if isSecret {
          text.append(byte)
          text += Array(RESPPreview.redacted.utf8)
          if isClosed { text.append(byte) }
        } else {
          text.append(script.slice(start..<at))
        }
        isSecret = note(inner)
      } else if Self.isWord(byte) {
        while at < script.byteCount, Self.isWord(script.byte(at)) { at += 1 }
        let word = script.slice(start..<at)
        isSecret = note(word)
        text.append(word)
      } else if byte == 0x2d, script.suffix(from: start).starts(with: "--") {
        // An apostrophe in a comment begins no literal.
        at = script.firstOffset(of: 0x0a, from: start) ?? script.byteCount
        text.append(script.slice(start..<at))
      } else {
        text.append(byte)
        at += 1
      }
    }
  }

  private mutating func note(_ name: RawSpan) -> Bool {
    let isTelling = RedisSecrets.isTelling(name)
    if isTelling { tells = true }
    return isTelling
  }

  /// Where the literal that begins at `start` ends; one without end reaches to the end of the text.
  private static func literalEnd(_ script: RawSpan, _ start: Int) -> Int {
    var at = start + 1
    while at < script.byteCount {
      let byte = script.byte(at)
      if byte == script.byte(start) { return at + 1 }
      at += byte == 0x5c ? 2 : 1
    }
    return script.byteCount
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x5f
  }
}
