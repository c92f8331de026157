package import JSON
package import ToolKit

/// What work under way tells, and how it ends.
extension Session {
  /// The work of `ticket` has ended. Nothing follows for work that was cancelled.
  package mutating func finished(
    _ ticket: Ticket, _ outcome: Outcome, at now: Duration = .zero
  ) -> [Action] {
    questions.forget(ticket)
    if let id = tasks.id(of: ticket) { return finished(task: id, ticket, outcome, now) }
    guard let entry = pending.removeValue(forKey: ticket) else { return [] }
    let answer = answer(to: entry, outcome, now)
    if let batch = entry.batch {
      return settle(batch, answer: answer) + release(entry.origin)
    }
    return [.send(answer, to: entry.origin)] + release(entry.origin)
  }

  private mutating func answer(
    to entry: Pending, _ outcome: Outcome, _ now: Duration
  ) -> JSONValue {
    do throws(ProtocolError) {
      if case .asks(let requests) = outcome {
        return Reply.result(try inputRequired(requests, entry, now), id: entry.id)
      }
      let (result, cacheMilliseconds) = try result(outcome, entry.revision, after: entry.after)
      guard entry.revision.isStateless else { return Reply.result(result, id: entry.id) }
      return Reply.result(
        Stateless.complete(result, identity, cacheMilliseconds: cacheMilliseconds), id: entry.id)
    } catch {
      return Reply.error(error, id: entry.id)
    }
  }

  /// The result as that revision writes it, and how long it holds where it says so.
  func result(
    _ outcome: Outcome, _ revision: Revision, after: String? = nil
  ) throws(ProtocolError) -> (JSONObject, cacheMilliseconds: Int?) {
    switch outcome {
    case .tools(let tools):
      let list = try page("tools", tools, after, \.name) { $0.json(in: revision) }
      return (list, ListTools.cacheMilliseconds)
    case .prompts(let prompts):
      let list = try page("prompts", prompts, after, \.name) { $0.json(in: revision) }
      return (list, ListPrompts.cacheMilliseconds)
    case .resources(let rows):
      let list = try page("resources", rows, after, \.uri) { $0.json(in: revision) }
      return (list, ListResources.cacheMilliseconds)
    case .templates(let rows):
      let list = try page("resourceTemplates", rows, after, \.uri) { $0.json(in: revision) }
      return (list, ListResources.cacheMilliseconds)
    case .contents(let contents):
      return (ReadResource.result(contents), ReadResource.cacheMilliseconds)
    case .answer(let answer): return (CallTool.result(answer, in: revision), nil)
    case .prompt(let prompt): return (GetPrompt.result(prompt, in: revision), nil)
    case .completion(let values): return (Complete.result(values), nil)
    case .failed(let error): return (CallTool.result(error), nil)
    case .cannotAsk(let error):
      guard revision.isStateless else { return (CallTool.result(error), nil) }
      throw .missingCapability(error.details, error.message)
    case .refused(let error): throw error
    case .notFound(let uri, let message): throw .resourceNotFound(uri, message, in: revision)
    case .asks: throw .internalError("questions where none can be asked")
    }
  }

  private func page<Row>(
    _ name: String, _ all: [Row], _ after: String?, _ nameOf: (Row) -> String,
    _ json: (Row) -> JSONObject
  ) throws(ProtocolError) -> JSONObject {
    let (rows, next) = try Page.rows(of: all, after: after, size: limits.page, name: nameOf)
    var list: JSONObject = [name: .array(rows.map { .object(json($0)) })]
    if let next { list["nextCursor"] = next }
    return list
  }

  /// The work of `ticket` has come so far; `now` is any clock that only goes forward.
  ///
  /// Reports that come too fast, that do not grow, or that nobody asked for are left out.
  package mutating func progressed(
    _ ticket: Ticket, _ progress: Progress, at now: Duration
  ) -> [Action] {
    if let id = tasks.id(of: ticket) {
      if let message = progress.message, var task = tasks[id] {
        (task.message, task.updated) = (message, wallClock(now))
        tasks[id] = task
      }
      return []
    }
    guard let entry = pending[ticket], let token = entry.progressToken, progress.done.isFinite
    else { return [] }
    if let last = entry.lastProgress {
      guard progress.done > last.done, now - last.at >= limits.progressInterval else { return [] }
    }
    pending[ticket]?.lastProgress = (progress.done, now)
    var params: JSONObject = ["progressToken": token, "progress": JSONValue(progress.done)]
    if let total = progress.total, total.isFinite { params["total"] = JSONValue(total) }
    if entry.revision.hasProgressMessages, let message = progress.message {
      params["message"] = .string(message)
    }
    return [.send(Reply.notification("notifications/progress", params), to: entry.origin)]
  }

  /// A line for the client's log, about the work of `ticket` or about nothing in particular.
  package func logged(
    _ level: LogLevel, _ logger: String, _ data: JSONValue, _ ticket: Ticket? = nil
  ) -> [Action] {
    guard identity.features.logging else { return [] }
    let message = Reply.notification(
      "notifications/message",
      ["level": .string(level.rawValue), "logger": .string(logger), "data": data])
    guard let ticket else {
      return revision != nil && level >= logLevel ? [.send(message, to: nil)] : []
    }
    guard let entry = pending[ticket] else { return [] }
    // A stateless request says for itself from which level on, or wants none.
    let threshold = entry.revision.isStateless ? entry.logLevel : logLevel
    guard let threshold, level >= threshold else { return [] }
    return [.send(message, to: entry.origin)]
  }
}
