import Bytes

/// Handshake messages that come in pieces, put in order: what CRYPTO frames of one side carry
/// (RFC 9000 §19.6), or the fragments of one message of DTLS (RFC 6347 §4.2.3).
///
/// Pieces come in any order and more than once; of what comes again the first counts, as in TCP.
struct TLSPieces: Sendable {
  /// Bytes from the first on. A ClientHello with keys against quantum computers has some 2 KB, a
  /// chain of certificates some 20.
  static let maxBytes = 32 << 10
  /// Pieces that may wait for what is missing before them.
  static let maxPieces = 256

  private struct Piece: Sendable {
    var offset: Int
    var bytes: [UInt8]

    var end: Int { offset + bytes.count }
  }

  private var messages = TLSMessages()
  /// Bytes in order so far.
  private var delivered = 0
  /// Behind a hole, by offset; none overlaps another.
  private var pieces: [Piece] = []
  /// What comes now is of no interest.
  private var isClosed = false

  /// Memory of a piece beside its bytes.
  private static let overhead = 64

  /// Memory of what waits, in bytes.
  var heldBytes: Int {
    pieces.reduce(messages.count) { $0 + $1.bytes.count + Self.overhead }
  }

  /// Something has come of a message that is not whole.
  var isPartial: Bool { messages.count > 0 || !pieces.isEmpty }

  /// Nothing more is wanted.
  mutating func close() {
    (messages, pieces, isClosed) = (TLSMessages(), [], true)
  }

  /// The next whole message.
  mutating func next() -> TLSMessage? { messages.next() }

  /// Takes a piece.
  /// - Throws: `tooLarge` beyond the limits; what fits is taken.
  mutating func add(_ bytes: RawSpan, at offset: Int) throws(WireError) {
    if isClosed || bytes.isEmpty { return }
    guard offset <= Self.maxBytes - bytes.byteCount else { throw WireError(.tooLarge) }
    defer { deliver() }
    let end = offset + bytes.byteCount
    var at = max(offset, delivered)
    var place = pieces.firstIndex { $0.end > at } ?? pieces.count
    while at < end {
      if place < pieces.count, pieces[place].offset <= at {
        at = max(at, pieces[place].end)
        place += 1
        continue
      }
      let stop = place < pieces.count ? min(end, pieces[place].offset) : end
      let part = bytes.slice(at - offset..<stop - offset)
      if at == delivered {
        messages.take(part)
        delivered = stop
      } else if place > 0, pieces[place - 1].end == at {
        pieces[place - 1].bytes.append(part)
      } else {
        guard pieces.count < Self.maxPieces else { throw WireError(.tooLarge) }
        pieces.insert(Piece(offset: at, bytes: part.array()), at: place)
        place += 1
      }
      at = stop
    }
  }

  /// Moves what is in order now.
  private mutating func deliver() {
    var count = 0
    while count < pieces.count, pieces[count].offset == delivered {
      let bytes = pieces[count].bytes
      messages.take(bytes.rawSpan)
      delivered = pieces[count].end
      count += 1
    }
    pieces.removeFirst(count)
  }
}
