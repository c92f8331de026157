#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An open file by its number, with the calls that serving over stdio needs.
package struct FileDescriptor: Sendable {
  package let number: Int32

  package init(_ number: Int32) { self.number = number }

  /// What one read gave.
  enum Chunk: Sendable {
    case bytes([UInt8])
    case end
  }

  /// The next bytes, at most `count`; waits for them. An error counts as the end.
  func read(upTo count: Int) -> Chunk {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      var got: Int
      repeat {
        #if canImport(Darwin)
          got = Darwin.read(number, buffer.baseAddress, count)
        #elseif canImport(Musl)
          got = Musl.read(number, buffer.baseAddress, count)
        #else
          got = Glibc.read(number, buffer.baseAddress, count)
        #endif
        if got < 0 && errno == EAGAIN { waitUntilReady(POLLIN) }
      } while got < 0 && (errno == EINTR || errno == EAGAIN)
      filled = max(got, 0)
    }
    return bytes.isEmpty ? .end : .bytes(bytes)
  }

  /// Writes all of `bytes`; false when the other end is gone.
  func write(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
        #if canImport(Darwin)
          let wrote = Darwin.write(number, rest.baseAddress, rest.count)
        #elseif canImport(Musl)
          let wrote = Musl.write(number, rest.baseAddress, rest.count)
        #else
          let wrote = Glibc.write(number, rest.baseAddress, rest.count)
        #endif
        if wrote >= 0 {
          done += wrote
        } else if errno == EAGAIN {
          waitUntilReady(POLLOUT)
        } else if errno != EINTR {
          return false
        }
      }
      return true
    }
  }

  /// Whether nobody can write to it any more; what was written may still be there.
  var isClosedByWriter: Bool {
    var entry = pollfd(fd: number, events: 0, revents: 0)
    return poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLHUP | POLLERR) != 0
  }

  /// Whether so many bytes could be written now without waiting.
  func hasRoom(for count: Int) -> Bool {
    var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
    guard poll(&entry, 1, 0) == 1, entry.revents & Int16(POLLOUT) != 0 else { return false }
    return count <= Self.promptBytes || count <= emptyPipeBytes
  }

  /// Bytes that a pipe takes whole without waiting once it takes any (`PIPE_BUF` of POSIX is at
  /// least 512, that of Linux 4,096).
  private static let promptBytes = 4_096

  /// What a pipe with nothing in it takes; 0 where something waits in it, or where that cannot be
  /// known.
  private var emptyPipeBytes: Int {
    #if os(Linux)
      var waiting: Int32 = 0
      guard ioctl(number, UInt(FIONREAD), &waiting) == 0, waiting == 0 else { return 0 }
      // F_GETPIPE_SZ, which is an extension and so not among what the C library's module shows.
      return Int(max(0, fcntl(number, 1_032)))
    #else
      return 0
    #endif
  }

  private func waitUntilReady(_ event: Int32) {
    var entry = pollfd(fd: number, events: Int16(event), revents: 0)
    _ = poll(&entry, 1, -1)
  }

  /// Takes standard input and output for ourselves: what else reads or prints in this process, or
  /// in a child of it, finds an empty input and standard error.
  package static func claimStandardStreams() -> (input: FileDescriptor, output: FileDescriptor) {
    signal(SIGPIPE, SIG_IGN)
    let input = claimed(0)
    let output = claimed(1)
    let nothing = open("/dev/null", O_RDONLY)
    if nothing >= 0, nothing != 0 {
      dup2(nothing, 0)
      close(nothing)
    }
    dup2(2, 1)
    return (FileDescriptor(input), FileDescriptor(output))
  }

  /// A copy of the descriptor that children do not inherit; the original where that fails.
  private static func claimed(_ number: Int32) -> Int32 {
    let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
    return copy >= 0 ? copy : number
  }
}
