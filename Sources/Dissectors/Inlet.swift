import Bytes
import Flows

/// What one side of a conversation has sent and nobody has used yet.
struct Inlet: Sendable {
  /// What becomes of the next bytes without asking the dissector.
  enum Pass: Sendable {
    case none
    case skip(Int)
    /// Content of the open message with this key; it is complete afterwards when `ends`.
    case body(Int, of: UInt64, ends: Bool)
  }

  /// Bytes that wait for more; empty while messages are read straight from the packets.
  var waiting: [UInt8] = []
  /// When the first waiting byte came.
  var since = Moment(timestamp: .distantPast, packet: 0)
  /// Bytes that must wait before the dissector is asked again.
  var target = 1
  var pass = Pass.none
  /// Nothing more of this side is read.
  var isStopped = false
  /// The side has finished sending.
  var isFinished = false
  /// The first bytes, kept when nobody recognises the conversation.
  var first: [UInt8] = []
  /// Bytes that came while nobody recognised it.
  var unread: Int64 = 0

  /// Takes memory for `count` bytes that are to wait, and for what is waited for with them: else what
  /// comes in ten packets is moved on four times. No more than a few kilobytes, or nine times what has
  /// come: the rest may never come.
  @inline(__always)
  mutating func makeRoom(_ count: Int, from spare: inout SpareMemory) {
    let whole = waiting.count + count
    if whole > waiting.capacity { takeRoom(whole, from: &spare) }
  }

  private mutating func takeRoom(_ whole: Int, from spare: inout SpareMemory) {
    let wanted = max(whole, min(target, 4 * whole))
    if wanted > SpareMemory.least, var memory = spare.take(wanted) {
      memory.append(waiting.rawSpan)
      swap(&memory, &waiting)
      spare.give(memory)
    } else if target / 2 >= whole {
      waiting.reserveCapacity(wanted)
    }
  }

  /// `count` of the next bytes are dealt with; what is left to pass.
  mutating func passed(_ count: Int) {
    switch pass {
    case .none: break
    case .skip(let left): pass = count >= left ? .none : .skip(left - count)
    case .body(let left, let key, let ends):
      // `Int.max` stands for "until the side finishes" and is not counted down.
      if left != .max { pass = .body(left - count, of: key, ends: ends) }
    }
  }
}

/// Bytes that one side sent, from a moment on, before the other sent any again.
struct Turn: Sendable {
  let side: Side
  var count: Int
  let moment: Moment
  /// A reader has left them: they may have come until now.
  var isLeft = false
}

/// Both sides' inlets, each looked at where it lies.
struct Inlets: Sendable {
  private var both = BySide(client: Inlet(), server: Inlet())

  var client: Inlet {
    @inline(__always) mutating _read { yield both[inPlace: .client] }
    @inline(__always) _modify { yield &both[inPlace: .client] }
  }

  var server: Inlet {
    @inline(__always) mutating _read { yield both[inPlace: .server] }
    @inline(__always) _modify { yield &both[inPlace: .server] }
  }

  subscript(side: Side) -> Inlet {
    @inline(__always) mutating _read { yield both[inPlace: side] }
    @inline(__always) _modify { yield &both[inPlace: side] }
  }

  /// Bytes that came while nobody recognised them, of both sides.
  var unread: Int64 { both.client.unread + both.server.unread }

  /// Client and server change places.
  mutating func turn() { both.turn() }
}
