import Foundation
import JSON
import Synchronization
import ToolKit

/// A Hub whose tools are made for tests: `quick` answers, `slow` waits to be cancelled, `busy` does
/// so without leaving its thread, `brief` keeps its thread a little while, `count` reports progress,
/// `fails` fails, `wide` notes how many of its kind run at once.
final class StubHub: HubConnection {
  private struct State {
    var running = 0
    var begun = 0
    var widest = 0
    var cancelled = 0
  }

  private let state = Mutex(State())
  private let isReachable: Bool
  private let tools: [ToolDescription]
  private let prompts: [PromptDescription]

  init(
    isReachable: Bool = true, tools: [ToolDescription] = [sampleTool],
    prompts: [PromptDescription] = []
  ) {
    (self.isReachable, self.tools, self.prompts) = (isReachable, tools, prompts)
  }

  /// Calls of `busy` that have begun.
  var begun: Int { state.withLock { $0.begun } }
  var widest: Int { state.withLock { $0.widest } }
  var cancelled: Int { state.withLock { $0.cancelled } }

  func catalogue() async throws(ToolError) -> Catalogue {
    guard isReachable else {
      throw ToolError(status: 503, code: "unreachable", message: "nobody answers")
    }
    return Catalogue(
      name: "stub", version: "1", description: "", tools: tools, prompts: prompts)
  }

  func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer {
    switch name {
    case "slow":
      do {
        try await Task.sleep(for: .seconds(60))
      } catch {
        state.withLock { $0.cancelled += 1 }
      }
      return sampleAnswer
    case "busy":
      state.withLock { $0.begun += 1 }
      let end = ContinuousClock.now + .seconds(60)
      while !Task.isCancelled, ContinuousClock.now < end { usleep(1_000) }
      if Task.isCancelled { state.withLock { $0.cancelled += 1 } }
      return sampleAnswer
    case "brief":
      usleep(12_000)
      return sampleAnswer
    case "count":
      for step in 1...3 { caller.progress(Progress(done: Double(step), total: 3, message: "step")) }
      return sampleAnswer
    case "wide":
      state.withLock { state in
        state.running += 1
        state.widest = max(state.widest, state.running)
      }
      for _ in 0..<20 { await Task.yield() }
      state.withLock { $0.running -= 1 }
      return sampleAnswer
    case "fails": throw .invalid("kfl", "no such field")
    case "quick", "list_api_calls", "remove":
      return ToolAnswer(structured: arguments, text: arguments["text"]?.string ?? "quick")
    default:
      throw ToolError(status: 404, code: "unknown_tool", message: "no tool \(name)", hint: "Try.")
    }
  }

  func file(_ path: String, from start: FileStart) async throws(ToolError) -> HubFile {
    throw .notFound(path)
  }
}
