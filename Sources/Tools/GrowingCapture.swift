import Bytes
import Crypto

/// Tells a capture that still grows again in another process, when it has grown: by its path and by
/// its first bytes.
struct GrowingCapture {
  /// First bytes that count, as far as they are there.
  private static let looked = 4_096
  private static let mark = "growing"

  let path: String

  /// Nil for standard input, a pipe, and what cannot be read: what came from there is gone.
  init?(_ path: String) {
    guard path != "-", ReadableFile(path) != nil else { return nil }
    self.path = path
  }

  /// The key of the capture as far as it is there: `growing LENGTH DIGEST PATH`.
  var key: String {
    let first = beginning(Self.looked)
    return "\(Self.mark) \(first.count) \(Self.digest(first)) \(path)"
  }

  /// Whether `key` was made of this capture, when less of it may have been there.
  func has(_ key: String) -> Bool {
    let parts = key.split(separator: " ", maxSplits: 3)
    guard parts.count == 4, parts[0] == Self.mark, parts[3] == path, let length = Int(parts[1]),
      (0...Self.looked).contains(length)
    else { return false }
    let first = beginning(length)
    return first.count == length && Self.digest(first) == parts[2]
  }

  private func beginning(_ count: Int) -> [UInt8] {
    Array((ReadableFile(path)?.next() ?? []).prefix(count))
  }

  private static func digest(_ bytes: [UInt8]) -> String { hex(SHA256.hash(data: bytes)) }
}
