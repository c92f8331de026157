import Synchronization

/// A running `kubectl port-forward` to a Service: a port of this machine that leads to one of its
/// pods. It ends when that pod does.
final class PortForward: Sendable {
  /// How long the first connection may take, the wait for a running pod included.
  static let limit = Duration.seconds(30)
  /// How long kubectl waits for a running pod.
  private static let podSeconds = 10

  /// Of this machine.
  let port: Int
  private let child: ChildProcess

  private init(port: Int, child: ChildProcess) { (self.port, self.child) = (port, child) }

  deinit { child.stop() }

  func stop() { child.stop() }

  /// - Parameters:
  ///   - host: an address of this machine.
  ///   - port: of this machine; without it the system chooses one.
  ///   - lost: called once when an open forward ends by itself; says why where kubectl did.
  static func open(
    _ service: ClusterService, _ access: ClusterAccess, host: String = "127.0.0.1",
    port: Int? = nil, lost: @escaping @Sendable (String?) -> Void
  ) async throws(ClusterFault) -> PortForward {
    let path = try ClusterCommand.path(of: "kubectl")
    let reading = Mutex(ForwardOutput())
    let (answers, bell) = AsyncStream<ForwardOutput.Answer>.makeStream()
    let arguments =
      access.flags + [
        "--namespace=\(access.namespace)", "port-forward", "--address=\(host)",
        "--pod-running-timeout=\(podSeconds)s", "service/\(service.name)",
        "\(port.map { String($0) } ?? ""):\(service.port)",
      ]
    ClusterTrace.say("runs kubectl \(arguments.joined(separator: " "))")
    let child = ChildProcess(path: path, arguments: arguments, limit: limit) { event in
      if case .end(let end) = event { ClusterTrace.say("the forward to \(service.name): \(end)") }
      switch reading.withLock({ $0.take(event) }) {
      case nil: break
      case .lost(let reason)?: lost(reason)
      case let answer?:
        bell.yield(answer)
        bell.finish()
      }
    }
    var answer = ForwardOutput.Answer.lost(nil)
    await withTaskCancellationHandler {
      for await one in answers { answer = one }
    } onCancel: {
      child.stop()
    }
    guard !Task.isCancelled else {
      child.stop()
      throw .cancelled
    }
    switch answer {
    case .open(let port):
      child.keepsRunning()
      return PortForward(port: port, child: child)
    case .failed(.failed(let reason), _):
      throw .noProgram("kubectl", "\(path) cannot be started: \(reason)")
    case .failed(.timedOut, let stderr):
      throw ClusterFault(late: "kubectl port-forward", after: limit, stderr: stderr, access)
    case .failed(_, let stderr): throw ClusterFault(stderr: stderr, access)
    case .lost: throw .cancelled
    }
  }
}

/// What kubectl says about a forward, as a state machine over its output.
struct ForwardOutput {
  enum Answer: Hashable, Sendable {
    /// The forward listens on this port.
    case open(port: Int)
    /// It never came so far; what was on standard error.
    case failed(ChildProcess.End, String)
    /// It was open and has ended; the last thing kubectl said.
    case lost(String?)
  }

  /// Longest line that is looked at, in bytes.
  private static let maxLine = 4_096

  private var line: [UInt8] = []
  private var error: [UInt8] = []
  private var isOpen = false

  /// What follows from an event; nil for nothing.
  mutating func take(_ event: ChildProcess.Event) -> Answer? {
    switch event {
    case .output(let bytes): return take(bytes)
    case .error(let bytes):
      error = ClusterCommand.kept(error + bytes)
      return nil
    case .end(let end):
      let text = String(decoding: error, as: UTF8.self)
      guard isOpen else { return .failed(end, text) }
      return .lost(text.split(whereSeparator: \.isNewline).last.map { String($0.prefix(300)) })
    }
  }

  private mutating func take(_ bytes: [UInt8]) -> Answer? {
    var answer: Answer?
    for byte in bytes where !isOpen {
      if byte != UInt8(ascii: "\n") {
        if line.count < Self.maxLine { line.append(byte) }
        continue
      }
      if let port = Self.port(in: String(decoding: line, as: UTF8.self)) {
        isOpen = true
        answer = .open(port: port)
      }
      line = []
    }
    return answer
  }

  /// The port of `Forwarding from 127.0.0.1:40123 -> 8080`.
  static func port(in line: String) -> Int? {
    let start = "Forwarding from "
    guard line.hasPrefix(start), line.contains(" -> ") else { return nil }
    let end = line.dropFirst(start.count).prefix { $0 != " " }
    guard let colon = end.lastIndex(of: ":"), let port = Int(end[end.index(after: colon)...]),
      (1...65_535).contains(port)
    else { return nil }
    return port
  }
}
