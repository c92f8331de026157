import Bytes
import Entries
import Flows

extension HTTP2 {
  /// The preface of the client, the settings a server begins with, or frames in a row.
  ///
  /// From the middle, a single frame is enough only where almost all of it is fixed; everything
  /// else must be followed by another.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    if client.starts(with: preface) { return .yes(.certain) }
    if !client.isEmpty, client.isBeginning(of: preface) {
      return opening.isFinal
        ? (client.byteCount >= shortestPreface ? .yes(.likely) : .no)
        : .needs(preface.utf8CodeUnitCount)
    }
    let first = recognise(client, opening)
    let second = recognise(server, opening)
    switch (first, second) {
    case (.no, _) where !client.isEmpty: return .no
    case (_, .no) where !server.isEmpty: return .no
    case (.yes(let one), .yes(let other)): return .yes(max(one, other))
    case (.yes, _): return first
    case (_, .yes): return second
    case (.needs, _): return first
    default: return second
    }
  }

  /// `PRI * HTTP/2.0`: bytes of the preface that nothing else begins with.
  private static let shortestPreface = 14
  /// Frames in a row that are looked at.
  private static let maxFrames = 8

  /// Frames at the beginning of one side. No bytes are no answer, which counts as `no`.
  private static func recognise(_ bytes: RawSpan, _ opening: Opening) -> Recognition {
    if bytes.isEmpty { return .no }
    if bytes.starts(with: preface) { return .yes(.certain) }
    var at = 0
    var count = 0
    while count < maxFrames {
      let rest = bytes.suffix(from: at)
      guard let frame = HTTP2Frame(rest) else {
        // A head that is cut.
        if rest.isEmpty { return count > 1 ? .yes(.likely) : wait(bytes, opening) }
        return count > 1 || count == 1 && opening.isFinal ? .yes(.possible) : more(bytes, opening)
      }
      guard frame.isOrdinary, isPlausible(frame, rest) else { return .no }
      if count == 0, let sure = sure(frame, rest, opening) { return sure }
      count += 1
      if rest.byteCount < frame.totalLength {
        if count > 1 { return .yes(.likely) }
        return frame.kind == .data ? wait(bytes, opening) : more(bytes, opening)
      }
      at += frame.totalLength
    }
    return .yes(.likely)
  }

  private static func more(_ bytes: RawSpan, _ opening: Opening) -> Recognition {
    opening.isFinal ? .no : .needs(bytes.byteCount + 1)
  }

  /// One DATA frame, whole or not, has little shape: it must be the last resort.
  private static func wait(_ bytes: RawSpan, _ opening: Opening) -> Recognition {
    opening.isFinal && opening.isMidway ? .yes(.possible) : more(bytes, opening)
  }

  /// What a single whole frame tells; nil when another must follow.
  private static func sure(
    _ frame: HTTP2Frame, _ bytes: RawSpan, _ opening: Opening
  ) -> Recognition? {
    guard bytes.byteCount >= frame.totalLength else { return nil }
    switch frame.kind {
    case .settings: return .yes(.likely)
    case .ping, .windowUpdate, .resetStream, .goAway, .priority:
      return bytes.byteCount == frame.totalLength ? .yes(.likely) : nil
    case .headers where frame.flags.contains(.endHeaders):
      guard let fragment = frame.fragment(of: bytes) else { return .no }
      var decoder = HPACKDecoder(isFresh: !opening.isMidway)
      var list = HTTP2FieldList()
      do { try decoder.decode(bytes.slice(fragment), into: &list) } catch { return .no }
      return list.isRequest || list.status != nil ? .yes(.likely) : nil
    default: return nil
    }
  }

  /// Whether what is there of the payload is what senders send.
  private static func isPlausible(_ frame: HTTP2Frame, _ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= frame.totalLength else { return true }
    let payload = HTTP2Frame.headLength
    switch frame.kind {
    case .settings:
      var at = payload
      while at < frame.totalLength {
        if !isPlausible(setting: bytes.big16(at), bytes.big32(at + 2)) { return false }
        at += 6
      }
      return frame.length <= 6 * 32
    case .windowUpdate:
      let increment = bytes.big32(payload)
      return increment > 0 && increment < 0x8000_0000
    case .resetStream: return bytes.big32(payload) <= 0x0d
    case .goAway: return bytes.big32(payload + 4) <= 0x0d
    case .headers, .pushPromise: return frame.fragment(of: bytes) != nil
    default: return true
    }
  }

  /// Limits of RFC 9113 §6.5.2; identifiers beyond the known ones are there to be ignored.
  private static func isPlausible(setting: UInt16, _ value: UInt32) -> Bool {
    switch setting {
    case 0: false
    case 2, 8: value <= 1
    case 4: value < 0x8000_0000
    case 5: value >= 16_384 && value < 1 << 24
    default: true
    }
  }
}
