import JSON
import ToolKit

/// A `subscriptions/listen` of 2026-07-28 that is open.
struct Listener: Sendable {
  static let name = "subscriptions/listen"

  var id: RequestID
  var origin: Origin?
  var lists: Set<Session.List>
  var resources: Set<String>
  var tasks: Set<String>
}

/// Telling the client that something changed.
extension Session {
  /// The lists a client may keep a copy of.
  package enum List: String, CaseIterable, Sendable {
    case tools, prompts, resources

    var flag: String { rawValue + "ListChanged" }
  }

  mutating func listen(
    _ request: Request, _ origin: Origin?, _ marks: Stateless.Marks
  ) throws(ProtocolError) -> [Action] {
    guard let wanted = request.params["notifications"]?.object else {
      throw .invalidParams("notifications must say what to listen for, an object")
    }
    guard listeners.count < limits.subscriptions else {
      counters.subscriptionsRefused += 1
      throw .internalError("\(limits.subscriptions) subscriptions are open already")
    }
    var listener = Listener(id: request.id, origin: origin, lists: [], resources: [], tasks: [])
    var honoured = JSONObject()
    for list in List.allCases where wanted[list.flag] == true && offers(list) {
      listener.lists.insert(list)
      honoured[list.flag] = true
    }
    if identity.features.watching {
      let uris = texts(wanted["resourceSubscriptions"])
      listener.resources = Set(uris)
      if !uris.isEmpty { honoured["resourceSubscriptions"] = .array(uris.map { .string($0) }) }
    }
    if marks.hasTasks {
      let ids = texts(wanted["taskIds"]).filter { tasks[$0] != nil }
      listener.tasks = Set(ids)
      if !ids.isEmpty { honoured["taskIds"] = .array(ids.map { .string($0) }) }
    }
    listeners[nextTicket()] = listener
    if let origin { open[origin, default: 0] += 1 }
    return [
      tell(
        listener, "notifications/subscriptions/acknowledged", ["notifications": .object(honoured)])
    ]
  }

  private func offers(_ list: List) -> Bool {
    identity.features.listsChange && (list != .resources || identity.features.resources)
  }

  private func texts(_ value: JSONValue?) -> [String] {
    (value?.array ?? []).prefix(limits.subscriptions).compactMap(\.string)
  }

  /// Nothing more is sent to a listener that was cancelled.
  mutating func unlisten(_ ticket: Ticket) -> [Action] {
    release(listeners.removeValue(forKey: ticket)?.origin)
  }

  private func tell(_ listener: Listener, _ method: String, _ params: JSONObject = [:]) -> Action {
    var params = params
    params["_meta"] = [Stateless.subscription: listener.id.json]
    return .send(Reply.notification(method, params), to: listener.origin)
  }

  /// The lists are other ones now.
  package func changed(_ lists: [List]) -> [Action] {
    lists.filter(offers).flatMap { list in
      let method = "notifications/\(list.rawValue)/list_changed"
      let heard = sortedListeners.filter { $0.lists.contains(list) }.map { tell($0, method) }
      return isInitialized ? [.send(Reply.notification(method), to: nil)] + heard : heard
    }
  }

  /// The contents under that address are other ones now.
  package func updated(_ uri: String) -> [Action] {
    let method = "notifications/resources/updated"
    var actions: [Action] = []
    if watched.contains(uri) {
      actions.append(.send(Reply.notification(method, ["uri": .string(uri)]), to: nil))
    }
    return actions
      + sortedListeners.filter { $0.resources.contains(uri) }
      .map { tell($0, method, ["uri": .string(uri)]) }
  }

  func taskChanged(_ entry: TaskShelf.Entry) -> [Action] {
    sortedListeners.filter { $0.tasks.contains(entry.id) }
      .map { tell($0, "notifications/tasks", entry.detailed) }
  }

  private var sortedListeners: [Listener] {
    listeners.sorted { $0.key.number < $1.key.number }.map(\.value)
  }

  /// We end the conversation: open subscriptions get their result.
  package mutating func closing() -> [Action] {
    var actions: [Action] = []
    for (ticket, listener) in listeners.sorted(by: { $0.key.number < $1.key.number }) {
      listeners[ticket] = nil
      let result = Stateless.complete(
        ["_meta": [Stateless.subscription: listener.id.json]], identity)
      actions.append(.send(Reply.result(result, id: listener.id), to: listener.origin))
      actions += release(listener.origin)
    }
    return actions
  }
}
