/// Why the command ends without having done what it was asked, and with which exit code.
struct Failure: Error {
  enum Code: Int32 {
    /// The work was begun and failed.
    case failed = 1
    /// The arguments or files given cannot be used.
    case usage = 2
  }

  var code: Code
  /// One or two sentences for standard error.
  var message: String

  static func usage(_ message: String) -> Failure { Failure(code: .usage, message: message) }
  static func failed(_ message: String) -> Failure { Failure(code: .failed, message: message) }
}

/// The exit codes, as every help page ends.
let exitCodes = """
  EXIT CODES:
    0  done; for a server: its input ended or it was told to stop
    1  failed: a Hub could not be reached, an address could not be listened on
    2  bad usage or bad input: an unknown flag, a file that cannot be read
  """
