import JSON
package import Logging
package import ToolKit

/// What this server offers, a Hub's catalogue and the prompts of its own, and how work is done.
package struct Offer: Sendable {
  private let hub: any HubConnection
  private let local: [LocalTool]
  private let prompts: [Prompt]
  private let resources: [Resource]
  private let completing: Completing
  private let mode: PromptSetting.Mode
  private let log: Logger

  /// - Parameter local: tools of this process; a Hub's tool of the same name is not shown.
  /// - Parameter prompts: the prompts of every mode, in the order of `prompts/list`. A Hub that
  ///   sends the text of one of them has the last word on it.
  /// - Parameter resources: listed where the Hub has the tools they are made of.
  /// - Parameter completing: values of arguments, for prompts and templates alike.
  package init(
    hub: any HubConnection, local: [LocalTool] = [], prompts: [Prompt], resources: [Resource] = [],
    completing: @escaping Completing = { _, _ in [] }, mode: PromptSetting.Mode, log: Logger
  ) {
    (self.hub, self.local) = (hub, local)
    (self.prompts, self.resources) = (prompts, resources)
    (self.completing, self.mode, self.log) = (completing, mode, log)
  }

  package func perform(_ work: Work, caller: Caller) async -> Outcome {
    switch work {
    case .listTools: .tools(await toolList())
    case .callTool(let call): await told(call, caller)
    case .listPrompts: .prompts(await promptList())
    case .getPrompt(let get): await filledPrompt(get, caller)
    case .listResources:
      .resources(await offeredResources().map(\.description).filter { !$0.isTemplate })
    case .listTemplates:
      .templates(await offeredResources().map(\.description).filter(\.isTemplate))
    case .readResource(let read): await contents(read, caller)
    case .complete(let complete): await completion(complete)
    }
  }

  /// Whether the work is the Hub's alone, and here it is only passed on, without a word in the log:
  /// that may have to wait for its reader.
  func passesOn(_ work: Work) -> Bool {
    guard case .callTool(let call) = work, log.logLevel > .debug else { return false }
    return !local.contains { $0.description.name == call.tool }
  }

  // MARK: Tools

  private func toolList() async -> [ToolDescription] {
    let own = local.filter(\.isListed).map(\.description)
    let names = Set(own.map(\.name))
    let others = (await catalogue()?.tools ?? []).filter { !names.contains($0.name) }
    return mode.isEmbedded ? others + own : own + others
  }

  /// Answers, and where the log is to say more, says what came of it. Arguments are private.
  private func told(_ call: CallTool, _ caller: Caller) async -> Outcome {
    guard log.logLevel <= .debug else { return await answer(call, caller) }
    let start = ContinuousClock.now
    let outcome = await answer(call, caller)
    let took = (ContinuousClock.now - start).wholeMilliseconds
    log.debug("\(Self.shown(call.tool)) \(Self.word(outcome)) after \(took) ms")
    return outcome
  }

  /// The name as a line of a log can have it, whatever the client made up.
  private static func shown(_ name: String) -> String {
    String(
      name.unicodeScalars.prefix(64).map {
        $0.value < 0x20 || $0.value == 0x7f ? "?" : Character($0)
      })
  }

  private static func word(_ outcome: Outcome) -> String {
    switch outcome {
    case .answer: "answered"
    case .failed(let error), .cannotAsk(let error): "failed (\(shown(error.code)))"
    case .asks: "asked its client"
    default: "was refused"
    }
  }

  private func answer(_ call: CallTool, _ caller: Caller) async -> Outcome {
    do throws(ToolError) {
      var arguments = call.arguments
      if let tool = local.first(where: { $0.description.name == call.tool }) {
        if tool.description.annotations?.needsConfirmation == true {
          arguments = try await Confirmation.settle(arguments, of: tool.description, caller)
        }
        return .answer(try await tool.call(arguments, caller))
      }
      if let tool = try await destructiveTool(call.tool) {
        arguments = try await Confirmation.settle(arguments, of: tool, caller)
      }
      return .answer(try await hub.call(call.tool, arguments: arguments, caller: caller))
    } catch {
      if error.code == ToolError.unknownToolCode {
        return .refused(.unknownTool(call.tool, hint: error.hint))
      }
      if error.code == ToolError.cannotAskCode { return .cannotAsk(error) }
      return unanswered(error) ?? .failed(error)
    }
  }

  /// The tool of that name when its user has to agree first.
  ///
  /// - Throws: when the Hub cannot be asked what its tools do: nothing is called blindly.
  private func destructiveTool(_ name: String) async throws(ToolError) -> ToolDescription? {
    let tool = try await hub.catalogue().tools.first { $0.name == name }
    return tool?.annotations?.needsConfirmation == true ? tool : nil
  }

  /// What an error means that is about asking the client, not about the work itself.
  private func unanswered(_ error: ToolError) -> Outcome? {
    switch error.code {
    case ToolError.inputRequiredCode: .asks(error.details)
    case ToolError.cannotAskCode: .refused(.missingCapability(error.details, error.message))
    default: nil
    }
  }

  // MARK: Resources

  private func offeredResources() async -> [Resource] {
    guard resources.contains(where: { !$0.needs.isEmpty }) else { return resources }
    let tools = Set(await catalogue()?.tools.map(\.name) ?? [])
    return resources.filter { tools.isSuperset(of: $0.needs) }
  }

  private func contents(_ read: ReadResource, _ caller: Caller) async -> Outcome {
    for resource in await offeredResources() {
      guard let values = resource.description.values(in: read.uri) else { continue }
      do throws(ToolError) {
        var contents = try await resource.read(values, hub, caller)
        // As it was asked for: with its letters escaped, or not.
        if contents.count == 1 { contents[0].uri = read.uri }
        return .contents(contents)
      } catch {
        if let outcome = unanswered(error) { return outcome }
        // All that could be wrong with the arguments came from the address.
        if [400, 404, 410].contains(error.status) {
          return .notFound(uri: read.uri, message: error.text)
        }
        return .refused(.failed(error))
      }
    }
    return .notFound(
      uri: read.uri, message: "There is no resource at \(read.uri.prefix(200)).")
  }

  // MARK: Completion

  private func completion(_ complete: Complete) async -> Outcome {
    var question = complete.question
    let argument = question.argument
    switch complete.reference {
    case .prompt(let name):
      guard let prompt = await promptList().first(where: { $0.name == name }) else {
        return .refused(.invalidParams("unknown prompt \(name)", data: .string(name)))
      }
      guard prompt.arguments.contains(where: { $0.name == argument }) else {
        return .refused(.invalidParams("prompt \(name) has no argument \(argument)"))
      }
    case .resource(let uri):
      let found = resources.first {
        $0.description.uri == uri || $0.description.values(in: uri) != nil
      }
      guard let found else {
        return .refused(.invalidParams("unknown resource \(uri)", data: ["uri": .string(uri)]))
      }
      guard found.description.variables.contains(argument) else { return .completion([]) }
      question.template = found.description.uri
    }
    return .completion(await completing(question, hub))
  }

  /// The Hub's catalogue, or nil when it cannot be asked: lists then show what is here, which
  /// helps more than an error.
  private func catalogue() async -> Catalogue? {
    do throws(ToolError) {
      return try await hub.catalogue()
    } catch {
      log.warning("the Hub's tools are not listed: \(error.message)")
      return nil
    }
  }

  private func promptList() async -> [PromptDescription] {
    let own = prompts.map(\.description)
    let names = Set(own.map(\.name))
    return own + (await catalogue()?.prompts ?? []).filter { !names.contains($0.name) }
  }

  // MARK: Prompts

  private func filledPrompt(_ get: GetPrompt, _ caller: Caller) async -> Outcome {
    let catalogue = await catalogue()
    let theirs = catalogue?.prompts.first { $0.name == get.prompt }
    if let theirs, theirs.template != nil { return filled(theirs, get.arguments) }
    if let ours = prompts.first(where: { $0.description.name == get.prompt }) {
      let tools = local.map(\.description.name) + (catalogue?.tools.map(\.name) ?? [])
      let setting = PromptSetting(mode: mode, tools: Set(tools))
      do throws(ToolError) {
        let messages = try await ours.messages(get.arguments, setting, caller)
        return .prompt(
          FilledPrompt(description: ours.description.description, messages: messages))
      } catch {
        return unanswered(error) ?? .refused(.invalidParams(error.text, data: .object(error.json)))
      }
    }
    if let theirs { return filled(theirs, get.arguments) }
    return .refused(.invalidParams("unknown prompt \(get.prompt)", data: .string(get.prompt)))
  }

  /// A Hub's prompt: its template with the values put in, or failing that its description
  /// followed by the values.
  private func filled(_ prompt: PromptDescription, _ values: [String: String]) -> Outcome {
    if let missing = prompt.arguments.first(where: { $0.required && values[$0.name] == nil }) {
      return .refused(
        .invalidParams(
          "prompt \(prompt.name) needs the argument \(missing.name)",
          data: .object(["argument": .string(missing.name)])))
    }
    var text: String
    if let template = prompt.template {
      text = substitute(values, into: template)
    } else {
      text = prompt.description
      for argument in prompt.arguments {
        if let value = values[argument.name] { text += "\n- \(argument.name): \(value)" }
      }
    }
    return .prompt(FilledPrompt(description: prompt.description, text: text))
  }

  /// Replaces each `{{name}}` once; what a value contains is not looked at again.
  private func substitute(_ values: [String: String], into template: String) -> String {
    var text = ""
    var rest = template[...]
    while let open = rest.firstRange(of: "{{"),
      let close = rest[open.upperBound...].firstRange(of: "}}")
    {
      text += rest[..<open.lowerBound]
      let name = rest[open.upperBound..<close.lowerBound].filter { $0 != " " }
      text += values[name] ?? ""
      rest = rest[close.upperBound...]
    }
    return text + rest
  }
}
