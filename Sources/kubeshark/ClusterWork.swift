import JSON
import Synchronization
import ToolKit
import Tools

/// A tool that works in the cluster, used from the command line: its progress on standard error,
/// and what went wrong as an exit code.
enum ClusterWork {
  /// The tool's answer.
  static func run(
    _ tool: any Tool, _ arguments: JSONObject
  ) async throws(Failure) -> ToolAnswer {
    let last = Mutex("")
    let caller = Caller(progress: { progress in
      guard let message = progress.message else { return }
      let isNew = last.withLock { last in
        defer { last = message }
        return last != message
      }
      if isNew { printError("kubeshark: " + message) }
    })
    // A signal ends the waiting, not what was begun in the cluster.
    let result = Mutex<Result<ToolAnswer, ToolError>?>(nil)
    let box = LocalTool(tool)
    await Interruption.cancels {
      do throws(ToolError) {
        let answer = try await box.call(arguments, caller)
        result.withLock { $0 = .success(answer) }
      } catch { result.withLock { $0 = .failure(error) } }
    }
    switch result.withLock({ $0 }) {
    case .success(let answer)?: return answer
    case .failure(let error)?:
      throw Failure(
        code: error.status == 400 || error.status == 422 ? .usage : .failed,
        message: words(error.text))
    case nil: throw .failed("it was interrupted")
    }
  }

  /// Texts without the secrets in them, as everything else that others have written is shown.
  static func redacted() -> @Sendable (String) -> String {
    let redactor = Redactor(key: (0..<32).map { _ in UInt8.random(in: 0 ... .max) })
    return { redactor.text($0) }
  }

  /// Names of tools as the commands that do the same.
  static func words(_ text: String) -> String {
    text.replacing("stop_kubeshark (kubeshark clean)", with: "kubeshark clean")
      .replacing("stop_kubeshark", with: "kubeshark clean")
      .replacing("start_kubeshark", with: "kubeshark tap")
      .replacing("check_kubeshark_status", with: "kubeshark mcp --list-tools")
      .replacing("release_namespace or --release-namespace", with: "--release-namespace")
      .replacing("release_namespace", with: "--release-namespace")
      .replacing("pod_regex", with: "POD_REGEX")
  }
}
