import Bytes
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
  }

  /// A request that the server makes up to push its reply (RFC 9113 §8.4).
  struct Promise: Sendable {
    var fields: FieldValues
    var details: [UInt8]
  }

  /// Streams that are not over, in ascending order: what begins is nearly always the newest, and few are
  /// under way at once.
  private var numbers: [UInt32] = []
  /// What is known of each.
  private var tracked: [Stream] = []
  /// Status codes of interim replies.
  private var interims: [UInt32: [Int]] = [:]
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
    get { place(of: id).map { tracked[$0] } }
    set {
      let place = lowerBound(id)
      let isKnown = place < numbers.count && numbers[place] == id
      if let newValue, isKnown {
        tracked[place] = newValue
      } else if let newValue {
        numbers.insert(id, at: place)
        tracked.insert(newValue, at: place)
      } else if isKnown {
        numbers.remove(at: place)
        tracked.remove(at: place)
      }
      if id & 1 == 1, id > newest { newest = id }
    }
  }

  private func place(of id: UInt32) -> Int? {
    let place = lowerBound(id)
    return place < numbers.count && numbers[place] == id ? place : nil
  }

  /// Place of the first stream that is not before `id`.
  private func lowerBound(_ id: UInt32) -> Int {
    // The newest are asked for most.
    var high = numbers.count
    while high > 0, numbers.count - high < 4 {
      if numbers[high - 1] < id { return high }
      high -= 1
    }
    return (0..<high).firstPlace { numbers[$0] >= id }
  }

  /// Whether the stream ended a short while ago.
  func hasEnded(_ id: UInt32) -> Bool { ended.contains(id) }

  /// The message of `side` is over; the stream, too, when both are.
  mutating func end(_ id: UInt32, _ side: Side) {
    guard let place = place(of: id) else { return }
    tracked[place].progress[side] = .ended
    if tracked[place].progress[side.other] == .ended || id & 1 == 0 { remove(id) }
  }

  /// The requester, `side`, waits no longer for the reply, which has not begun.
  mutating func withdraw(_ id: UInt32, _ side: Side) {
    if let place = place(of: id) { tracked[place].progress[side] = .ended }
    withdrawn.append(id)
    guard withdrawn.count > Self.maxWithdrawn else { return }
    let oldest = withdrawn.removeFirst()
    if place(of: oldest) != nil { remove(oldest) }
  }

  /// Forgets a stream.
  mutating func remove(_ id: UInt32) {
    self[id] = nil
    if !promises.isEmpty { promises[id] = nil }
    if !interims.isEmpty { interims[id] = nil }
    if ended.count < Self.maxEnded {
      ended.append(id)
    } else {
      ended[nextEnded] = id
      nextEnded = (nextEnded + 1) % Self.maxEnded
    }
  }

  /// An interim reply came on a stream that is tracked.
  mutating func noteInterim(_ status: Int, on id: UInt32) {
    guard place(of: id) != nil, interims[id]?.count ?? 0 < Self.maxInterim else { return }
    interims[id, default: []].append(status)
  }

  /// Status codes of the interim replies on a stream that is tracked.
  func interim(of id: UInt32) -> [Int] { interims.isEmpty ? [] : interims[id] ?? [] }

  /// Open messages of `side` are given up, in an order that is the same every time: of many the last
  /// are remembered.
  mutating func endAll(_ side: Side) {
    let open = numbers.indices.filter { tracked[$0].progress[side] == .open }.map { numbers[$0] }
    for id in open { end(id, side) }
  }

  /// Bytes that `side` sent are missing, of whichever of its open messages.
  mutating func noteHole(_ side: Side) {
    for place in numbers.indices where tracked[place].progress[side] == .open {
      let known = tracked[place].hasHole
      if !known.client, !known.server { holed.append(numbers[place]) }
      tracked[place].hasHole[side] = true
    }
    holed.sort()
  }

  /// Nothing of the side's message is known to be missing.
  func isWhole(_ id: UInt32, _ side: Side) -> Bool { self[id]?.hasHole[side] != true }

  /// A stream with a hole that is so much older than `id` that its end was in the hole, most
  /// likely. It is forgotten.
  mutating func takeStale(before id: UInt32) -> UInt32? {
    while let oldest = holed.first, UInt64(oldest) + Self.patience < UInt64(id) {
      holed.removeFirst()
      if place(of: oldest) != nil {
        remove(oldest)
        return oldest
      }
    }
    return nil
  }

  /// Forgets the quarter of the streams with the lowest numbers.
  mutating func makeRoom() {
    for id in numbers.prefix(numbers.count / 4) { remove(id) }
  }

  /// Keeps a promise while there is room. Gives whether there was.
  mutating func promise(_ id: UInt32, _ promise: Promise) -> Bool {
    if promises.count >= Self.maxPromised { return false }
    promises[id] = promise
    return true
  }

  mutating func takePromise(_ id: UInt32) -> Promise? {
    promises.isEmpty ? nil : promises.removeValue(forKey: id)
  }
}
