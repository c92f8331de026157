/// Lower-case hexadecimal text, two digits a byte.
package func hex(_ bytes: some Sequence<UInt8>) -> String {
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digit(byte >> 4))
    text.append(digit(byte & 15))
  }
  return String(decoding: text, as: UTF8.self)
}

/// The bytes that hexadecimal text stands for; blanks and line breaks are ignored. Nil when a
/// character is no digit or a digit is left over.
package func bytes(hex text: some StringProtocol) -> [UInt8]? {
  var result: [UInt8] = []
  var high: UInt8?
  for character in text.utf8 {
    let value: UInt8
    switch character {
    case 0x30...0x39: value = character - 0x30
    case 0x41...0x46: value = character - 0x41 + 10
    case 0x61...0x66: value = character - 0x61 + 10
    case 0x20, 0x09, 0x0a, 0x0d: continue
    default: return nil
    }
    if let first = high {
      result.append(first << 4 | value)
      high = nil
    } else {
      high = value
    }
  }
  return high == nil ? result : nil
}

private func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 - 10 + value }
