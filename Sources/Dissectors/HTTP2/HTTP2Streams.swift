import Entries
import Flows

/// The streams of a connection that are not over yet.
struct HTTP2Streams: Sendable {
  /// Streams tracked at once; of more, the oldest quarter is forgotten. Servers commonly allow 100
  /// to 1000.
  static let maxTracked = 4096
  /// Streams remembered after their end: frames under way then are no news.
  static let maxEnded = 64
  /// Announced replies that may wait at once.
  static let maxPromised = 64

  /// Streams that their requester reset and whose replies may be under way.
  static let maxWithdrawn = 64

  /// Interim replies shown with the final one.
  static let maxInterim = 16

  /// How far behind the newest a stream may be that had a hole and has not ended, in numbers.
  static let patience: UInt64 = 512

  /// What one side has sent on a stream.
  enum Progress: Sendable {
    case nothing
    /// Its message has begun.
    case open
    /// Its message is over, or given up.
    case ended
  }

  struct Stream: Sendable {
    var progress = BySide(client: Progress.nothing, server: Progress.nothing)
    /// Content is gRPC, as the request says, or a reply without one.
    var isGRPC = false
    /// The head of the reply tells how a call of gRPC ended: by its status, or as HTTP by one other
    /// than 200.
    var hasVerdict = false
    /// A CONNECT that asks for WebSocket (RFC 8441 §4).
    var isSocket = false
    /// Bytes of the connection were lost while the side's message was under way.
    var hasHole = BySide(client: false, server: false)
    /// Side whose message is a request.
    var requester: Side?
    /// Status codes of interim replies.
    var interim: [Int] = []
  }

  /// A request that the server makes up to push its reply (RFC 9113 §8.4).
  struct Promise: Sendable {
    var fields: FieldValues
    var details: [UInt8]
  }

  private var tracked: [UInt32: Stream] = [:]
  private var promises: [UInt32: Promise] = [:]
  private var ended: [UInt32] = []
  /// Streams that had a hole and may have ended in it, oldest first.
  private var holed: [UInt32] = []
  private var nextEnded = 0
  /// Those that were reset before their replies began, oldest first.
  private var withdrawn: [UInt32] = []
  /// Highest number of a stream that the client began.
  private(set) var newest: UInt32 = 0

  /// Whether another stream would be one too many.
  var isFull: Bool { tracked.count >= Self.maxTracked }

  subscript(id: UInt32) -> Stream? {
    get { tracked[id] }
    set {
      tracked[id] = newValue
      if id & 1 == 1, id > newest { newest = id }
    }
  }

  /// Whether the stream ended a short while ago.
  func hasEnded(_ id: UInt32) -> Bool { ended.contains(id) }

  /// The message of `side` is over; the stream, too, when both are.
  mutating func end(_ id: UInt32, _ side: Side) {
    tracked[id]?.progress[side] = .ended
    guard let stream = tracked[id] else { return }
    if stream.progress[side.other] == .ended || id & 1 == 0 { remove(id) }
  }

  /// The requester, `side`, waits no longer for the reply, which has not begun.
  mutating func withdraw(_ id: UInt32, _ side: Side) {
    tracked[id]?.progress[side] = .ended
    withdrawn.append(id)
    guard withdrawn.count > Self.maxWithdrawn else { return }
    let oldest = withdrawn.removeFirst()
    if tracked[oldest] != nil { remove(oldest) }
  }

  /// Forgets a stream.
  mutating func remove(_ id: UInt32) {
    tracked[id] = nil
    promises[id] = nil
    if ended.count < Self.maxEnded {
      ended.append(id)
    } else {
      ended[nextEnded] = id
      nextEnded = (nextEnded + 1) % Self.maxEnded
    }
  }

  /// An interim reply came on a stream that is tracked.
  mutating func noteInterim(_ status: Int, on id: UInt32) {
    if tracked[id]?.interim.count ?? 0 < Self.maxInterim { tracked[id]?.interim.append(status) }
  }

  /// Open messages of `side` are given up, in an order that is the same every time: of many the last
  /// are remembered.
  mutating func endAll(_ side: Side) {
    let open = tracked.filter { $0.value.progress[side] == .open }.keys
    for id in open.sorted() { end(id, side) }
  }

  /// Bytes that `side` sent are missing, of whichever of its open messages.
  mutating func noteHole(_ side: Side) {
    for (id, stream) in tracked where stream.progress[side] == .open {
      if !stream.hasHole.client, !stream.hasHole.server { holed.append(id) }
      tracked[id]?.hasHole[side] = true
    }
    holed.sort()
  }

  /// Nothing of the side's message is known to be missing.
  func isWhole(_ id: UInt32, _ side: Side) -> Bool { tracked[id]?.hasHole[side] != true }

  /// A stream with a hole that is so much older than `id` that its end was in the hole, most
  /// likely. It is forgotten.
  mutating func takeStale(before id: UInt32) -> UInt32? {
    while let oldest = holed.first, UInt64(oldest) + Self.patience < UInt64(id) {
      holed.removeFirst()
      if tracked[oldest] != nil {
        remove(oldest)
        return oldest
      }
    }
    return nil
  }

  /// Forgets the quarter of the streams with the lowest numbers.
  mutating func makeRoom() {
    for id in tracked.keys.sorted().prefix(tracked.count / 4) { remove(id) }
  }

  /// Keeps a promise while there is room. Gives whether there was.
  mutating func promise(_ id: UInt32, _ promise: Promise) -> Bool {
    if promises.count >= Self.maxPromised { return false }
    promises[id] = promise
    return true
  }

  mutating func takePromise(_ id: UInt32) -> Promise? { promises.removeValue(forKey: id) }
}
