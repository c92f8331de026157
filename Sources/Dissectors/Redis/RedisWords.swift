import Bytes

/// The words of an inline command, as `redis-cli` and `telnet` send them.
///
/// Blanks separate them; words may stand in double quotes, with escapes, or in single quotes.
enum RedisWords {
  /// Words and where they lie in the bytes given with them. A quote that is not closed lasts to
  /// the end of the line: the server refuses it, and what was meant is still told.
  static func split(_ line: RawSpan) -> (bytes: [UInt8], words: [Range<Int>]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(line.byteCount)
    var words: [Range<Int>] = []
    var at = 0
    while true {
      while at < line.byteCount, isBlank(line.byte(at)) { at += 1 }
      if at == line.byteCount { return (bytes, words) }
      let start = bytes.count
      while at < line.byteCount, !isBlank(line.byte(at)) {
        switch line.byte(at) {
        case 0x22: doubleQuoted(line, &at, into: &bytes)
        case 0x27: singleQuoted(line, &at, into: &bytes)
        default:
          bytes.append(line.byte(at))
          at += 1
        }
      }
      words.append(start..<bytes.count)
    }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private static func doubleQuoted(_ line: RawSpan, _ at: inout Int, into bytes: inout [UInt8]) {
    at += 1
    while at < line.byteCount {
      let byte = line.byte(at)
      at += 1
      if byte == 0x22 { return }
      guard byte == 0x5c, at < line.byteCount else {
        bytes.append(byte)
        continue
      }
      let escaped = line.byte(at)
      at += 1
      switch escaped {
      case 0x6e: bytes.append(0x0a)
      case 0x72: bytes.append(0x0d)
      case 0x74: bytes.append(0x09)
      case 0x62: bytes.append(0x08)
      case 0x61: bytes.append(0x07)
      case 0x78:
        if at + 1 < line.byteCount, let high = digit(line.byte(at)),
          let low = digit(line.byte(at + 1))
        {
          bytes.append(high << 4 | low)
          at += 2
        } else {
          bytes.append(escaped)
        }
      default: bytes.append(escaped)
      }
    }
  }

  private static func singleQuoted(_ line: RawSpan, _ at: inout Int, into bytes: inout [UInt8]) {
    at += 1
    while at < line.byteCount {
      let byte = line.byte(at)
      at += 1
      if byte == 0x27 { return }
      if byte == 0x5c, at < line.byteCount, line.byte(at) == 0x27 {
        bytes.append(0x27)
        at += 1
      } else {
        bytes.append(byte)
      }
    }
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }
}
