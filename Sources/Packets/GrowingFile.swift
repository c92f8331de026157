import Bytes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that others append to, and that may come later or begin anew; read as far as it goes.
package struct GrowingFile: Sendable {
  /// What one reading found.
  package enum State: Equatable, Sendable {
    case read
    /// It is another file than before, or was cut: it was read from its beginning.
    case restarted
    /// There is none.
    case absent
  }

  /// Bytes of one read.
  private static let piece = 64 << 10

  package let path: String
  private let maxBytes: UInt64
  private var file: Descriptor?
  private var identity: (device: UInt64, number: UInt64) = (0, 0)
  private var position: UInt64 = 0

  /// Whether there is more than may be read of it.
  package private(set) var isCut = false

  /// - Parameter maxBytes: that are read of it; what lies beyond is left.
  package init(path: String, maxBytes: UInt64) { (self.path, self.maxBytes) = (path, maxBytes) }

  /// Gives what was appended since the last reading, piece by piece. The spans are valid during each
  /// call only.
  ///
  /// - Parameter restart: called before the first piece when the file begins anew.
  /// - Throws: why it cannot be read, other than that there is none.
  package mutating func read(
    restart: () -> Void, _ body: (RawSpan) -> Void
  ) throws(CaptureError) -> State {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT { return .absent }
      throw CaptureError("read", path, failed: errno)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw .directory(path) }
    let seen = (device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    let isRegular = status.st_mode & S_IFMT == S_IFREG
    var state = State.read
    if file == nil || seen != identity || isRegular && UInt64(max(0, status.st_size)) < position {
      if file != nil {
        state = .restarted
        restart()
      }
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { throw CaptureError("open", path, failed: errno) }
      file = Descriptor(number: descriptor, isOwned: true)
      (identity, position, isCut) = (seen, 0, false)
    }
    try readOn(body)
    return state
  }

  private mutating func readOn(_ body: (RawSpan) -> Void) throws(CaptureError) {
    guard let file else { return }
    var buffer = [UInt8](repeating: 0, count: Self.piece)
    while true {
      guard position < maxBytes else {
        isCut = true
        return
      }
      let count = buffer.withUnsafeMutableBytes { target in
        #if canImport(Darwin)
          Darwin.read(file.number, target.baseAddress, target.count)
        #elseif canImport(Musl)
          Musl.read(file.number, target.baseAddress, target.count)
        #else
          Glibc.read(file.number, target.baseAddress, target.count)
        #endif
      }
      if count > 0 {
        position += UInt64(count)
        body(buffer.rawSpan.prefix(count))
      } else if count == 0 || errno == EAGAIN || errno == EWOULDBLOCK {
        return
      } else if errno != EINTR {
        throw CaptureError("read", path, failed: errno)
      }
    }
  }
}
