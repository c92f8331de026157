import Bytes

extension RawSpan {
  /// Whether there are bytes, and all of them are printable ASCII.
  var isPrintable: Bool {
    if isEmpty { return false }
    for at in 0..<byteCount where byte(at) < 0x20 || byte(at) > 0x7e { return false }
    return true
  }
}
