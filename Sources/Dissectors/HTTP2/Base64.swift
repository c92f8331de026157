/// Base64 as gRPC-Web writes it (RFC 4648 §4): pieces that were padded each for itself may follow one
/// another.
enum Base64 {
  /// The octets, up to the first character that does not belong there.
  static func decoded(_ text: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var group: UInt32 = 0
    var digits = 0
    for character in text {
      if character == UInt8(ascii: "=") {
        // What is left over of the group has 6, 12 or 18 bits.
        if digits >= 2 { bytes.append(UInt8(truncatingIfNeeded: group >> (digits == 2 ? 4 : 10))) }
        if digits == 3 { bytes.append(UInt8(truncatingIfNeeded: group >> 2)) }
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
    return bytes
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
