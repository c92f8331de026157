import Bytes

extension RawSpan {
  /// Whether there are bytes, and all of them are printable ASCII.
  var isPrintable: Bool { !isEmpty && isPlainASCII }
}
