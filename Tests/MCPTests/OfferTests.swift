import JSON
import Logging
import Testing
import ToolKit

@testable import MCP

struct OfferTests {
  private let ours = Prompt(description: samplePrompt) { arguments, setting throws(ToolError) in
    if arguments["namespace"] == "bad" { throw .invalid("namespace", "no such namespace") }
    return "ours: \(arguments["namespace"] ?? "all") \(setting.tools.sorted())"
  }

  private func offer(_ hub: StubHub) -> Offer {
    var log = Logger(label: "test")
    log.logLevel = .critical
    return Offer(hub: hub, prompts: [ours], mode: .embedded, log: log)
  }

  private func get(
    _ name: String, _ arguments: String = "{}", from hub: StubHub
  ) async throws -> Outcome {
    let params = try JSONReader.value(of: #"{"name":"\#(name)","arguments":\#(arguments)}"#)
    let get = try GetPrompt(params.object ?? [:])
    return await offer(hub).perform(.getPrompt(get), caller: Caller())
  }

  @Test func anUnreachableHubLeavesWhatIsHere() async {
    let offer = offer(StubHub(isReachable: false))
    #expect(await offer.perform(.listTools, caller: Caller()) == .tools([]))
    #expect(await offer.perform(.listPrompts, caller: Caller()) == .prompts([samplePrompt]))
  }

  @Test func theHubsPromptsFollowOursWithoutRepeatingThem() async {
    let theirs = PromptDescription(name: "extra", description: "More.")
    let offer = offer(StubHub(prompts: [samplePrompt, theirs]))
    #expect(
      await offer.perform(.listPrompts, caller: Caller()) == .prompts([samplePrompt, theirs]))
  }

  @Test func ourPromptsAreFilledWithArgumentsAndTheToolsThatExist() async throws {
    let outcome = try await get("find_errors", #"{"namespace":"shop"}"#, from: StubHub())
    #expect(
      outcome
        == .prompt(
          FilledPrompt(description: "Errors.", text: "ours: shop [\"list_api_calls\"]")))
  }

  @Test func aWrongArgumentOfAPromptIsAnError() async throws {
    let outcome = try await get("find_errors", #"{"namespace":"bad"}"#, from: StubHub())
    guard case .refused(let error) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(error.code == -32602)
    #expect(error.message.contains("no such namespace"))
  }

  @Test func theHubsTextOfAPromptWins() async throws {
    let theirs = PromptDescription(
      name: "find_errors", description: "Theirs.",
      arguments: [.init(name: "namespace", description: "", required: true)],
      template: "In {{namespace}}{{ missing }}, {{not closed")
    let hub = StubHub(prompts: [theirs])
    #expect(
      try await get("find_errors", #"{"namespace":"{{x}}"}"#, from: hub)
        == .prompt(FilledPrompt(description: "Theirs.", text: "In {{x}}, {{not closed")))
    guard case .refused(let error) = try await get("find_errors", from: hub) else {
      Issue.record("a missing argument was not noticed")
      return
    }
    #expect(error.message.contains("namespace"))
  }

  @Test func aPromptThatNobodyHasIsAnError() async throws {
    guard case .refused(let error) = try await get("none", from: StubHub()) else {
      Issue.record("an unknown prompt was filled")
      return
    }
    #expect(error.code == -32602)
  }

  @Test func aResourceComesUnderTheAddressItWasAskedBy() async throws {
    let resource = Resource(
      ResourceDescription(
        uri: "test://{name}", name: "t", title: "T", description: "For tests.",
        mimeType: "text/plain")
    ) { values, _, _ async throws(ToolError) in
      let name = values["name"] ?? ""
      if name == "odd" { throw .invalid("name", "odd is no name") }
      return [ResourceContent(uri: "test://\(name)", mimeType: "text/plain", .text(name))]
    }
    var log = Logger(label: "test")
    log.logLevel = .critical
    let offer = Offer(
      hub: StubHub(), prompts: [], resources: [resource],
      completing: { question, _ in [question.template ?? "none"] }, mode: .embedded, log: log)
    let read = try ReadResource(["uri": "test://a%20b"])
    #expect(
      await offer.perform(.readResource(read), caller: Caller())
        == .contents([
          ResourceContent(uri: "test://a%20b", mimeType: "text/plain", .text("a b"))
        ]))
    // What the address says wrongly is not there.
    let odd = try ReadResource(["uri": "test://odd"])
    guard
      case .notFound(let uri, let message) = await offer.perform(
        .readResource(odd), caller: Caller())
    else {
      Issue.record("it was read")
      return
    }
    #expect(uri == "test://odd" && message.contains("odd is no name"))
    // Whoever completes knows which template is meant, by an address made from it as well.
    for uri in ["test://{name}", "test://a"] {
      let complete = try Complete([
        "ref": ["type": "ref/resource", "uri": .string(uri)],
        "argument": ["name": "name", "value": ""],
      ])
      #expect(
        await offer.perform(.complete(complete), caller: Caller())
          == .completion(["test://{name}"]))
    }
  }

  @Test func anUnknownToolIsAProtocolErrorAndAFailingOneIsNot() async throws {
    let offer = offer(StubHub())
    let unknown = try CallTool(["name": "nope"])
    guard case .refused(let error) = await offer.perform(.callTool(unknown), caller: Caller())
    else {
      Issue.record("an unknown tool was not refused")
      return
    }
    #expect(error.code == -32602)
    let failing = try CallTool(["name": "fails"])
    #expect(
      await offer.perform(.callTool(failing), caller: Caller())
        == .failed(.invalid("kfl", "no such field")))
  }
}
