/// Bytes of base64 text, or nil when it is none (RFC 4648 §4 and §5).
///
/// Both alphabets are read; padding may be missing where the length tells.
package func bytes(ofBase64 text: some StringProtocol) -> [UInt8]? {
  let all = Array(text.utf8)
  var digits = all[...]
  while digits.last == UInt8(ascii: "="), all.count - digits.count < 2 { digits.removeLast() }
  guard digits.count % 4 != 1 else { return nil }
  var bytes: [UInt8] = []
  var (group, bits) = (0, 0)
  for digit in digits {
    let value: Int
    switch digit {
    case 0x41...0x5a: value = Int(digit) - 0x41
    case 0x61...0x7a: value = Int(digit) - 0x61 + 26
    case 0x30...0x39: value = Int(digit) - 0x30 + 52
    case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
    default: return nil
    }
    (group, bits) = ((group << 6 | value) & 0xffff, bits + 6)
    guard bits >= 8 else { continue }
    bits -= 8
    bytes.append(UInt8(group >> bits & 255))
  }
  return bytes
}
