import Bytes

/// Percent-encoded text undone (RFC 3986 §2.1). A broken escape stands for itself, bytes that are
/// no UTF-8 become U+FFFD.
///
/// - Parameter plusIsSpace: as in the query of an HTML form.
package func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
  var bytes: [UInt8] = []
  let source = Array(text.utf8)
  var at = 0
  while at < source.count {
    switch source[at] {
    case UInt8(ascii: "%"):
      if at + 2 < source.count, let high = hexValue(source[at + 1]),
        let low = hexValue(source[at + 2])
      {
        bytes.append(high << 4 | low)
        at += 2
      } else {
        bytes.append(source[at])
      }
    case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
    default: bytes.append(source[at])
    }
    at += 1
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// `text` percent-encoded (RFC 3986 §2.1), all but unreserved characters.
package func percentEncoded(_ text: some StringProtocol) -> String {
  var bytes: [UInt8] = []
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: "~"):
      bytes.append(byte)
    default:
      bytes.append(UInt8(ascii: "%"))
      bytes += hex(CollectionOfOne(byte)).uppercased().utf8
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}

private func hexValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case 0x30...0x39: byte - 0x30
  case 0x41...0x46: byte - 0x41 + 10
  case 0x61...0x66: byte - 0x61 + 10
  default: nil
  }
}
