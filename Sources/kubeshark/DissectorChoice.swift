import ArgumentParser
import Dissectors
import Entries

/// Protocols that calls are made of, as a user lists them.
struct DissectorChoice: ExpressibleByArgument, Sendable {
  let text: String
  let switches: DissectorSwitches

  /// Names with commas between them; those with a plus are added to what is on anyway.
  init?(argument: String) {
    let names = argument.split(separator: ",").map(String.init)
    let added = names.filter { $0.hasPrefix("+") }.map { String($0.dropFirst()) }
    let chosen = names.filter { !$0.hasPrefix("+") }
    guard !names.isEmpty, let extra = DissectorSwitches(names: added),
      let base = chosen.isEmpty ? DissectorSwitches.standard : DissectorSwitches(names: chosen)
    else { return nil }
    text = argument
    switches = DissectorSwitches(base.enabled.union(extra.enabled))
  }
}
