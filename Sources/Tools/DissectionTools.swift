import Bytes
import JSON
import ToolKit

/// Whether live traffic is dissected now.
struct GetDissectionStatus: Tool {
  static let row = ToolRow(
    name: "get_dissection_status", title: "Get dissection status",
    doc: """
      Whether live packets are read as calls now: active, paused_idle (nobody asked; the next \
      question wakes it) or disabled.
      """,
    parameters: [],
    answer: DissectionChange.schema([
      "since_ts": ["type": ["integer", "null"]], "idle_since": ["type": ["integer", "null"]],
      "stop_after": ["type": ["string", "null"]], "protocols": .texts, "live": .flag(),
    ]),
    route: "GET dissection", waits: false)

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    var answer = Answer(arguments)
    let status = traffic.dissection.status()
    answer.structured = [
      "enabled": .bool(status.mode == .active), "state": .string(status.mode.rawValue),
      "live": .bool(status.isLive),
      "since_ts": status.since.map { .int($0.milliseconds) } ?? .null,
      "idle_since": status.asked.map { .int($0.milliseconds) } ?? .null,
      "stop_after": status.stopAfter.map { .string(Shown.duration($0)) } ?? .null,
      "protocols": .array(status.protocols.map { .string($0) }),
    ]
    answer.say(sentence(status))
    return answer.finish(traffic.coverage)
  }

  private func sentence(_ status: DissectionControl.Status) -> String {
    guard status.isLive else { return DissectionChange.filesAreDissected }
    let since = status.since.map { " since \(Shown.date($0)) UTC" } ?? ""
    switch status.mode {
    case .active:
      let pause = status.stopAfter.map {
        " It pauses when no tool is called for \(Shown.duration($0))."
      }
      return "Dissection is on\(since).\(pause ?? "")"
    case .pausedIdle:
      return """
        Dissection has paused\(since), for nobody asked. The next question about traffic wakes it; \
        packets until then are not read as calls.
        """
    case .disabled:
      return
        "Dissection is switched off\(since). enable_dissection switches it on, for what follows."
    }
  }
}

/// Switches live dissection on.
struct EnableDissection: Tool {
  static let row = DissectionChange.row(
    "enable_dissection", title: "Enable dissection",
    doc: """
      Switches live dissection on: packets from now on are read as calls.
      """, route: "POST dissection/enable")

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    await DissectionChange(isOn: true).answer(arguments, traffic)
  }
}

/// Switches live dissection off.
struct DisableDissection: Tool {
  static let row = DissectionChange.row(
    "disable_dissection", title: "Disable dissection",
    doc: """
      Switches live dissection off, which saves CPU: no new calls appear. Packets are captured \
      all the same.
      """, route: "POST dissection/disable")

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    await DissectionChange(isOn: false).answer(arguments, traffic)
  }
}

/// What the two switches share.
struct DissectionChange {
  static let filesAreDissected =
    "This traffic comes from files, which are always dissected: there is nothing to switch."

  var isOn: Bool

  static func row(_ name: String, title: String, doc: String, route: String) -> ToolRow {
    ToolRow(
      name: name, title: title, doc: doc, parameters: [],
      answer: schema(["success": .flag()]),
      annotations: ToolAnnotations(readOnly: false, destructive: false, idempotent: true),
      route: route, waits: false)
  }

  /// Coverage and warnings are those of all answers; here their form is not worth its bytes.
  static func schema(_ properties: JSONObject) -> JSONObject {
    var all: JSONObject = ["enabled": .flag(), "state": .text()]
    for member in properties.members { all[member.name] = member.value }
    return .schema(all, required: ["enabled", "state"])
  }

  func answer(_ arguments: Arguments, _ traffic: Traffic) async -> ToolAnswer {
    var answer = Answer(arguments)
    let nodes = await traffic.dissection.set(isOn)
    let status = traffic.dissection.status()
    let isEnabled = status.mode == .active
    answer.structured = [
      "success": .bool(isEnabled == isOn && nodes.allSatisfy(\.isDone)),
      "enabled": .bool(isEnabled),
      "state": .string(status.mode.rawValue),
    ]
    if !nodes.isEmpty {
      answer.structured["nodes"] = .array(nodes.map { .object($0.json) })
      if let sentence = nodes.sentence { answer.warn(sentence) }
    }
    if !status.isLive {
      answer.say(DissectionChange.filesAreDissected)
    } else if isOn {
      answer.say("Dissection is on: packets from now on are read as calls.")
    } else {
      answer.say(
        """
        Dissection is off: no new calls appear until enable_dissection. Packets are captured all \
        the same.
        """)
    }
    return answer.finish(traffic.coverage)
  }
}
