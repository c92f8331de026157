import CLinux
import Synchronization
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program on the PATH, run as a child until it ends by itself.
struct ClusterCommand: Sendable {
  /// Most bytes of input: what a pipe takes without a reader.
  static let maxInput = Int(KS_CHILD_INPUT_LIMIT)
  /// Most bytes of output that are read: some 10 KiB for the agent of each node, for as many nodes as a
  /// cluster may have (5,000; Kubernetes, "Considerations for large clusters").
  static let maxOutput = 64 << 20
  /// Most bytes of standard error that are kept.
  static let maxError = 16 << 10

  let program: String
  let access: ClusterAccess

  /// Its output.
  ///
  /// - Parameter input: at most `maxInput` bytes.
  func run(
    _ arguments: [String], input: [UInt8] = [], limit: Duration
  ) async throws(ClusterFault) -> [UInt8] {
    guard !Task.isCancelled else { throw .cancelled }
    let path = try Self.path(of: program)
    let line = ([program] + arguments).joined(separator: " ")
    let begun = ContinuousClock.now
    ClusterTrace.say("runs \(line)")
    let collected = Mutex((output: [UInt8](), error: [UInt8](), isTooLarge: false))
    let (ends, bell) = AsyncStream<ChildProcess.End>.makeStream()
    let child = ChildProcess(
      path: path, arguments: arguments, input: input, limit: limit
    ) { event in
      switch event {
      case .output(let bytes):
        collected.withLock { kept in
          let room = Self.maxOutput - kept.output.count
          kept.output += bytes.prefix(room)
          kept.isTooLarge = kept.isTooLarge || bytes.count > room
        }
      case .error(let bytes):
        collected.withLock { $0.error = Self.kept($0.error + bytes) }
      case .end(let end):
        bell.yield(end)
        bell.finish()
      }
    }
    var end = ChildProcess.End.stopped
    await withTaskCancellationHandler {
      for await one in ends { end = one }
    } onCancel: {
      child.stop()
    }
    let (output, error, isTooLarge) = collected.withLock { $0 }
    ClusterTrace.say("\(line): \(end) after \((ContinuousClock.now - begun).components.seconds) s")
    guard !Task.isCancelled else { throw .cancelled }
    switch end {
    case .code(0):
      guard !isTooLarge else {
        throw .other("\(program) printed more than \(Self.maxOutput >> 20) MiB")
      }
      return output
    case .code: throw ClusterFault(stderr: String(decoding: error, as: UTF8.self), access)
    case .signal(let number): throw .other("\(program) was ended by signal \(number)")
    case .failed(let reason): throw .noProgram(program, "\(path) cannot be started: \(reason)")
    case .timedOut:
      throw ClusterFault(
        late: program, after: limit, stderr: String(decoding: error, as: UTF8.self), access)
    case .stopped: throw .other("\(program) was killed")
    }
  }

  /// The end of a text that may be endless: the last lines say what went wrong.
  static func kept(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.suffix(maxError)) }

  /// Where the program is, looked up anew each time: it may be installed while we run.
  static func path(of program: String) throws(ClusterFault) -> String {
    let folders = getenv("PATH").map { String(cString: $0) } ?? ""
    for folder in folders.split(separator: ":") where folder.hasPrefix("/") {
      let path = "\(folder)/\(program)"
      if isProgram(path) { return path }
    }
    throw .noProgram(
      program, "there is no \(program) on the PATH (\(folders.isEmpty ? "empty" : folders))")
  }
}

private func isProgram(_ path: String) -> Bool {
  var status = stat()
  return access(path, X_OK) == 0 && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}
