import Bytes
import JSON
import ToolKit

/// Calls that became tasks (2026-07-28, extension `io.modelcontextprotocol/tasks`).
extension Session {
  func wallClock(_ now: Duration) -> Timestamp {
    epoch.advanced(by: now.wholeMilliseconds * 1_000_000)
  }

  /// A call of a client that knows tasks has taken long: it is answered with a task and goes on.
  package mutating func reminded(_ ticket: Ticket, at now: Duration) -> [Action] {
    guard let entry = pending[ticket] else { return [] }
    let wall = wallClock(now)
    let task = TaskShelf.Entry(
      id: sealer.name("task", ticket.number), work: entry.work, terms: entry.terms, created: wall,
      updated: wall)
    guard tasks.add(task, ticket) else {
      counters.tasksRefused += 1
      return []
    }
    pending[ticket] = nil
    let result = Stateless.complete(task.json, identity, type: "task")
    return [.send(Reply.result(result, id: entry.id), to: entry.origin)] + release(entry.origin)
  }

  mutating func finished(
    task id: String, _ ticket: Ticket, _ outcome: Outcome, _ now: Duration
  ) -> [Action] {
    tasks.release(ticket)
    guard var task = tasks[id], !task.status.isFinal else { return [] }
    task.updated = wallClock(now)
    if case .asks(let requests) = outcome {
      task.status = .inputRequired(requests)
    } else {
      do throws(ProtocolError) {
        let (result, _) = try result(outcome, .july2026)
        task.status = .completed(Stateless.complete(result, identity))
      } catch {
        task.status = .failed(error.json)
      }
    }
    tasks[id] = task
    return taskChanged(task)
  }

  /// `tasks/get`, `tasks/update` and `tasks/cancel`.
  mutating func tasks(
    _ request: Request, _ origin: Origin?, _ marks: Stateless.Marks, _ now: Duration
  ) throws(ProtocolError) -> [Action] {
    guard marks.hasTasks else {
      throw .missingCapability(
        ["extensions": [TaskShelf.extensionName: [:]]],
        "\(request.method) needs a client that declares the tasks extension")
    }
    guard let id = request.params["taskId"]?.string, let task = tasks[id] else {
      throw .invalidParams("there is no task of that taskId")
    }
    var result = JSONObject()
    var actions: [Action] = []
    switch request.method {
    case TaskShelf.get: result = task.detailed
    case TaskShelf.cancel: actions = cancel(task, now)
    default: actions = resume(task, try Self.responses(request.params["inputResponses"]), now)
    }
    return reply(Reply.result(Stateless.complete(result, identity), id: request.id), origin)
      + actions
  }

  private mutating func cancel(_ task: TaskShelf.Entry, _ now: Duration) -> [Action] {
    guard !task.status.isFinal else { return [] }
    var task = task
    (task.status, task.updated) = (.cancelled, wallClock(now))
    tasks[task.id] = task
    guard let ticket = tasks.ticket(of: task.id) else { return taskChanged(task) }
    tasks.release(ticket)
    return [.cancel(ticket)] + taskChanged(task)
  }

  /// The answers are there: the call runs again with them.
  private mutating func resume(
    _ task: TaskShelf.Entry, _ responses: [String: JSONObject], _ now: Duration
  ) -> [Action] {
    guard case .inputRequired = task.status else { return [] }
    var task = task
    task.terms.given.merge(responses) { $1 }
    (task.status, task.updated) = (.working, wallClock(now))
    tasks[task.id] = task
    let ticket = nextTicket()
    tasks.bind(ticket, to: task.id)
    return [.start(ticket, task.work, task.terms)] + taskChanged(task)
  }
}
