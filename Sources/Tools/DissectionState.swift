import Bytes
import Pipeline

/// Whether live traffic is dissected: as somebody switched it, and off while nobody asks.
///
/// A tool call wakes what has paused. What was switched off stays off. Time is an argument.
struct DissectionState: Sendable {
  enum Mode: String, Sendable {
    case active
    /// Nobody has asked for some time.
    case pausedIdle = "paused_idle"
    /// Switched off.
    case disabled
  }

  private(set) var mode: Mode
  /// When this mode began.
  private(set) var since: Timestamp
  /// When a tool was called last.
  private(set) var asked: Timestamp
  /// Nanoseconds without a call after which dissection pauses; nil never.
  let stopAfter: Int64?

  init(stopAfter: Int64?, now: Timestamp) {
    (mode, since, asked, self.stopAfter) = (.active, now, now, stopAfter)
  }

  /// A tool was called.
  mutating func ask(at now: Timestamp) {
    asked = now
    if mode == .pausedIdle { (mode, since) = (.active, now) }
  }

  /// Time has passed.
  mutating func pass(to now: Timestamp) {
    guard let stopAfter, mode == .active, now.nanoseconds(since: asked) >= stopAfter else { return }
    (mode, since) = (.pausedIdle, now)
  }

  mutating func set(_ isOn: Bool, at now: Timestamp) {
    asked = now
    let wanted = isOn ? Mode.active : .disabled
    if mode != wanted { (mode, since) = (wanted, now) }
  }
}

/// How the tools see and switch dissection.
package struct DissectionControl: Sendable {
  struct Status: Sendable {
    /// False for files, which are always dissected.
    var isLive = true
    var mode: DissectionState.Mode
    var since: Timestamp?
    var asked: Timestamp?
    var stopAfter: Int64?
    var protocols: [String]
  }

  var status: @Sendable () -> Status
  /// Switches live dissection; without effect on files.
  ///
  /// - Returns: what each agent made of it, where there are agents.
  var set: @Sendable (_ isOn: Bool) async -> [NodeAnswer]

  /// Of capture files and of calls in a data folder.
  package static let files = DissectionControl(
    status: {
      Status(isLive: false, mode: .active, protocols: PipelineSettings(workers: 1).protocols)
    }, set: { _ in [] })
}

extension Shown {
  /// A length of time given in nanoseconds, as arguments take it: `5m`, `1h30m`, `0.5s`.
  static func duration(_ nanoseconds: Int64) -> String {
    let seconds = nanoseconds / 1_000_000_000
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60)
    var text = ""
    for (count, unit) in [(days, "d"), (hours, "h"), (minutes, "m")] where count > 0 {
      text += "\(count)\(unit)"
    }
    let rest = Double(nanoseconds % 60_000_000_000) / 1e9
    if rest == rest.rounded() {
      return rest > 0 || text.isEmpty ? text + "\(Int(rest))s" : text
    }
    return text + decimals(rest, 3) + "s"
  }
}
