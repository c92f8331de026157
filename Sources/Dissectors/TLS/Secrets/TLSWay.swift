import Bytes
import Flows

/// What one side of a connection encrypts with, and how far its handshake is.
struct TLSWay: Sendable {
  /// Which secret of TLS 1.3 is in use (RFC 8446 §7.1).
  enum Stage: Sendable {
    case early, handshake, traffic

    var next: Stage? {
      switch self {
      case .early: .handshake
      case .handshake: .traffic
      case .traffic: nil
      }
    }

    func label(_ side: Side) -> TLSHandshakeSecrets.Label {
      switch self {
      case .early: .clientEarly
      case .handshake: side == .client ? .clientHandshake : .serverHandshake
      case .traffic: side == .client ? .clientTraffic : .serverTraffic
      }
    }
  }

  /// Records that may be missing in one gap.
  static let maxSkipped: UInt64 = 256
  /// Places after a gap that looked like a record and were none.
  static let maxMisfits = 16

  var stage = Stage.early
  /// The secret that `key` was made of (TLS 1.3).
  var secret: [UInt8] = []
  var key: TLSRecordKey?
  var messages = TLSMessages()
  /// Nothing more of it is opened.
  var isGivenUp = false
  /// Bytes missing since the last record that was opened.
  var lost = 0
  var misfits = 0

  /// The number of the next record is not known.
  var isUnsure: Bool { lost > 0 }

  /// Opens a record; gives how many are missing before it, nil when it does not fit.
  mutating func open(_ record: RawSpan, into clear: inout [UInt8]) -> Int? {
    if key == nil { return nil }
    if key?.open(record, into: &clear) == true { return 0 }
    guard isUnsure else { return nil }
    for skipped in 1...Self.maxSkipped
    where key?.open(record, skipping: skipped, into: &clear) == true {
      return Int(skipped)
    }
    return nil
  }

  /// Bytes of content that were in the records that are missing.
  mutating func settleLoss(_ skipped: Int) -> Int {
    if lost == 0 { return 0 }
    defer { (lost, misfits) = (0, 0) }
    return max(1, lost - skipped * (key?.overhead ?? 0))
  }

  /// The next secret, unless it is in use already.
  mutating func turn(to next: Stage) {
    if stage == next { return }
    stage = next
    key = nil
  }
}

/// A message of the handshake protocol that was encrypted.
struct TLSMessage: Sendable {
  var type: UInt8
  var body: [UInt8]
}

/// Puts the messages of the handshake protocol together that encrypted records carry, or packets of
/// QUIC.
struct TLSMessages: Sendable {
  private var waiting: [UInt8] = []
  /// Bytes to pass over of a message too long to be kept.
  private var passing = 0

  /// Bytes that wait for the rest of their message.
  var count: Int { waiting.count }

  mutating func take(_ bytes: RawSpan) {
    let passed = min(passing, bytes.byteCount)
    passing -= passed
    waiting.append(bytes.suffix(from: passed))
  }

  /// The next whole message.
  mutating func next() -> TLSMessage? {
    guard waiting.count >= 4 else { return nil }
    let length = Int(waiting.rawSpan.big24(1))
    if length > TLS.maxFlight {
      passing = 4 + length - waiting.count
      waiting = []
      return nil
    }
    guard waiting.count >= 4 + length else { return nil }
    let message = TLSMessage(type: waiting[0], body: Array(waiting[4..<4 + length]))
    waiting.removeFirst(4 + length)
    return message
  }
}
