import Bytes
import JSON
import Testing
import ToolKit

@testable import MCP

/// A conversation on a session alone: lines in, lines out.
final class Talk {
  static let identity = ServerIdentity(
    version: "0.1.0", instructions: "Use the tools.",
    features: .init(
      listsChange: true, resources: true, watching: true, completions: true, logging: true))

  var session: Session
  /// Work begun and not yet ended, oldest first.
  private(set) var open: [(ticket: Ticket, work: Work, terms: Terms)] = []
  private(set) var cancelled: [Ticket] = []
  /// What the client answered to questions of the work.
  private(set) var answers: [Result<[String: JSONObject], ToolError>] = []
  /// The work that asked to be reminded of.
  private(set) var reminders: [Ticket] = []
  /// Origins that were told their end.
  private(set) var ended: [Origin] = []
  /// The clock, in milliseconds.
  var now = 0
  /// Where the messages come from.
  var origin: Origin?

  init(
    _ revision: String? = nil, limits: Session.Limits = .init(), capabilities: String = "{}",
    identity: ServerIdentity = Talk.identity
  ) {
    session = Session(
      identity, limits: limits, sealer: Sealer(key: [1, 2, 3]),
      epoch: Timestamp(milliseconds: 1_773_500_000_000))
    if let revision {
      _ = say(
        #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"\#(revision)","capabilities":\#(capabilities),"clientInfo":{"name":"c","version":"1"}}}"#
      )
      _ = say(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
    }
  }

  /// What is sent at once when `line` arrives.
  func say(_ line: String) -> [String] {
    take(
      session.received(
        Message(.text(Array(line.utf8))), from: origin, at: .milliseconds(now)))
  }

  /// What is sent when these things happen to the session.
  func happen(_ event: (inout Session) -> [Session.Action]) -> [JSONValue] {
    take(event(&session)).compactMap { try? JSONReader.value(of: $0) }
  }

  /// What is sent when the oldest open work ends.
  func finish(_ outcome: Outcome) -> [String] {
    let ticket = open.removeFirst().ticket
    return take(session.finished(ticket, outcome, at: .milliseconds(now)))
  }

  func progress(
    _ progress: Progress, of ticket: Ticket? = nil, at milliseconds: Int
  ) -> [String] {
    take(
      session.progressed(
        ticket ?? open[0].ticket, progress, at: .milliseconds(milliseconds)))
  }

  /// The one message sent at once when `line` arrives.
  func reply(_ line: String) throws -> JSONValue {
    let sent = say(line)
    try #require(sent.count == 1)
    return try JSONReader.value(of: sent[0])
  }

  /// What is sent when this work ends.
  func finish(_ ticket: Ticket, _ outcome: Outcome) -> [String] {
    take(session.finished(ticket, outcome))
  }

  /// What is sent for `line` in the end, when its work has this outcome.
  func ask(_ line: String, _ outcome: Outcome) -> JSONValue? {
    _ = say(line)
    guard !open.isEmpty else { return nil }
    return finish(outcome).first.flatMap { try? JSONReader.value(of: $0) }
  }

  private func take(_ actions: [Session.Action]) -> [String] {
    var sent: [String] = []
    for action in actions {
      switch action {
      case .send(let message, _): sent.append(message.text)
      case .start(let ticket, let work, let terms): open.append((ticket, work, terms))
      case .cancel(let ticket): cancelled.append(ticket)
      case .answer(_, let result): answers.append(result)
      case .remind(let ticket, _): reminders.append(ticket)
      case .end(let origin): ended.append(origin)
      }
    }
    return sent
  }
}

/// A tool and its answer, as a Hub of ours has them.
let sampleTool = ToolDescription(
  name: "list_api_calls", title: "List API calls", description: "API calls.",
  inputSchema: ["type": "object", "additionalProperties": false],
  outputSchema: ["type": "object"], annotations: .reading)
let sampleAnswer = ToolAnswer(structured: ["total": 2], text: "2 calls")
let samplePrompt = PromptDescription(
  name: "find_errors", title: "Find errors", description: "Errors.",
  arguments: [.init(name: "namespace", description: "Only here")])

let call = #"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"list_api_calls"}}"#
let list = #"{"jsonrpc":"2.0","id":7,"method":"tools/list"}"#
let ping = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#
let pong = #"{"jsonrpc":"2.0","id":1,"result":{}}"#
