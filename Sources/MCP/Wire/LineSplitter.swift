import Bytes

/// Cuts a stream of bytes into lines, as MCP over stdio frames its messages.
///
/// A line ends with `\n`; a `\r` before it, blanks around the line, empty lines and a byte-order
/// mark at the very start are tolerated. A line beyond the limit is drained, not kept.
package struct LineSplitter: Sendable {
  package enum Line: Equatable, Sendable {
    case text([UInt8])
    /// A line of so many bytes that was thrown away, but for its beginning.
    case tooLong(Int, head: [UInt8])
  }

  /// Longest line kept, in bytes.
  package static let standardLimit = 64 << 20

  private let limit: Int
  private var waiting: [UInt8] = []
  /// Bytes of the current line when it is beyond the limit, and 0 before; `waiting` is its beginning.
  private var dropped = 0
  private var isFirst = true

  package init(limit: Int = standardLimit) { self.limit = limit }

  /// The lines that end in `bytes`, in order.
  package mutating func append(_ bytes: RawSpan) -> [Line] {
    var lines: [Line] = []
    var start = 0
    while let end = bytes.firstOffset(of: UInt8(ascii: "\n"), from: start) {
      take(bytes.extracting(start..<end))
      if let line = finishedLine() { lines.append(line) }
      start = end + 1
    }
    take(bytes.extracting(start..<bytes.byteCount))
    return lines
  }

  /// The last line, when the stream ends without `\n`.
  package mutating func end() -> Line? { finishedLine() }

  private mutating func take(_ piece: RawSpan) {
    guard dropped > 0 || piece.byteCount > limit - waiting.count else {
      waiting.append(piece)
      return
    }
    dropped = (dropped > 0 ? dropped : waiting.count) + piece.byteCount
    let room = max(0, LineHead.length - waiting.count)
    waiting.append(piece.extracting(0..<min(piece.byteCount, room)))
    if waiting.count > LineHead.length { waiting = Array(waiting.prefix(LineHead.length)) }
  }

  private mutating func finishedLine() -> Line? {
    if dropped > 0 {
      defer { (dropped, waiting, isFirst) = (0, [], false) }
      return .tooLong(dropped, head: waiting)
    }
    // Blanks are cut off in place: a line may be large.
    var line = waiting
    waiting = []
    var start = isFirst && line.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    isFirst = false
    while line.count > start, isBlank(line[line.count - 1]) { line.removeLast() }
    while start < line.count, isBlank(line[start]) { start += 1 }
    if start > 0 { line.removeFirst(start) }
    return line.isEmpty ? nil : .text(line)
  }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
