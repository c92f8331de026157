import Bytes
import Flows

// Finding the way back: behind missing bytes, in the middle of a connection, after what makes no sense.
extension HTTP1 {
  /// Where the bytes at hand lie, among which a start line is looked for.
  enum Search: Sendable {
    /// At the beginning of a line.
    case line
    /// In the middle of one. Bodies mostly end without a line break, so that the next message begins
    /// there, too.
    case middle
    /// As in the middle, but no message begins with the first byte: one was read there in vain.
    case behind
  }

  /// Passes over everything before the next start line.
  mutating func search(_ bytes: RawSpan, _ side: Side, _ place: Search) -> Step {
    var place = place
    var at = 0
    while at < bytes.byteCount {
      let rest = bytes.suffix(from: at)
      guard let end = rest.firstOffset(of: 0x0a) else {
        let begin = Self.beginning(in: rest, place)
        if begin > 0 || place == .line && !Self.mayBecomeStartLine(rest) { place = .middle }
        ways[inPlace: side].phase = .search(place)
        at += begin
        return at > 0 ? .skip(at) : .needs(bytes.byteCount + 1)
      }
      if let start = Self.start(in: rest, until: end, place) {
        ways[inPlace: side].phase = .head
        return .skip(at + start)
      }
      at += end + 1
      place = .line
    }
    ways[inPlace: side].phase = .search(.line)
    return .skip(at)
  }

  /// Where a message begins in the line that ends at `end`; a known method is asked for here.
  private static func start(in bytes: RawSpan, until end: Int, _ place: Search) -> Int? {
    if place == .line, isStartLine(bytes, end) { return 0 }
    let start = HTTP1StartLine.place(in: bytes, until: end)
    return start == 0 && place != .middle ? nil : start
  }

  /// From where on bytes without a line break may become a start line, or tell whether what follows
  /// them does; their count when nothing of them can.
  private static func beginning(in bytes: RawSpan, _ place: Search) -> Int {
    if place == .line, bytes.byteCount <= maxHead, mayBecomeStartLine(bytes) { return 0 }
    let begin = HTTP1StartLine.beginning(in: bytes, from: place == .behind ? 1 : 0)
    return bytes.byteCount - begin > maxHead ? bytes.byteCount : begin
  }

  private static func isStartLine(_ bytes: RawSpan, _ end: Int) -> Bool {
    guard bytes.starts(with: "HTTP/1.") || HTTP1StartLine.beginsWithKnownMethod(bytes) else {
      return false
    }
    return HTTP1StartLine(bytes, 0..<end) != nil
  }

  private static func mayBecomeStartLine(_ bytes: RawSpan) -> Bool {
    bytes.isBeginning(of: "HTTP/1.") || bytes.starts(with: "HTTP/1.")
      || HTTP1StartLine.mayBecomeKnownMethod(bytes)
      || HTTP1StartLine.beginsWithKnownMethod(bytes)
  }

  /// Whether a request's target is one: lines of prose begin with words that are methods, too.
  static func isTarget(of start: HTTP1StartLine, _ bytes: RawSpan) -> Bool {
    guard case .request(_, let target, _) = start else { return true }
    return HTTP1StartLine.isTarget(bytes.slice(target))
  }
}
