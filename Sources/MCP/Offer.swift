import JSON
package import Logging
package import ToolKit

/// What this server offers, a Hub's catalogue and the prompts of its own, and how work is done.
package struct Offer: Sendable {
  private let hub: any HubConnection
  private let prompts: [Prompt]
  private let mode: PromptSetting.Mode
  private let log: Logger

  /// - Parameter prompts: the prompts of every mode, in the order of `prompts/list`. A Hub that
  ///   sends the text of one of them has the last word on it.
  package init(
    hub: any HubConnection, prompts: [Prompt], mode: PromptSetting.Mode, log: Logger
  ) {
    (self.hub, self.prompts, self.mode, self.log) = (hub, prompts, mode, log)
  }

  package func perform(_ work: Work, progress: @escaping ProgressReport) async -> Outcome {
    switch work {
    case .listTools: .tools(await catalogue()?.tools ?? [])
    case .callTool(let call): await answer(call, progress: progress)
    case .listPrompts: .prompts(await promptList())
    case .getPrompt(let get): await filledPrompt(get)
    }
  }

  private func answer(_ call: CallTool, progress: @escaping ProgressReport) async -> Outcome {
    do throws(ToolError) {
      return .answer(
        try await hub.call(call.tool, arguments: call.arguments, progress: progress))
    } catch {
      if error.code == ToolError.unknownToolCode {
        return .refused(.unknownTool(call.tool, hint: error.hint))
      }
      return .failed(error)
    }
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

  private func filledPrompt(_ get: GetPrompt) async -> Outcome {
    let catalogue = await catalogue()
    let theirs = catalogue?.prompts.first { $0.name == get.prompt }
    if let theirs, theirs.template != nil { return filled(theirs, get.arguments) }
    if let ours = prompts.first(where: { $0.description.name == get.prompt }) {
      let setting = PromptSetting(mode: mode, tools: Set(catalogue?.tools.map(\.name) ?? []))
      do throws(ToolError) {
        let text = try ours.body(get.arguments, setting)
        return .prompt(FilledPrompt(description: ours.description.description, text: text))
      } catch {
        return .refused(.invalidParams(error.text, data: .object(error.json)))
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
