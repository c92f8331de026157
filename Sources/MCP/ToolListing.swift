package import JSON
package import ToolKit

/// What `--list-tools` shows: a catalogue for people, or as JSON.
package struct ToolListing: Sendable {
  /// Columns of a name; longer ones push their description to the right.
  static let nameWidth = 24
  /// Longest description in characters; longer ones end in dots.
  static let descriptionWidth = 55

  private let mode: PromptSetting.Mode
  /// Where the traffic comes from, as a line; empty for a URL, which is its own line.
  private let origin: String
  /// Tools of this process.
  private let local: [ToolDescription]
  private let tools: [ToolDescription]
  private let prompts: [PromptDescription]
  /// Why the Hub's tools are missing.
  private let problem: String?

  package init(
    mode: PromptSetting.Mode, origin: String, local: [ToolDescription] = [], catalogue: Catalogue?,
    prompts: [PromptDescription], problem: ToolError?
  ) {
    (self.mode, self.origin, self.local) = (mode, origin, local)
    let own = Set(local.map(\.name))
    tools = (catalogue?.tools ?? []).filter { !own.contains($0.name) }
    let names = Set(prompts.map(\.name))
    self.prompts = prompts + (catalogue?.prompts ?? []).filter { !names.contains($0.name) }
    if let problem {
      self.problem = problem.text
    } else {
      self.problem = tools.isEmpty ? "connected, but it offers no tools" : nil
    }
  }

  package var text: String {
    var lines = ["MCP Tools", "=========", ""]
    switch mode {
    case .url(let url):
      lines += [
        "URL Mode: \(url)", "",
        "Cluster management is disabled: the deployment is managed externally.", "",
      ]
    case .embedded, .live: lines += [origin, ""]
    case .proxy(let destructive): lines += clusterTools(destructive: destructive)
    }
    if case .url = mode, !local.isEmpty {
      lines += ["Local Tools:"] + local.map { row($0.name, $0.description) } + [""]
    }
    if let problem {
      lines.append("Kubeshark API: \(problem)")
    } else {
      if case .proxy = mode { lines += ["Connected to: \(origin)", ""] }
      lines.append("Traffic Analysis Tools:")
      lines += tools.map { row($0.name, $0.description) }
    }
    if mode.isEmbedded, !local.isEmpty {
      lines += ["", "File Tools:"] + local.map { row($0.name, $0.description) }
    }
    lines += ["", "Prompts:"]
    lines += prompts.map { row($0.name, $0.description) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The local tools of proxy mode under their headings.
  private func clusterTools(destructive: Bool) -> [String] {
    let files = local.filter { $0.name.hasSuffix("_file") || $0.name.hasSuffix("_file_url") }
    let cluster = local.filter { !files.contains($0) }
    var lines = ["Cluster Management:"] + cluster.map { row($0.name, $0.description) }
    if !destructive {
      lines.append("  Disabled without --allow-destructive: start_kubeshark, stop_kubeshark")
    }
    lines += ["", "File Tools:"] + files.map { row($0.name, $0.description) }
    return lines + ["", "Connecting to the \(origin)", ""]
  }

  package var json: JSONObject {
    var object: JSONObject
    switch mode {
    case .url(let url): object = ["mode": "url", "url": .string(url)]
    case .embedded: object = ["mode": "embedded", "origin": .string(origin)]
    case .live: object = ["mode": "live", "origin": .string(origin)]
    case .proxy: object = ["mode": "proxy", "origin": .string(origin)]
    }
    let revision = Revision.november2025
    object["tools"] = .array(
      (mode.isEmbedded ? tools + local : local + tools).map { .object($0.json(in: revision)) })
    object["prompts"] = .array(prompts.map { .object($0.json(in: revision)) })
    if let problem { object["error"] = .string(problem) }
    return object
  }

  private func row(_ name: String, _ description: String) -> String {
    let padding = String(repeating: " ", count: max(0, Self.nameWidth - name.count))
    var text = description.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    // A long name takes its room from the description, so that the row fits all the same.
    let width = Self.descriptionWidth - max(0, name.count - Self.nameWidth)
    if text.count > width { text = text.prefix(width - 3) + "..." }
    return "  \(name)\(padding) \(text)"
  }
}
