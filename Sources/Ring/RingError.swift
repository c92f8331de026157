#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What keeps raw packets from being kept or read, with what to do about it.
package struct RingError: Error, Hashable, Sendable {
  package enum Code: String, Hashable, Sendable {
    /// Another process has the folder.
    case locked
    /// A name that cannot be a node's.
    case badName
    /// The disk or the user's quota has no room left.
    case diskFull
    /// A system call failed.
    case inputOutput
  }

  package var code: Code
  /// What was being done and to what: "writing to /data/ring".
  package var doing: String
  /// Why it failed, as the second half of a sentence.
  package var problem: String
  /// What to do, as a sentence without its full stop.
  package var advice: String

  package init(_ code: Code, _ doing: String, problem: String, advice: String) {
    (self.code, self.doing, self.problem, self.advice) = (code, doing, problem, advice)
  }

  /// The error of a failed system call, from its error number.
  package init(_ doing: String, errno number: Int32) {
    let isFull = number == ENOSPC || number == EDQUOT
    self.init(
      isFull ? .diskFull : .inputOutput, doing, problem: String(cString: strerror(number)),
      advice: isFull
        ? "Make room on that disk, or give the ring a smaller limit"
        : "Check that the folder is on a local disk and may be written to")
  }
}

extension RingError: CustomStringConvertible {
  package var description: String { "Failed when \(doing): \(problem). \(advice)." }
}
