import Bytes
import CSnappy

/// Snappy, by Google's library: one block, or blocks in frames.
///
/// Two framings are about: Snappy's own, whose stream begins with a chunk `sNaPpY`, and that of
/// snappy-java, which Kafka's clients write: eight bytes of magic, two versions, then blocks with
/// their lengths in front.
enum SnappyReader {
  private static let javaHeader = 16

  static func run(_ bytes: RawSpan, _ room: inout Room) -> Decompressed {
    if isJava(bytes) { return java(bytes, &room) }
    if isFramed(bytes) { return framed(bytes, &room) }
    let end = block(bytes, &room)
    return room.ended(end ?? .whole)
  }

  private static func isFramed(_ bytes: RawSpan) -> Bool {
    bytes.byteCount >= 10 && bytes.byte(0) == 0xff
      && bytes.suffix(from: 1).starts(with: "\u{6}\0\0sNaPpY")
  }

  private static func isJava(_ bytes: RawSpan) -> Bool {
    bytes.byteCount >= javaHeader && bytes.byte(0) == 0x82
      && bytes.suffix(from: 1).starts(with: "SNAPPY\0")
  }

  private static func java(_ bytes: RawSpan, _ room: inout Room) -> Decompressed {
    var at = javaHeader
    while at < bytes.byteCount {
      guard bytes.byteCount - at >= 4 else { return room.ended(.cut) }
      let length = Int(bytes.big32(at))
      at += 4
      guard length <= bytes.byteCount - at else { return room.ended(.cut) }
      if let end = block(bytes.slice(at..<at + length), &room) { return room.ended(end) }
      at += length
    }
    return room.ended(.whole)
  }

  /// Snappy framing format: type (8), length (24, little-endian), a checksum of 32 bits, data.
  private static func framed(_ bytes: RawSpan, _ room: inout Room) -> Decompressed {
    var at = 0
    while at < bytes.byteCount {
      guard bytes.byteCount - at >= 4 else { return room.ended(.cut) }
      let type = bytes.byte(at)
      let length = Int(bytes.little32(at) >> 8)
      at += 4
      guard length <= bytes.byteCount - at else { return room.ended(.cut) }
      let chunk = bytes.slice(at..<at + length)
      at += length
      switch type {
      case 0 where length > 4:
        if let end = block(chunk.suffix(from: 4), &room) { return room.ended(end) }
      case 1 where length >= 4:
        if !room.append(chunk.suffix(from: 4).array()) { return room.ended(.whole) }
      case 0x80...0xff: break
      default: return room.ended(.damaged)
      }
    }
    return room.ended(.whole)
  }

  /// Decodes one block, which is always whole. Gives why no further one must follow, or nil.
  private static func block(_ bytes: RawSpan, _ room: inout Room) -> Decompressed.End? {
    let made = bytes.withUnsafeBytes { input -> (bytes: [UInt8], end: Decompressed.End?) in
      let source = input.baseAddress?.assumingMemoryBound(to: CChar.self)
      var length = 0
      guard let source, snappy_uncompressed_length(source, input.count, &length) == SNAPPY_OK else {
        return ([], .damaged)
      }
      if let refused = room.refused(length) { return ([], refused) }
      var end: Decompressed.End?
      let output = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
        count = length
        let isDone = buffer.withMemoryRebound(to: CChar.self) {
          guard let target = $0.baseAddress else { return length == 0 }
          return snappy_uncompress(source, input.count, target, &count) == SNAPPY_OK
        }
        if !isDone { (count, end) = (0, .damaged) }
      }
      return (output, end)
    }
    if let end = made.end { return end }
    return room.append(made.bytes) ? nil : .whole
  }
}
