import Bytes
import Entries
import Flows

// What a server sends to a replica: a snapshot, then every command that changes something.
extension Redis {
  /// `$length CRLF` and so many bytes without line end, or `$EOF:mark CRLF` and bytes until the
  /// mark of 40 bytes.
  mutating func snapshot(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    if bytes.byte(0) == 0x0a || bytes.byte(0) == 0x0d { return .skip(1) }
    isReplica = true
    ways[inPlace: side].phase = .value
    // A partial resynchronisation goes on with commands at once.
    guard bytes.byte(0) == RESP.string else { return .skip(0) }
    if bytes.starts(with: "$EOF:") {
      let start = 5 + Self.markLength + 2
      guard bytes.byteCount >= start else {
        ways[inPlace: side].phase = .snapshot
        return .needs(start)
      }
      ways[inPlace: side].phase = .untilMark(bytes.slice(5..<5 + Self.markLength).array())
      return .skip(start)
    }
    guard !bytes.isBeginning(of: "$EOF:"), let header = try RESP.number(bytes, 0) else {
      ways[inPlace: side].phase = .snapshot
      return .needs(bytes.byteCount + 1)
    }
    guard header.value >= 0 else { throw WireError(.invalid) }
    ways[inPlace: side].phase = .snapshotBytes(header.value)
    guard queue.next?.effect == .sync else { return .skip(header.end) }
    // SYNC is answered by the snapshot itself, of which only the length is told.
    return .message(snapshotMessage(header.value), length: header.end)
  }

  private static let markLength = 40

  private mutating func snapshotMessage(_ length: Int) -> Message {
    var message = Message(.response, .redis, key: queue.answer(isOnly: true).asked.key)
    message.details = Array(#"{"type":"bulk","count":\#(length),"truncated":true}"#.utf8)
    return message
  }

  /// Passes over everything up to the mark.
  mutating func untilMark(_ mark: [UInt8], _ bytes: RawSpan, _ side: Side) -> Step {
    var at = 0
    while let hit = bytes.firstOffset(of: mark.first ?? 0, from: at) {
      guard bytes.byteCount - hit >= mark.count else {
        return hit > 0 ? .skip(hit) : .needs(mark.count)
      }
      if isEqual(bytes.slice(hit..<hit + mark.count), mark.rawSpan) {
        ways[inPlace: side].phase = .value
        return .skip(hit + mark.count)
      }
      at = hit + 1
    }
    return .skip(bytes.byteCount)
  }

  private func isEqual(_ a: RawSpan, _ b: RawSpan) -> Bool {
    for offset in 0..<a.byteCount where a.byte(offset) != b.byte(offset) { return false }
    return true
  }

  /// A command for the replica: nobody answers it.
  mutating func replicated(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    if bytes.byte(0) == 0x0a || bytes.byte(0) == 0x0d { return .skip(1) }
    let frame = try frame(bytes, side)
    if case .needs(let count) = frame { return .needs(count) }
    var message = Message(.response, .redis, key: queue.loneKey())
    message.partner = .none
    _ = try RedisCommand(array: bytes, into: &message.fields)
    return begin(message, frame, side)
  }
}
