import Bytes
import JSON
import ToolKit

/// Long calls that go on after their request was answered: the tasks extension of 2026-07-28.
struct TaskShelf: Sendable {
  static let extensionName = "io.modelcontextprotocol/tasks"
  static let get = "tasks/get"
  static let update = "tasks/update"
  static let cancel = "tasks/cancel"
  /// Tasks kept at the same time, ended ones included.
  static let maxTasks = 1_000
  /// How long a task is kept after it began, in milliseconds.
  static let lifetimeMilliseconds = 3_600_000
  /// How often a client should look, in milliseconds.
  static let pollMilliseconds = 1_000

  enum Status: Sendable {
    case working
    /// Requests by their keys.
    case inputRequired(JSONObject)
    case completed(JSONObject)
    /// A JSON-RPC error.
    case failed(JSONValue)
    case cancelled

    var word: String {
      switch self {
      case .working: "working"
      case .inputRequired: "input_required"
      case .completed: "completed"
      case .failed: "failed"
      case .cancelled: "cancelled"
      }
    }

    var isFinal: Bool {
      switch self {
      case .working, .inputRequired: false
      case .completed, .failed, .cancelled: true
      }
    }
  }

  struct Entry: Sendable {
    let id: String
    var work: Work
    var terms: Terms
    var status = Status.working
    /// What it is doing, for people.
    var message: String?
    let created: Timestamp
    var updated: Timestamp

    var json: JSONObject {
      var object: JSONObject = ["taskId": .string(id), "status": .string(status.word)]
      if let message { object["statusMessage"] = .string(message) }
      object["createdAt"] = .string(created.rfc3339)
      object["lastUpdatedAt"] = .string(updated.rfc3339)
      object["ttlMs"] = JSONValue(TaskShelf.lifetimeMilliseconds)
      object["pollIntervalMs"] = JSONValue(TaskShelf.pollMilliseconds)
      return object
    }

    /// The same with what came of it.
    var detailed: JSONObject {
      var object = json
      switch status {
      case .working, .cancelled: break
      case .inputRequired(let requests): object["inputRequests"] = .object(requests)
      case .completed(let result): object["result"] = .object(result)
      case .failed(let error): object["error"] = error
      }
      return object
    }
  }

  private var entries: [String: Entry] = [:]
  /// The work of the tasks that run.
  private var tickets: [Ticket: String] = [:]
  /// Ids in the order the tasks began.
  private var order: [String] = []

  /// Puts a task on the shelf; false when there is no room.
  mutating func add(_ entry: Entry, _ ticket: Ticket) -> Bool {
    expire(at: entry.created)
    if entries.count >= Self.maxTasks {
      guard let old = order.firstIndex(where: { entries[$0]?.status.isFinal != false }) else {
        return false
      }
      entries[order.remove(at: old)] = nil
    }
    entries[entry.id] = entry
    tickets[ticket] = entry.id
    order.append(entry.id)
    return true
  }

  subscript(id: String) -> Entry? {
    get { entries[id] }
    set { entries[id] = newValue }
  }

  func id(of ticket: Ticket) -> String? { tickets[ticket] }
  func ticket(of id: String) -> Ticket? { tickets.first { $0.value == id }?.key }
  var isIdle: Bool { tickets.isEmpty }

  /// The work has ended, or another begins in its place.
  mutating func bind(_ ticket: Ticket, to id: String) { tickets[ticket] = id }
  mutating func release(_ ticket: Ticket) { tickets[ticket] = nil }

  private mutating func expire(at now: Timestamp) {
    while let first = order.first, let entry = entries[first], entry.status.isFinal,
      now.milliseconds - entry.created.milliseconds > Int64(Self.lifetimeMilliseconds)
    {
      entries[first] = nil
      order.removeFirst()
    }
  }
}
