import Bytes
import Flows

// Bodies that wait for `100 Continue` (RFC 9110 §10.1.1). A client that gets a final reply instead
// need not send its body, and may go on with the next request.
extension HTTP1 {
  /// A request that was refused its body, and who sent it.
  struct Refusal: Equatable, Sendable {
    var key: UInt64
    var side: Side
  }

  func isRefused(_ key: UInt64, _ side: Side) -> Bool {
    refusal == Refusal(key: key, side: side)
  }

  /// The final reply to a request has come; when its body is still waited for, it may never come.
  mutating func noteRefusal(of key: UInt64, _ side: Side) {
    switch ways[inPlace: side].phase {
    case .promised(key, _), .chunkLine(key): refusal = Refusal(key: key, side: side)
    default: break
    }
  }

  /// The end of a refused request, when the next one begins in place of its body.
  mutating func withdrawal(_ bytes: RawSpan, _ side: Side, _ key: UInt64) -> Step? {
    guard isRefused(key, side), HTTP1StartLine.beginsWithKnownMethod(bytes) else { return nil }
    refusal = nil
    ways[inPlace: side].phase = .head
    return .end(of: key, length: 0)
  }

  /// The first bytes behind the head of a request that has promised a body of `count` bytes.
  mutating func promised(
    _ bytes: RawSpan, _ side: Side, _ key: UInt64, _ count: Int
  ) -> Step {
    if let step = withdrawal(bytes, side, key) { return step }
    // Also where the body would be over: what comes at once and what comes later must read alike.
    if isRefused(key, side), HTTP1StartLine.mayBecomeKnownMethod(bytes) {
      return .needs(bytes.byteCount + 1)
    }
    return given(bytes, side, key, count)
  }

  /// Bytes of `side` are, or will be, no other request: in place of a refused body they are its
  /// beginning.
  mutating func noteBegun(_ side: Side) {
    switch ways[inPlace: side].phase {
    case .promised(let key, _), .chunkLine(let key): if isRefused(key, side) { refusal = nil }
    default: break
    }
  }

  /// The body. Its last byte is kept back: with it comes the end.
  mutating func given(_ bytes: RawSpan, _ side: Side, _ key: UInt64, _ left: Int) -> Step {
    ways[inPlace: side].phase = left > 0 ? .given(key, left: min(left - 1, 1)) : .head
    switch left {
    case 0: return .end(of: key, length: 1)
    case 1: return .content([bytes.byte(0)], of: key, length: 0)
    default: return .body(left - 1, of: key)
    }
  }

  /// A side has ended: a refused request is whole without its body, if its reply is.
  package mutating func settled(isEnding: Bool, isCut: Bool) -> (key: UInt64, ending: Ending)? {
    guard isEnding, !isCut, let (key, side) = refusal.map({ ($0.key, $0.side) }) else { return nil }
    refusal = nil
    guard case .head = ways[inPlace: side.other].phase else { return nil }
    switch ways[inPlace: side].phase {
    case .promised(key, _), .chunkLine(key):
      ways[inPlace: side].phase = .head
      return (key, Ending())
    default: return nil
    }
  }
}
