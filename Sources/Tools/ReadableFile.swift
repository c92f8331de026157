#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A regular file, read from its beginning in pieces.
final class ReadableFile {
  private let descriptor: Int32
  private static let piece = 1 << 20

  /// Nil for what is no regular file, or cannot be opened. Links are followed.
  init?(_ path: String) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    var status = stat()
    // `deinit` closes it in any case: closed here as well, it might be somebody else's by then.
    guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG
    else { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// The next bytes; nil at the end, and where reading fails.
  func next() -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: Self.piece) { buffer, count in
      count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
    }
    return bytes.isEmpty ? nil : bytes
  }
}
