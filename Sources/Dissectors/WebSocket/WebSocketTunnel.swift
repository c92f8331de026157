import Bytes
import Entries
import Flows

/// WebSocket in a stream of HTTP/2 (RFC 8441): its frames are the content of DATA frames, which may
/// cut them anywhere.
struct WebSocketTunnel: Sendable {
  private var reader: WebSocket
  /// The beginning of what the next DATA frame goes on with.
  private var held = BySide(client: [UInt8](), server: [UInt8]())
  /// Bytes to come that are of no interest; `Int.max` when nothing more can be read.
  private var skipped = BySide(client: 0, server: 0)

  /// Most bytes held between two DATA frames.
  private static let maxHeld = WebSocketDeflate.maxMessage + 14

  /// - Parameter headers: of the reply that accepted it.
  init(stream: UInt32, _ headers: HeaderBlock) {
    reader = WebSocket(
      parameters: headers.value(of: "sec-websocket-extensions") ?? "", upgrade: nil,
      isMidway: false, firstKey: 1 << 63 | UInt64(stream) << 32)
  }

  /// What `bytes` begin with, of which `left` belong to the DATA frame; and how many of them the
  /// step uses.
  mutating func next(in bytes: RawSpan, left: Int, from side: Side) -> (step: Step, used: Int) {
    let available = min(left, bytes.byteCount)
    if skipped[side] > 0 {
      let count = min(skipped[side], available)
      if skipped[side] != .max { skipped[side] -= count }
      return (.skip(count), count)
    }
    let step: Step
    do throws(WireError) {
      if held[side].isEmpty {
        step = try reader.next(in: bytes.prefix(available), from: side)
      } else {
        step = try reader.next(
          in: (held[side] + bytes.prefix(available).array()).rawSpan, from: side)
      }
    } catch {
      return giveUp(side, available)
    }
    return carried(step, bytes.prefix(available), left: left, side)
  }

  /// The step as one of the DATA frame: what was held is not in its bytes.
  private mutating func carried(
    _ step: Step, _ bytes: RawSpan, left: Int, _ side: Side
  ) -> (step: Step, used: Int) {
    let before = held[side].count
    let available = bytes.byteCount
    switch step {
    case .needs(let count):
      if available < left { return (.needs(min(count - before, left)), 0) }
      guard before + available <= Self.maxHeld else { return giveUp(side, available) }
      held[side].append(bytes)
      return (.skip(available), available)
    case .message(let message, let length):
      let used = use(length, side)
      return (.message(message, length: used), used)
    case .content(let content, let key, let length):
      let used = use(length, side)
      return (.content(content, of: key, length: used), used)
    case .end(let key, let ending, let length):
      let used = use(length, side)
      return (.end(of: key, ending, length: used), used)
    case .skip(let count):
      let wanted = use(count, side)
      let used = min(wanted, available)
      skipped[side] = wanted - used
      return (.skip(used), used)
    case .body, .abandon, .withdraw, .finish, .sealed, .become: return giveUp(side, available)
    }
  }

  /// Takes so many bytes, first those that were held; gives how many are of the DATA frame.
  private mutating func use(_ length: Int, _ side: Side) -> Int {
    let fromHeld = min(length, held[side].count)
    held[side].removeFirst(fromHeld)
    return length - fromHeld
  }

  private mutating func giveUp(_ side: Side, _ count: Int) -> (step: Step, used: Int) {
    skipped[side] = .max
    held[side] = []
    return (.skip(count), count)
  }

  /// Bytes of the connection are missing: perhaps of this stream.
  mutating func noteGap(_ side: Side) {
    held[side] = []
    _ = reader.broken(side, by: .gap(.max))
  }
}
