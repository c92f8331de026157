#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a capture cannot be read at all, with what to do about it.
///
/// Damage inside a capture is not an error: what can be read is delivered, and a
/// `CaptureWarning` says where the rest was lost.
package struct CaptureError: Error, Hashable, Sendable {
  package enum Code: String, Hashable, Sendable {
    /// There is no such file.
    case missing
    /// The path names a directory.
    case isDirectory
    /// The operating system refuses to open it.
    case denied
    /// There is not one byte in it.
    case empty
    /// It is something else than a capture; `problem` says what it looks like.
    case foreign
    /// A capture of a kind or version that this reader does not know.
    case unsupported
    /// A system call or a decompressor failed.
    case unreadable
  }

  package var code: Code
  /// What was being done: `open`, `read`, `decompress`.
  package var operation: String
  /// The capture as the user named it; `standard input` for `-`.
  package var path: String
  /// The system's error number, 0 when no system call failed.
  package var errno: Int32
  /// What was found, as the second half of a sentence.
  package var problem: String
  /// What to do, as a sentence without its full stop.
  package var advice: String

  package init(
    _ code: Code, _ operation: String, _ path: String, errno: Int32 = 0, problem: String,
    advice: String
  ) {
    (self.code, self.operation, self.path) = (code, operation, path)
    (self.errno, self.problem, self.advice) = (errno, problem, advice)
  }

  /// The error of a failed system call, from its error number.
  init(_ operation: String, _ path: String, failed number: Int32) {
    let text = String(cString: strerror(number))
    switch number {
    case ENOENT, ENOTDIR:
      self.init(
        .missing, operation, path, errno: number, problem: "there is no such file",
        advice: "Check the spelling of the path and the directory you are in")
    case EACCES, EPERM:
      self.init(
        .denied, operation, path, errno: number, problem: text,
        advice: "Make the file readable for this user, or copy it to where it is")
    case EISDIR:
      self = .directory(path)
    default:
      self.init(
        .unreadable, operation, path, errno: number, problem: text,
        advice: "Copy the file to a local disk and try again")
    }
  }

  static func directory(_ path: String) -> CaptureError {
    CaptureError(
      .isDirectory, "open", path, errno: EISDIR, problem: "it is a directory",
      advice: "Name the capture files in it, for example \(path)/*.pcap")
  }
}

extension CaptureError: CustomStringConvertible {
  /// Two sentences: what failed and why, and what to do.
  package var description: String {
    "Cannot \(operation) \(path): \(problem). \(advice)."
  }
}
