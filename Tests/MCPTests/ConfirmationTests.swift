import JSON
import Logging
import Synchronization
import Testing
import ToolKit

@testable import MCP

/// A tool that only says it is destructive, and how its user is asked.
struct ConfirmationTests {
  private static let remove = ToolDescription(
    name: "remove", title: "Remove it", description: "Removes everything. For good.",
    inputSchema: ["type": "object", "properties": ["id": ["type": "string"]]],
    annotations: ToolAnnotations(readOnly: false, destructive: true, idempotent: true))

  private let hub = StubHub(tools: [sampleTool, remove])

  private func perform(
    _ arguments: String, _ answers: Set<Question.Kind> = [],
    _ ask: @escaping Caller.Asking = Caller.nobodyAnswers
  ) async throws -> Outcome {
    var log = Logger(label: "test")
    log.logLevel = .critical
    let offer = Offer(hub: hub, prompts: [], mode: .embedded, log: log)
    let params = try JSONReader.value(of: #"{"name":"remove","arguments":\#(arguments)}"#)
    let call = try CallTool(params.object ?? [:])
    return await offer.perform(.callTool(call), caller: Caller(answers: answers, ask: ask))
  }

  @Test func theListShowsTheArgumentThatStandsForTheUser() {
    let schema = Self.remove.json(in: .november2025)["inputSchema"]?["properties"]
    #expect(schema?["confirm"]?["type"] == "boolean")
    #expect(sampleTool.json(in: .november2025)["inputSchema"]?["properties"]?["confirm"] == nil)
  }

  @Test func withoutAWayToAskTheModelMustConfirm() async throws {
    for arguments in ["{}", #"{"confirm":false}"#, #"{"confirm":"true"}"#] {
      guard case .failed(let error) = try await perform(arguments) else {
        Issue.record("it acted on \(arguments)")
        return
      }
      #expect(error.code == "confirmation_required")
      #expect(error.text.contains("\"confirm\": true"))
    }
    guard case .answer(let answer) = try await perform(#"{"id":"x","confirm":true}"#) else {
      Issue.record("it did not act")
      return
    }
    // The tool never sees what is not its own.
    #expect(answer.structured == ["id": "x"])
  }

  @Test func theUserIsAskedWhereThatCanBe() async throws {
    let asked = Mutex<[Question]>([])
    for (answer, acts) in [
      (#"{"action":"accept","content":{"confirm":true}}"#, true),
      (#"{"action":"accept","content":{"confirm":false}}"#, false),
      (#"{"action":"accept"}"#, false), (#"{"action":"decline"}"#, false),
      (#"{"action":"cancel","content":{"confirm":true}}"#, false), ("{}", false),
    ] {
      let said = try JSONReader.value(of: answer).object ?? [:]
      // The model's own word does not count here.
      let outcome = try await perform(#"{"id":"x","confirm":true}"#, [.form]) {
        questions async throws(ToolError) in
        asked.withLock { $0 += questions }
        return ["confirm": said]
      }
      if case .answer = outcome {
        #expect(acts, "\(answer)")
      } else {
        #expect(!acts, "\(answer)")
      }
    }
    let message = asked.withLock { $0.first?.params["message"]?.string }
    #expect(message?.contains("Remove it") == true)
    #expect(message?.contains(#"{"id":"x"}"#) == true)
  }

  @Test func aQuestionThatWaitsForTheNextRequestIsAnOutcome() async throws {
    let outcome = try await perform("{}", [.form]) { questions async throws(ToolError) in
      throw .inputRequired(questions)
    }
    guard case .asks(let requests) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(requests["confirm"]?["method"] == "elicitation/create")
  }

  @Test func nothingIsCalledBlindly() async throws {
    var log = Logger(label: "test")
    log.logLevel = .critical
    let offer = Offer(
      hub: StubHub(isReachable: false), prompts: [], mode: .embedded, log: log)
    let call = try CallTool(["name": "quick"])
    guard case .failed = await offer.perform(.callTool(call), caller: Caller()) else {
      Issue.record("a tool of an unknown kind was called")
      return
    }
  }
}
