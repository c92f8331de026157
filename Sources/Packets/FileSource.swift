#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes of an open file, pipe or terminal, read one after the other with read(2).
///
/// Never mapped: a mapped file that shrinks kills the process. Copies share the position.
struct FileSource: Sendable {
  /// What one read gave.
  enum Result: Equatable {
    case bytes(Int)
    /// Nothing now, but more may come.
    case later
    case end
  }

  /// How long one wait for more takes before `isCancelled` is asked again, in milliseconds.
  private static let patience: Int32 = 50

  let name: String
  private let file: Descriptor
  private let isRegular: Bool
  private let follow: CaptureFollow?
  /// Bytes that were read to recognise the content and are still to be given.
  private var head: ArraySlice<UInt8> = []
  /// Bytes read from the file.
  private(set) var position: UInt64 = 0
  /// The user ended the wait for more.
  private(set) var isCancelled = false

  init(path: String, follow: CaptureFollow?) throws(CaptureError) {
    if path == "-" {
      try self.init(descriptor: 0, owned: false, name: "standard input", follow: follow)
      return
    }
    // Without O_NONBLOCK a FIFO without a writer would hang the open beyond any cancelling.
    let descriptor = retried { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw CaptureError("open", path, failed: errno) }
    try self.init(descriptor: descriptor, owned: true, name: path, follow: follow)
  }

  init(descriptor: Int32, owned: Bool, name: String, follow: CaptureFollow?)
    throws(CaptureError)
  {
    file = Descriptor(number: descriptor, isOwned: owned)
    self.name = name
    self.follow = follow
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw CaptureError("open", name, failed: errno) }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else { throw .directory(name) }
    isRegular = kind == S_IFREG
    if isRegular, status.st_size == 0, follow == nil {
      throw CaptureError(
        .empty, "read", name, problem: "the file is empty, without even a file header",
        advice: "Check that the program that should have written it ran and could write")
    }
  }

  /// Whether a read waits for somebody else to write.
  var isLive: Bool { !isRegular || follow != nil }

  /// Reads what is there into `target`, which is not empty.
  ///
  /// - Parameter wait: whether to wait when nothing is there but more may come.
  mutating func read(into target: UnsafeMutableRawBufferPointer, wait: Bool)
    throws(CaptureError) -> Result
  {
    if !head.isEmpty {
      let count = min(head.count, target.count)
      target.copyBytes(from: head.prefix(count))
      head = head.dropFirst(count)
      return .bytes(count)
    }
    if isCancelled { return .end }
    while true {
      if let waiting = try waited(wait) { return waiting }
      #if canImport(Darwin)
        let count = Darwin.read(file.number, target.baseAddress, target.count)
      #elseif canImport(Musl)
        let count = Musl.read(file.number, target.baseAddress, target.count)
      #else
        let count = Glibc.read(file.number, target.baseAddress, target.count)
      #endif
      if count > 0 {
        position += UInt64(count)
        return .bytes(count)
      }
      if count == 0 {
        guard let follow, isRegular else { return .end }
        if hasShrunk() { return .end }
        guard wait else { return .later }
        if follow.isCancelled() {
          isCancelled = true
          return .end
        }
        sleep()
      } else if errno == EAGAIN || errno == EWOULDBLOCK {
        guard wait else { return .later }
        sleep()
      } else if errno != EINTR {
        throw CaptureError("read", name, failed: errno)
      }
    }
  }

  /// Gives back bytes that were read to look at them.
  mutating func unread(_ bytes: [UInt8]) { head = bytes[...] }

  /// Waits until a pipe has something; nil when it has, or when the file never waits.
  private mutating func waited(_ wait: Bool) throws(CaptureError) -> Result? {
    guard !isRegular else { return nil }
    while true {
      var question = pollfd(fd: file.number, events: Int16(POLLIN), revents: 0)
      let answer = poll(&question, 1, wait ? Self.patience : 0)
      if answer > 0 { return nil }
      if answer < 0, errno != EINTR { throw CaptureError("read", name, failed: errno) }
      guard wait else { return .later }
      if let follow, follow.isCancelled() {
        isCancelled = true
        return .end
      }
    }
  }

  /// Whether the file is now shorter than what was read of it: it was cut or written anew.
  private func hasShrunk() -> Bool {
    var status = stat()
    return fstat(file.number, &status) == 0 && UInt64(max(0, status.st_size)) < position
  }

  private func sleep() {
    _ = poll(nil, 0, Self.patience)
  }
}

extension CaptureReader {
  /// Bytes of a regular file; nil for anything else, whose end nobody knows.
  package static func byteCount(of path: String) -> UInt64? {
    var status = stat()
    guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    return UInt64(max(0, status.st_size))
  }
}

/// Waiting for a capture that still grows, until somebody ends it.
package struct CaptureFollow: Sendable {
  /// Asked several times a second while nothing new arrives.
  package var isCancelled: @Sendable () -> Bool

  package init(until isCancelled: @escaping @Sendable () -> Bool) {
    self.isCancelled = isCancelled
  }
}

/// A file descriptor, closed when its last user goes.
final class Descriptor: Sendable {
  let number: Int32
  private let isOwned: Bool

  init(number: Int32, isOwned: Bool) {
    self.number = number
    self.isOwned = isOwned
  }

  deinit { if isOwned { close(number) } }
}

/// `call`, again as long as a signal interrupts it.
private func retried(_ call: () -> Int32) -> Int32 {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}
