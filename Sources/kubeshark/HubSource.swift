import Logging
import MCP
import ToolKit
import Tools

/// A Hub, however it is reached, and what belongs to it.
struct HubSource {
  var hub: any HubConnection
  var mode: PromptSetting.Mode
  /// One line for people.
  var origin: String
  /// Tools of this process beside the Hub's.
  var local: [LocalTool] = []
  /// Watches a Hub elsewhere, whose lists may change.
  var watch: Watch?
  /// Where a Hub elsewhere is waited for, when calls are but passed on to it.
  var thread: (any EventThread)?
  /// Ends the reading or capturing behind it; returns when what was captured is kept.
  var end: @Sendable () -> Void = {}

  /// - Parameters:
  ///   - changed: called when they did.
  ///   - told: takes sentences for the client's log.
  typealias Watch =
    @Sendable (
      _ changed: @escaping @Sendable () -> Void, _ told: @escaping @Sendable (String) -> Void
    ) -> Void

  var offer: Offer { offer(log: StderrLog.logger(tag: "kubeshark-mcp")) }

  func offer(log: Logger) -> Offer {
    Offer(
      hub: hub, local: local, prompts: PromptLibrary.all, resources: NetResources.all,
      completing: { await ArgumentValues.values($0, $1) }, mode: mode, log: log)
  }

  var identity: ServerIdentity {
    ServerIdentity(
      version: Version.text, instructions: instructions(for: mode),
      features: ServerIdentity.Features(
        listsChange: watch != nil, resources: true, completions: true, logging: true))
  }
}
