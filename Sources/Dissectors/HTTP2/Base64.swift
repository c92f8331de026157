/// Base64 as gRPC-Web and binary header fields of gRPC have it (RFC 4648 §4): pieces that were padded
/// each for itself may follow one another, and the padding at the end may be missing.
enum Base64 {
  /// The octets, up to the first character that does not belong there.
  static func decoded(_ text: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var group: UInt32 = 0
    var digits = 0
    for character in text {
      if character == UInt8(ascii: "=") {
        finish(group, digits, &bytes)
        (group, digits) = (0, 0)
        continue
      }
      guard let digit = digit(character) else { break }
      group = group << 6 | UInt32(digit)
      digits += 1
      if digits == 4 {
        for shift in [16, 8, 0] as [UInt32] {
          bytes.append(UInt8(truncatingIfNeeded: group >> shift))
        }
        (group, digits) = (0, 0)
      }
    }
    finish(group, digits, &bytes)
    return bytes
  }

  /// Adds what a group of two or three digits says, which has 12 or 18 bits.
  private static func finish(_ group: UInt32, _ digits: Int, _ bytes: inout [UInt8]) {
    if digits >= 2 { bytes.append(UInt8(truncatingIfNeeded: group >> (digits == 2 ? 4 : 10))) }
    if digits == 3 { bytes.append(UInt8(truncatingIfNeeded: group >> 2)) }
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
