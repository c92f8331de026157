import Bytes
import JSON
import Synchronization
import ToolKit

/// The transfer of a snapshot to storage elsewhere, or back.
final class CloudJob: Sendable {
  enum Operation: String, Sendable { case upload, download }
  enum Status: String, Sendable {
    case inProgress = "in_progress"
    case completed, failed
  }

  /// What there is to say of a job at one moment.
  struct View: Sendable {
    let id: String
    let snapshot: String
    let name: String
    let operation: Operation
    let started: Timestamp
    var status = Status.inProgress
    var error: String?
    var completed: Timestamp?
    var done: UInt64 = 0
    /// Bytes of all files; 0 until it is known.
    var total: UInt64 = 0
  }

  private let state: Mutex<View>

  init(_ operation: Operation, _ snapshot: String, name: String) {
    state = Mutex(
      View(
        id: hex((0..<4).map { _ in UInt8.random(in: 0...255) }), snapshot: snapshot, name: name,
        operation: operation, started: .now))
  }

  var view: View { state.withLock { $0 } }

  func progress(_ done: UInt64, of total: UInt64) {
    state.withLock { ($0.done, $0.total) = (done, total) }
  }

  /// - Parameter error: why it failed; nil when all is done.
  func end(_ error: ToolError?) {
    state.withLock { view in
      view.completed = .now
      view.status = error == nil ? .completed : .failed
      view.error = error.map { "\($0.message)\($0.hint.map { " \($0)" } ?? "")" }
    }
  }
}

extension CloudJob.View {
  /// 0 to 100; 100 only when all is done.
  var progress: Int {
    if status == .completed { return 100 }
    return total == 0 ? 0 : min(99, Int(done * 100 / total))
  }

  static let schema: JSONObject = [
    "job_id": .text(), "snapshot_id": .text(), "operation": .text("upload or download"),
    "status": .text("in_progress, completed or failed"), "error": .text(),
    "started_at": .integer("Unix ms"), "completed_at": .integer(),
    "progress": .integer("0 to 100"), "bytes_done": .integer(), "bytes_total": .integer(),
  ]

  /// - Parameter hidesTotals: whether sizes are left out.
  func json(hidesTotals: Bool) -> JSONObject {
    var object: JSONObject = [
      "job_id": .string(id), "snapshot_id": .string(snapshot),
      "operation": .string(operation.rawValue), "status": .string(status.rawValue),
      "started_at": .int(started.milliseconds), "progress": JSONValue(progress),
    ]
    if !hidesTotals {
      object["bytes_done"] = JSONValue(done)
      object["bytes_total"] = JSONValue(total)
    }
    if let completed { object["completed_at"] = .int(completed.milliseconds) }
    if let error { object["error"] = .string(error) }
    return object
  }

  func line(hidesTotals: Bool) -> String {
    let sizes =
      hidesTotals
      ? ""
      : ", \(Shown.bytes(Int64(clamping: done))) of \(Shown.bytes(Int64(clamping: total)))"
    return """
      \(operation.rawValue) of \(name): \(status.rawValue), \(progress) %\(sizes)\
      \(error.map { ". " + $0 } ?? "")
      """
  }
}
