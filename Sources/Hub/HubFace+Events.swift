import JSON
import ToolKit

extension HubFace {
  /// How long a stream is silent at most: a comment then shows that the call goes on.
  static let heartbeat = Duration.seconds(15)

  /// A stream for `answer`, and its end. A reader who is slow misses progress, never the result.
  static func lines() -> (AsyncStream<[UInt8]>, AsyncStream<[UInt8]>.Continuation) {
    AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(16))
  }

  /// Gives the progress of a call as it comes, then its result or error (HTML Living Standard,
  /// "Server-sent events"). Cancelling ends the call.
  func answer(
    _ request: HubRequest, to lines: AsyncStream<[UInt8]>.Continuation
  ) async {
    await withTaskGroup(of: HubResponse?.self) { group in
      group.addTask { [self] in
        await respond(to: request) { progress in
          lines.yield(Self.event("progress", Self.text(progress)))
        }
      }
      group.addTask {
        while (try? await Task.sleep(for: Self.heartbeat)) != nil {
          lines.yield(Array(": still at work\n\n".utf8))
        }
        return nil
      }
      if let response = await group.next() ?? nil {
        lines.yield(Self.event(response.status < 400 ? "result" : "error", response.body))
      }
      group.cancelAll()
    }
    lines.finish()
  }

  /// JSON text has no line breaks of its own, so an event is one line of data.
  private static func event(_ name: String, _ data: [UInt8]) -> [UInt8] {
    Array("event: \(name)\ndata: ".utf8) + data + [0x0a, 0x0a]
  }

  private static func text(_ progress: Progress) -> [UInt8] {
    var object: JSONObject = ["done": JSONValue(progress.done)]
    if let total = progress.total { object["total"] = JSONValue(total) }
    if let message = progress.message { object["message"] = .string(message) }
    return Array(JSONValue.object(object).text.utf8)
  }
}
