import Bytes
import Decompression
import Flows

/// What one side says in compressed packets, as far as it is not told yet.
///
/// Packets and compressed packets need not begin together: what begins in one may go on in the next.
/// So the beginning of a packet is kept here, at most as much of it as is read.
struct MySQLCompressed: Sendable {
  /// The beginning of a packet, decompressed.
  var waiting: [UInt8] = []
  /// Decompressed bytes of no interest that are to come.
  var skipping = 0
  /// What the compressed packet at hand has said, last first; together they use its bytes.
  var steps: [Step] = []
  /// After a gap: no compressed packet is known to begin here.
  var searches = false
  /// The compressed packet at hand cannot be read.
  var isDamaged = false
}

// Behind the login of clients that compress (CLIENT_COMPRESS, CLIENT_ZSTD_COMPRESSION_ALGORITHM):
//
//      length of the content     number   length decompressed
//     +--------+--------+--------+--------+--------+--------+--------+
//     |        3 bytes           |   1    |         3 bytes          |
//     +--------+--------+--------+--------+--------+--------+--------+
//
// Without a length decompressed the content is as it is: what is short is not compressed.
extension MySQL {
  static let compressedHeadLength = 7
  /// Longest compressed packet that is read, in bytes; longer ones are passed over.
  static let maxCompressed = 512 << 10
  /// Rows of the same bytes, say of zeros, deflate to a thousandth: of so much that is no attack.
  private static let limits = DecompressionLimits(free: 1 << 20)
  /// Steps for each byte of a compressed packet that one may give (most say one or two things).
  private static let maxSteps = 8

  /// The next thing that a compressed packet says.
  mutating func unpack(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    if let step = compressed[side].steps.popLast() { return step }
    if compressed[side].searches {
      guard Self.beginsCompressed(bytes) else { return .skip(bytes.byteCount) }
      compressed[side].searches = false
    }
    guard bytes.byteCount >= Self.compressedHeadLength else {
      return .needs(Self.compressedHeadLength)
    }
    let length = Self.compressedHeadLength + MySQLWire.length(bytes)
    if compressed[side].isDamaged {
      lose(side, count: nil)
      return .skip(length)
    }
    guard length <= Self.maxCompressed else { throw WireError(.tooLarge) }
    guard bytes.byteCount >= length else { return .needs(length) }
    return try open(bytes.prefix(length), side)
  }

  /// Reads on behind bytes that were lost, or are not read.
  mutating func lose(_ side: Side, count: Int?) {
    compressed[side] = MySQLCompressed()
    beginSearch(side, lost: count)
  }

  /// Decompresses a packet, and gives the first thing that it says.
  private mutating func open(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    var clear = compressed[side].waiting
    compressed[side].waiting = []
    var end: Decompressed.End?
    let content = bytes.suffix(from: Self.compressedHeadLength)
    if MySQLWire.length(bytes.suffix(from: 4)) == 0 {
      clear.append(content)
    } else {
      let result = decompress(content, Self.compression(content), limits: Self.limits)
      guard result.end == .whole else { throw WireError(.invalid) }
      clear += result.bytes
      end = result.end
    }
    var steps = try speak(clear, side)
    // A row, say, that neither begins nor ends here.
    if steps.isEmpty, let key = side == requester ? asked.last?.key : answer?.key {
      return .content([], of: key, length: bytes.byteCount)
    }
    guard let last = steps.indices.last else { return .skip(bytes.byteCount) }
    guard steps.count <= Self.maxSteps * bytes.byteCount else { throw WireError(.tooLarge) }
    for at in steps.indices {
      let share =
        bytes.byteCount * (at + 1) / (last + 1) - bytes.byteCount * at / (last + 1)
      steps[at] = Self.using(share, steps[at], at == 0 ? end : nil)
    }
    compressed[side].steps = steps.reversed()
    return compressed[side].steps.popLast() ?? .skip(bytes.byteCount)
  }

  /// What whole packets say that begin in `clear`. The rest waits.
  private mutating func speak(_ clear: [UInt8], _ side: Side) throws(WireError) -> [Step] {
    var steps: [Step] = []
    var at = min(compressed[side].skipping, clear.count)
    compressed[side].skipping -= at
    reading: while at < clear.count {
      let step = try packets(in: clear.rawSpan.suffix(from: at), from: side)
      switch step {
      case .needs: break reading
      case .message(_, let length), .end(_, _, let length):
        steps.append(step)
        at += length
      case .content(_, _, let length), .skip(let length): at += length
      default: throw WireError(.unsupported)
      }
    }
    if at < clear.count {
      compressed[side].waiting = Array(clear[at...])
    } else {
      compressed[side].skipping += at - clear.count
    }
    return steps
  }

  /// The same step, with the bytes on the wire that it is given.
  private static func using(_ length: Int, _ step: Step, _ end: Decompressed.End?) -> Step {
    switch step {
    case .message(var message, _):
      if let end { message.decompressions = [end] }
      return .message(message, length: length)
    case .end(let key, var ending, _):
      if let end { ending.decompression = end }
      return .end(of: key, ending, length: length)
    default: return step
    }
  }

  /// Clients that know both compressions need not say which one they use.
  private static func compression(_ content: RawSpan) -> Compression {
    content.byteCount >= 4 && content.little32(0) == 0xfd2f_b528 ? .zstd : .zlib
  }

  /// Whether a compressed packet begins here and ends with the bytes.
  private static func beginsCompressed(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > compressedHeadLength,
      bytes.byteCount == compressedHeadLength + MySQLWire.length(bytes)
    else { return false }
    if MySQLWire.length(bytes.suffix(from: 4)) == 0 { return true }
    let content = bytes.suffix(from: compressedHeadLength)
    return content.byte(0) & 15 == 8 || compression(content) == .zstd
  }
}
