import Bytes

/// The handshake messages of one side, which number them and may send each in fragments (RFC 6347
/// §4.2.2):
///
///     type    length   number   offset   length of the fragment
///     +-------+--------+--------+--------+--------+---------
///     | 1     | 3      | 2      | 3      | 3      | fragment
struct DTLSFlight: Sendable {
  /// Bytes before a fragment.
  static let headLength = 12
  /// Messages that may wait for one before them.
  static let maxAhead = 16

  /// Number of the next message; nil when the beginning was not seen.
  private var next: UInt16?
  private var waiting: [UInt16: TLSPieces] = [:]

  init(isMidway: Bool) { next = isMidway ? nil : 0 }

  /// Bytes of messages that are not whole, or wait for one before them.
  var heldBytes: Int { waiting.values.reduce(0) { $0 + $1.heldBytes } }

  mutating func dropHeld() {
    for number in waiting.keys { waiting[number]?.close() }
  }

  /// Takes the fragments of a record.
  mutating func add(_ record: RawSpan) throws(WireError) {
    var cursor = Cursor(record)
    while !cursor.isAtEnd {
      let type = try cursor.uint8()
      let length = Int(try cursor.big24())
      let number = try cursor.big16()
      let offset = Int(try cursor.big24())
      let count = Int(try cursor.big24())
      guard offset + count <= length else { throw WireError(.invalid, at: cursor.offset) }
      let fragment = try cursor.take(count)
      let first = next ?? number
      next = first
      // What has been read is sent again.
      if number < first { continue }
      guard Int(number) - Int(first) < Self.maxAhead else { throw WireError(.tooLarge) }
      let head = [
        type, UInt8(length >> 16), UInt8(length >> 8 & 0xff), UInt8(length & 0xff),
      ]
      var pieces = waiting[number] ?? TLSPieces()
      waiting[number] = nil
      defer { waiting[number] = pieces }
      try pieces.add(head.rawSpan, at: 0)
      try pieces.add(fragment, at: head.count + offset)
    }
  }

  /// The next message, when it is whole.
  mutating func take() -> TLSMessage? {
    guard let number = next, let message = waiting[number]?.next() else { return nil }
    waiting[number] = nil
    next = number &+ 1
    return message
  }
}
